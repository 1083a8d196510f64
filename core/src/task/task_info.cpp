#include "task/task_info.hpp"

#include <weft/detail/nested_task.hpp>
#include <weft/task_info.hpp>

#include <algorithm>
#include <new>

#include "task/thread_place.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

task_info info_of(const task_header& task) noexcept {
  return {task.id, task.name(), task.spawned_at()};
}

void set_task_name(task_header& task, std::string_view name) noexcept {
  auto* origin = new (std::nothrow) task_origin{task.spawned_at(), {}};
  if (!origin) return;
  static_assert(sizeof(origin->name) == task_name::max_size + 1);
  auto cut = name.substr(0, task_name::max_size);
  std::copy(cut.begin(), cut.end(), origin->name);
  task.set_origin(origin);
}

void free_task_origin(task_origin* unused) noexcept {
  delete unused;
}

namespace {

// Not a part of it, in which the thread may stand.
const task_header* whole_task() noexcept {
  auto* running = thread_place.task;
  while (running &&
         wake_kind_of(running->state.load(std::memory_order_relaxed)) == state::nested_kind) {
    running = static_cast<const nested_task*>(running)->part_of;
  }
  return running;
}

}  // namespace
}  // namespace detail

std::optional<task_info> current_task() noexcept {
  auto* running = detail::whole_task();
  return running ? std::optional(detail::info_of(*running)) : std::nullopt;
}

std::optional<std::uint64_t> try_task_id() noexcept {
  auto* running = detail::whole_task();
  return running ? std::optional(running->id) : std::nullopt;
}

std::uint64_t task_id() noexcept {
  auto id = try_task_id();
  if (!id) detail::misuse("task_id: there is no task here; try_task_id tells so");
  return *id;
}

}  // namespace v0
}  // namespace weft
