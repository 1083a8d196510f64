// What is known of a task from outside: its id, its name, where it was spawned.
#pragma once

#include <weft/spawn.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <source_location>
#include <string_view>
#include <utility>

namespace weft {
inline namespace v0 {

/// A task. The name is good while the task lives.
struct task_info {
  std::uint64_t id = 0;   ///< Unique in its runtime; never 0.
  std::string_view name;  ///< Empty without one.
  std::source_location spawned_at;
};

/// The task that runs here; nothing outside one.
[[nodiscard]] WEFT_API std::optional<task_info> current_task() noexcept;
/// The id of the task that runs here, as join_handle::id; nothing outside one.
[[nodiscard]] WEFT_API std::optional<std::uint64_t> try_task_id() noexcept;
/// As above; outside a task it ends the program with a message.
[[nodiscard]] WEFT_API std::uint64_t task_id() noexcept;

/// A name for a task, and where it was given.
class task_name {
 public:
  /// Longer names are cut.
  static constexpr std::size_t max_size = 63;

  template <std::convertible_to<std::string_view> Text>
  // NOLINTNEXTLINE(google-explicit-constructor): it is written as a string
  task_name(const Text& text, std::source_location where = std::source_location::current()) noexcept
      : text_(text), where_(where) {}
  std::string_view text() const noexcept { return text_; }
  const std::source_location& where() const noexcept { return where_; }

 private:
  std::string_view text_;
  std::source_location where_;
};

namespace detail {

WEFT_API void set_task_name(task_header& task, std::string_view name) noexcept;

template <class... Made>
auto spawn_named_on(scheduler& owner, const task_name& name, Made&&... made) {
  auto* cell = make_task(owner, name.where(), std::forward<Made>(made)...);
  set_task_name(*cell, name.text());
  return spawn_cell(cell);
}

}  // namespace detail

/// As weft::spawn, of a task with a name, which `dump_tasks`, hooks and reports show:
///
///     auto handle = weft::spawn_named("acceptor", accept_all, std::move(listener));
///
/// The name is copied; where memory for that is short, the task has none.
template <detail::operation_argument Argument>
auto spawn_named(task_name name, Argument&& operation) {
  return detail::spawn_named_on(detail::ambient_scheduler(), name,
                                detail::take_operation(std::forward<Argument>(operation)));
}
template <class Function, class... Arguments>
  requires detail::task_function<Function, Arguments...>
auto spawn_named(task_name name, Function function, Arguments... arguments) {
  return detail::spawn_named_on(detail::ambient_scheduler(), name, std::in_place,
                                std::move(function), std::move(arguments)...);
}

}  // namespace v0
}  // namespace weft
