// task_tracker: counts tasks, and waits until there are none.
#pragma once

#include <weft/detail/guarded_spawn.hpp>
#include <weft/sync/notify.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <source_location>
#include <utility>

namespace weft {
inline namespace v0 {

class task_tracker;

namespace detail {

// One word: tasks << 1 | closed. It wakes who waits on becoming `closed` alone: none left, and none
// to come.
class tracker_state {
 public:
  void enter() noexcept { word_.fetch_add(one, std::memory_order_relaxed); }
  // Acquire-release: whoever finds the count at zero sees what the tasks did.
  void leave() noexcept {
    if (word_.fetch_sub(one, std::memory_order_acq_rel) == (one | closed)) ended_.notify_waiters();
  }
  bool close() noexcept {
    auto before = word_.fetch_or(closed, std::memory_order_acq_rel);
    if (before == 0) ended_.notify_waiters();
    return !(before & closed);
  }
  bool reopen() noexcept { return word_.fetch_and(~closed, std::memory_order_acq_rel) & closed; }

  bool is_closed() const noexcept { return word_.load(std::memory_order_acquire) & closed; }
  bool has_ended() const noexcept { return word_.load(std::memory_order_acquire) == closed; }
  std::size_t size() const noexcept { return word_.load(std::memory_order_acquire) / one; }
  sync::notify& ended() noexcept { return ended_; }

 private:
  static constexpr std::size_t closed = 1;
  static constexpr std::size_t one = 2;
  std::atomic<std::size_t> word_{0};
  sync::notify ended_;
};

// Counts one task.
class tracker_guard {
 public:
  explicit tracker_guard(std::shared_ptr<tracker_state> state) noexcept : state_(std::move(state)) {
    state_->enter();
  }
  tracker_guard(tracker_guard&&) noexcept = default;
  tracker_guard& operator=(tracker_guard&&) = delete;
  ~tracker_guard() {
    if (state_) state_->leave();
  }
  static constexpr bool may_start() noexcept { return true; }

 private:
  std::shared_ptr<tracker_state> state_;
};

class tracker_wait_awaiter : public leaf_awaiter<tracker_wait_awaiter> {
 public:
  tracker_wait_awaiter(std::shared_ptr<tracker_state>&& state,
                       notified_operation<std::shared_ptr<sync::notify>>&& ended) noexcept
      : state_(std::move(state)), ended_(std::move(ended).operator co_await()) {}
  static constexpr const char* name = "task_tracker";
  bool poll() noexcept { return state_->has_ended() ? consume_budget() : ended_.poll(); }
  void take() noexcept {}

 private:
  std::shared_ptr<tracker_state> state_;
  notified_awaiter<std::shared_ptr<sync::notify>> ended_;
};

class [[nodiscard]] tracker_wait_operation {
 public:
  explicit tracker_wait_operation(std::shared_ptr<tracker_state> state) noexcept
      : state_(std::move(state)),
        ended_(
            sync::notify::notified_owned(std::shared_ptr<sync::notify>(state_, &state_->ended()))) {
  }
  auto operator co_await() && noexcept {
    return tracker_wait_awaiter(std::move(state_), std::move(ended_));
  }

 private:
  std::shared_ptr<tracker_state> state_;
  notified_operation<std::shared_ptr<sync::notify>> ended_;
};

template <class Operation>
task<await_result_t<Operation>> tracked([[maybe_unused]] tracker_guard guard, Operation operation) {
  co_return co_await std::move(operation);
}

}  // namespace detail

/// Counts tasks, so that a service can wait for those that it has started without keeping their
/// handles.
///
///     tracker.spawn(serve(std::move(connection))).detach();
///     ...
///     token.cancel(weft::cancel_reason::shutdown);       // asks them to end
///     tracker.close();
///     co_await tracker.wait();                            // until they have
///
/// A task counts from the call that starts it until its frames are destroyed, however it ended;
/// then nothing of it is kept. Closing stops nobody from starting tasks: it says that `wait` may
/// end when there are none.
/// Ownership: a cheap handle; copies are the same tracker. Dropping it aborts nothing.
/// Thread-safety: distinct handles from any threads, and one from many as long as none assigns to
/// it. What tracked tasks did is seen by whoever `wait` lets go on.
class task_tracker {
 public:
  /// Open, without tasks. Throws std::bad_alloc.
  task_tracker() : state_(std::make_shared<detail::tracker_state>()) {}

  /// As weft::spawn.
  template <detail::operation_argument Argument>
  auto spawn(Argument&& operation,
             std::source_location where = std::source_location::current()) const {
    return detail::spawn_guarded(detail::ambient_scheduler(), where, detail::tracker_guard(state_),
                                 detail::take_operation(std::forward<Argument>(operation)));
  }
  template <class Function>
    requires detail::task_function<Function>
  auto spawn(Function function,
             std::source_location where = std::source_location::current()) const {
    return detail::spawn_guarded(detail::ambient_scheduler(), where, std::in_place,
                                 detail::tracker_guard(state_), std::move(function));
  }
  template <class Function, class First, class... Arguments>
    requires detail::task_function<Function, First, Arguments...>
  auto spawn(Function function, First first, Arguments... arguments) const {
    return detail::spawn_guarded(detail::ambient_scheduler(), std::source_location(), std::in_place,
                                 detail::tracker_guard(state_), std::move(function),
                                 std::move(first), std::move(arguments)...);
  }
  /// Counts `operation` from now until it is done or destroyed, wherever it is awaited or spawned.
  /// Returns a task of the same value. Cancel-safety: that of the operation.
  template <detail::operation_argument Argument>
  auto track(Argument&& operation) const {
    return detail::tracked<std::remove_cvref_t<Argument>>(
        detail::tracker_guard(state_), detail::take_operation(std::forward<Argument>(operation)));
  }

  /// Waits until the tracker is closed and no task is left. Yields nothing. Reopened after it was
  /// so, `wait` still ends. Cancel-safety: safe.
  detail::tracker_wait_operation wait() const noexcept {
    return detail::tracker_wait_operation(state_);
  }

  /// Says that `wait` may end. False: it was closed.
  bool close() const noexcept {
    auto keep = state_;  // whoever is woken may drop this handle
    return keep->close();
  }
  /// Says that it may not. False: it was open.
  bool reopen() const noexcept { return state_->reopen(); }
  bool is_closed() const noexcept { return state_->is_closed(); }

  /// How many tasks there are.
  std::size_t size() const noexcept { return state_->size(); }
  bool empty() const noexcept { return size() == 0; }

  /// Whether both are the same tracker.
  friend bool operator==(const task_tracker&, const task_tracker&) noexcept = default;

 private:
  std::shared_ptr<detail::tracker_state> state_;
};

}  // namespace v0
}  // namespace weft
