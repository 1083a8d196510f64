// shield: lets what must finish finish, though whoever wanted it is cancelled.
#pragma once

#include <weft/detail/guarded_spawn.hpp>

#include <source_location>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// False: the scheduler is shutting down and takes no more.
WEFT_API bool begin_shielded(scheduler& owner) noexcept;
WEFT_API void end_shielded(scheduler& owner) noexcept;

// Counts one shielded task of a scheduler, which outlives it: tasks are destroyed before their
// scheduler is.
class shield_guard {
 public:
  explicit shield_guard(scheduler& owner) noexcept
      : owner_(begin_shielded(owner) ? &owner : nullptr) {}
  shield_guard(shield_guard&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
  shield_guard& operator=(shield_guard&&) = delete;
  ~shield_guard() {
    if (owner_) end_shielded(*owner_);
  }
  // False: the task is to be cancelled before it starts.
  bool may_start() const noexcept { return owner_ != nullptr; }

 private:
  scheduler* owner_;
};

}  // namespace detail

/// The right to hear how a shielded task ended. Move-only. Letting it go lets the task run on.
///
/// `co_await std::move(it)` yields a `result<T>`, flat when the task yields a result itself.
/// Errors: those of the task; `errc::task_failed` when it threw; `errc::task_aborted` when the
/// runtime's shutdown cut it off.
/// Thread-safety: one thread at a time. Cancel-safety: the task runs on, its outcome is lost.
template <class T>
class [[nodiscard(
    "dropping it lets the shielded task run on: say std::move(it).detach()")]] shielded {
 public:
  auto operator co_await() && noexcept { return std::move(handle_).operator co_await(); }
  bool is_finished() const noexcept { return handle_.is_finished(); }
  /// Lets the task run on by itself.
  void detach() && noexcept { std::move(handle_).detach(); }
  std::uint64_t id() const noexcept { return handle_.id(); }

  // For shield().
  explicit shielded(join_handle<T>&& handle) noexcept : handle_(std::move(handle)) {}

 private:
  join_handle<T> handle_;
};

/// Starts `operation` at once as a task of its own, which nobody can abort, and waits for it:
///
///     auto stored = co_await or_return(weft::shield(commit(std::move(transaction))));
///
/// When the one who awaits is cancelled meanwhile, the task runs on, detached. It owns its
/// arguments; nothing in it may borrow from whoever started it. A runtime that shuts down gives
/// shielded tasks its grace (runtime::default_grace) before it cancels them; those that come when
/// the grace is over, or was not needed, are aborted before they start. So what has started has its
/// time to finish. Throws std::system_error with `errc::no_runtime` outside a runtime.
template <detail::operation_argument Argument>
auto shield(Argument&& operation, std::source_location where = std::source_location::current()) {
  auto& owner = detail::ambient_scheduler();
  return shielded<await_result_t<std::remove_cvref_t<Argument>>>(
      detail::spawn_guarded(owner, where, detail::shield_guard(owner),
                            detail::take_operation(std::forward<Argument>(operation))));
}

/// As above, of the task that `function(arguments...)` returns. The task keeps the function and its
/// arguments.
template <class Function>
  requires detail::task_function<Function>
auto shield(Function function, std::source_location where = std::source_location::current()) {
  auto& owner = detail::ambient_scheduler();
  return shielded<typename std::invoke_result_t<Function&>::value_type>(detail::spawn_guarded(
      owner, where, std::in_place, detail::shield_guard(owner), std::move(function)));
}
template <class Function, class First, class... Arguments>
  requires detail::task_function<Function, First, Arguments...>
auto shield(Function function, First first, Arguments... arguments) {
  auto& owner = detail::ambient_scheduler();
  return shielded<typename std::invoke_result_t<Function&, First, Arguments...>::value_type>(
      detail::spawn_guarded(owner, std::source_location(), std::in_place,
                            detail::shield_guard(owner), std::move(function), std::move(first),
                            std::move(arguments)...));
}

}  // namespace v0
}  // namespace weft
