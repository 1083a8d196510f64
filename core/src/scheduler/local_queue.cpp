#include "scheduler/local_queue.hpp"

#include "scheduler/injection_queue.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

bool local_queue::push(task_header* task, injection_queue& overflow) noexcept {
  for (;;) {
    auto head = unpack(head_.load(std::memory_order_acquire));
    auto tail = tail_.load(std::memory_order_relaxed);
    if (tail - head.steal < capacity) {
      slots_[tail & mask].store(task, std::memory_order_relaxed);
      tail_.store(tail + 1, std::memory_order_seq_cst);
      return true;
    }
    if (head.steal != head.real) {  // a thief is about to make room
      overflow.push(task);
      return false;
    }
    if (push_overflow(task, head.real, overflow)) return false;
  }
}

task_header* local_queue::append(task_header* first, std::uint32_t count) noexcept {
  auto tail = tail_.load(std::memory_order_relaxed);
  for (auto end = tail + count; tail != end; ++tail) {
    slots_[tail & mask].store(first, std::memory_order_relaxed);
    first = first->queue_next;
  }
  tail_.store(tail, std::memory_order_seq_cst);
  return first;
}

bool local_queue::push_overflow(task_header* task, std::uint32_t head,
                                injection_queue& overflow) noexcept {
  constexpr std::uint32_t moved = capacity / 2;
  auto expected = pack({head, head});
  if (!head_.compare_exchange_strong(expected, pack({head + moved, head + moved}),
                                     std::memory_order_acq_rel, std::memory_order_relaxed)) {
    return false;  // a thief was first
  }
  task_header* first = slots_[head & mask].load(std::memory_order_relaxed);
  task_header* last = first;
  for (std::uint32_t index = head + 1; index != head + moved; ++index) {
    auto* next = slots_[index & mask].load(std::memory_order_relaxed);
    last->queue_next = next;
    last = next;
  }
  last->queue_next = task;
  task->queue_next = nullptr;
  overflow.push_batch(first, task, moved + 1);
  return true;
}

task_header* local_queue::pop() noexcept {
  auto packed = head_.load(std::memory_order_acquire);
  for (;;) {
    auto head = unpack(packed);
    if (head.real == tail_.load(std::memory_order_relaxed)) return nullptr;
    auto next = head.steal == head.real ? heads{head.real + 1, head.real + 1}
                                        : heads{head.steal, head.real + 1};
    auto* task = slots_[head.real & mask].load(std::memory_order_relaxed);
    if (head_.compare_exchange_weak(packed, pack(next), std::memory_order_acq_rel,
                                    std::memory_order_acquire)) {
      return task;
    }
  }
}

task_header* local_queue::steal_into(local_queue& into) noexcept {
  auto tail = into.tail_.load(std::memory_order_relaxed);
  auto into_head = unpack(into.head_.load(std::memory_order_acquire));
  if (tail - into_head.steal > capacity / 2)
    return nullptr;  // somebody steals from `into`: no room
  auto count = claim_half(into, tail);
  if (count == 0) return nullptr;
  --count;
  auto* first = into.slots_[(tail + count) & mask].load(std::memory_order_relaxed);
  if (count > 0) into.tail_.store(tail + count, std::memory_order_release);
  return first;
}

std::uint32_t local_queue::claim_half(local_queue& into, std::uint32_t into_tail) noexcept {
  auto packed = head_.load(std::memory_order_acquire);
  heads head;
  std::uint32_t count;
  for (;;) {
    head = unpack(packed);
    if (head.steal != head.real) return 0;  // another thief is at work
    auto available = tail_.load(std::memory_order_acquire) - head.real;
    count = available - available / 2;
    if (count == 0) return 0;
    if (head_.compare_exchange_weak(packed, pack({head.steal, head.real + count}),
                                    std::memory_order_acq_rel, std::memory_order_acquire)) {
      break;
    }
  }
  for (std::uint32_t index = 0; index < count; ++index) {
    auto* task = slots_[(head.real + index) & mask].load(std::memory_order_relaxed);
    into.slots_[(into_tail + index) & mask].store(task, std::memory_order_relaxed);
  }
  packed = pack({head.steal, head.real + count});
  for (;;) {  // the owner may have popped meanwhile; steal catches up with real
    auto now = unpack(packed);
    if (head_.compare_exchange_weak(packed, pack({now.real, now.real}), std::memory_order_acq_rel,
                                    std::memory_order_acquire)) {
      return count;
    }
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
