// Tasks that stay on one thread: spawn_local, and a pool of threads for them.
#pragma once

#include <weft/runtime.hpp>
#include <weft/spawn.hpp>

#include <cstddef>
#include <memory>
#include <source_location>
#include <string>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

class local_pool_state;

// The calling task's, when it runs on one thread. Throws std::system_error: `errc::no_runtime`;
// `errc::unsupported` on a runtime with workers.
WEFT_API scheduler& local_scheduler();
// Of the thread with the fewest tasks; of the one with that number.
WEFT_API scheduler& least_loaded(local_pool_state& pool) noexcept;
WEFT_API scheduler& numbered(local_pool_state& pool, std::size_t thread) noexcept;

}  // namespace detail

/// As weft::spawn, of a task that must stay on this thread: it touches what is bound to it, or what
/// other threads must not touch at the same time.
///
/// Only on a runtime that runs on one thread: a current-thread runtime that one thread drives, or a
/// thread of a local_pool. Elsewhere it throws std::system_error with `errc::unsupported`; outside
/// a runtime with `errc::no_runtime`.
template <detail::operation_argument Argument>
auto spawn_local(Argument&& operation,
                 std::source_location where = std::source_location::current()) {
  return detail::spawn_on(detail::local_scheduler(), where,
                          detail::take_operation(std::forward<Argument>(operation)));
}
template <class Function>
  requires detail::task_function<Function>
auto spawn_local(Function function, std::source_location where = std::source_location::current()) {
  return detail::spawn_on(detail::local_scheduler(), where, std::in_place, std::move(function));
}
template <class Function, class First, class... Arguments>
  requires detail::task_function<Function, First, Arguments...>
auto spawn_local(Function function, First first, Arguments... arguments) {
  return detail::spawn_on(detail::local_scheduler(), std::source_location(), std::in_place,
                          std::move(function), std::move(first), std::move(arguments)...);
}

/// Threads that run tasks which stay where they are: each task runs, from its start to the
/// destruction of its frames, on one thread.
///
///     weft::local_pool pool(4);
///     auto answer = co_await pool.spawn_pinned(asks_python, std::move(question));
///
/// Each thread is a current-thread runtime of its own: its tasks may `spawn_local` more. The
/// function and its arguments are moved to the thread; the handle is awaited anywhere. Ownership:
/// unique, movable. Destroying it cancels what is left, each task on its thread, after giving
/// shielded tasks and blocking calls runtime::default_grace; it waits for that, so that it is not
/// to be destroyed by one of its own tasks. Thread-safety: members from any threads.
class local_pool {
 public:
  /// At least one thread; 0: as many as processors. Throws std::system_error when threads or
  /// descriptors are not to be had.
  WEFT_API explicit local_pool(unsigned threads, std::string thread_name = "weft-local");
  WEFT_API local_pool(local_pool&&) noexcept;
  WEFT_API local_pool& operator=(local_pool&&) noexcept;
  WEFT_API ~local_pool();

  /// As weft::spawn, of `function(arguments...)`, on the thread that has the fewest tasks now.
  template <class Function, class... Arguments>
    requires detail::task_function<Function, Arguments...>
  auto spawn_pinned(Function function, Arguments... arguments) {
    return detail::spawn_on(detail::least_loaded(*state_), std::source_location(), std::in_place,
                            std::move(function), std::move(arguments)...);
  }
  /// On a thread of choice, from 0. One that there is not ends the program with a message.
  template <class Function, class... Arguments>
    requires detail::task_function<Function, Arguments...>
  auto spawn_pinned_on(std::size_t thread, Function function, Arguments... arguments) {
    return detail::spawn_on(detail::numbered(*state_, thread), std::source_location(),
                            std::in_place, std::move(function), std::move(arguments)...);
  }

  /// How many threads there are.
  WEFT_API std::size_t threads() const noexcept;
  /// How many tasks a thread has.
  WEFT_API std::size_t tasks(std::size_t thread) const noexcept;

 private:
  std::unique_ptr<detail::local_pool_state> state_;
};

}  // namespace v0
}  // namespace weft
