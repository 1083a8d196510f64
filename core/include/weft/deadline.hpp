// A reusable deadline that costs a store to move.
#pragma once

#include <weft/detail/timer.hpp>
#include <weft/time.hpp>

namespace weft {
inline namespace v0 {

class deadline {
 public:
  void reset(time::time_point at) noexcept { at_ = at; }
  void reset_after(duration wait) noexcept { at_ = time::after(wait); }
  void clear() noexcept { at_ = time::never; }
  bool poll() noexcept {
    auto at = detail::deadline_ns(at_);
    for (;;) {
      if (timer_.fired()) {
        if (detail::now_ns() >= at) return true;
        timer_.cancel();
      }
      if (timer_.armed() && armed_for_ <= at) return false;
      armed_for_ = at;
      timer_.arm(at);
      if (!timer_.fired()) return false;
    }
  }

 private:
  time::time_point at_ = time::never;
  std::uint64_t armed_for_ = 0;
  detail::timer_entry timer_;
};

}  // namespace v0
}  // namespace weft
