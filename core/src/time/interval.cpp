#include <weft/interval.hpp>

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

// Periods are positive.
time::time_point saturating(time::time_point from, duration by) noexcept {
  return from > time::never - by ? time::never : from + by;
}

// Of what is due before now, without overflow.
duration since(time::time_point due, time::time_point now) noexcept {
  if (due.time_since_epoch() < duration::zero()) return now.time_since_epoch();
  return now - due;
}

}  // namespace

bool tick_awaiter_base::poll_tick() noexcept {
  if (!of_.next_) of_.next_ = time::now();
  auto due = *of_.next_;
  if (armed_for_ == due && timer_.linked()) return false;
  if (!(armed_for_ == due && timer_.fired()) && due > time::now()) {
    armed_for_ = due;
    timer_.arm(deadline_ns(due));
    if (!timer_.fired()) return false;
  }
  return consume_budget();
}

time::time_point tick_awaiter_base::take_tick() noexcept {
  auto due = *of_.next_;
  auto now = time::now();
  auto next = saturating(due, of_.period_);
  if (due <= now && since(due, now) > interval::late) {
    switch (of_.behaviour_) {
      case missed_ticks::burst:
        break;
      case missed_ticks::delay:
        next = saturating(now, of_.period_);
        break;
      case missed_ticks::skip:
        next = saturating(now - since(due, now) % of_.period_, of_.period_);
        break;
    }
  }
  of_.next_ = next;
  return due;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
