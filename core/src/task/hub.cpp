#include "task/hub.hpp"

#include <weft/detail/nested_task.hpp>
#include <weft/leaf.hpp>

#include <bit>
#include <new>
#include <utility>

#include "scheduler/scheduler.hpp"
#include "task/task_state.hpp"
#include "task/thread_place.hpp"
#include "task/waiting_thread.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

// On top of the stack once the task has completed.
hub* closed_stack() noexcept {
  return reinterpret_cast<hub*>(std::uintptr_t{1});
}

// Release: the poller that takes the stack sees the hub's state. Acquire is not needed to push.
bool push_woken(task_header* task, hub* woken) noexcept {
  auto* top = task->woken_hubs.load(std::memory_order_relaxed);
  do {
    if (top == closed_stack()) return false;
    woken->woken_next = top;
  } while (!task->woken_hubs.compare_exchange_weak(top, woken, std::memory_order_acq_rel,
                                                   std::memory_order_relaxed));
  return true;
}

// The hubs of a task are a ring; `hubs` is the first. Those with room come first, so that a bit is
// found at once, however many there are.
void put_first(task_header* task, hub* added) noexcept {
  if (auto* first = task->hubs) {
    added->next = first;
    added->previous = first->previous;
    first->previous->next = added;
    first->previous = added;
  } else {
    added->next = added->previous = added;
  }
  task->hubs = added;
}

void take_out(task_header* task, hub* removed) noexcept {
  if (task->hubs == removed) task->hubs = removed->next == removed ? nullptr : removed->next;
  removed->next->previous = removed->previous;
  removed->previous->next = removed->next;
}

hub* hub_with_room(task_header* task) {
  if (task->hubs && task->hubs->used_bits != ~0u) return task->hubs;
  put_first(task, new (allocate_frame(sizeof(hub))) hub(task));
  return task->hubs;
}

unsigned lend_bit(task_header* task, hub* lender) noexcept {
  auto bit = static_cast<unsigned>(std::countr_zero(~lender->used_bits));
  lender->used_bits |= 1u << bit;
  lender->fresh_bits |= 1u << bit;
  if (lender->used_bits == ~0u) task->hubs = lender->next;  // it was the first, and is the last
  return bit;
}

bool has_room_besides(const task_header* task, const hub* one) noexcept {
  if (task->hubs != one) return true;
  return one->next != one && one->next->used_bits != ~0u;
}

// One without branches goes when there is another one with room: so a branch that comes and goes
// does not allocate each time.
void give_bit_back(task_header* task, hub* lender, unsigned bit) noexcept {
  auto was_full = lender->used_bits == ~0u;
  lender->used_bits &= ~(1u << bit);
  if (was_full) {
    take_out(task, lender);
    put_first(task, lender);
  } else if (lender->used_bits == 0 && has_room_besides(task, lender)) {
    take_out(task, lender);
    lender->release();
  }
}

void poll_hub(task_header* task, hub* woken) noexcept {
  auto before =
      woken->state.fetch_and(~(state::notified | state::ready_mask), std::memory_order_acq_rel);
  auto ready = static_cast<std::uint32_t>(before >> 32);
  woken->fresh_bits = 0;
  for (; ready && !task->finished; ready &= ~woken->fresh_bits) {
    auto bit = static_cast<unsigned>(std::countr_zero(ready));
    ready &= ready - 1;
    grant_late_budget(thread_place);
    if (auto* node = woken->nodes[bit]) poll_branch(node);
  }
}

}  // namespace

void poll_woken_hubs(task_header* task) noexcept {
  auto* woken = task->woken_hubs.exchange(nullptr, std::memory_order_acq_rel);
  while (woken) {
    auto* next = woken->woken_next;
    if (!task->finished) poll_hub(task, woken);
    woken->release();
    woken = next;
  }
}

void release_hubs(task_header* task) noexcept {
  auto* kept = std::exchange(task->hubs, nullptr);
  if (!kept) return;  // it never had one: the last is kept, so that there is no waker of any
  kept->previous->next = nullptr;  // a chain now
  while (kept) {
    auto* next = kept->next;
    kept->release();
    kept = next;
  }
  auto* woken = task->woken_hubs.exchange(closed_stack(), std::memory_order_acq_rel);
  while (woken && woken != closed_stack()) {
    auto* next = woken->woken_next;
    woken->release();
    woken = next;
  }
}

void deallocate_hub(hub* unused) noexcept {
  auto* owner = unused->owner;
  unused->~hub();
  deallocate_frame(unused, sizeof(hub));
  owner->release();
}

void link_branch(branch_node* node, leaf* parent) {
  auto* task = thread_place.task;
  if (show_bit(task, node, parent)) {
    (void)keep_bit(task, node);
    return;
  }
  node->parent = parent;
  auto* lender = hub_with_room(task);
  auto bit = lend_bit(task, lender);
  lender->nodes[bit] = node;
  node->bit = static_cast<std::uint8_t>(bit);
  node->target = lender;
}

void unlink_branch(branch_node* node) noexcept {
  auto* target = std::exchange(node->target, nullptr);
  if (wake_kind_of(target->state.load(std::memory_order_relaxed)) == state::hub_kind) {
    auto* lender = static_cast<hub*>(target);
    lender->nodes[node->bit] = nullptr;
    give_bit_back(lender->owner, lender, node->bit);
    return;
  }
  if (!node->previous) return;  // it was only shown the bit
  auto* task = static_cast<task_header*>(target);
  task->used_bits &= ~(1u << node->bit);
  node->previous->next = node->next;
  if (node->next) node->next->previous = node->previous;
  node->next = node->previous = nullptr;
}

void notify_and_release(wake_target* target, unsigned bit) noexcept {
  auto before =
      target->state.fetch_or(state::notified | state::ready(bit), std::memory_order_acq_rel);
  if (before & (state::running | state::complete | state::notified)) return target->release();
  switch (wake_kind_of(before)) {
    case state::hub_kind:
      break;
    case state::thread_kind:
      return wake_thread(static_cast<waiting_thread*>(target));
    case state::nested_kind:
      return notify_outer(static_cast<nested_task*>(target));
    default:
      return scheduler::schedule(static_cast<task_header*>(target));
  }
  // The reference moves into the stack.
  auto* woken = static_cast<hub*>(target);
  auto* task = woken->owner;
  task->add_reference();  // the hub may be gone as soon as it is on the stack
  if (push_woken(task, woken)) {
    notify_and_release(task, hub_bit);
  } else {
    woken->release();
    task->release();
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
