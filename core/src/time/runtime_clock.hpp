// The clock of a runtime: the environment's, until a test pauses it.
#pragma once

#include <weft/environment.hpp>

#include <cstdint>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// Read from any thread. Pausing and advancing happen on current-thread runtimes only, by the thread
// that runs it.
class runtime_clock {
 public:
  explicit runtime_clock(environment& source) noexcept : source_(source) {}

  std::uint64_t now_ns() noexcept {
    if (paused_.load(std::memory_order_acquire)) return frozen_.load(std::memory_order_relaxed);
    return source_.monotonic_ns() - behind_.load(std::memory_order_relaxed);
  }
  bool paused() const noexcept { return paused_.load(std::memory_order_acquire); }
  // Stands still at a whole millisecond, so that whole ones away from it are exact.
  void pause() noexcept {
    if (paused()) return;
    constexpr std::uint64_t millisecond = 1'000'000;
    frozen_.store((now_ns() + millisecond - 1) / millisecond * millisecond,
                  std::memory_order_relaxed);
    paused_.store(true, std::memory_order_release);
  }
  void resume() noexcept {
    if (!paused()) return;
    behind_.store(source_.monotonic_ns() - frozen_.load(std::memory_order_relaxed),
                  std::memory_order_relaxed);
    paused_.store(false, std::memory_order_release);
  }
  // Only forward; saturates.
  void advance_to(std::uint64_t time_ns) noexcept {
    if (time_ns > frozen_.load(std::memory_order_relaxed))
      frozen_.store(time_ns, std::memory_order_relaxed);
  }

 private:
  environment& source_;
  facade::atomic<bool> paused_{false};
  facade::atomic<std::uint64_t> frozen_{0};
  facade::atomic<std::uint64_t> behind_{0};
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
