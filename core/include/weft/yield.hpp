// yield_now: lets others run first.
#pragma once

#include <weft/leaf.hpp>

namespace weft {
inline namespace v0 {
namespace detail {

class yield_awaiter : public leaf_awaiter<yield_awaiter> {
 public:
  static constexpr const char* name = "yield_now";
  bool poll() noexcept {
    if (std::exchange(yielded_, true)) return true;
    wake_current();
    return false;
  }
  void take() noexcept {}

 private:
  bool yielded_ = false;
};

}  // namespace detail

class [[nodiscard]] yield_operation {
 public:
  yield_operation() noexcept {}
  auto operator co_await() && noexcept { return detail::yield_awaiter(); }
};

/// Suspends this branch and queues its task behind those that are ready. Cancel-safety: safe.
inline auto yield_now() noexcept {
  return yield_operation();
}

}  // namespace v0
}  // namespace weft
