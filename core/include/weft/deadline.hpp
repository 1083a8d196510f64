// deadline: a timer for leaves that is moved often and seldom expires.
#pragma once

#include <weft/detail/timer.hpp>
#include <weft/leaf.hpp>
#include <weft/time.hpp>

#include <cstdint>
#include <limits>

namespace weft {
inline namespace v0 {

class deadline;

namespace detail {

class expired_awaiter;

class [[nodiscard]] expired_operation {
 public:
  explicit expired_operation(deadline& of) noexcept : of_(&of) {}
  inline expired_awaiter operator co_await() && noexcept;

 private:
  deadline* of_;
};

}  // namespace detail

/// A point in time that is set anew all the time: the idle timeout of a connection, moved by each
/// request.
///
///     bool poll() noexcept {                              // of a leaf
///       if (try_to_read()) return idle_.reset_after(30s), true;
///       return idle_.poll();                              // registered; true when it is past
///     }
///
/// Moving it later is a store. The timer that was set for the earlier time stays, fires, and is set
/// for what is left then; so it costs one timer each time that passes, not one each time that it
/// moves. Moving it earlier sets the timer anew at the next poll. Whoever polls is the one that is
/// woken, at most one at a time.
/// Ownership: neither copied nor moved. It may outlive the task and the runtime that polled it.
/// Thread-safety: one thread at a time. Granularity: 1 ms, rounded up; never early.
class deadline {
 public:
  /// Never past, until it is set.
  deadline() noexcept = default;
  explicit deadline(time::time_point at) noexcept { reset(at); }

  void reset(time::time_point at) noexcept { due_ = detail::deadline_ns(at); }
  /// `wait` from now; zero or less: at once.
  void reset_after(duration wait) noexcept { reset(time::after(wait)); }
  void clear() noexcept { due_ = never; }
  /// What it is set to; time::never when it is not.
  time::time_point when() const noexcept {
    return due_ == never
               ? time::never
               : time::time_point(time::clock::duration(static_cast<time::clock::rep>(due_)));
  }

  /// In a leaf's `poll`: whether it is past; if not, the running branch is woken when it is. Stays
  /// true until it is set anew.
  bool poll() noexcept {
    if (due_ == never) return false;
    if (timer_.linked() && armed_for_ <= due_ && registered_ == waker::current_word()) return false;
    return poll_slowly();
  }

  /// Waits until it is past, also when it is moved meanwhile by another branch of the task. Borrows
  /// this. Yields nothing. Cancel-safety: safe.
  detail::expired_operation expired() noexcept WEFT_LIFETIMEBOUND {
    return detail::expired_operation(*this);
  }

 private:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
  WEFT_API bool poll_slowly() noexcept;

  std::uint64_t due_ = never;
  std::uint64_t armed_for_ = never;  // what the timer was set for last
  std::uintptr_t registered_ =
      0;  // the branch it wakes; good only while the timer is linked, and so keeps the task
  detail::timer_entry timer_;
};

namespace detail {

class expired_awaiter : public leaf_awaiter<expired_awaiter> {
 public:
  explicit expired_awaiter(deadline& of) noexcept : of_(of) {}
  static constexpr const char* name = "deadline";
  bool poll() noexcept { return of_.poll() && consume_budget(); }
  void take() noexcept {}

 private:
  deadline& of_;
};

inline expired_awaiter expired_operation::operator co_await() && noexcept {
  return expired_awaiter(*of_);
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
