// reserve_blocking: spawn_blocking for who would rather wait than be refused.
//
//   auto permit = co_await or_return(weft::reserve_blocking());   // waits for room
//   auto job = std::move(permit).spawn([path] { return slow(path); });
//   auto sum = co_await or_return(std::move(job));
#pragma once

#include <weft/detail/wait_list.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>
#include <weft/spawn_blocking.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <utility>

namespace weft {
inline namespace v0 {

namespace detail {

// Waits for a place in the pool.
struct blocking_waiter : waiter {
  static constexpr std::uint8_t granted = first_given;
  static constexpr std::uint8_t refused = first_given + 1;    // the pool is closed
  static constexpr std::uint8_t delivered = first_given + 2;  // a permit has the place
};

// Throws std::system_error(errc::no_runtime) without a runtime.
WEFT_API std::shared_ptr<blocking_pool> ambient_blocking_pool();
WEFT_API bool poll_place(blocking_pool& pool, blocking_waiter& self) noexcept;
WEFT_API void leave_places(blocking_pool& pool, blocking_waiter& self) noexcept;
WEFT_API std::optional<errc> try_reserve_place(blocking_pool& pool) noexcept;
WEFT_API void give_place(blocking_pool& pool) noexcept;
WEFT_API void submit_reserved(const std::shared_ptr<blocking_pool>& pool, blocking_job* job);

}  // namespace detail

/// A place in a runtime's blocking pool. Move-only; empty when moved from or spent. Dropped, it
/// gives the place to whoever waits longest.
/// Thread-safety: one thread at a time; any thread, also outside the runtime.
class [[nodiscard("a permit that is dropped gives its place back at once")]] blocking_permit {
 public:
  blocking_permit(blocking_permit&&) noexcept = default;
  blocking_permit& operator=(blocking_permit&& other) noexcept {
    std::swap(pool_, other.pool_);
    return *this;
  }
  ~blocking_permit() {
    if (pool_) detail::give_place(*pool_);
  }

  explicit operator bool() const noexcept { return pool_ != nullptr; }

  /// As `spawn_blocking`, in the place that was reserved, and so never refused for lack of room; it
  /// is for `errc::shut_down` when the runtime is going away. Spends the permit, but not when
  /// std::bad_alloc is thrown. Calling it on an empty permit ends the program.
  template <class Function>
    requires std::invocable<Function&&>
  auto spawn(Function function) && {
    using value = detail::blocking_value_t<Function>;
    if (!pool_) [[unlikely]] {
      detail::misuse("blocking_permit::spawn of a permit that was moved from or spent");
    }
    auto job =
        std::make_unique<detail::blocking_cell<value, Function>>(std::move(function)).release();
    detail::submit_reserved(std::exchange(pool_, nullptr), job);
    return blocking_handle<value>(job);
  }

  // Of who has reserved.
  explicit blocking_permit(std::shared_ptr<detail::blocking_pool> pool) noexcept
      : pool_(std::move(pool)) {}

 private:
  std::shared_ptr<detail::blocking_pool> pool_;
};

namespace detail {

class reserve_blocking_awaiter : public leaf_awaiter<reserve_blocking_awaiter> {
 public:
  explicit reserve_blocking_awaiter(std::shared_ptr<blocking_pool>&& pool) noexcept
      : pool_(std::move(pool)) {}
  ~reserve_blocking_awaiter() {
    if (pool_) leave_places(*pool_, waiter_);
  }
  static constexpr const char* name = "a place in the blocking pool";
  bool poll() noexcept { return poll_place(*pool_, waiter_); }
  result<blocking_permit> take() noexcept {
    if (waiter_.what() == blocking_waiter::refused) {
      return std::unexpected(error(errc::shut_down));
    }
    waiter_.become(blocking_waiter::delivered);
    return blocking_permit(std::move(pool_));
  }

 private:
  std::shared_ptr<blocking_pool> pool_;
  blocking_waiter waiter_;
};

class [[nodiscard]] reserve_blocking_operation {
 public:
  explicit reserve_blocking_operation(std::shared_ptr<blocking_pool> pool) noexcept
      : pool_(std::move(pool)) {}
  auto operator co_await() && noexcept { return reserve_blocking_awaiter(std::move(pool_)); }

 private:
  std::shared_ptr<blocking_pool> pool_;
};

}  // namespace detail

/// Waits for a place in the blocking pool of the calling task's runtime. Yields a
/// `result<blocking_permit>`.
///
/// Places: as many as the pool has threads at most, and its queue has room for (512 + 4096; see
/// runtime::builder). Calls that are queued or run have one each, permits the others.
/// Order: first come, first served; a place that is waited for is not taken by `spawn_blocking`.
/// Errors: `errc::shut_down` when the pool takes no more calls. Throws std::system_error with
/// `errc::no_runtime` outside a runtime.
/// Cancel-safety: loses its place in the line of those who wait, never a place in the pool.
inline detail::reserve_blocking_operation reserve_blocking() {
  return detail::reserve_blocking_operation(detail::ambient_blocking_pool());
}

/// A place if there is one now. Errors: `errc::overloaded` when not; `errc::shut_down`. Throws as
/// reserve_blocking.
inline result<blocking_permit> try_reserve_blocking() {
  auto pool = detail::ambient_blocking_pool();
  if (auto why = detail::try_reserve_place(*pool)) return fail(*why);
  return blocking_permit(std::move(pool));
}

}  // namespace v0
}  // namespace weft
