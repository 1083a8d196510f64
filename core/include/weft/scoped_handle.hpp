// scoped_handle: a join_handle that aborts its task when it is dropped.
#pragma once

#include <weft/spawn.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

template <class T>
class aborting_awaiter : public leaf_awaiter<aborting_awaiter<T>> {
 public:
  explicit aborting_awaiter(join_handle<T>&& handle) noexcept
      : handle_(std::move(handle)), inner_(std::move(handle_).operator co_await()) {}
  ~aborting_awaiter() { handle_.abort(); }
  static constexpr const char* name = "scoped_handle";
  bool poll() noexcept { return inner_.poll(); }
  flat_result_t<T> take() { return inner_.take(); }

 private:
  join_handle<T> handle_;
  join_awaiter_of<T> inner_;
};

}  // namespace detail

/// A join_handle that aborts its task when it is dropped. Move-only.
///
///     auto watch = weft::abort_on_drop(weft::spawn(watches(file)));    // gone when `watch` is
///
/// `co_await std::move(it)` yields what a join_handle yields; when that is given up, by a `select`
/// or a `timeout` say, the task is aborted. `co_await it` keeps it. Dropping it asks for the abort
/// and does not wait: the task must own what it uses. Thread-safety: as join_handle.
/// Cancel-safety: of `co_await it`: safe; of `co_await std::move(it)`: aborts the task.
template <class T>
class [[nodiscard("dropping a scoped_handle aborts the task at once")]] scoped_handle {
 public:
  explicit scoped_handle(join_handle<T>&& handle) noexcept : handle_(std::move(handle)) {}
  scoped_handle(scoped_handle&& other) noexcept
      : handle_(std::exchange(other.handle_, std::nullopt)) {}
  /// Aborts the one that was there.
  scoped_handle& operator=(scoped_handle&& other) noexcept {
    auto before = std::move(*this);
    handle_.swap(other.handle_);
    return *this;
  }
  ~scoped_handle() {
    if (handle_) handle_->abort();
  }

  auto operator co_await() & noexcept { return handle_->operator co_await(); }
  auto operator co_await() && noexcept {
    auto handle = std::move(*this).release();
    return detail::aborting_awaiter<T>(std::move(handle));
  }

  /// As of a join_handle.
  void abort() const noexcept { handle_->abort(); }
  bool is_finished() const noexcept { return handle_->is_finished(); }
  weft::abort_handle abort_handle() const noexcept { return handle_->abort_handle(); }
  std::uint64_t id() const noexcept { return handle_->id(); }
  /// Gives the task back to an ordinary handle.
  join_handle<T> release() && noexcept {
    auto released = std::move(*handle_);
    handle_.reset();
    return released;
  }

 private:
  std::optional<join_handle<T>> handle_;
};

/// Makes it so.
template <class T>
scoped_handle<T> abort_on_drop(join_handle<T> handle) noexcept {
  return scoped_handle<T>(std::move(handle));
}

}  // namespace v0
}  // namespace weft
