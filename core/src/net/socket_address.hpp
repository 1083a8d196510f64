// An address as the kernel takes it.
#pragma once

#include <weft/net/address.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

namespace weft {
inline namespace v0 {
namespace detail {

// Any address that the kernel knows.
struct socket_address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  void assign(const sockaddr* from, socklen_t size) noexcept {
    length = std::min<socklen_t>(size, sizeof storage);
    std::memcpy(&storage, from, length);
  }
};

socket_address to_native(const net::socket_address& address) noexcept;
// Of a family that weft does not know: no address.
net::socket_address from_native(const socket_address& address);

// What getsockname or getpeername tell; no address when they fail.
net::socket_address local_address_of(int descriptor);
net::socket_address peer_address_of(int descriptor);

}  // namespace detail
}  // namespace v0
}  // namespace weft
