#include <weft/detail/wait_list.hpp>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

void wait_a_moment(unsigned tries) noexcept {
  if (tries < 100) {
    facade::spin_pause();
  } else {
    facade::yield_thread();
  }
}

// Yields the processor when the holder was preempted.
std::uint64_t locked_word::lock_slowly() noexcept {
  auto seen = word_.load(std::memory_order_relaxed);
  for (unsigned spins = 0;; ++spins) {
    if (!(seen & locked)) {
      if (word_.compare_exchange_weak(seen, seen | locked, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
        return seen;
      }
      continue;
    }
    wait_a_moment(spins);
    seen = word_.load(std::memory_order_relaxed);
  }
}

void wait_list::destroyed_in_use() noexcept {
  misuse(
      "a semaphore, mutex or notify was destroyed while a task waited for it; "
      "let those who wait share it by a std::shared_ptr");
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
