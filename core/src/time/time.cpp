#include <weft/detail/timer.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include "scheduler/scheduler.hpp"
#include "scheduler/worker.hpp"
#include "task/thread_place.hpp"
#include "time/timer_wheel.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

void timer_entry::arm(std::uint64_t deadline_ns) noexcept {
  cancel();
  if (deadline_ns == timer_wheel::none) return;  // never
  auto* mine = static_cast<worker*>(thread_place.worker);
  // After block_in_place this thread may be no worker. Then one that waits must look at how long.
  bool borrowed = !mine;
  if (borrowed) [[unlikely]]
    mine = scheduler::here()->workers().front().get();
  if (!mine->timers().insert(*this, timer_wheel::tick_of(deadline_ns), waker::current())) {
    state_.store(state::fired, std::memory_order_relaxed);
  } else if (borrowed) [[unlikely]] {
    scheduler::here()->wake_worker();
  }
}

void timer_entry::unlink() noexcept {
  wheel_->remove(*this);
}

namespace {
environment& doors() noexcept {
  static environment outside;
  auto* running = scheduler::here();
  return running ? running->environment() : outside;
}
}  // namespace

std::uint64_t now_ns() noexcept {
  if (auto* running = scheduler::here()) return running->now_ns();
  return doors().monotonic_ns();
}

// xorshift64 for numbers that shall be unlike each other; not for secrets.
std::uint64_t random_bits() noexcept {
  if (auto* mine = static_cast<worker*>(thread_place.worker)) return mine->random_bits();
  static thread_local std::uint64_t state = doors().random_seed() | 1;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

}  // namespace detail

namespace time {

std::int64_t wall_clock_s() noexcept {
  return detail::doors().wall_clock_s();
}

std::int64_t wall_clock_ns() noexcept {
  return detail::doors().wall_clock_ns();
}

namespace {

constexpr int turns_of_others = 128;

result<detail::scheduler*> pausable() noexcept {
  auto* running = detail::scheduler::here();
  if (!running) return fail(errc::no_runtime);
  if (!running->current_thread()) return fail(errc::unsupported);
  return running;
}

}  // namespace

result<void> pause() noexcept {
  auto running = pausable();
  if (!running) return std::unexpected(std::move(running.error()));
  (*running)->clock().pause();
  return {};
}

result<void> resume() noexcept {
  auto running = pausable();
  if (!running) return std::unexpected(std::move(running.error()));
  (*running)->clock().resume();
  return {};
}

task<result<void>> advance(duration by) {
  auto* running = co_await or_return(pausable());
  if (!running->clock().paused()) {
    co_return fail(errc::invalid_argument, "time::advance: the clock is not paused");
  }
  auto target = static_cast<std::uint64_t>(after(by).time_since_epoch().count());
  auto& worker = *running->workers().front();
  // Stepwise, so that what a timer arms when it fires can fire on the way.
  for (bool arrived = false; !arrived;) {
    auto next = worker.timers().earliest();
    arrived = next == detail::timer_wheel::none || next * detail::timer_wheel::tick_ns >= target;
    running->clock().advance_to(arrived ? target : next * detail::timer_wheel::tick_ns);
    worker.fire_timers();
    // Until all that was woken waits again; but not for ever, if it does not.
    for (int turn = 0; turn == 0 || (worker.queue().size() > 0 && turn < turns_of_others); ++turn) {
      co_await yield_now();
    }
  }
  co_return result<void>();
}

}  // namespace time
}  // namespace v0
}  // namespace weft
