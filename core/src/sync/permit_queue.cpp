#include <weft/detail/permit_queue.hpp>

#include <algorithm>

namespace weft {
inline namespace v0 {
namespace detail {

void permit_queue::too_many() noexcept {
  misuse("a semaphore was given more than semaphore::max_permits permits");
}

bool permit_queue::try_take_slowly(std::size_t permits) noexcept {
  auto word = word_.lock();
  bool taken = !(word & (waiting | closed)) && available(word) >= permits;
  word_.unlock(taken ? word - permits * one : word);
  return taken;
}

void permit_queue::give_slowly(std::size_t permits) noexcept {
  auto word = word_.lock();
  if (permits > max_permits - available(word)) [[unlikely]] {
    too_many();
  }
  grant(word + permits * one);
}

// Grants what can be granted, from the front, and unlocks. Between two batches others may come and
// go: the word keeps `waiting`, so nobody overtakes the queue.
void permit_queue::grant(std::uint64_t word) noexcept {
  for (;;) {
    waker_batch woken;
    while (!waiters_.empty() && !woken.full()) {
      auto& first = static_cast<permit_waiter&>(waiters_.front());
      if (available(word) < first.needed) break;
      word -= first.needed * one;
      woken.add(wait_list::give(first, permit_waiter::granted));
    }
    if (waiters_.empty()) word &= ~waiting;
    bool more = woken.full() && (word & waiting);
    word_.unlock(word);
    if (!more) return;
    woken.wake();
    word = word_.lock();
  }
}

std::size_t permit_queue::remove(std::size_t permits) noexcept {
  auto word = word_.lock();
  auto removed = std::min(permits, available(word));
  word_.unlock(word - removed * one);
  return removed;
}

void permit_queue::close() noexcept {
  auto word = word_.lock() | closed;
  for (;;) {
    waker_batch woken;
    while (!waiters_.empty() && !woken.full()) {
      woken.add(wait_list::give(waiters_.front(), permit_waiter::refused));
    }
    if (waiters_.empty()) word &= ~waiting;
    bool more = word & waiting;
    word_.unlock(word);
    if (!more) return;
    woken.wake();
    word = word_.lock();
  }
}

bool permit_queue::poll_slowly(permit_waiter& self) noexcept {
  if (self.what() != waiter::idle) return requeue(self);
  auto mine = waker::current();  // taken, and dropped when it is not needed, outside the lock
  auto word = word_.lock();
  if (word & closed) {
    word_.unlock(word);
    self.become(permit_waiter::refused);
    return consume_budget();
  }
  // Nobody is asked to wait for nothing.
  if (self.needed == 0 || (!(word & waiting) && available(word) >= self.needed)) {
    word_.unlock(word - self.needed * one);
    self.become(permit_waiter::granted);
    return consume_budget();
  }
  waiters_.push_back(self, std::move(mine));
  word_.unlock(word | waiting);
  return false;
}

// Polled while it waits: perhaps by another branch than before.
bool permit_queue::requeue(permit_waiter& self) noexcept {
  auto mine = waker::current();
  auto word = word_.lock();
  bool waits = self.what() == waiter::queued;
  if (waits) std::swap(self.to_wake, mine);
  word_.unlock(word);
  return !waits && consume_budget();
}

void permit_queue::leave_slowly(permit_waiter& self) noexcept {
  waker dropped;
  auto word = word_.lock();
  if (self.what() == waiter::queued) {
    wait_list::unlink(self);
    dropped = std::move(self.to_wake);
    self.become(waiter::idle);
  } else if (self.what() == permit_waiter::granted) {
    word += self.needed * one;
    self.become(waiter::idle);
  }
  grant(word);  // whoever is first now may want less
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
