// async_fd: any descriptor that epoll knows, awaited: an eventfd, a timerfd, a device, the socket
// of another library.
//
//   auto events = co_await or_return(weft::net::async_fd<>::make(weft::net::descriptor(fd)));
//   while (true) {
//     auto ready = co_await events.readable();
//     auto count = ready.try_io([](const auto& of) { return read_counter(of.native_handle()); });
//     if (count) use(*count);               // else it would have blocked: the guard took note
//   }
//
// The descriptor is non-blocking, and stays its owner's: async_fd keeps the owner.
#pragma once

#include <weft/detail/io.hpp>
#include <weft/detail/socket.hpp>
#include <weft/error.hpp>
#include <weft/export.hpp>
#include <weft/leaf.hpp>
#include <weft/net/readiness.hpp>
#include <weft/result.hpp>

#include <cerrno>
#include <concepts>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace net {

/// A descriptor that is closed with its owner. Thread-safety: one thread at a time.
class descriptor {
 public:
  descriptor() noexcept = default;
  explicit descriptor(int taken_over) noexcept : number_(taken_over) {}
  descriptor(descriptor&& other) noexcept : number_(other.give_up()) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() { close(); }

  /// -1 when there is none.
  int native_handle() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  int give_up() noexcept { return std::exchange(number_, -1); }
  WEFT_API void close() noexcept;

 private:
  int number_ = -1;
};

/// What has a descriptor and keeps it open: `native_handle()` says which.
template <class Owner>
concept has_descriptor =
    std::is_nothrow_move_constructible_v<Owner> && requires(const Owner& owner) {
      { owner.native_handle() } -> std::convertible_to<int>;
    };

}  // namespace net

namespace detail {

// By the running task's driver; it stays the caller's.
WEFT_API result<io_handle*> attach_descriptor(int descriptor) noexcept;

template <class Result>
bool would_block(const Result& came) noexcept {
  return !came && came.error() == std::errc::operation_would_block;
}

template <class Call, class Owner>
using call_result_t = std::invoke_result_t<Call&, const Owner&>;

template <class Call, class Owner>
concept descriptor_call =
    std::invocable<Call&, const Owner&> && is_result_v<call_result_t<Call, Owner>>;

}  // namespace detail

namespace net {

/// That a descriptor was ready. Whoever makes a call that blocks after all says so (`try_io` does),
/// or the next wait ends at once, again and again. Refers to the async_fd.
template <class Owner>
class ready_guard {
 public:
  ready_guard(detail::io_handle& handle, const Owner& owner, readiness came,
              detail::readiness_marks marks) noexcept
      : handle_(&handle), owner_(&owner), came_(came), marks_(marks) {}

  readiness ready() const noexcept { return came_; }
  const Owner& owner() const noexcept { return *owner_; }

  /// Makes one call, `call(owner)`, which returns a `result`. One that fails with
  /// `std::errc::operation_would_block` clears what was ready. Yields the result of the call.
  template <detail::descriptor_call<Owner> Call>
  auto try_io(Call&& call) -> detail::call_result_t<Call, Owner> {
    auto came = call(*owner_);
    if (detail::would_block(came)) clear_ready();
    return came;
  }
  /// A call has blocked: the next wait is for the next event. Without effect on one that came since
  /// the descriptor was ready.
  void clear_ready() noexcept {
    if (came_.readable()) handle_->clear_ready(detail::io_direction::read, marks_.read);
    if (came_.writable()) handle_->clear_ready(detail::io_direction::write, marks_.write);
  }

 private:
  detail::io_handle* handle_;
  const Owner* owner_;
  readiness came_;
  detail::readiness_marks marks_;
};

}  // namespace net

namespace detail {

template <class Owner>
class guard_awaiter : public leaf_awaiter<guard_awaiter<Owner>> {
 public:
  guard_awaiter(io_handle& handle, const Owner& owner, net::interest wanted) noexcept
      : handle_(handle), owner_(owner), ready_(handle, wanted) {}
  static constexpr const char* name = "descriptor";
  bool poll() noexcept { return ready_.poll(); }
  net::ready_guard<Owner> take() noexcept {
    return {handle_, owner_, ready_.take(), ready_.marks()};
  }

 private:
  io_handle& handle_;
  const Owner& owner_;
  ready_awaiter ready_;
};

template <class Owner>
class [[nodiscard]] guard_operation {
 public:
  guard_operation(io_handle& handle, const Owner& owner, net::interest wanted) noexcept
      : handle_(&handle), owner_(&owner), wanted_(wanted) {}
  auto operator co_await() && noexcept { return guard_awaiter<Owner>(*handle_, *owner_, wanted_); }

 private:
  io_handle* handle_;
  const Owner* owner_;
  net::interest wanted_;
};

template <class Owner, class Call>
class descriptor_call_awaiter : public leaf_awaiter<descriptor_call_awaiter<Owner, Call>> {
 public:
  using value = call_result_t<Call, Owner>;
  descriptor_call_awaiter(io_handle& handle, const Owner& owner, io_direction direction,
                          Call&& call) noexcept
      : handle_(handle), owner_(owner), call_(std::move(call)), state_(direction) {}
  static constexpr const char* name = "descriptor";
  bool poll() noexcept {
    auto attempt = [this](int) noexcept -> std::int64_t {
      came_.emplace(call_(owner_));
      return would_block(*came_) ? -EAGAIN : 0;
    };
    return handle_.attempt(state_, io_call(attempt)) != io_pending;
  }
  value take() { return *std::move(came_); }

