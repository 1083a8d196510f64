// What the sources of sockets share: making descriptors, setting options, saying what failed.
#pragma once

#include <weft/detail/socket.hpp>
#include <weft/io/stream.hpp>
#include <weft/net/address.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "driver/driver.hpp"
#include "net/socket_address.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// A descriptor until a driver takes it over.
class open_socket {
 public:
  explicit open_socket(int descriptor) noexcept : descriptor_(descriptor) {}
  open_socket(const open_socket&) = delete;
  open_socket& operator=(const open_socket&) = delete;
  ~open_socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const noexcept { return descriptor_; }
  int give_up() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

error not_an_ip(const char* protocol, const net::socket_address& address);
error socket_error(int number, const char* doing, const net::socket_address& address);

// 0 or a negative errno.
template <class Value>
int set_option(int descriptor, int level, int name, const Value& value) noexcept {
  return ::setsockopt(descriptor, level, name, &value, sizeof value) < 0 ? -errno : 0;
}
template <class Value>
result<void> set_socket_option(int descriptor, int level, int name, const Value& value) {
  return succeeded(set_option(descriptor, level, name, value));
}
template <class Value = int>
result<Value> socket_option(int descriptor, int level, int name) {
  Value value{};
  socklen_t length = sizeof value;
  if (::getsockopt(descriptor, level, name, &value, &length) < 0) {
    return fail(error::from_errno(errno));
  }
  return value;
}
inline result<bool> socket_flag(int descriptor, int level, int name) {
  auto value = socket_option(descriptor, level, name);
  if (!value) return fail(std::move(value).error());
  return *value != 0;
}
// The error that is pending, which is taken.
result<void> take_socket_error(int descriptor);

// The driver of the running task. Errors: `errc::no_runtime`.
result<driver*> ambient_driver();

// Takes over the socket, also when that fails.
result<std::unique_ptr<io::byte_stream>> make_stream(io_handle& connected,
                                                     net::socket_address peer) noexcept;

// What a descriptor that comes from elsewhere must be. `families`: AF_UNSPEC is any IP.
struct socket_kind {
  int family;
  int type;
  bool listening;
  const char* name;
};
// Checks it, and makes it non-blocking and close-on-exec.
result<void> prepare_native(int descriptor, const socket_kind& expected);
// Checks it, makes it non-blocking and close-on-exec, and gives it to the running task's driver,
// which closes it also when something fails.
result<io_handle*> adopt_native(int descriptor, const socket_kind& expected);
// Whether it is one; false when it is no socket at all.
bool is_socket_of(int descriptor, const socket_kind& expected) noexcept;

inline constexpr socket_kind tcp_listening{AF_UNSPEC, SOCK_STREAM, true, "a listening TCP socket"};
inline constexpr socket_kind tcp_connected{AF_UNSPEC, SOCK_STREAM, false, "a TCP connection"};
inline constexpr socket_kind udp_bound{AF_UNSPEC, SOCK_DGRAM, false, "a UDP socket"};
inline constexpr socket_kind unix_listening{AF_UNIX, SOCK_STREAM, true, "a listening Unix socket"};
inline constexpr socket_kind unix_connected{AF_UNIX, SOCK_STREAM, false, "a Unix stream"};
inline constexpr socket_kind unix_datagrams{AF_UNIX, SOCK_DGRAM, false,
                                            "a Unix socket for datagrams"};

}  // namespace detail
}  // namespace v0
}  // namespace weft
