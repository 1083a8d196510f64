// tcp_socket: a TCP socket before it is connected or listens, for options that must be set then.
//
//   auto socket = co_await or_return(weft::net::tcp_socket::open_v4());
//   co_await or_return(socket.set_recv_buffer_size(1 << 20));
//   co_await or_return(socket.bind(local));                  // where to call from
//   auto stream = co_await or_return(std::move(socket).connect(remote));
//
// Most programs want tcp_listener::bind or tcp_stream::connect instead, which set what is usual.
#pragma once

#include <weft/net/tcp.hpp>
#include <weft/task.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weft {
inline namespace v0 {
namespace net {

/// A TCP socket that is neither connected nor listening. Of its options, TCP_NODELAY is on, as of
/// every stream of weft's; everything else is as the kernel has it.
///
/// Ownership: unique; destroying it closes the socket. `connect` and `listen` take it over, also
/// when they fail. It needs a runtime only for those. Thread-safety: one task at a time. Errors: of
/// the operating system, as values of whatever is called. A socket that was moved from ends the
/// program.
class tcp_socket {
 public:
  /// Without a socket; only good for being assigned to.
  tcp_socket() noexcept = default;
  tcp_socket(tcp_socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  tcp_socket& operator=(tcp_socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~tcp_socket() { close(); }

  WEFT_API static result<tcp_socket> open_v4();
  WEFT_API static result<tcp_socket> open_v6();
  /// Of the family of `address`. Errors: `errc::invalid_argument` for what is no IP address.
  WEFT_API static result<tcp_socket> open_for(const socket_address& address);

  /// An address may be bound while connections of an earlier listener linger.
  WEFT_API result<void> set_reuse_address(bool on);
  WEFT_API result<bool> reuse_address() const;
  /// Several sockets may listen at one address; each connection goes to one of them.
  WEFT_API result<void> set_reuse_port(bool on);
  WEFT_API result<bool> reuse_port() const;
  /// An IPv6 socket does not accept IPv4.
  WEFT_API result<void> set_v6only(bool on);
  /// What may wait to be sent or read; the kernel doubles what is asked, and cuts it to
  /// net.core.wmem_max and rmem_max. Set, it no longer grows by itself.
  WEFT_API result<void> set_send_buffer_size(std::size_t bytes);
  WEFT_API result<std::size_t> send_buffer_size() const;
  WEFT_API result<void> set_recv_buffer_size(std::size_t bytes);
  WEFT_API result<std::size_t> recv_buffer_size() const;
  /// As of tcp_stream.
  WEFT_API result<void> set_keepalive(std::optional<keepalive_options> options);
  WEFT_API result<bool> keepalive() const;
  WEFT_API result<void> set_nodelay(bool on);
  WEFT_API result<bool> nodelay() const;
  WEFT_API result<void> set_linger(std::optional<std::chrono::seconds> wait);
  WEFT_API result<std::optional<std::chrono::seconds>> linger() const;
  WEFT_API result<void> set_zero_linger(bool on);
  WEFT_API result<void> set_ttl(unsigned hops);
  WEFT_API result<unsigned> ttl() const;
  WEFT_API result<void> set_tos(unsigned octet);
  WEFT_API result<unsigned> tos() const;
  /// Uses this interface alone ("eth0"); none: any. The kernel may want a privilege. Source:
  /// SO_BINDTODEVICE, socket(7).
  WEFT_API result<void> bind_device(std::string_view interface_name);
  WEFT_API result<std::string> device() const;

  /// Errors: with the address; `errc::invalid_argument` for what is no IP address.
  WEFT_API result<void> bind(const socket_address& address);
  /// No address before it is bound.
  WEFT_API socket_address local_address() const;
  /// The error that is pending in the socket, which is thereby taken.
  WEFT_API result<void> take_error();

  /// Connects to `address`. Errors: as `tcp_stream::connect`. Cancel-safety: safe; the socket is
  /// closed.
  [[nodiscard]] WEFT_API task<result<tcp_stream>> connect(socket_address address) &&;
  /// Listens; `backlog` connections wait for accept, cut to net.core.somaxconn. Errors:
  /// `errc::no_runtime` outside a task.
  WEFT_API result<tcp_listener> listen(int backlog = 4096) &&;

  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  /// It stays the socket's.
  WEFT_API int native_handle() const noexcept;
  WEFT_API void close() noexcept;
  /// Takes over a descriptor, also when that fails. Errors: `errc::invalid_argument` when it is
  /// something else than a TCP socket that is not listening.
  WEFT_API static result<tcp_socket> from_native(int descriptor);
  /// The descriptor, open and non-blocking, which is the caller's now.
  WEFT_API int into_native() &&;

 private:
  explicit tcp_socket(int descriptor) noexcept : descriptor_(descriptor) {}
  static result<tcp_socket> open(int family);
  // It keeps the socket, wherever it is run.
  static task<result<tcp_stream>> connect_own(tcp_socket own, socket_address address);
  int descriptor_ = -1;
};

}  // namespace net
}  // namespace v0
}  // namespace weft
