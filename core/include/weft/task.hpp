// task<T>: a lazy coroutine, and or_return: the `?` of Rust.
#pragma once

#include <weft/detail/outcome.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <coroutine>
#include <source_location>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {

template <class T>
class task;
template <class Source>
class or_return_operation;

namespace detail {

template <class Transfer>
struct final_awaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  typename Transfer::type await_suspend(std::coroutine_handle<Promise> done) const noexcept {
    if constexpr (requires { done.promise().has_outcome(); }) {
      if (!done.promise().has_outcome())
        misuse("a task that yields a value flowed off its end without a co_return");
    }
    return Transfer::to(done.promise().finish());
  }
  void await_resume() const noexcept {}
};

template <class Operation>
concept has_co_await =
    requires(Operation&& operation) { static_cast<Operation&&>(operation).operator co_await(); };

// What every coroutine of weft has at the start of its promise, whatever it yields.
class promise_base {
 public:
  promise_base() noexcept = default;
  promise_base(const promise_base&) = delete;
  promise_base& operator=(const promise_base&) = delete;

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept {
    deallocate_frame(frame, size);
  }

  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter<transfer> final_suspend() const noexcept { return {}; }

  bool finished() const noexcept { return finished_; }
  const std::source_location& awaiting() const noexcept { return awaiting_; }
  promise_base* caller() const noexcept { return caller_; }

  // `fails` moves an error of this promise into the caller's, and says whether there was one.
  using error_path = bool (*)(promise_base& self) noexcept;
  void set_caller(promise_base& caller, error_path fails = nullptr) noexcept {
    caller_ = &caller;
    fails_caller_ = fails;
  }

  // Ends this coroutine and, along `or_return`, those that end with it. Returns whom to resume.
  std::coroutine_handle<> finish() noexcept {
    for (promise_base* ended = this;; ended = ended->caller_) {
      ended->finished_ = true;
      if (!ended->caller_) return {};
      if (!ended->fails_caller_ || !ended->fails_caller_(*ended)) return ended->caller_->handle();
    }
  }

  // Every promise starts 16 bytes into its frame (checked where promises are defined), so that one
  // pointer is enough to link frames.
  std::coroutine_handle<> handle() noexcept {
    return std::coroutine_handle<promise_base>::from_promise(*this);
  }

 protected:
  ~promise_base() = default;
  void set_awaiting(const std::source_location& where) noexcept { awaiting_ = where; }

 private:
  promise_base* caller_ = nullptr;
  error_path fails_caller_ = nullptr;
  std::source_location awaiting_{};
  bool finished_ = false;
};

template <class Promise>
concept fallible_promise =
    requires(Promise& promise, error&& failure) { promise.set_error(std::move(failure)); };

template <class Promise>
constexpr void check_fallible() {
  static_assert(
      fallible_promise<Promise>,
      "or_return: the enclosing coroutine cannot fail; let it return weft::task<weft::result<T>>, "
      "or a weft::stream<weft::result<T>>");
}

template <class Promise, class T, class Transfer>
class or_return_result;
template <class Promise, class T, class Transfer>
class or_return_task;
template <class Promise, class Operation, class Transfer>
class or_return_awaiter;

// What may be awaited in a coroutine with promise `Self`.
template <class Self>
class awaiting_promise : public promise_base {
 public:
  template <class Operation>
  auto await_transform(Operation&& operation,
                       std::source_location where = std::source_location::current()) {
    static_assert(
        has_co_await<Operation&&>,
        "co_await: this is neither a task nor an operation of weft. A named one is given up by "
        "value: co_await std::move(x). For a type of your own see weft/leaf.hpp");
    set_awaiting(where);
    if constexpr (has_co_await<Operation&&>)
      return static_cast<Operation&&>(operation).operator co_await();
  }
  template <class T>
  auto await_transform(or_return_operation<result<T>>&& source,
                       std::source_location where = std::source_location::current()) {
    set_awaiting(where);
    return or_return_result<Self, T, transfer>(std::move(source.source()),
                                               static_cast<Self&>(*this));
  }
  template <class T>
  auto await_transform(or_return_operation<task<result<T>>>&& source,
                       std::source_location where = std::source_location::current()) {
    set_awaiting(where);
    return or_return_task<Self, T, transfer>(std::move(source.source()));
  }
  template <awaitable Operation>
  auto await_transform(or_return_operation<Operation>&& source,
                       std::source_location where = std::source_location::current()) {
    set_awaiting(where);
    return or_return_awaiter<Self, Operation, transfer>(std::move(source.source()),
                                                        static_cast<Self&>(*this));
  }
};

