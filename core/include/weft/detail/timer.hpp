// One timer: an intrusive entry of a worker's wheel, living in whatever waits for it.
#pragma once

#include <weft/waker.hpp>

#include <atomic>
#include <cstdint>

namespace weft {
inline namespace v0 {
namespace detail {

class timer_wheel;

// Armed by the thread that runs the task, cancelled or destroyed by any thread that runs it later;
// fired by whoever turns the wheel. Pinned. All but `state_` is guarded by the wheel's lock while
// it is linked.
class timer_entry {
 public:
  timer_entry() noexcept = default;
  timer_entry(const timer_entry&) = delete;
  timer_entry& operator=(const timer_entry&) = delete;
  ~timer_entry() { cancel(); }

  // Registers the running branch for `deadline` (nanoseconds of the runtime's clock); at once when
  // it is past. Armed anew, it forgets the old deadline.
  WEFT_API void arm(std::uint64_t deadline_ns) noexcept;
  bool armed() const noexcept { return state_.load(std::memory_order_acquire) != state::idle; }
  bool linked() const noexcept { return state_.load(std::memory_order_acquire) == state::linked; }
  bool fired() const noexcept { return state_.load(std::memory_order_acquire) == state::fired; }
  void cancel() noexcept {
    if (state_.load(std::memory_order_acquire) == state::linked) unlink();
    state_.store(state::idle, std::memory_order_relaxed);
  }

 private:
  friend class timer_wheel;
  enum class state : std::uint8_t { idle, linked, fired };
  WEFT_API void unlink() noexcept;

  timer_entry* next_ = nullptr;
  timer_entry* previous_ = nullptr;
  std::uint64_t tick_ = 0;
  timer_wheel* wheel_ = nullptr;
  waker waker_;
  std::atomic<state> state_{state::idle};
  std::uint8_t level_ = 0;
  std::uint8_t slot_ = 0;
};

// The runtime's clock, in nanoseconds. Outside a runtime: the monotonic clock.
WEFT_API std::uint64_t now_ns() noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft
