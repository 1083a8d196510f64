// task_group: parallel tasks that end before the statement that started them does.
#pragma once

#include <weft/join_set.hpp>
#include <weft/task.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {

/// What the body of a task_group is given: the tasks of the group. Neither copied nor moved; it
/// lives as long as the group. Thread-safety: for the body, and what it awaits.
template <class T>
class group {
 public:
  using result_type = detail::flat_result_t<T>;

  group() noexcept = default;
  group(const group&) = delete;
  group& operator=(const group&) = delete;

  /// As weft::spawn, as a member of the group: `function(arguments...)`, or an operation. It owns
  /// its arguments: the group may be destroyed, and does not wait for it then. Returns the right to
  /// abort it, which may be dropped. One that was aborted is no failure of the group.
  template <detail::operation_argument Argument>
  weft::abort_handle spawn(Argument&& operation,
                           std::source_location where = std::source_location::current()) {
    return members_.spawn(std::forward<Argument>(operation), where);
  }
  template <class Function>
    requires detail::task_function<Function>
  weft::abort_handle spawn(Function function,
                           std::source_location where = std::source_location::current()) {
    return members_.spawn(std::move(function), where);
  }
  template <class Function, class First, class... Arguments>
    requires detail::task_function<Function, First, Arguments...>
  weft::abort_handle spawn(Function function, First first, Arguments... arguments) {
    return members_.spawn(std::move(function), std::move(first), std::move(arguments)...);
  }
  /// As weft::spawn_blocking, as a member of the group.
  template <class Function>
    requires std::invocable<Function&&>
  weft::abort_handle spawn_blocking(Function function,
                                    std::source_location where = std::source_location::current()) {
    return members_.spawn_blocking(std::move(function), where);
  }

  /// Waits for the next task to end. Yields a `std::optional<result<T>>`; nothing when none is
  /// left. Whoever takes a failure so deals with it: it is none of the group's any more.
  /// Cancel-safety: safe; no result is lost.
  auto next() noexcept WEFT_LIFETIMEBOUND { return members_.join_next(); }
  /// A task that has ended; nothing when none has.
  std::optional<result_type> try_next() { return members_.try_join_next(); }

  /// Aborts every task that is left.
  void abort_all() noexcept { members_.abort_all(); }
  /// How many tasks there are that `next` has not given yet.
  std::size_t size() const noexcept { return members_.size(); }
  bool empty() const noexcept { return members_.empty(); }

 private:
  join_set<T> members_{detail::whole_context_tag()};
};

namespace detail {

template <class T, class Function>
concept group_body =
    std::invocable<Function&, group<T>&> && is_task_v<std::invoke_result_t<Function&, group<T>&>>;

// What is left when the body has ended. The first failure aborts the rest.
template <class T, class Ended>
task<void> join_rest(group<T>& members, Ended& ended) {
  while (auto done = co_await members.next()) {
    if (*done || !ended || done->error() == errc::task_aborted) continue;
    ended = Ended(std::unexpect, std::move(done->error()));
    members.abort_all();
  }
}

template <class T, class Function>
auto run_group(Function body)
    -> task<flat_result_t<typename std::invoke_result_t<Function&, group<T>&>::value_type>> {
  using value = typename std::invoke_result_t<Function&, group<T>&>::value_type;
  using ended_type = flat_result_t<value>;
  group<T> members;
  std::optional<ended_type> ended;
  std::exception_ptr thrown;
  try {
    if constexpr (std::is_void_v<value>) {
      co_await body(members);
      ended.emplace();
    } else {
      auto value_of_body = co_await body(members);
      ended.emplace(std::move(value_of_body));
    }
  } catch (...) {
    thrown = std::current_exception();
    ended.emplace(std::unexpect, errc::task_failed);
  }
  if (!*ended) members.abort_all();
  co_await join_rest(members, *ended);
  if (thrown) std::rethrow_exception(thrown);
  co_return std::move(*ended);
}

}  // namespace detail

/// Runs `body(group)`, a task of this task, and then waits for all that the group has left:
///
///     auto fetched = co_await weft::task_group<page>([&](auto& group) -> weft::task<void> {
///       for (auto& url : urls) group.spawn(fetch, url);        // in parallel; each owns its url
///       while (auto done = co_await group.next()) use(*done);  // a result<page>, as they come
///     });
///
/// Tasks of the group yield a `T` or a `result<T>`. Yields a result, flat: what the body yields, or
/// the first failure.
///
/// - The body ends with an error: the tasks that are left are aborted, and the error is yielded.
/// - The body throws: the same, and what it threw comes out of the `co_await`.
/// - A task fails (an error, or an exception) while the body runs: `next()` tells the body.
/// - What the body does not ask for is looked at when it has ended: then the first failure aborts
///   the rest, and is what the group yields. An aborted task is no failure.
///
/// Tasks of the group have the whole context of whoever spawns them, deadline and cancellation too.
/// In each case every task is gone, frames and arguments, when the group ends.
/// Ownership: the body borrows from whoever awaits the group, as its branch. The tasks do not: when
/// the group is destroyed (by a `select`, a `timeout`, an `abort`) they are aborted, and not waited
/// for. For branches that may borrow see weft/scope.hpp. Cancel-safety: aborts every task; results
/// that were not taken are lost.
template <class T = void, class Function>
[[nodiscard]] auto task_group(Function body) {
  static_assert(detail::group_body<T, Function>,
                "task_group: the body is called with a weft::group<T>& and returns a weft::task");
  if constexpr (detail::group_body<T, Function>)
    return detail::run_group<T, Function>(std::move(body));
}

}  // namespace v0
}  // namespace weft
