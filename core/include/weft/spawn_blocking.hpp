// spawn_blocking: for what blocks its thread (a file, a library's call, a long computation).
//
//   auto job = weft::spawn_blocking([path] { return slow(path); });    // starts at once, on the
//   blocking pool auto sum = co_await or_return(std::move(job));
//
// Name the job first, as here: GCC 12 destroys a capturing lambda twice inside a `co_await`
// statement.
#pragma once

#include <weft/detail/outcome.hpp>
#include <weft/leaf.hpp>
#include <weft/spawn.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {

namespace detail {

class blocking_pool;
struct blocking_job;

struct blocking_operations {
  void (*run)(
      blocking_job*) noexcept;  // calls the function, keeps the outcome, destroys the function
  void (*drop)(blocking_job*) noexcept;  // destroys the function, uncalled
  void (*deallocate)(blocking_job*) noexcept;
};

// A call on the blocking pool. Two references: of the pool until it has ended, and of the handle.
struct blocking_job {
  enum class stage : std::uint8_t { queued, running, ended };

  const blocking_operations* operations;
  blocking_job* next = nullptr;  // the queue's links, guarded by its lock
  blocking_job* previous = nullptr;
  std::shared_ptr<blocking_pool> pool;
  std::optional<error> refused;          // why the pool did not take it
  std::atomic<stage> at{stage::queued};  // ended is stored last, with release: the outcome is there
  std::atomic<std::uint32_t> references{2};
  atomic_waker waiter;
  context_word ambient = 0;  // owned; what the call has of its caller's context

  explicit blocking_job(const blocking_operations* calls) noexcept : operations(calls) {}
  bool ended() const noexcept { return at.load(std::memory_order_acquire) == stage::ended; }
  WEFT_API void release() noexcept;
};

// Queues it on the pool of the calling task's runtime. Throws std::system_error(errc::no_runtime)
// without one.
WEFT_API void submit_blocking(blocking_job* job);
// Takes it back when it has not started; then it has ended, without an outcome.
WEFT_API void withdraw_blocking(blocking_job* job) noexcept;
WEFT_API bool poll_blocking(blocking_job* job) noexcept;

template <class T>
struct blocking_result : blocking_job {
  detail::outcome<T> outcome;
  using blocking_job::blocking_job;
};

template <class T, class Function>
class blocking_cell final : public blocking_result<T> {
 public:
  explicit blocking_cell(Function&& function)
      : blocking_result<T>(&calls), function_(std::move(function)) {}

 private:
  static void run(blocking_job* job) noexcept {
    auto* self = static_cast<blocking_cell*>(job);
    try {
      if constexpr (std::is_void_v<T>) {
        std::invoke(std::move(*self->function_));
        self->outcome.emplace();
      } else {
        self->outcome.emplace(std::invoke(std::move(*self->function_)));
      }
    } catch (...) {
      self->outcome.fail(std::current_exception());
    }
    self->function_.reset();
  }
  static void drop(blocking_job* job) noexcept {
    static_cast<blocking_cell*>(job)->function_.reset();
  }
  static void deallocate(blocking_job* job) noexcept { delete static_cast<blocking_cell*>(job); }
  static constexpr blocking_operations calls{&run, &drop, &deallocate};

  std::optional<Function> function_;
};

template <class T>
flat_result_t<T> take_blocking(blocking_result<T>& job) {
  if (job.refused) return std::unexpected(*job.refused);
  if (!job.outcome) return std::unexpected(error(errc::task_aborted));
  if (job.outcome.has_exception())
    return std::unexpected(error_of_exception(job.outcome.exception()));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    flat_result_t<T> taken(std::move(job.outcome.value()));
    job.outcome.reset();
    return taken;
  }
}

template <class T>
class blocking_awaiter : public leaf_awaiter<blocking_awaiter<T>> {
 public:
  explicit blocking_awaiter(blocking_result<T>* job) noexcept : job_(job) {
    job_->references.fetch_add(1, std::memory_order_relaxed);
  }
  ~blocking_awaiter() {
    job_->waiter.clear();
    job_->release();
  }
  static constexpr const char* name = "spawn_blocking";
  bool poll() noexcept { return poll_blocking(job_); }
  flat_result_t<T> take() { return take_blocking(*job_); }

 private:
  blocking_result<T>* job_;
};

