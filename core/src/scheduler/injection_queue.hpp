// The queue for tasks that are woken outside the workers, and for what overflows theirs.
#pragma once

#include <weft/detail/execution.hpp>

#include <cstddef>
#include <mutex>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

class local_queue;

// An intrusive FIFO under a lock; `size()` may be read without it. Not bounded: it holds each live
// task at most once.
class alignas(64) injection_queue {
 public:
  void push(task_header* task) noexcept {
    task->queue_next = nullptr;
    push_batch(task, task, 1);
  }
  void push_batch(task_header* first, task_header* last, std::size_t count) noexcept {
    std::lock_guard held(lock_);
    if (tail_) {
      tail_->queue_next = first;
    } else {
      head_ = first;
    }
    tail_ = last;
    size_.store(size_.load(std::memory_order_relaxed) + count,
                std::memory_order_seq_cst);  // published: idle.hpp
  }
  // Takes up to `limit` tasks: the first is returned, the others go to `into`.
  task_header* pop_batch(local_queue& into, std::size_t limit) noexcept;
  task_header* pop() noexcept;

  std::size_t size() const noexcept { return size_.load(std::memory_order_seq_cst); }

 private:
  task_header* pop_locked() noexcept;

  facade::atomic<std::size_t> size_{0};
  spin_lock lock_;
  task_header* head_ = nullptr;
  task_header* tail_ = nullptr;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