template <class T>
class task_promise final : public awaiting_promise<task_promise<T>> {
 public:
  task<T> get_return_object() noexcept;
  void unhandled_exception() noexcept { outcome_.fail(std::current_exception()); }

  template <class Value = T>
    requires std::is_constructible_v<T, Value&&>
  void return_value(Value&& value) {
    outcome_.emplace(std::forward<Value>(value));
  }
  // The or_return path; `finish` comes next, without resuming the coroutine.
  void set_error(error&& failure) noexcept
    requires is_result_v<T>
  {
    outcome_.emplace(std::unexpect, std::move(failure));
  }
  // co_return of an error as it is: says what to write.
  template <class Value>
    requires(is_result_v<T> && !std::is_constructible_v<T, Value &&> &&
             (std::same_as<std::remove_cvref_t<Value>, errc> ||
              std::same_as<std::remove_cvref_t<Value>, error>))
  void return_value(Value&&) {
    static_assert(!is_result_v<T>, "co_return: an error is returned as weft::fail(…)");
  }
  detail::outcome<T>& outcome() noexcept { return outcome_; }
  bool has_outcome() const noexcept { return static_cast<bool>(outcome_); }

 private:
  detail::outcome<T> outcome_;
};

template <>
class task_promise<void> final : public awaiting_promise<task_promise<void>> {
 public:
  task<void> get_return_object() noexcept;
  void unhandled_exception() noexcept { outcome_.fail(std::current_exception()); }
  void return_void() noexcept { outcome_.emplace(); }
  detail::outcome<void>& outcome() noexcept { return outcome_; }

 private:
  detail::outcome<void> outcome_;
};

template <class T, class Transfer>
class task_awaiter {
 public:
  explicit task_awaiter(task<T>&& awaited) noexcept : task_(std::move(awaited)) {}
  task_awaiter(const task_awaiter&) = delete;
  task_awaiter& operator=(const task_awaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  typename Transfer::type await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    task_.promise().set_caller(caller.promise());
    return Transfer::to(task_.handle());
  }
  T await_resume() {
    auto consumed = std::move(task_);  // its frame is gone before the awaiting coroutine goes on
    return consumed.promise().outcome().take();
  }

 private:
  task<T> task_;
};

}  // namespace detail

/// A coroutine that has not started. It runs when it is awaited, given to `join`, `select` or
/// `timeout`, or spawned; until then it does nothing.
///
/// Ownership: owns its coroutine frame; move-only; awaited once. Awaiting consumes it: its result
/// is moved out and its frame (parameters and all) destroyed before the awaiting coroutine goes on.
/// Cancellation: destroying a task that was started destroys its frame, and so everything that it
/// awaits. Exceptions: what the body throws comes out of the `co_await`. Thread-safety: none
/// needed; a tree of tasks runs on one thread at a time.
template <class T = void>
class [[nodiscard("a task does nothing until it is awaited or spawned")]] task {
 public:
  using promise_type = detail::task_promise<T>;
  using value_type = T;
  static_assert(!std::is_reference_v<T>, "task<T&>: return a pointer or a std::reference_wrapper");

