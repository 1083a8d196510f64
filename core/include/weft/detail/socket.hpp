// What all sockets are made of: a handle that is owned, and operations on it.
#pragma once

#include <weft/detail/io.hpp>
#include <weft/error.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// A handle that is closed with its owner, or none.
class owned_handle {
 public:
  owned_handle() noexcept = default;
  explicit owned_handle(io_handle& handle) noexcept : handle_(&handle) {}
  owned_handle(owned_handle&& other) noexcept : handle_(other.give_up()) {}
  owned_handle& operator=(owned_handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~owned_handle() { close(); }

  explicit operator bool() const noexcept { return handle_ != nullptr; }
  // `what` names who was used without one: the end of the program.
  io_handle& get(const char* what) const noexcept {
    if (!handle_) [[unlikely]]
      none(what);
    return *handle_;
  }
  io_handle* give_up() noexcept { return std::exchange(handle_, nullptr); }
  void close() noexcept {
    if (handle_) give_up()->close();
  }

 private:
  [[noreturn]] WEFT_API static void none(const char* what) noexcept;
  io_handle* handle_ = nullptr;
};

// A count, or the error that a negative errno is.
inline result<std::size_t> counted(std::int64_t came) noexcept {
  if (came < 0) return fail(error::from_errno(static_cast<int>(-came)));
  return static_cast<std::size_t>(came);
}
inline result<void> succeeded(std::int64_t came) noexcept {
  if (came < 0) return fail(error::from_errno(static_cast<int>(-came)));
  return {};
}

// One awaited operation. `Step` holds its arguments: `poll(handle, state)` returns what io_handle
// does, `take(came)` makes the value of it.
template <class Step>
class handle_awaiter : public leaf_awaiter<handle_awaiter<Step>> {
 public:
  handle_awaiter(io_handle& handle, Step&& step) noexcept
      : handle_(handle), step_(std::move(step)), state_(Step::waits_for) {}
  static constexpr const char* name = Step::name;
  bool poll() noexcept {
    came_ = step_.poll(handle_, state_);
    return came_ != io_pending;
  }
  auto take() { return step_.take(came_); }

 private:
  io_handle& handle_;
  Step step_;
  io_operation state_;
  std::int64_t came_ = io_pending;
};

template <class Step>
class [[nodiscard]] handle_operation {
 public:
  handle_operation(io_handle& handle, Step&& step) noexcept
      : handle_(&handle), step_(std::move(step)) {}
  auto operator co_await() && noexcept { return handle_awaiter<Step>(*handle_, std::move(step_)); }

 private:
  io_handle* handle_;
  Step step_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
