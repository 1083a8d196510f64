#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>

namespace weft {
inline namespace v0 {
namespace detail {

// Any address that the kernel knows.
struct socket_address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
