// once_cell: a value that is made once, by whoever needs it first, or set once, for all who wait.
#pragma once

#include <weft/detail/block_thread.hpp>
#include <weft/detail/notify_wait.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>
#include <weft/sync/semaphore.hpp>
#include <weft/task.hpp>

#include <atomic>
#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace sync {
template <class T>
class once_cell;
}

namespace detail {

template <class Function>
concept once_initialiser = requires(Function& make) {
  { make() } -> awaitable;
};
template <class Function>
using once_initialised_t = await_result_t<std::invoke_result_t<Function&>>;

template <class T>
class once_wait_awaiter : public leaf_awaiter<once_wait_awaiter<T>> {
 public:
  explicit once_wait_awaiter(const sync::once_cell<T>& cell) noexcept
      : cell_(cell), wait_(cell.was_set_) {}
  static constexpr const char* name = "once_cell";
  bool poll() noexcept {
    return wait_.poll([this] { return cell_.is_set(); });
  }
  const T* take() noexcept { return cell_.get(); }

 private:
  const sync::once_cell<T>& cell_;
  notify_wait wait_;
};

template <class T>
class [[nodiscard]] once_wait_operation {
 public:
  explicit once_wait_operation(const sync::once_cell<T>& cell) noexcept : cell_(&cell) {}
  auto operator co_await() && noexcept { return once_wait_awaiter<T>(*cell_); }

 private:
  const sync::once_cell<T>* cell_;
};

}  // namespace detail

namespace sync {

/// At most one value, for good.
///
///     weft::sync::once_cell<connection> shared;
///     auto connect = [&] { return open_connection(address); };       // a task<connection>
///     const auto* made = co_await shared.get_or_init(connect);       // by the first who comes
///
/// Ownership: neither moved nor copied. It must outlive whoever waits for it; the value lives as
/// long as the cell, unless it is taken.
/// Thread-safety: all members from any thread, but `take`, which wants that nobody else uses the
/// cell. What was done before the value was set is seen by whoever gets it. The value is read by
/// several threads at once.
/// Cost: some 72 bytes and the value; a load once it is set.
template <class T>
class once_cell {
 public:
  once_cell() noexcept {}
  /// One that is set.
  explicit once_cell(T value) : set_(true) { std::construct_at(&value_, std::move(value)); }
  once_cell(const once_cell&) = delete;
  once_cell& operator=(const once_cell&) = delete;
  ~once_cell() {
    if (is_set()) std::destroy_at(&value_);
  }

  bool is_set() const noexcept { return set_.load(std::memory_order_acquire); }
  /// The value, or null.
  const T* get() const noexcept WEFT_LIFETIMEBOUND { return is_set() ? &value_ : nullptr; }

  /// The value. If there is none, `make()`, which returns a task or another operation that yields
  /// a T, is awaited for it. One at a time: who comes meanwhile waits. Yields a `const T*`, never
  /// null. `make` is kept until then; what it throws comes out, and the next who waits has its
  /// turn. To ask again from within `make` waits for ever. Cancel-safety: what was begun is
  /// cancelled, and the next who waits begins anew.
  template <detail::once_initialiser Make>
    requires std::constructible_from<T, detail::once_initialised_t<Make>>
  task<const T*> get_or_init(Make make) WEFT_LIFETIMEBOUND {
    if (const auto* there = get()) co_return there;
    auto turn = co_await turn_.acquire();
    if (const auto* there = get()) co_return there;
    auto made = co_await make();
    emplace(std::move(made));
    co_return &value_;
  }
  /// As `get_or_init`, of something that yields a `result<T>`: an error leaves the cell as it was,
  /// and the next who waits has its turn. Yields a `result<const T*>`.
  template <detail::once_initialiser Make>
    requires std::same_as<detail::once_initialised_t<Make>, result<T>>
  task<result<const T*>> get_or_try_init(Make make) WEFT_LIFETIMEBOUND {
    if (const auto* there = get()) co_return there;
    auto turn = co_await turn_.acquire();
    if (const auto* there = get()) co_return there;
    auto made = co_await make();
    if (!made) co_return std::unexpected(std::move(made).error());
    emplace(std::move(*made));
    co_return &value_;
  }

  /// Sets the value. Else `value` is as it was. Errors: `errc::already_exists`;
  /// `errc::invalid_state` while somebody makes one. Throws what moving the value throws; then it
  /// is not set.
  result<void> set(T&& value) {
    if (is_set()) return std::unexpected(error(errc::already_exists));
    auto turn = turn_.try_acquire();
    if (is_set()) return std::unexpected(error(errc::already_exists));
    if (!turn) return std::unexpected(error(errc::invalid_state));
    emplace(std::move(value));
    return {};
  }
  result<void> set(const T& value)
    requires std::copy_constructible<T>
  {
    return set(T(value));
  }

  /// Waits until there is a value, without making one. Yields a `const T*`, never null.
  /// Cancel-safety: safe.
  detail::once_wait_operation<T> wait() const noexcept WEFT_LIFETIMEBOUND {
    return detail::once_wait_operation<T>(*this);
  }
  /// As `wait`, for a thread that is no worker of a runtime: on a worker it ends the program.
  const T* blocking_wait() const WEFT_LIFETIMEBOUND {
    return detail::block_thread(wait(), "once_cell::blocking_wait");
  }

  /// Takes the value out, of a cell that nobody else uses now; it can be set anew.
  std::optional<T> take() {
    if (!is_set()) return std::nullopt;
    std::optional<T> taken(std::move(value_));
    set_.store(false, std::memory_order_relaxed);
    std::destroy_at(&value_);
    return taken;
  }

 private:
  template <class>
  friend class detail::once_wait_awaiter;

  // With the turn, so that nobody else does.
  template <class Value>
  void emplace(Value&& value) {
    std::construct_at(&value_, std::forward<Value>(value));
    set_.store(true, std::memory_order_release);
    was_set_.notify_waiters();
  }

  semaphore turn_{1};
  mutable notify was_set_;
  std::atomic<bool> set_{false};
  union {
    T value_;
  };
};

}  // namespace sync
}  // namespace v0
}  // namespace weft
