#include <weft/sync/notify.hpp>

namespace weft {
inline namespace v0 {
namespace sync {

using detail::notify_waiter;
using detail::wait_list;
using detail::waiter;

// Under the lock: hands one notification to a waiter, or leaves a permit. Returns the word as it is
// to be.
std::uint64_t notify::pass(std::uint64_t word, std::uint8_t how, waker& woken) noexcept {
  if (waiters_.empty()) return (word & ~waiting) | permit;
  auto& chosen = how == notify_waiter::given_last ? waiters_.back() : waiters_.front();
  woken = wait_list::give(chosen, how);
  return waiters_.empty() ? word & ~waiting : word;
}

void notify::wake_first(std::uint8_t how) noexcept {
  waker woken;
  word_.unlock(pass(word_.lock(), how, woken));
  woken.wake();
}

// All move to a list of this call's, so that who comes meanwhile is not woken. They still leave it
// under the lock.
void notify::wake_all() noexcept {
  wait_list all;
  auto word = word_.lock();
  all.take_all(waiters_);
  word = (word & ~waiting) + one_generation;
  for (;;) {
    detail::waker_batch woken;
    while (!all.empty() && !woken.full()) {
      woken.add(wait_list::give(all.front(), notify_waiter::given_all));
    }
    bool more = !all.empty();
    word_.unlock(word);
    if (!more) return;
    woken.wake();
    word = word_.lock();
  }
}

bool notify::poll_slowly(notify_waiter& self) noexcept {
  auto mine = waker::current();  // taken, and dropped when it is not needed, outside the lock
  auto word = word_.lock();
  if (generation(word) != self.generation) {
    word_.unlock(word);
    self.become(notify_waiter::given_all);
    return detail::consume_budget();
  }
  if (word & permit) {
    word_.unlock(word & ~permit);
    self.become(notify_waiter::given_one);
    return detail::consume_budget();
  }
  waiters_.push_back(self, std::move(mine));
  word_.unlock(word | waiting);
  return false;
}

// Polled while it waits: perhaps by another branch than before.
bool notify::requeue(notify_waiter& self) noexcept {
  auto mine = waker::current();
  auto word = word_.lock();
  bool waits = self.what() == waiter::queued;
  if (waits) std::swap(self.to_wake, mine);
  word_.unlock(word);
  return !waits && detail::consume_budget();
}

void notify::leave_slowly(notify_waiter& self) noexcept {
  waker dropped;
  waker woken;
  auto word = word_.lock();
  auto what = self.what();
  if (what == waiter::queued) {
    wait_list::unlink(self);
    dropped = std::move(self.to_wake);
    if (waiters_.empty()) word &= ~waiting;
  } else if (what != notify_waiter::given_all) {
    word = pass(word, what, woken);
  }
  word_.unlock(word);
  woken.wake();
}

}  // namespace sync
}  // namespace v0
}  // namespace weft
