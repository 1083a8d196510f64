#include "scheduler/injection_queue.hpp"

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
  for (std::size_t taken = 1; taken < limit && head_; ++taken) {
    // There is room: the caller counted it, and nobody else pushes to `into`.
    into.push_unchecked(pop_locked());
  }
  return first;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
