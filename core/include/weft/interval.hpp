// interval: something to do again and again, at a fixed period.
#pragma once

#include <weft/detail/timer.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>
#include <weft/time.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace weft {
inline namespace v0 {

class interval;

/// What becomes of ticks that were missed, because whoever takes them was busy for longer than the
/// period.
enum class missed_ticks : std::uint8_t {
  burst,  ///< They come at once, one after the other, until there are as many as there should be.
  delay,  ///< They are dropped; the next comes a period after the late one.
  skip,   ///< They are dropped; the next comes when one would have come anyway.
};

namespace detail {

class tick_awaiter_base {
 public:
  explicit tick_awaiter_base(interval& of) noexcept : of_(of) {}
  WEFT_API bool poll_tick() noexcept;
  WEFT_API time::time_point take_tick() noexcept;

 private:
  interval& of_;
  time::time_point armed_for_ = time::never;
  timer_entry timer_;
};

class tick_awaiter : public leaf_awaiter<tick_awaiter>, private tick_awaiter_base {
 public:
  using tick_awaiter_base::tick_awaiter_base;
  static constexpr const char* name = "interval";
  bool poll() noexcept { return poll_tick(); }
  time::time_point take() noexcept { return take_tick(); }
};

class next_tick_awaiter : public leaf_awaiter<next_tick_awaiter>, private tick_awaiter_base {
 public:
  using tick_awaiter_base::tick_awaiter_base;
  static constexpr const char* name = "interval";
  bool poll() noexcept { return poll_tick(); }
  result<std::optional<time::time_point>> take() noexcept { return std::optional(take_tick()); }
};

template <class Awaiter>
class [[nodiscard]] tick_operation {
 public:
  explicit tick_operation(interval& of) noexcept : of_(&of) {}
  auto operator co_await() && noexcept { return Awaiter(*of_); }

 private:
  interval* of_;
};

}  // namespace detail

/// Ticks at a fixed period, by the runtime's clock:
///
///     weft::interval every(1s);
///     while (true) {
///       co_await every.tick();       // the first comes at once
///       report();
///     }
///
/// Each tick is due a period after the one before was due, whatever the time between took, so that
/// they do not drift. One that is taken more than 5 ms late counts as late: see missed_ticks.
/// Ownership: a value; moved, but not while a tick is awaited. Thread-safety: one thread at a time.
/// Granularity: 1 ms, rounded up. Times that are too far away saturate: at time::never none comes.
class interval {
 public:
  /// The first tick is due when it is asked for. A period that is not positive ends the program
  /// with a message.
  explicit interval(duration period) noexcept : period_(checked(period)) {}
  /// The first tick is due at `start`.
  interval(time::time_point start, duration period) noexcept
      : next_(start), period_(checked(period)) {}

  /// Waits for the next tick. Yields the time at which it was due. Borrows this. Cancel-safety:
  /// safe; a tick is not lost.
  auto tick() noexcept WEFT_LIFETIMEBOUND {
    return detail::tick_operation<detail::tick_awaiter>(*this);
  }
  /// As `tick`, as a stream that does not end: yields a `result<std::optional<time::time_point>>`.
  auto next() noexcept WEFT_LIFETIMEBOUND {
    return detail::tick_operation<detail::next_tick_awaiter>(*this);
  }

  /// The next tick is due a period from now; at once; after `wait`; at `when`. One that is awaited
  /// meanwhile by another branch of the task follows when it comes later, not when it comes
  /// earlier.
  void reset() noexcept { next_ = time::after(period_); }
  void reset_immediately() noexcept { next_ = time::now(); }
  void reset_after(duration wait) noexcept { next_ = time::after(wait); }
  void reset_at(time::time_point when) noexcept { next_ = when; }

  duration period() const noexcept { return period_; }
  missed_ticks behaviour() const noexcept { return behaviour_; }
  /// Default: missed_ticks::burst.
  interval& behaviour(missed_ticks chosen) noexcept {
    behaviour_ = chosen;
    return *this;
  }

 private:
  friend class detail::tick_awaiter_base;
  static constexpr duration late = std::chrono::milliseconds(5);

  static duration checked(duration period) noexcept {
    if (period <= duration::zero()) detail::misuse("interval: the period must be positive");
    return period;
  }

  std::optional<time::time_point> next_;  // none: it was not asked for yet
  duration period_;
  missed_ticks behaviour_ = missed_ticks::burst;
};

}  // namespace v0
}  // namespace weft
