// A connection of TCP that is being made.
#pragma once

#include <weft/leaf.hpp>
#include <weft/net/address.hpp>
#include <weft/result.hpp>

#include "driver/driver.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// Begins to connect a socket, which is taken over also when that fails. The handle's `connected`
// tells the rest.
result<io_handle*> begin_connect(int descriptor, const net::socket_address& address);
// Of a new socket, with TCP_NODELAY.
result<io_handle*> begin_connect(const net::socket_address& address);

class connected_awaiter : public leaf_awaiter<connected_awaiter> {
 public:
  explicit connected_awaiter(io_handle& handle) noexcept
      : handle_(handle), state_(io_direction::write) {}
  static constexpr const char* name = "connect";
  bool poll() noexcept {
    came_ = handle_.connected(state_);
    return came_ != io_pending;
  }
  std::int64_t take() noexcept { return came_; }

 private:
  io_handle& handle_;
  io_operation state_;
  std::int64_t came_ = io_pending;
};

// Yields 0 or a negative errno.
class until_connected {
 public:
  explicit until_connected(io_handle& handle) noexcept : handle_(&handle) {}
  auto operator co_await() && noexcept { return connected_awaiter(*handle_); }

 private:
  io_handle* handle_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
