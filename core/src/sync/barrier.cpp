#include <weft/detail/block_thread.hpp>
#include <weft/sync/barrier.hpp>

namespace weft {
inline namespace v0 {
namespace sync {

namespace {
constexpr std::uint64_t one = 2;
}

using detail::barrier_waiter;
using detail::wait_list;
using detail::waiter;

// The last of a round is its leader and lets the others go. They move to a list of this call's, so
// that the next round may begin meanwhile; those who give up leave it under the lock. The barrier
// is not touched once the last of them was let go and the lock released.
bool barrier::poll(barrier_waiter& self) noexcept {
  auto what = self.what();
  if (what >= waiter::first_given) {
    if (what == barrier_waiter::released) word_.await_unlocked();
    return detail::consume_budget();
  }
  auto mine = waker::current();
  auto word = word_.lock();
  if (what == waiter::queued) {
    bool waits = self.what() == waiter::queued;
    if (waits) std::swap(self.to_wake, mine);
    word_.unlock(word);
    return !waits && detail::consume_budget();
  }
  if (word / one + 1 < parties_) {
    self.round = round_;
    waiters_.push_back(self, std::move(mine));
    word_.unlock(word + one);
    return false;
  }
  self.become(barrier_waiter::leader);
  wait_list round;
  round.take_all(waiters_);
  ++round_;
  for (word = 0;;) {
    detail::waker_batch woken;
    while (!round.empty() && !woken.full()) {
      woken.add(wait_list::give(round.front(), barrier_waiter::released));
    }
    bool more = !round.empty();
    word_.unlock(word);
    if (!more) break;
    woken.wake();
    word = word_.lock();
  }
  return detail::consume_budget();
}

// One that was moved to a list of a round that is over is not counted in the word any more.
void barrier::leave(barrier_waiter& self) noexcept {
  waker dropped;
  auto word = word_.lock();
  if (self.what() == waiter::queued) {
    wait_list::unlink(self);
    dropped = std::move(self.to_wake);
    if (self.round == round_) word -= one;
  }
  word_.unlock(word);
}

barrier_wait_result barrier::blocking_wait() {
  return detail::block_thread(wait(), "barrier::blocking_wait");
}

}  // namespace sync
}  // namespace v0
}  // namespace weft
