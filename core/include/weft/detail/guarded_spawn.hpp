// Spawns a task together with a guard: an object that is destroyed when the task's frames are,
// however it ended, and before anybody who waits for the task is told. It costs no frame: the guard
// stands beside the callable.
#pragma once

#include <weft/spawn.hpp>

#include <functional>
#include <source_location>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// What a guarded task is to run. Members are destroyed in reverse: the guard goes last.
template <class Guard, class Function>
class guarded_function {
 public:
  guarded_function(Guard&& guard, Function&& function)
      : guard_(std::move(guard)), function_(std::move(function)) {}
  template <class... Arguments>
  auto operator()(Arguments&&... arguments) -> std::invoke_result_t<Function&, Arguments...> {
    return std::invoke(function_, std::forward<Arguments>(arguments)...);
  }

 private:
  Guard guard_;
  Function function_;
};

// An operation as a callable. A task is handed on as it is.
template <awaitable Operation>
class operation_function {
 public:
  explicit operation_function(Operation&& operation) : operation_(std::move(operation)) {}
  task<await_result_t<Operation>> operator()() {
    if constexpr (is_task_v<Operation>) {
      return std::move(operation_);
    } else {
      return as_task<Operation>(std::move(operation_));
    }
  }

 private:
  Operation operation_;
};

// A task that is not submitted yet. `guard.may_start()`: whether it is to run at all; else it is
// cancelled before it starts.
template <class Guard, class Function, class... Arguments>
auto make_guarded(scheduler& owner, std::source_location where, std::in_place_t, Guard guard,
                  Function function, Arguments... arguments) {
  using value = typename std::invoke_result_t<Function&, Arguments...>::value_type;
  using guarded = guarded_function<Guard, Function>;
  bool starts = guard.may_start();
  auto* cell = make_cell<callable_cell<value, guarded, Arguments...>>(
      owner, where, guarded(std::move(guard), std::move(function)), std::move(arguments)...);
  if (!starts) cell->state.fetch_or(state::cancelled, std::memory_order_relaxed);
  return static_cast<task_cell<value>*>(cell);
}

template <class Guard, awaitable Operation>
auto make_guarded(scheduler& owner, std::source_location where, Guard guard, Operation operation) {
  if constexpr (is_task_v<Operation>) {
    if (!operation) misuse("a task was spawned that had been moved from or awaited before");
  }
  return make_guarded(owner, where, std::in_place, std::move(guard),
                      operation_function<Operation>(std::move(operation)));
}

template <class Guard, class Function, class... Arguments>
auto spawn_guarded(scheduler& owner, std::source_location where, std::in_place_t, Guard guard,
                   Function function, Arguments... arguments) {
  return spawn_cell(make_guarded(owner, where, std::in_place, std::move(guard), std::move(function),
                                 std::move(arguments)...));
}

template <class Guard, awaitable Operation>
auto spawn_guarded(scheduler& owner, std::source_location where, Guard guard, Operation operation) {
  return spawn_cell(make_guarded(owner, where, std::move(guard), std::move(operation)));
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
