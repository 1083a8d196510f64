#include "scheduler/injection_queue.hpp"

#include <algorithm>

#include "scheduler/local_queue.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

task_header* injection_queue::pop_locked() noexcept {
  auto* task = head_;
  if (!task) return nullptr;
  head_ = task->queue_next;
  if (!head_) tail_ = nullptr;
  size_.store(size_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
  return task;
}

task_header* injection_queue::pop() noexcept {
  if (size() == 0) return nullptr;
  std::lock_guard held(lock_);
  return pop_locked();
}

task_header* injection_queue::pop_batch(local_queue& into, std::size_t limit) noexcept {
  if (size() == 0) return nullptr;
  std::lock_guard held(lock_);
  auto* first = pop_locked();
  auto more = std::min(limit - 1, size());
  if (first && more > 0) {
    // There is room: the caller counted it, and nobody else pushes to `into`.
    head_ = into.append(head_, static_cast<std::uint32_t>(more));
    if (!head_) tail_ = nullptr;
    size_.store(size() - more, std::memory_order_release);  // after they were published there
  }
  return first;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