template <class Function>
using blocking_value_t = std::remove_cvref_t<std::invoke_result_t<Function&&>>;

template <class Function>
auto start_blocking(Function function) {
  using value = blocking_value_t<Function>;
  auto job = std::make_unique<blocking_cell<value, Function>>(std::move(function));
  submit_blocking(job.get());
  return static_cast<blocking_result<value>*>(job.release());
}

}  // namespace detail

/// The right to hear how a call on the blocking pool ended. Move-only. Letting it go lets the call
/// run on.
///
/// `co_await std::move(job)` (or `co_await job`, which keeps it) yields a `result<T>`, flat when
/// the function yields a result itself: its value; `errc::task_failed` with the exception as
/// payload; `errc::task_aborted` when it was taken back or the runtime was shut down before it
/// started; `errc::overloaded` when the pool's queue was full. The value is given once. Captures
/// are destroyed before it comes, on the pool's thread. Thread-safety: one thread at a time.
/// Cancel-safety: safe; dropping the await neither stops the call nor loses its value.
template <class T>
class [[nodiscard(
    "dropping a blocking_handle detaches the call: say std::move(job).detach()")]] blocking_handle {
 public:
  blocking_handle(blocking_handle&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {}
  blocking_handle& operator=(blocking_handle&& other) noexcept {
    std::swap(job_, other.job_);
    return *this;
  }
  ~blocking_handle() {
    if (job_) job_->release();
  }

  auto operator co_await() & noexcept { return detail::blocking_awaiter<T>(job_); }
  auto operator co_await() && noexcept { return detail::blocking_awaiter<T>(job_); }

  /// Takes the call back if it has not started; one that runs cannot be stopped.
  void abort() const noexcept { detail::withdraw_blocking(job_); }
  bool is_finished() const noexcept { return job_->ended(); }
  void detach() && noexcept { std::exchange(job_, nullptr)->release(); }

  explicit blocking_handle(detail::blocking_result<T>* job) noexcept : job_(job) {}

 private:
  detail::blocking_result<T>* job_;
};

/// Calls `function()` on a thread of the runtime's blocking pool, starting now.
///
/// Bounds: the pool has at most 512 threads, which go after 10 s without work, and a queue of 4096
/// calls behind them (see runtime::builder). When that is full the call is refused: awaiting it
/// yields `errc::overloaded`, at once. Who would rather wait has
/// weft/reserve_blocking.hpp. A runtime that
/// shuts down waits for calls that run as long as its grace allows, and then leaves them to
/// themselves: they must not refer to what dies with the program. Throws std::system_error with
/// `errc::no_runtime` outside a runtime. In `function` itself there is no runtime.
template <class Function>
  requires std::invocable<Function&&>
auto spawn_blocking(Function function) {
  return blocking_handle<detail::blocking_value_t<Function>>(
      detail::start_blocking(std::move(function)));
}

namespace detail {

// As spawn_blocking, started when it is awaited, and taken back, if it has not started, when that
// is given up.
template <class Function>
class blocking_call_awaiter : public leaf_awaiter<blocking_call_awaiter<Function>> {
  using value = blocking_value_t<Function>;

 public:
  explicit blocking_call_awaiter(Function&& function) : function_(std::move(function)) {}
  ~blocking_call_awaiter() {
    if (!job_) return;
    job_->waiter.clear();
    withdraw_blocking(job_);
    job_->release();
  }
  static constexpr const char* name = "a call on the blocking pool";
  bool poll() noexcept {
    if (!job_) {
      try {
        job_ = start_blocking(std::move(function_));
      } catch (...) {
        failed_ = std::current_exception();
        return true;
      }
    }
    return poll_blocking(job_);
  }
  flat_result_t<value> take() {
    if (failed_) return std::unexpected(error_of_exception(failed_));
    return take_blocking(*job_);
  }

 private:
  Function function_;
  blocking_result<value>* job_ = nullptr;
  std::exception_ptr failed_;
};

template <class Function>
class [[nodiscard]] blocking_call {
 public:
  explicit blocking_call(Function&& function) : function_(std::move(function)) {}
  auto operator co_await() && { return blocking_call_awaiter<Function>(std::move(function_)); }

 private:
  Function function_;
};

template <class Function>
  requires std::invocable<Function&&>
auto run_blocking(Function function) {
  return blocking_call<Function>(std::move(function));
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
