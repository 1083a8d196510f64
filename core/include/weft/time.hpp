// Time: the runtime's clock, sleep, timeout, deadlines, and the paused clock of tests.
#pragma once

#include <weft/detail/single_branch.hpp>
#include <weft/detail/timer.hpp>
#include <weft/error.hpp>

#include <chrono>
#include <limits>
#include <ratio>
#include <utility>

namespace weft {
inline namespace v0 {

using duration = std::chrono::nanoseconds;

namespace time {

/// The clock of the runtime that runs the calling task: monotonic, never set back; a test may pause
/// it.
struct clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<clock>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept {
    return time_point(duration(static_cast<rep>(detail::now_ns())));
  }
};
using time_point = clock::time_point;

inline time_point now() noexcept {
  return clock::now();
}

/// Seconds since 1970, for dates in messages: of the runtime's environment.
WEFT_API std::int64_t wall_clock_s() noexcept;
/// Nanoseconds since 1970: of the runtime's environment.
WEFT_API std::int64_t wall_clock_ns() noexcept;

/// A time that does not come. Sums saturate there: a huge duration means "never".
inline constexpr time_point never = time_point::max();

/// `now() + wait`, saturating in both directions.
inline time_point after(duration wait) noexcept {
  auto start = now();
  if (wait <= duration::zero()) return start;
  if (wait >= never - start) return never;
  return start + wait;
}

/// Stops the clock of this runtime; timers then fire only by `advance`, or, on a current-thread
/// runtime that has nothing else to do, by jumping to the next one. Errors: `errc::unsupported` on
/// a multi-thread runtime, `errc::no_runtime` outside one.
WEFT_API result<void> pause() noexcept;
/// Lets a paused clock run on from where it stands. Errors: as `pause`.
WEFT_API result<void> resume() noexcept;
/// Moves a paused clock forward and lets all that became due run. What was spawned before and has
/// not begun arms its timers only then, from the new time: let it begin by a `yield_now`. Errors:
/// `errc::invalid_argument` when the clock is not paused. Cancel-safety: safe; the clock stays
/// advanced.
[[nodiscard]] WEFT_API task<result<void>> advance(duration by);

}  // namespace time

namespace detail {

inline std::uint64_t deadline_ns(time::time_point deadline) noexcept {
  auto since = deadline.time_since_epoch().count();
  if (deadline == time::never) return std::numeric_limits<std::uint64_t>::max();
  return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}

// When something is due: at a time, or a while after that is asked for the first time. What turns
// out not to wait never asks the clock. A time that is past is the beginning of time, so that it is
// due whatever the timers know of the present.
class due_time {
 public:
  explicit due_time(time::time_point at) noexcept : at_(at) {}
  explicit due_time(duration wait) noexcept : at_(wait), from_now_(true) {}
  std::uint64_t ns() noexcept {
    if (std::exchange(from_now_, false)) {
      auto wait = at_.time_since_epoch();
      at_ = wait <= duration::zero() ? time::time_point::min() : time::after(wait);
    } else if (at_ <= time::now()) {
      at_ = time::time_point::min();
    }
    return deadline_ns(at_);
  }

 private:
  time::time_point at_;
  bool from_now_ = false;
};

class sleep_awaiter : public leaf_awaiter<sleep_awaiter> {
 public:
  explicit sleep_awaiter(due_time due) noexcept : due_(due) {}
  static constexpr const char* name = "sleep";
  bool poll() noexcept {
    if (timer_.fired()) return consume_budget();
    if (!timer_.armed()) timer_.arm(due_.ns());
    return timer_.fired() && consume_budget();
  }
  void take() noexcept {}

 private:
  due_time due_;
  timer_entry timer_;
};

}  // namespace detail

class [[nodiscard]] sleep_operation {
 public:
  explicit sleep_operation(detail::due_time due) noexcept : due_(due) {}
  auto operator co_await() && noexcept { return detail::sleep_awaiter(due_); }

 private:
  detail::due_time due_;
};

/// Waits at least `wait`, counted from when it is awaited; timers have a granularity of 1 ms,
/// rounded up. Zero or less is done at once. Allocates nothing. Cancel-safety: safe.
inline auto sleep(duration wait) noexcept {
  return sleep_operation(detail::due_time(wait));
}
/// Waits until `deadline`; a past one is done at once. Cancel-safety: safe.
inline auto sleep_until(time::time_point deadline) noexcept {
  return sleep_operation(detail::due_time(deadline));
}

namespace detail {

template <class Operation>
class timeout_awaiter : public leaf_awaiter<timeout_awaiter<Operation>> {
 public:
  using value_type = await_result_t<Operation>;
  using result_type = flat_result_t<value_type>;

  timeout_awaiter(due_time due, Operation&& operation) : due_(due), inner_(std::move(operation)) {}

  static constexpr const char* name = "timeout";
  static constexpr bool lends_bits = true;

  // The operation is polled before the clock is looked at: what is ready wins over a deadline that
  // is past.
  bool poll() noexcept {
    if (!inner_.started()) {
      entry_.outer = current_execution().branch->ambient;
      if (inner_.start(*this, reinterpret_cast<context_word>(&entry_))) return true;
      auto due = due_.ns();
      if (entry_.outer) {
        auto limit = context_deadline_ns(entry_.outer);
        if (limit < due) due = limit;
      }
      timer_.arm(due);
    } else if (inner_.poll()) {
      return true;
    }
    if (!timer_.fired()) return false;
    inner_.drop();
    return true;
  }
  result_type take() {
    if (!inner_.done()) return std::unexpected(error(errc::timed_out));
    if constexpr (is_result_v<value_type>) {
      return inner_.result().take();
    } else if constexpr (std::is_void_v<value_type>) {
      inner_.result().take();
      return {};
    } else {
      return inner_.result().take();
    }
  }
  void branch_done() noexcept { inner_.ended(); }

 private:
  due_time due_;
  timer_entry timer_;
  context_entry entry_{0, nullptr, &due_};
  single_branch<timeout_awaiter, Operation> inner_;
};

template <class Operation>
class [[nodiscard]] timeout_operation {
 public:
  timeout_operation(due_time due, Operation&& operation)
      : due_(due), operation_(std::move(operation)) {}
  auto operator co_await() && { return timeout_awaiter<Operation>(due_, std::move(operation_)); }

 private:
  due_time due_;
  Operation operation_;
};

}  // namespace detail

/// Gives `operation` until `deadline`, then destroys it. Yields a `result`: that of the operation,
/// flat when it yields a result itself, or `errc::timed_out`. What is ready wins over a deadline
/// that is past, and then no timer is armed. Inside, the context's deadline is this one, if it is
/// the earlier one; and the context's deadline, if that is earlier, ends the operation too.
/// Cancel-safety: cancels the operation.
template <detail::operation_argument Argument>
auto timeout_at(time::time_point deadline, Argument&& operation) {
  return detail::timeout_operation<std::remove_cvref_t<Argument>>(
      detail::due_time(deadline), detail::take_operation(std::forward<Argument>(operation)));
}
/// As `timeout_at`, with `wait` counted from when it is awaited.
template <detail::operation_argument Argument>
auto timeout(duration wait, Argument&& operation) {
  return detail::timeout_operation<std::remove_cvref_t<Argument>>(
      detail::due_time(wait), detail::take_operation(std::forward<Argument>(operation)));
}

}  // namespace v0
}  // namespace weft