  task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task& operator=(task&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~task() { reset(); }

  /// Whether it still has its coroutine: false once moved from, awaited or spawned.
  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

  auto operator co_await() && noexcept {
    if (!handle_) [[unlikely]]
      detail::misuse("a task was awaited that had been moved from or awaited before");
    return detail::task_awaiter<T, detail::transfer>(std::move(*this));
  }

  // For the runtime.
  explicit task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle() const noexcept { return handle_; }
  promise_type& promise() const noexcept { return handle_.promise(); }
  void reset() noexcept {
    if (auto handle = std::exchange(handle_, {})) handle.destroy();
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
  static_assert(alignof(task_promise) <= 16,
                "task<T>: frames are 16-byte aligned; hold T by pointer");
  return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

template <class T>
inline constexpr bool is_task_v = false;
template <class T>
inline constexpr bool is_task_v<task<T>> = true;

}  // namespace detail

/// What `or_return` makes; only good for `co_await` at once.
template <class Source>
class or_return_operation {
 public:
  explicit or_return_operation(Source&& source) : source_(std::move(source)) {}
  Source& source() noexcept { return source_; }

 private:
  Source source_;
};

/// `co_await or_return(x)` yields the value of a `result<T>`, or of a task or operation of one; an
/// error completes the enclosing coroutine with that error instead. The frames on the way are not
/// resumed. The enclosing coroutine has to return a `task<result<U>>`. Cancel-safety: that of what
/// is awaited.
template <class T>
[[nodiscard]] auto or_return(result<T>&& source) {
  return or_return_operation<result<T>>(std::move(source));
}
template <class T>
[[nodiscard]] auto or_return(const result<T>& source) {
  return or_return_operation<result<T>>(result<T>(source));
}
[[nodiscard]] inline auto or_return(std::unexpected<error> failure) {
  return or_return_operation<result<void>>(result<void>(std::move(failure)));
}
template <detail::operation_argument Argument>
[[nodiscard]] auto or_return(Argument&& source) {
  using operation = std::remove_cvref_t<Argument>;
  static_assert(
      is_result_v<await_result_t<operation>>,
      "or_return: awaiting this does not yield a weft::result<T>; a plain co_await will do");
  return or_return_operation<operation>(detail::take_operation(std::forward<Argument>(source)));
}

namespace detail {

template <class Promise, class T, class Transfer>
class or_return_result {
 public:
  or_return_result(result<T>&& source, Promise& promise)
      : source_(std::move(source)), promise_(promise) {
    check_fallible<Promise>();
  }
  or_return_result(const or_return_result&) = delete;
  or_return_result& operator=(const or_return_result&) = delete;

  bool await_ready() const noexcept { return source_.has_value(); }
  typename Transfer::type await_suspend(std::coroutine_handle<Promise>) noexcept {
    promise_.set_error(std::move(source_.error()));
    return Transfer::to(promise_.finish());
  }
  T await_resume() {
    if constexpr (!std::is_void_v<T>) return std::move(*source_);
  }

 private:
  result<T> source_;
  Promise& promise_;
};

template <class Promise, class T, class Transfer>
class or_return_task {
 public:
  explicit or_return_task(task<result<T>>&& awaited) noexcept : task_(std::move(awaited)) {
    check_fallible<Promise>();
    if (!task_) [[unlikely]]
      misuse("a task was awaited that had been moved from or awaited before");
  }
  or_return_task(const or_return_task&) = delete;
  or_return_task& operator=(const or_return_task&) = delete;

  bool await_ready() const noexcept { return false; }
  typename Transfer::type await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    task_.promise().set_caller(caller.promise(), &fails_caller);
    return Transfer::to(task_.handle());
  }
  T await_resume() {
    auto consumed = std::move(task_);
    if constexpr (std::is_void_v<T>) {
      (void)consumed.promise().outcome().take();
    } else {
      return std::move(*consumed.promise().outcome().take());
    }
  }

 private:
  static bool fails_caller(promise_base& self) noexcept {
    auto& ended = static_cast<task_promise<result<T>>&>(self).outcome();
    if (ended.has_exception() || ended.value().has_value()) return false;
    static_cast<Promise*>(self.caller())->set_error(std::move(ended.value().error()));
    return true;
  }
  task<result<T>> task_;
};

// Around the awaiter of an operation. An error redirects the branch to whoever awaits the
// coroutine.
template <class Promise, class Operation, class Transfer>
class or_return_awaiter : public leaf_awaiter<or_return_awaiter<Promise, Operation, Transfer>> {
  using awaiter = decltype(std::declval<Operation&&>().operator co_await());
  using value = typename await_result_t<Operation>::value_type;

 public:
  or_return_awaiter(Operation&& operation, Promise& promise)
      : inner_(std::move(operation).operator co_await()), promise_(promise) {
    check_fallible<Promise>();
  }

  static constexpr const char* name = "or_return";
  const task_header* nested_part() const noexcept {
    if constexpr (requires { inner_.nested_part(); }) return inner_.nested_part();
    return nullptr;
  }
  bool poll() noexcept {
    if (!inner_.poll()) return false;
    settle();
    if (failed()) this->redirect(end_with_error());
    return true;
  }
  value take() {
    if constexpr (std::is_void_v<value>) {
      (void)settled_.take();
    } else {
      return std::move(*settled_.take());
    }
  }

  bool await_ready() noexcept {
    if (!inner_.poll()) return false;
    settle();
    return !failed();
  }
  typename Transfer::type await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    if (failed()) return Transfer::to(end_with_error());
    this->attach(waiting, &waiting.promise());
    return Transfer::to({});
  }

 private:
  bool failed() noexcept { return settled_.has_value() && !settled_.value().has_value(); }
  std::coroutine_handle<> end_with_error() noexcept {
    promise_.set_error(std::move(settled_.value().error()));
    return promise_.finish();
  }
  void settle() noexcept {
    try {
      settled_.emplace(inner_.take());
    } catch (...) {
      settled_.fail(std::current_exception());
    }
  }
  awaiter inner_;
  Promise& promise_;
  outcome<await_result_t<Operation>> settled_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
