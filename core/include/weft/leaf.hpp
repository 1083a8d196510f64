// The leaf-and-waker protocol: what stands at the bottom of every `co_await`.
//
// An *operation* is a movable description of work. Its `operator co_await() &&` makes an *awaiter*:
// a pinned object that is polled until it is done. Write your own by deriving from `leaf_awaiter`:
//
//   class ready_flag : public weft::leaf_awaiter<ready_flag> {
//    public:
//     static constexpr const char* name = "ready flag";       // what dump_tasks() prints
//     bool poll() noexcept {                                  // true: done
//       if (flag_.is_set()) return true;
//       flag_.waiter.register_current();                      // first register,
//       return flag_.is_set();                                // then look again
//     }
//     void take() {}                                          // the value of the co_await
//   };
//
// Rules. `poll` is called by the thread that runs the task, at any time, also without having been
// woken; after it returned true it is not called again. Wakers are registered in `poll` only. The
// destructor undoes what `poll` registered: an awaiter may be destroyed at any moment between
// polls, and that is cancellation. Awaiters nest by value: an awaiter may hold another one and poll
// it from its own `poll`.
#pragma once

#include <weft/detail/execution.hpp>
#include <weft/waker.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {

namespace detail {

struct leaf_kind {
  bool (*poll)(leaf*) noexcept;
  const char* name;
  const task_header* (*part)(const leaf*) noexcept = nullptr;
};

// What a branch is suspended at. Lives in the frame of the coroutine that awaits, or in a branch.
class leaf {
 public:
  explicit leaf(const leaf_kind& kind) noexcept : kind_(&kind) {}
  leaf(const leaf&) = delete;
  leaf& operator=(const leaf&) = delete;

  bool poll_leaf() noexcept { return kind_->poll(this); }
  const char* leaf_name() const noexcept { return kind_->name; }
  // For dumps: the part of the task that this runs, if it runs one (detail/nested_task.hpp).
  const task_header* part() const noexcept { return kind_->part ? kind_->part(this) : nullptr; }
  std::coroutine_handle<> waiting() const noexcept { return waiting_; }
  promise_base* waiting_promise() const noexcept { return promise_; }
  // Suspends the running branch here. `waiting` is resumed when this is done; none: the branch
  // itself ends.
  void attach(std::coroutine_handle<> waiting, promise_base* promise) noexcept {
    waiting_ = waiting;
    promise_ = promise;
    current_execution().branch->current = this;
  }

 protected:
  ~leaf() = default;
  void redirect(std::coroutine_handle<> waiting) noexcept { waiting_ = waiting; }

 private:
  const leaf_kind* kind_;
  std::coroutine_handle<> waiting_{};
  promise_base* promise_ = nullptr;
};

}  // namespace detail

/// Base of an awaiter `Derived` with `bool poll() noexcept`, `T take()` and, for `dump_tasks()`, a
/// `static constexpr const char* name`. Pinned: neither copied nor moved.
template <class Derived>
class leaf_awaiter : public detail::leaf {
 public:
  leaf_awaiter() noexcept : leaf(kind()) {}

  bool await_ready() noexcept {
    static_assert(noexcept(std::declval<Derived&>().poll()),
                  "leaf_awaiter: poll() must be noexcept; keep what went wrong for take()");
    return derived().poll();
  }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    this->attach(waiting, &waiting.promise());
  }
  decltype(auto) await_resume() { return derived().take(); }

 private:
  Derived& derived() noexcept { return static_cast<Derived&>(*this); }
  static bool poll_thunk(detail::leaf* self) noexcept {
    return static_cast<Derived*>(self)->poll();
  }
  static const detail::task_header* part_thunk(const detail::leaf* self) noexcept {
    return static_cast<const Derived*>(self)->nested_part();
  }
  static const detail::leaf_kind& kind() noexcept {
    if constexpr (requires(const Derived& derived) { derived.nested_part(); }) {
      static constexpr detail::leaf_kind made{&poll_thunk, name_of(), &part_thunk};
      return made;
    } else {
      static constexpr detail::leaf_kind made{&poll_thunk, name_of()};
      return made;
    }
  }
  static constexpr const char* name_of() noexcept {
    if constexpr (requires { Derived::name; })
      return Derived::name;
    else
      return "operation";
  }
};

/// What may stand after `co_await`, and as a branch of `join`, `select`, `timeout`: a task or an
/// operation, given up by value (`std::move` it when it has a name).
template <class Operation>
concept awaitable = std::move_constructible<Operation> && requires(Operation&& operation) {
  static_cast<Operation&&>(operation).operator co_await();
};

/// What awaiting an `Operation` yields.
template <awaitable Operation>
using await_result_t = decltype(std::declval<Operation&&>().operator co_await().await_resume());

namespace detail {

// What `select(Arguments&&...)` and its like are called with: they take operations by value, but
// would give no good reason why one that has a name cannot be copied.
template <class Argument>
concept operation_argument = awaitable<std::remove_cvref_t<Argument>>;

template <operation_argument Argument>
decltype(auto) take_operation(Argument&& argument) {
  using operation = std::remove_cvref_t<Argument>;
  if constexpr (std::is_same_v<Argument, operation>) {
    return static_cast<operation&&>(argument);
  } else if constexpr (std::copy_constructible<operation>) {
    return operation(argument);
  } else {
    static_assert(std::is_same_v<Argument, operation>,
                  "this task, handle or operation is given up by value: std::move it");
    return const_cast<operation&&>(argument);  // so that there is no other error
  }
}

}  // namespace detail

}  // namespace v0
}  // namespace weft
