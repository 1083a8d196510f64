// spawn: puts a tree of coroutines on the scheduler; join_handle: waits for its end, or aborts it.
#pragma once

#include <weft/detail/outcome.hpp>
#include <weft/task.hpp>

#include <functional>
#include <new>
#include <optional>
#include <source_location>
#include <tuple>

namespace weft {
inline namespace v0 {

template <class T>
class join_handle;

namespace detail {

// The scheduler of the task that this thread runs; throws std::system_error(errc::no_runtime)
// without one.
WEFT_API scheduler& ambient_scheduler();
// Takes the task into the scheduler's care, and queues it. A scheduler that has shut down cancels
// it at once.
WEFT_API void submit(task_header* header) noexcept;
WEFT_API void abort_task(task_header* header) noexcept;
// Gives up a handle: the outcome is destroyed as soon as it is there.
WEFT_API void forget_task(task_header* header) noexcept;
// The running leaf waits for the end. True: the task is complete.
WEFT_API bool poll_complete(task_header* header) noexcept;
WEFT_API void stop_waiting(task_header* header) noexcept;
WEFT_API bool is_complete(const task_header* header) noexcept;
WEFT_API error error_of_exception(std::exception_ptr thrown) noexcept;

// A task on the scheduler: the header, the coroutine, and its outcome.
template <class T>
class task_cell : public task_header {
 public:
  task_cell(scheduler& owner, task<T>&& body, std::source_location where) noexcept
      : task_cell(owner, std::move(body), calls, where) {}

  detail::outcome<T>& outcome() noexcept { return outcome_; }

 protected:
  task_cell(scheduler& owner, task<T>&& body, const task_operations& with,
            std::source_location where) noexcept
      : task_header(&owner, &with, where), body_(std::move(body)) {
    root.after = &after;
  }

  void set_body(task<T>&& body) noexcept { body_ = std::move(body); }
  void begin() noexcept {
    if (!body_) [[unlikely]]
      misuse("a task was spawned that had been moved from or awaited before");
    resume(body_.handle());
    after(&root);
  }
  void drop_body() noexcept { body_.reset(); }
  void fail(std::exception_ptr thrown) noexcept {
    outcome_.fail(std::move(thrown));
    finished = true;
  }

 private:
  static void after(branch_node* root) noexcept {
    auto* self = static_cast<task_cell*>(static_cast<task_header*>(root->target));
    if (!self->body_.promise().finished()) return;
    auto& ended = self->body_.promise().outcome();
    if (ended.has_exception()) {
      self->outcome_.fail(std::move(ended.exception()));
    } else {
      try {
        self->outcome_.emplace(std::move(ended.value()));
      } catch (...) {
        self->outcome_.fail(std::current_exception());
      }
    }
    self->operations->drop(self);
    self->finished = true;
  }
  static void start_body(task_header* header) noexcept { static_cast<task_cell*>(header)->begin(); }
  static void drop_body_of(task_header* header) noexcept {
    static_cast<task_cell*>(header)->drop_body();
  }
  static void drop_outcome_of(task_header* header) noexcept {
    static_cast<task_cell*>(header)->outcome_.reset();
  }
  static void failure_of(task_header* header,
                         void (*report)(task_header*, const error&) noexcept) noexcept {
    auto& ended = static_cast<task_cell*>(header)->outcome_;
    if (ended.has_exception()) return report(header, error_of_exception(ended.exception()));
    if constexpr (is_result_v<T>) {
      if (ended.has_value() && !ended.value()) report(header, ended.value().error());
    }
  }
  static void deallocate(task_header* header) noexcept {
    auto* self = static_cast<task_cell*>(header);
    self->~task_cell();
    deallocate_frame(self, sizeof(task_cell));
  }
  static constexpr task_operations calls{&start_body, &drop_body_of, &drop_outcome_of, &failure_of,
                                         &deallocate};

  template <class, class, class...>
  friend class callable_cell;

  task<T> body_;
  detail::outcome<T> outcome_;
};

// A task that is made from a callable by the worker that runs it. It keeps the callable and its
// arguments, so that captures outlive the coroutine.
template <class T, class Function, class... Arguments>
class callable_cell final : public task_cell<T> {
  using base = task_cell<T>;

 public:
  callable_cell(scheduler& owner, std::source_location where, Function&& function,
                Arguments&&... arguments)
      : base(owner, task<T>(nullptr), calls, where) {
    call_.emplace(std::move(function), std::tuple<Arguments...>(std::move(arguments)...));
  }

 private:
  struct call {
    Function function;
    std::tuple<Arguments...> arguments;
    call(Function&& callee, std::tuple<Arguments...>&& with)
        : function(std::move(callee)), arguments(std::move(with)) {}
  };

  static void start(task_header* header) noexcept {
    auto* self = static_cast<callable_cell*>(header);
    try {
      self->set_body(std::apply(
          [&](Arguments&... arguments) -> task<T> {
            return std::invoke(self->call_->function, std::move(arguments)...);
          },
          self->call_->arguments));
    } catch (...) {
      self->fail(std::current_exception());
      self->call_.reset();  // afterwards: a guard in it tells of the outcome
      return;
    }
    self->begin();
  }
  static void drop(task_header* header) noexcept {
    auto* self = static_cast<callable_cell*>(header);
    self->drop_body();
    self->call_.reset();
  }
  static void deallocate(task_header* header) noexcept {
    auto* self = static_cast<callable_cell*>(header);
    self->~callable_cell();
    deallocate_frame(self, sizeof(callable_cell));
  }
  static constexpr task_operations calls{&start, &drop, &base::drop_outcome_of, &base::failure_of,
                                         &deallocate};

  std::optional<call> call_;
};

// How a task ended that is complete, or whose frames are gone. The value is given once.
template <class T>
flat_result_t<T> take_outcome(task_cell<T>& cell) {
  auto& ended = cell.outcome();
  if (!ended) return std::unexpected(error(errc::task_aborted));
  if (ended.has_exception()) return std::unexpected(error_of_exception(ended.exception()));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    flat_result_t<T> taken(std::move(ended.value()));
    ended.reset();
    return taken;
  }
}

template <class T>
class join_awaiter_of : public leaf_awaiter<join_awaiter_of<T>> {
 public:
  explicit join_awaiter_of(task_cell<T>* cell) noexcept : cell_(cell) { cell_->add_reference(); }
  ~join_awaiter_of() {
    stop_waiting(cell_);
    cell_->release();
  }
  static constexpr const char* name = "join_handle";
  bool poll() noexcept { return poll_complete(cell_); }
  flat_result_t<T> take() { return take_outcome(*cell_); }

 private:
  task_cell<T>* cell_;
};

template <awaitable Operation>
task<await_result_t<Operation>> as_task(Operation operation) {
  co_return co_await std::move(operation);
}

// An error with a reason, and not one overload less.
template <class Returned>
consteval bool returns_task() {
  static_assert(is_task_v<Returned>,
                "spawn: the function returns no weft::task; what is no coroutine runs on the "
                "blocking pool: spawn_blocking");
  return true;
}
template <class Function, class... Arguments>
concept task_function = std::invocable<Function&, Arguments...> &&
                        returns_task<std::invoke_result_t<Function&, Arguments...>>();

template <class T>
join_handle<T> spawn_cell(task_cell<T>* cell) noexcept;

template <class Cell, class... Arguments>
Cell* make_cell(Arguments&&... arguments) {
  void* memory = allocate_frame(sizeof(Cell));
  try {
    return new (memory) Cell(std::forward<Arguments>(arguments)...);
  } catch (...) {
    deallocate_frame(memory, sizeof(Cell));
    throw;
  }
}

// A task that is not submitted yet.
template <awaitable Operation>
auto make_task(scheduler& owner, std::source_location where, Operation&& operation) {
  using value = await_result_t<Operation>;
  if constexpr (is_task_v<Operation>) {
    if (!operation) misuse("a task was spawned that had been moved from or awaited before");
    return make_cell<task_cell<value>>(owner, std::forward<Operation>(operation), where);
  } else {
    return make_cell<task_cell<value>>(
        owner, as_task<Operation>(std::forward<Operation>(operation)), where);
  }
}

template <class Function, class... Arguments>
auto make_task(scheduler& owner, std::source_location where, std::in_place_t, Function&& function,
               Arguments&&... arguments) {
  using value = typename std::invoke_result_t<Function&, Arguments...>::value_type;
  using cell = callable_cell<value, Function, Arguments...>;
  task_cell<value>* made = make_cell<cell>(owner, where, std::forward<Function>(function),
                                           std::forward<Arguments>(arguments)...);
  return made;
}

template <class... Made>
auto spawn_on(scheduler& owner, std::source_location where, Made&&... made) {
  return spawn_cell(make_task(owner, where, std::forward<Made>(made)...));
}

}  // namespace detail

/// The right to abort a spawned task, apart from the right to its outcome. Copies refer to the same
/// task, of which they keep a few hundred bytes, not the frames. Thread-safety: distinct handles
/// from any threads; `abort` and `is_finished` of one from many.
class abort_handle {
 public:
  abort_handle(const abort_handle& other) noexcept : task_(other.task_) {
    if (task_) task_->add_reference();
  }
  abort_handle(abort_handle&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
  abort_handle& operator=(abort_handle other) noexcept {
    std::swap(task_, other.task_);
    return *this;
  }
  ~abort_handle() {
    if (task_) task_->release();
  }

  /// As join_handle::abort.
  void abort() const noexcept { detail::abort_task(task_); }
  bool is_finished() const noexcept { return detail::is_complete(task_); }
  std::uint64_t id() const noexcept { return task_->id; }

  explicit abort_handle(detail::task_header* task) noexcept : task_(task) {
    task_->add_reference();
  }

 private:
  detail::task_header* task_;
};

/// The right to hear how a spawned task ended, and to abort it. Move-only. Letting it go detaches
/// the task.
///
/// `co_await std::move(handle)` (or `co_await handle`, which keeps it) yields a `result<T>`, flat
/// when the task yields a result itself: its value, `errc::task_aborted`, or `errc::task_failed`
/// with the exception as payload (`error.get<std::exception_ptr>()`). When it comes, the task's
/// frames are destroyed. The value is given once. Thread-safety: one thread at a time; `abort` and
/// `is_finished` from any. Cancel-safety: safe; dropping the await neither aborts the task nor
/// loses its value.
template <class T>
class [[nodiscard(
    "dropping a join_handle detaches the task: say std::move(handle).detach()")]] join_handle {
 public:
  join_handle(join_handle&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
  join_handle& operator=(join_handle&& other) noexcept {
    std::swap(cell_, other.cell_);
    return *this;
  }
  ~join_handle() {
    if (cell_) detail::forget_task(cell_);
  }

  auto operator co_await() & noexcept { return detail::join_awaiter_of<T>(cell_); }
  auto operator co_await() && noexcept { return detail::join_awaiter_of<T>(cell_); }

  /// Asks for the task to be destroyed at its next suspension. It may still end by itself; only
  /// awaiting the handle proves that its frames are gone. Never blocks; idempotent; any thread.
  void abort() const noexcept { detail::abort_task(cell_); }
  bool is_finished() const noexcept { return detail::is_complete(cell_); }
  /// For those who may abort the task but do not wait for it.
  weft::abort_handle abort_handle() const noexcept { return weft::abort_handle(cell_); }
  /// Lets the task run on by itself.
  void detach() && noexcept { detail::forget_task(std::exchange(cell_, nullptr)); }
  std::uint64_t id() const noexcept { return cell_->id; }

  explicit join_handle(detail::task_cell<T>* cell) noexcept : cell_(cell) {}

 private:
  detail::task_cell<T>* cell_;
};

namespace detail {
template <class T>
join_handle<T> spawn_cell(task_cell<T>* cell) noexcept {
  join_handle<T> handle(cell);
  submit(cell);
  return handle;
}
}  // namespace detail

/// Starts a task of its own, in parallel to this one, on the runtime of the calling task.
/// Throws std::system_error with `errc::no_runtime` outside a runtime.
template <detail::operation_argument Argument>
auto spawn(Argument&& operation, std::source_location where = std::source_location::current()) {
  return detail::spawn_on(detail::ambient_scheduler(), where,
                          detail::take_operation(std::forward<Argument>(operation)));
}

/// As above, of what `function(arguments...)` returns: a task. The task keeps the function and its
/// arguments, so captures outlive it; `function` is called by the worker that runs it.
template <class Function>
  requires detail::task_function<Function>
auto spawn(Function function, std::source_location where = std::source_location::current()) {
  return detail::spawn_on(detail::ambient_scheduler(), where, std::in_place, std::move(function));
}
template <class Function, class First>
  requires detail::task_function<Function, First>
auto spawn(Function function, First first,
           std::source_location where = std::source_location::current()) {
  return detail::spawn_on(detail::ambient_scheduler(), where, std::in_place, std::move(function),
                          std::move(first));
}
template <class Function, class First, class Second>
  requires detail::task_function<Function, First, Second>
auto spawn(Function function, First first, Second second,
           std::source_location where = std::source_location::current()) {
  return detail::spawn_on(detail::ambient_scheduler(), where, std::in_place, std::move(function),
                          std::move(first), std::move(second));
}
template <class Function, class First, class Second, class Third>
  requires detail::task_function<Function, First, Second, Third>
auto spawn(Function function, First first, Second second, Third third,
           std::source_location where = std::source_location::current()) {
  return detail::spawn_on(detail::ambient_scheduler(), where, std::in_place, std::move(function),
                          std::move(first), std::move(second), std::move(third));
}
template <class Function, class First, class Second, class Third, class Fourth>
  requires detail::task_function<Function, First, Second, Third, Fourth>
auto spawn(Function function, First first, Second second, Third third, Fourth fourth,
           std::source_location where = std::source_location::current()) {
  return detail::spawn_on(detail::ambient_scheduler(), where, std::in_place, std::move(function),
                          std::move(first), std::move(second), std::move(third), std::move(fourth));
}
// Of more: dumps do not tell where it was spawned.
template <class Function, class First, class Second, class Third, class Fourth, class... Arguments>
  requires(sizeof...(Arguments) > 0) &&
          detail::task_function<Function, First, Second, Third, Fourth, Arguments...>
auto spawn(Function function, First first, Second second, Third third, Fourth fourth,
           Arguments... arguments) {
  return detail::spawn_on(detail::ambient_scheduler(), std::source_location(), std::in_place,
                          std::move(function), std::move(first), std::move(second),
                          std::move(third), std::move(fourth), std::move(arguments)...);
}

}  // namespace v0
}  // namespace weft
