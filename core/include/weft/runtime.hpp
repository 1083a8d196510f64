// runtime: where tasks run. `weft::run(main_task())` is all that most programs need of it.
#pragma once

#include <weft/environment.hpp>
#include <weft/runtime_metrics.hpp>
#include <weft/spawn.hpp>
#include <weft/task_info.hpp>
#include <weft/time.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weft {
inline namespace v0 {

namespace detail {
struct scheduler_options;
struct scheduler_deleter {
  WEFT_API void operator()(scheduler* owned) const noexcept;
};
// Submits the task and waits for its end. Throws std::system_error(errc::would_block_runtime) on a
// worker.
WEFT_API void run_to_end(scheduler& owner, task_header* task);
WEFT_API int report_failure(const error& failure) noexcept;
}  // namespace detail

/// A task that failed, and nobody will hear of it: its handle was dropped, or detached.
struct task_failure {
  const error& what;  ///< What it yielded; `errc::task_failed` with the exception as payload.
  const task_info& task;
};

/// What a shutdown found.
struct shutdown_report {
  /// Tasks that were spawned at one place, under one name.
  struct place {
    std::string name;
    std::source_location spawned_at;
    std::size_t tasks = 0;
    place(std::string_view named, std::source_location where) : name(named), spawned_at(where) {}
  };
  std::size_t cancelled = 0;       ///< How many tasks were cancelled,
  std::vector<place> places;       ///< and where those were spawned; the most first.
  std::size_t blocking_calls = 0;  ///< How many calls on the blocking pool run on.
  shutdown_report() = default;
};

/// Runs tasks: on threads of its own (work stealing), or on the thread that calls `block_on`.
///
/// Ownership: unique. Destroying it stops the workers and cancels every task that is left, after
/// giving shielded tasks, and calls on the blocking pool, `default_grace` to end. Not to be
/// destroyed by one of its own tasks. Processes: it belongs to the one that made it. In a child
/// that was forked later every call aborts the program with a message, and destroying it does
/// nothing: fork before the first runtime, or exec at once in the child. Thread-safety: `spawn`,
/// `block_on`, `metrics`, `dump_tasks` from any thread.
class runtime {
 public:
  class builder;

  /// What a runtime that is destroyed waits for shielded tasks and blocking calls.
  static constexpr duration default_grace = std::chrono::seconds(5);

  /// As many workers as there are processors. Throws std::system_error when threads or descriptors
  /// are not to be had.
  WEFT_API runtime();
  WEFT_API static builder multi_thread();
  /// Tasks run only inside `block_on`, on its thread, in the order in which they were woken.
  WEFT_API static builder current_thread();

  runtime(runtime&&) noexcept = default;
  /// Destroys what was there.
  runtime& operator=(runtime&& other) noexcept {
    if (this != &other) {
      auto before = std::move(*this);
      scheduler_ = std::move(other.scheduler_);
    }
    return *this;
  }
  WEFT_API ~runtime();

  /// Runs `operation` as a task and waits for its end. Yields its value; throws what it threw, and
  /// std::system_error with `errc::task_aborted` when the runtime was shut down meanwhile, with
  /// `errc::would_block_runtime` on a worker of a runtime (await a spawned task there).
  template <detail::operation_argument Argument>
  auto block_on(Argument&& operation, std::source_location where = std::source_location::current())
      -> await_result_t<std::remove_cvref_t<Argument>> {
    using given = std::remove_cvref_t<Argument>;
    using value = await_result_t<given>;
    detail::task_cell<value>* cell;
    if constexpr (detail::is_task_v<given>) {
      cell = detail::make_cell<detail::task_cell<value>>(
          *scheduler_, detail::take_operation(std::forward<Argument>(operation)), where);
    } else {
      cell = detail::make_cell<detail::task_cell<value>>(
          *scheduler_,
          detail::as_task<given>(detail::take_operation(std::forward<Argument>(operation))), where);
    }
    detail::run_to_end(*scheduler_, cell);
    struct forgetting {
      detail::task_header* task;
      ~forgetting() { detail::forget_task(task); }
    } at_end{cell};
    if (!cell->outcome()) throw std::system_error(make_error_code(errc::task_aborted), "block_on");
    return cell->outcome().take();
  }

  /// As weft::spawn, from any thread.
  template <detail::operation_argument Argument>
  auto spawn(Argument&& operation, std::source_location where = std::source_location::current()) {
    return detail::spawn_on(*scheduler_, where,
                            detail::take_operation(std::forward<Argument>(operation)));
  }
  template <class Function>
    requires detail::task_function<Function>
  auto spawn(Function function, std::source_location where = std::source_location::current()) {
    return detail::spawn_on(*scheduler_, where, std::in_place, std::move(function));
  }
  template <class Function, class First, class... Arguments>
    requires detail::task_function<Function, First, Arguments...>
  auto spawn(Function function, First first, Arguments... arguments) {
    return detail::spawn_on(*scheduler_, std::source_location(), std::in_place, std::move(function),
                            std::move(first), std::move(arguments)...);
  }
  /// As weft::spawn_named, from any thread.
  template <detail::operation_argument Argument>
  auto spawn_named(task_name name, Argument&& operation) {
    return detail::spawn_named_on(*scheduler_, name,
                                  detail::take_operation(std::forward<Argument>(operation)));
  }
  template <class Function, class... Arguments>
    requires detail::task_function<Function, Arguments...>
  auto spawn_named(task_name name, Function function, Arguments... arguments) {
    return detail::spawn_named_on(*scheduler_, name, std::in_place, std::move(function),
                                  std::move(arguments)...);
  }

  /// Gives shielded tasks at most `grace` to end, stops the workers, cancels the rest, and waits
  /// for what remains of `grace` for calls on the blocking pool; those that run on are left to
  /// themselves. Returns how many tasks were cancelled. Afterwards spawning yields tasks that are
  /// aborted. Idempotent.
  WEFT_API std::size_t shut_down(duration grace = default_grace) noexcept;
  /// As `shut_down`, and tells what was cancelled, by the place where it was spawned: what a
  /// graceful shutdown forgot. Where memory for that is short, `places` is not complete. A second
  /// one reports nothing.
  WEFT_API shutdown_report shut_down_with_report(duration grace = default_grace) noexcept;
  /// Shuts down without a grace, and without waiting: neither for a worker whose task does not
  /// suspend, nor for blocking calls. Also from one of its own tasks. The rest is done by a thread
  /// that is made for it; tasks may run on for a moment, and must not refer to what dies with the
  /// program. Where no thread is to be had, it waits after all; from one of its own tasks that ends
  /// the program with a message.
  WEFT_API void shut_down_background() && noexcept;

  /// What is counted, always: see weft/runtime_metrics.hpp.
  WEFT_API runtime_metrics metrics() const;
  /// Of one worker, from 0. One that there is not ends the program with a message.
  WEFT_API weft::worker_metrics worker_metrics(std::size_t worker) const;
  /// Measures from now on how long tasks run at a stretch, or does so no more. Default: off, since
  /// it asks the clock twice each time.
  WEFT_API void measure_poll_times(bool on) noexcept;
  /// What was measured since the start.
  WEFT_API weft::poll_times poll_times() const;
  /// A stack trace of every live task: see weft/dump.hpp.
  WEFT_API std::string dump_tasks() const;

  explicit runtime(detail::scheduler_options&& options);

 private:
  std::unique_ptr<detail::scheduler, detail::scheduler_deleter> scheduler_;
};

/// Settings of a runtime, each with its default.
class runtime::builder {
 public:
  /// How many threads; 0, the default: as many as processors. Ignored by a current-thread runtime.
  WEFT_API builder&& worker_threads(unsigned count) &&;
  /// Names the threads; cut to 15 characters by the kernel. Default "weft-worker".
  WEFT_API builder&& thread_name(std::string name) &&;
  /// The clock stands still from the start; only for a current-thread runtime, whose idle moments
  /// then jump to the next timer.
  WEFT_API builder&& start_paused(bool paused) &&;
  /// The blocking pool (see weft/spawn_blocking.hpp): at most so many threads (default 512, at
  /// least 1), calls that wait for one (4096), and how long a thread stays without work (10 s).
  WEFT_API builder&& blocking_threads(unsigned most) &&;
  WEFT_API builder&& blocking_queue(std::size_t most) &&;
  WEFT_API builder&& blocking_idle(duration wait) &&;
  /// Where time, randomness, threads and the addresses of names come from.
  WEFT_API builder&& environment(std::shared_ptr<weft::environment> doors) &&;
  /// Called by each worker thread when it starts and when it ends; not by a current-thread runtime,
  /// whose threads are the caller's. Hooks are called by several threads at once, and must not
  /// throw: that ends the program. Default, of all: none, and then they cost a branch.
  WEFT_API builder&& on_thread_start(std::function<void()> hook) &&;
  WEFT_API builder&& on_thread_stop(std::function<void()> hook) &&;
  /// Called by a worker before it waits for work, and after. `on_thread_park` may spawn and wake
  /// tasks: then it does not wait.
  WEFT_API builder&& on_thread_park(std::function<void()> hook) &&;
  WEFT_API builder&& on_thread_unpark(std::function<void()> hook) &&;
  /// Called when a task is spawned, by whoever spawns it, and when its frames are gone, however it
  /// ended, before anybody is told.
  WEFT_API builder&& on_task_spawn(std::function<void(const task_info&)> hook) &&;
  WEFT_API builder&& on_task_end(std::function<void(const task_info&)> hook) &&;
  /// Called around each stretch in which a task runs.
  WEFT_API builder&& on_before_poll(std::function<void(const task_info&)> hook) &&;
  WEFT_API builder&& on_after_poll(std::function<void(const task_info&)> hook) &&;
  /// Called when a task that nobody waits for has failed: it threw, or yielded a `result` with an
  /// error, and its handle was dropped before that. An abort is no failure.
  WEFT_API builder&& on_unhandled_error(std::function<void(const task_failure&)> hook) &&;
  /// Throws std::system_error when threads or descriptors are not to be had, std::invalid_argument
  /// on a setting that cannot be.
  WEFT_API runtime build() &&;

  WEFT_API ~builder();
  WEFT_API builder(builder&&) noexcept;

 private:
  friend class runtime;
  explicit builder(bool current_thread);
  std::unique_ptr<detail::scheduler_options> options_;
};

/// Runs a program's main task on a multi-thread runtime and returns its exit status: 0; for an
/// error 1, after printing it to stderr; for a `task<int>` that int.
template <class T>
  requires std::is_void_v<T> || std::same_as<T, int> || is_result_v<T>
int run(task<T> main_task, std::source_location where = std::source_location::current()) {
  runtime here;
  if constexpr (std::is_void_v<T>) {
    here.block_on(std::move(main_task), where);
    return 0;
  } else if constexpr (std::same_as<T, int>) {
    return here.block_on(std::move(main_task), where);
  } else {
    auto ended = here.block_on(std::move(main_task), where);
    if (!ended) return detail::report_failure(ended.error());
    if constexpr (std::same_as<typename T::value_type, int>) return *ended;
    return 0;
  }
}

}  // namespace v0
}  // namespace weft
