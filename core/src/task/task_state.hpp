#pragma once

#include <weft/detail/execution.hpp>

namespace weft {
inline namespace v0 {
namespace detail {

// Takes RUNNING, and with it the frames, for this thread, which runs no other task; `before` has
// the bits that were woken. False: it is complete, or runs. Until stop_running or complete the
// references that this thread takes and drops are settled in its place
// (execution::spare_references).
bool begin_running(task_header* task, std::uint64_t& before) noexcept;

enum class running_end { suspended, again, cancelled };
// Gives RUNNING back. `suspended`: the queue's reference is gone too. `cancelled`: RUNNING is kept,
// the frames are to be destroyed.
running_end stop_running(task_header* task) noexcept;

// Its outcome is there and its frames are gone: wakes who joins, and drops `references` of the
// caller's.
void complete(task_header* task, std::uint32_t references) noexcept;

// For a branch that is polled after another one of its task has used up the budget: lets it make a
// few steps all the same, so that a branch that is always ready does not starve its siblings.
inline void grant_late_budget(execution& current) noexcept {
  constexpr std::uint32_t late_budget = 8;
  if (current.budget == 0) current.budget = late_budget;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
