// Hubs lend branch bits to a task that has run out of its own.
#pragma once

#include <weft/detail/execution.hpp>

#include <array>

namespace weft {
inline namespace v0 {
namespace detail {

// A wake target of its own, with 32 bits. Waking it puts it on its task's stack of woken hubs and
// wakes the task by the bit that is reserved for that.
//
// References: one by the task while the hub is in its list, one while it is on the stack, one by
// each waker. A hub holds a reference to its task. When the task completes it closes the stack and
// lets its hubs go, which breaks the cycle.
struct hub final : wake_target {
  task_header* owner;
  hub* next = nullptr;  // in the owner's ring; only touched while it is RUNNING
  hub* previous = nullptr;
  hub* woken_next = nullptr;  // in the stack
  std::uint32_t used_bits = 0;
  std::uint32_t fresh_bits = 0;  // as of a task
  std::array<branch_node*, branch_bits> nodes{};

  explicit hub(task_header* task) noexcept
      : wake_target(state::hub_kind | state::reference), owner(task) {
    task->add_reference();
  }
};

// Of a task that is RUNNING.
void poll_woken_hubs(task_header* task) noexcept;
// At its completion: closes the stack for ever.
void release_hubs(task_header* task) noexcept;
// Takes over one reference to the target.
void notify_and_release(wake_target* target, unsigned bit) noexcept;
void deallocate_hub(hub* unused) noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft
