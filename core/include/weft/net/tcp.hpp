// TCP: listeners and streams.
//
//   auto listener = co_await or_return(weft::net::tcp_listener::bind("127.0.0.1:8080"));
//   auto socket = co_await or_return(listener.accept());
//   std::array<char, 4096> buffer;
//   auto count = co_await or_return(socket.read(buffer));
#pragma once

#include <weft/detail/accept.hpp>
#include <weft/detail/socket.hpp>
#include <weft/net/address.hpp>
#include <weft/net/stream_socket.hpp>
#include <weft/task.hpp>
#include <weft/time.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weft {
inline namespace v0 {

namespace net {
class tcp_stream;
}  // namespace net

namespace detail {
// Of a connected socket.
net::tcp_stream tcp_stream_of(std::unique_ptr<io::byte_stream> connection) noexcept;
}  // namespace detail

namespace net {

/// Settings of a stream's keep-alive probes. The defaults find a dead peer within two minutes.
class keepalive_options {
 public:
  constexpr keepalive_options() noexcept {}
  std::chrono::seconds idle{60};      ///< without traffic, before the first probe
  std::chrono::seconds interval{15};  ///< between probes
  unsigned probes = 4;                ///< without an answer, before the connection is broken
};

/// A TCP connection: a transport and a stream_socket, with TCP's options. It turns into an
/// `io::transport` by a move.
///
/// Segments are sent at once (TCP_NODELAY is on) unless `set_nodelay(false)`. Writing to a
/// connection that is gone is an error, never a signal. Everything else is said in
/// weft/io/transport.hpp.
class tcp_stream : public stream_socket {
 public:
  /// Without a connection; only good for being assigned to.
  tcp_stream() noexcept = default;

  /// Connects to `address`. Errors: of the operating system (`std::errc::connection_refused`, …)
  /// with the address; `errc::no_runtime` outside a task. Cancel-safety: safe; the attempt is given
  /// up.
  [[nodiscard]] WEFT_API static task<result<tcp_stream>> connect(socket_address address);
  /// Connects to "host:port", as `net::connect` does: the addresses of a name are tried beside each
  /// other, and the first that answers wins (see weft/net/connect.hpp, which also has options).
  /// Bounds: no time limit of its own; put it in a `timeout`.
  [[nodiscard]] WEFT_API static task<result<tcp_stream>> connect(std::string host_and_port);

  /// Whether small writes go out at once (the default) or wait to be joined (Nagle's algorithm).
  WEFT_API result<void> set_nodelay(bool on);
  WEFT_API result<bool> nodelay() const;
  /// Probes an idle connection; `std::nullopt`: no longer. Off by default.
  WEFT_API result<void> set_keepalive(std::optional<keepalive_options> options);
  WEFT_API result<bool> keepalive() const;
  /// Closing waits until what was sent has arrived, for at most this long, and blocks the thread
  /// meanwhile, with all the tasks that would run there; `std::nullopt` (the default): it goes on
  /// in the kernel. Zero is `set_zero_linger`.
  WEFT_API result<void> set_linger(std::optional<std::chrono::seconds> wait);
  WEFT_API result<std::optional<std::chrono::seconds>> linger() const;
  /// How many routers a packet may pass (IPv6: hop limit). 1 to 255.
  WEFT_API result<void> set_ttl(unsigned hops);
  WEFT_API result<unsigned> ttl() const;
  /// Off: acknowledgements may wait for data to go with. The kernel changes it by itself as the
  /// connection goes on, so set it before each read that matters.
  WEFT_API result<void> set_quickack(bool on);
  WEFT_API result<bool> quickack() const;
  /// On: closing resets the connection: nothing unsent goes out, the peer reads
  /// `std::errc::connection_reset`, and no state stays behind in the kernel. Off by default.
  WEFT_API result<void> set_zero_linger(bool on);

  /// Takes over a connected descriptor, also when that fails. Errors: `errc::invalid_argument` when
  /// it is something else; of the operating system; `errc::no_runtime` outside a task.
  WEFT_API static result<tcp_stream> from_native(int descriptor);
  /// The descriptor, open and non-blocking, which is the caller's now. No operation may be in
  /// progress.
  int into_native() && { return release(); }

  io::transport into_transport() && noexcept { return std::move(*this); }

 private:
  friend class detail::accept_awaiter<tcp_stream>;
  friend class tcp_socket;
  friend tcp_stream detail::tcp_stream_of(std::unique_ptr<io::byte_stream> connection) noexcept;
  explicit tcp_stream(std::unique_ptr<io::byte_stream> connection) noexcept
      : stream_socket(std::move(connection)) {}
};

/// What a listener is made with.
class listen_options {
 public:
  constexpr listen_options() noexcept {}
  /// Connections that wait for accept; the kernel cuts it to net.core.somaxconn. Default 4096.
  constexpr listen_options& backlog(int connections) noexcept {
    return backlog_ = connections, *this;
  }
  /// Several listeners, also of several processes, share the port and the connections. Default off.
  constexpr listen_options& reuse_port(bool on) noexcept { return reuse_port_ = on, *this; }
  /// An IPv6 listener does not accept IPv4. Default off: [::] accepts both.
  constexpr listen_options& v6only(bool on) noexcept { return v6only_ = on, *this; }
  /// What accepted streams inherit. Default on.
  constexpr listen_options& nodelay(bool on) noexcept { return nodelay_ = on, *this; }

  constexpr int backlog() const noexcept { return backlog_; }
  constexpr bool reuse_port() const noexcept { return reuse_port_; }
  constexpr bool v6only() const noexcept { return v6only_; }
  constexpr bool nodelay() const noexcept { return nodelay_; }

 private:
  int backlog_ = 4096;
  bool reuse_port_ = false;
  bool v6only_ = false;
  bool nodelay_ = true;
};

/// A socket that waits for connections.
///
/// Ownership: unique; destroying it closes the port, and what waits in the backlog is reset.
/// Thread-safety: one task at a time. For accepting in several, bind several listeners with
/// `reuse_port`.
class tcp_listener {
 public:
  /// Without a socket; only good for being assigned to.
  tcp_listener() noexcept = default;

  /// Listens on `address`; port 0 takes a free one (see `local_address`). The address may be taken
  /// again at once after an earlier listener has gone (SO_REUSEADDR). Errors: of the operating
  /// system (`std::errc::address_in_use`, …) with the address; `errc::no_runtime` outside a task.
  /// Cancel-safety: safe.
  [[nodiscard]] WEFT_API static task<result<tcp_listener>> bind(socket_address address,
                                                                listen_options options = {});
  /// Listens on "host:port". Of the addresses of a name, the first that can be bound is taken.
  /// Errors: also of `net::resolve`. Cancel-safety: safe.
  [[nodiscard]] WEFT_API static task<result<tcp_listener>> bind(std::string host_and_port,
                                                                listen_options options = {});

  /// The next connection, a `result<tcp_stream>`. Connections that broke while they waited are
  /// passed over. Errors: when there are no descriptors or no memory left
  /// (`std::errc::too_many_files_open`, `too_many_files_open_in_system`, `no_buffer_space`,
  /// `not_enough_memory`): the connection waits on; wait before the next accept, or close others.
  /// Cancel-safety: safe; no connection is lost.
  auto accept() { return detail::accept_operation<tcp_stream>(handle()); }

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  WEFT_API socket_address local_address() const;
  /// It stays the listener's.
  WEFT_API int native_handle() const noexcept;
  /// Stops listening now. No accept may be in progress.
  void close() noexcept { handle_.close(); }

  /// Takes over a listening descriptor, also when that fails. Errors: as `tcp_stream::from_native`.
  WEFT_API static result<tcp_listener> from_native(int descriptor);
  /// The descriptor, open and non-blocking, which is the caller's now. No accept may be in
  /// progress.
  WEFT_API int into_native() &&;

  explicit tcp_listener(detail::io_handle& handle) noexcept : handle_(handle) {}

 private:
  detail::io_handle& handle() const noexcept {
    return handle_.get("a tcp_listener was used that has no socket: it was moved from or closed");
  }
  detail::owned_handle handle_;
};

}  // namespace net
}  // namespace v0
}  // namespace weft