 private:
  io_handle& handle_;
  const Owner& owner_;
  Call call_;
  io_operation state_;
  std::optional<value> came_;
};

template <class Owner, class Call>
class [[nodiscard]] descriptor_call_operation {
 public:
  descriptor_call_operation(io_handle& handle, const Owner& owner, io_direction direction,
                            Call&& call) noexcept
      : handle_(&handle), owner_(&owner), direction_(direction), call_(std::move(call)) {}
  auto operator co_await() && noexcept {
    return descriptor_call_awaiter<Owner, Call>(*handle_, *owner_, direction_, std::move(call_));
  }

 private:
  io_handle* handle_;
  const Owner* owner_;
  io_direction direction_;
  Call call_;
};

}  // namespace detail

namespace net {

/// A descriptor, with its owner, watched by the runtime.
///
/// Ownership: keeps `Owner`, which is destroyed with it, after the runtime has let go of the
/// descriptor. Operations and guards refer to it: it must not be moved or destroyed meanwhile.
/// Thread-safety: at most one wait a direction at a time; reading and writing may be waited for at
/// once, also by different tasks; `try_io` may be called from any thread at any time.
template <has_descriptor Owner = descriptor>
class async_fd {
 public:
  /// Errors: of the operating system (`std::errc::operation_not_permitted`: a file, which is always
  /// ready; `file_exists`: the runtime watches it already; `bad_file_descriptor`), and then `owner`
  /// is destroyed; `errc::no_runtime` outside a task.
  static result<async_fd> make(Owner owner) {
    auto attached = detail::attach_descriptor(owner.native_handle());
    if (!attached) return fail(std::move(attached).error());
    return async_fd(**attached, std::move(owner));
  }
  async_fd(async_fd&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), owner_(std::move(other.owner_)) {}
  async_fd& operator=(async_fd&& other) noexcept
    requires std::is_nothrow_move_assignable_v<Owner>
  {
    if (this == &other) return *this;
    if (handle_) handle_->release();
    handle_ = std::exchange(other.handle_, nullptr);
    owner_ = std::move(other.owner_);
    return *this;
  }
  ~async_fd() {
    if (handle_) handle_->release();
  }

  const Owner& get() const noexcept { return owner_; }
  Owner& get() noexcept { return owner_; }
  int native_handle() const noexcept { return owner_.native_handle(); }

  /// Waits until a call in one direction, or in either, may not block. Yields a ready_guard. An
  /// error and a hang-up make it ready for both. Cancel-safety: safe.
  auto ready(interest wanted) { return detail::guard_operation<Owner>(handle(), owner_, wanted); }
  auto readable() { return ready(interest::readable); }
  auto writable() { return ready(interest::writable); }

  /// Makes `call(owner)`, which returns a `result`, whenever the descriptor is ready to be read
  /// from, until it does not fail with `std::errc::operation_would_block`. Yields its result. It
  /// may be called at any time, by the thread that runs the task, and must not throw or block.
  /// Cancel-safety: safe; it is called no more.
  template <detail::descriptor_call<Owner> Call>
  auto read_with(Call call) {
    return detail::descriptor_call_operation<Owner, Call>(
        handle(), owner_, detail::io_direction::read, std::move(call));
  }
  /// As `read_with`, to write to.
  template <detail::descriptor_call<Owner> Call>
  auto write_with(Call call) {
    return detail::descriptor_call_operation<Owner, Call>(
        handle(), owner_, detail::io_direction::write, std::move(call));
  }
  /// Makes `call(owner)` once, without waiting. Yields its result. `direction` is not `either`.
  template <detail::descriptor_call<Owner> Call>
  auto try_io(interest direction, Call&& call) -> detail::call_result_t<Call, Owner> {
    std::optional<detail::call_result_t<Call, Owner>> came;
    auto attempt = [&](int) noexcept -> std::int64_t {
      came.emplace(call(std::as_const(owner_)));
      return detail::would_block(*came) ? -EAGAIN : 0;
    };
    (void)handle().attempt_now(
        direction == interest::writable ? detail::io_direction::write : detail::io_direction::read,
        detail::io_call(attempt));
    return *std::move(came);
  }

  /// The runtime lets go of it; the descriptor stays non-blocking.
  Owner into_inner() && {
    handle().release();
    handle_ = nullptr;
    return std::move(owner_);
  }

 private:
  async_fd(detail::io_handle& handle, Owner&& owner) noexcept
      : handle_(&handle), owner_(std::move(owner)) {}
  detail::io_handle& handle() const noexcept {
    if (!handle_) detail::misuse("an async_fd was used that had been moved from");
    return *handle_;
  }

  detail::io_handle* handle_;
  Owner owner_;
};

}  // namespace net
}  // namespace v0
}  // namespace weft
