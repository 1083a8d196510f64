// callback: awaits what a library reports by calling back.
#pragma once

#include <weft/detail/outcome.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// Shared by the completions and the one who waits. `stage_` is claimed by whoever completes, by
// CAS, so that it happens once; what is stored before `done` (seq_cst, for atomic_waker) is seen by
// who reads that.
template <class T>
class callback_state {
 public:
  using outcome_type = flat_result_t<T>;

  // Completions
  bool wanted() const noexcept { return stage_.load(std::memory_order_acquire) == stage::pending; }
  template <class... Arguments>
  bool complete(Arguments&&... arguments) {
    auto expected = stage::pending;
    if (!stage_.compare_exchange_strong(expected, stage::claimed, std::memory_order_acq_rel))
      return false;
    struct publishing {
      callback_state& state;
      ~publishing() {
        state.stage_.store(stage::done, std::memory_order_seq_cst);
        state.waiter_.wake();
      }
    } at_end{*this};
    outcome_.emplace(std::forward<Arguments>(arguments)...);  // throws: done, without an outcome
    return true;
  }
  void add_completion() noexcept { completions_.fetch_add(1, std::memory_order_relaxed); }
  void drop_completion() noexcept {
    if (completions_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    (void)complete(std::unexpect, error(errc::closed));
    release();
  }

  // The one who waits
  bool poll() noexcept {
    if (is_done()) return true;
    waiter_.register_current();
    return is_done();
  }
  void stop_waiting() noexcept { waiter_.clear(); }
  bool is_done() const noexcept { return stage_.load(std::memory_order_seq_cst) == stage::done; }
  outcome_type take() {
    if (!outcome_) return std::unexpected(error(errc::closed));
    return std::move(*outcome_);
  }
  void abandon() noexcept {
    auto expected = stage::pending;
    stage_.compare_exchange_strong(expected, stage::abandoned, std::memory_order_acq_rel);
    release();
  }

 private:
  enum class stage : std::uint8_t { pending, claimed, done, abandoned };

  void release() noexcept {
    if (sides_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  std::atomic<std::uint32_t> completions_{1};
  std::atomic<std::uint8_t> sides_{2};
  std::atomic<stage> stage_{stage::pending};
  atomic_waker waiter_;
  std::optional<outcome_type> outcome_;
};

template <class T, class Callback>
class callback_awaiter;

}  // namespace detail

/// What a library is to call when it is done. Copyable, so that it fits a std::function; the first
/// call counts. When the last copy is gone without a call, the one who waits gets `errc::closed`.
/// Thread-safety: distinct copies from any threads, also outside a runtime.
template <class T>
class completion {
  using state = detail::callback_state<T>;

 public:
  completion(const completion& other) noexcept : state_(other.state_) {
    if (state_) state_->add_completion();
  }
  completion(completion&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  completion& operator=(completion other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~completion() {
    if (state_) state_->drop_completion();
  }

  /// Completes with a value. Never blocks. False: it was completed before, or nobody waits any
  /// more.
  template <class... Value>
    requires(sizeof...(Value) == (std::is_void_v<T> ? 0 : 1) &&
             std::is_constructible_v<detail::flat_result_t<T>, Value && ...>)
  bool operator()(Value&&... value) const {
    return state_ && state_->complete(std::forward<Value>(value)...);
  }
  /// Completes with an error.
  bool fail(error why) const noexcept {
    return state_ && state_->complete(std::unexpect, std::move(why));
  }
  /// False once it was completed or nobody waits any more: the work may be given up.
  bool is_wanted() const noexcept { return state_ && state_->wanted(); }

  /// For libraries that call a function with a `void*`: gives this up as such a pointer, and takes
  /// it back.
  [[nodiscard]] void* into_pointer() && noexcept { return std::exchange(state_, nullptr); }
  [[nodiscard]] static completion from_pointer(void* pointer) noexcept {
    return completion(static_cast<state*>(pointer));
  }

  // For callback().
  explicit completion(state* shared) noexcept : state_(shared) {}

 private:
  state* state_;
};

/// Waits for a completion. Move-only. `co_await std::move(it)` yields a `result<T>`, flat when T is
/// a result itself: the value, the error, or `errc::closed` when nobody is left to call. `co_await
/// it` borrows it, so that it may be taken up again after a lost `select`. Destroyed, it lets the
/// library's call come to nothing. Cancel-safety: borrowed, safe; given up, the value is lost.
/// Thread-safety: one thread at a time.
template <class T>
class [[nodiscard]] callback_result {
  using state = detail::callback_state<T>;

 public:
  callback_result(callback_result&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)) {}
  callback_result& operator=(callback_result&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~callback_result() {
    if (state_) state_->abandon();
  }

  auto operator co_await() && noexcept {
    return detail::callback_awaiter<T, callback_result>(std::move(*this));
  }
  auto operator co_await() & noexcept {
    return detail::callback_awaiter<T, callback_result&>(*this);
  }
  bool is_done() const noexcept { return state_ && state_->is_done(); }

  // For callback().
  explicit callback_result(state* shared) noexcept : state_(shared) {}

 private:
  template <class, class>
  friend class detail::callback_awaiter;
  state* state_;
};

namespace detail {

// `Result` is a callback_result, or a reference to one.
template <class T, class Result>
class callback_awaiter : public leaf_awaiter<callback_awaiter<T, Result>> {
 public:
  explicit callback_awaiter(Result&& from) noexcept : from_(std::forward<Result>(from)) {
    if (!from_.state_) [[unlikely]]
      misuse("a callback_result was awaited that had been moved from");
  }
  ~callback_awaiter() { from_.state_->stop_waiting(); }
  static constexpr const char* name = "callback";
  bool poll() noexcept { return from_.state_->poll() && consume_budget(); }
  flat_result_t<T> take() { return from_.state_->take(); }

 private:
  Result from_;
};

}  // namespace detail

/// Makes the two ends of one call back:
///
///     auto [done, answer] = weft::callback<int>();
///     library.query("x", [done](int value) { done(value); });
///     auto value = co_await std::move(answer);                     // result<int>
///
/// Either end may go first, on any thread. One allocation.
template <class T = void>
[[nodiscard]] std::pair<completion<T>, callback_result<T>> callback() {
  auto* shared = new detail::callback_state<T>;
  return {completion<T>(shared), callback_result<T>(shared)};
}

}  // namespace v0
}  // namespace weft
