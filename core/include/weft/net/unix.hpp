// Unix sockets: between processes of one machine.
//
//   auto here = co_await or_return(weft::net::unix_listener::bind("/run/app.sock"));
//   auto socket = co_await or_return(here.accept());
//   auto who = socket.peer_credentials();        // which process, of which user
//
//   auto there = co_await or_return(weft::net::unix_stream::connect("/run/app.sock"));
//
// An address is a path, or a name in Linux's abstract namespace (`socket_address::unix_abstract`),
// which is no file. Whoever binds a path makes a file, which stays when the socket is closed, and
// which nobody can bind while it is there (`std::errc::address_in_use`). So a server that was
// killed does not start again, unless somebody removes the file: `unix_listen_options` has
// `remove_stale` for that, and `remove_on_close` for those that end in good order.
#pragma once

#include <weft/detail/accept.hpp>
#include <weft/net/datagram_socket.hpp>
#include <weft/net/stream_socket.hpp>
#include <weft/task.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace weft {
inline namespace v0 {
namespace net {

/// Who is at the other end. Thread-safety: a value.
struct credentials {
  std::int32_t pid = 0;  ///< 0: a process that this one cannot see (of another namespace)
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  friend bool operator==(const credentials&, const credentials&) noexcept = default;
};

/// A connection of a Unix socket: a transport and a stream_socket. It turns into an `io::transport`
/// by a move. Writing to a connection that is gone is an error, never a signal.
class unix_stream : public stream_socket {
 public:
  /// Without a connection; only good for being assigned to.
  unix_stream() noexcept = default;

  /// Connects to the listener at `address`, or at a path. Errors: of the operating system, with the
  /// address (`std::errc::no_such_file_or_directory`; `connection_refused`: nobody listens any
  /// more; `permission_denied`); `errc::overloaded` when the listener's backlog is full, for the
  /// kernel lets nobody wait for room in it; `errc::invalid_argument` for what is no address of a
  /// Unix socket; `errc::no_runtime` outside a task. Cancel-safety: safe; it never waits.
  [[nodiscard]] WEFT_API static task<result<unix_stream>> connect(socket_address address);
  [[nodiscard]] WEFT_API static task<result<unix_stream>> connect(std::string path);

  /// Two ends that are connected to each other and have no address. Errors: of the operating
  /// system; `errc::no_runtime` outside a task.
  WEFT_API static result<std::pair<unix_stream, unix_stream>> pair();

  /// Who connected, or listened: of a pair, who made it. As of then, whatever it is now.
  /// Source: SO_PEERCRED, unix(7).
  WEFT_API result<credentials> peer_credentials() const;

  /// Takes over a connected descriptor, also when that fails. Errors: `errc::invalid_argument` when
  /// it is something else; of the operating system; `errc::no_runtime` outside a task.
  WEFT_API static result<unix_stream> from_native(int descriptor);
  /// The descriptor, open and non-blocking, which is the caller's now. No operation may be in
  /// progress.
  int into_native() && { return release(); }

  io::transport into_transport() && noexcept { return std::move(*this); }

 private:
  friend class detail::accept_awaiter<unix_stream>;
  explicit unix_stream(std::unique_ptr<io::byte_stream> socket) noexcept
      : stream_socket(std::move(socket)) {}
};

/// What a unix_listener is made with.
class unix_listen_options {
 public:
  constexpr unix_listen_options() noexcept {}
  /// Connections that wait for accept; the kernel cuts it to net.core.somaxconn. Default 4096.
  constexpr unix_listen_options& backlog(int connections) noexcept {
    return backlog_ = connections, *this;
  }
  /// The file's permissions, set before anybody can connect: 0600 is for the own user alone.
  /// Default: what the umask leaves.
  constexpr unix_listen_options& permissions(unsigned mode) noexcept {
    return permissions_ = mode, *this;
  }
  /// Where a socket's file is in the way, it is asked whether somebody listens; if nobody does, it
  /// is removed. A file of another kind is never removed. Two that start at the same moment may
  /// both find it stale, and the later one takes the path from the earlier: where that can happen,
  /// hold a lock file. Default off.
  constexpr unix_listen_options& remove_stale(bool on) noexcept {
    return remove_stale_ = on, *this;
  }
  /// Closing removes the file, if it is still the one that was made. Default off.
  constexpr unix_listen_options& remove_on_close(bool on) noexcept {
    return remove_on_close_ = on, *this;
  }

  constexpr int backlog() const noexcept { return backlog_; }
  constexpr std::optional<unsigned> permissions() const noexcept { return permissions_; }
  constexpr bool remove_stale() const noexcept { return remove_stale_; }
  constexpr bool remove_on_close() const noexcept { return remove_on_close_; }

 private:
  int backlog_ = 4096;
  std::optional<unsigned> permissions_;
  bool remove_stale_ = false;
  bool remove_on_close_ = false;
};

/// A Unix socket that waits for connections.
///
/// Ownership: unique; destroying it closes the socket, and what waits in the backlog is reset. Its
/// file stays, unless `remove_on_close` was asked for. Thread-safety: one task at a time.
class unix_listener {
 public:
  /// Without a socket; only good for being assigned to.
  unix_listener() noexcept = default;
  unix_listener(unix_listener&& other) noexcept
      : handle_(std::move(other.handle_)), file_(std::exchange(other.file_, {})) {}
  unix_listener& operator=(unix_listener&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(file_, other.file_);
    return *this;
  }
  ~unix_listener() { close(); }

  /// Listens at `address`, or at a path. Errors: of the operating system, with the address
  /// (`std::errc::address_in_use`: there is a file already); `errc::invalid_argument` for what is
  /// no address of a Unix socket; `errc::no_runtime` outside a task. Cancel-safety: safe; it never
  /// waits.
  [[nodiscard]] WEFT_API static task<result<unix_listener>> bind(socket_address address,
                                                                 unix_listen_options options = {});
  [[nodiscard]] WEFT_API static task<result<unix_listener>> bind(std::string path,
                                                                 unix_listen_options options = {});

  /// The next connection, a `result<unix_stream>`. Errors and cancel-safety: as
  /// `tcp_listener::accept`.
  auto accept() { return detail::accept_operation<unix_stream>(handle()); }

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  WEFT_API socket_address local_address() const;
  /// It stays the listener's.
  WEFT_API int native_handle() const noexcept;
  /// Closes the socket now. No accept may be in progress.
  WEFT_API void close() noexcept;

  /// Takes over a listening descriptor, also when that fails. Errors: as
  /// `unix_stream::from_native`.
  WEFT_API static result<unix_listener> from_native(int descriptor);
  /// The descriptor, open and non-blocking, which is the caller's now; its file stays. No accept
  /// may be in progress.
  WEFT_API int into_native() &&;

 private:
  // The file that is to be removed; its numbers tell whether it is still the same.
  struct own_file {
    std::string path;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    own_file() noexcept {}
  };
  explicit unix_listener(detail::io_handle& handle) noexcept : handle_(handle) {}
  static result<unix_listener> listen(const socket_address& address,
                                      const unix_listen_options& options);
  detail::io_handle& handle() const noexcept {
    return handle_.get("a unix_listener was used that has no socket: it was moved from or closed");
  }

  detail::owned_handle handle_;
  own_file file_;
};

/// A Unix socket for datagrams: reliable and in order; sending waits while the receiver's queue is
/// full. Connect to receivers that many send to: of an unconnected sender Linux knows not whom it
/// waits for, and wakes it only when one of its own datagrams is read. Everything else is said at
/// datagram_socket. Its file stays when it is closed.
class unix_datagram : public datagram_socket {
 public:
  /// Without a socket; only good for being assigned to.
  unix_datagram() noexcept = default;

  /// Receives at `address`, or at a path. Errors: as `unix_listener::bind`. Cancel-safety: safe; it
  /// never waits.
  [[nodiscard]] WEFT_API static task<result<unix_datagram>> bind(socket_address address);
  [[nodiscard]] WEFT_API static task<result<unix_datagram>> bind(std::string path);
  /// Without an address: it can send, and receives only once it is connected to or has a peer.
  /// Errors: of the operating system; `errc::no_runtime` outside a task.
  WEFT_API static result<unix_datagram> unbound();
  /// Two sockets that are connected to each other and have no address. Errors: as `unbound`.
  WEFT_API static result<std::pair<unix_datagram, unix_datagram>> pair();

  /// From now on `send` goes to `address`, and nobody else is received from. Errors: of the
  /// operating system, with the address. Cancel-safety: safe; it never waits.
  [[nodiscard]] WEFT_API task<result<void>> connect(socket_address address);
  [[nodiscard]] WEFT_API task<result<void>> connect(std::string path);

  /// Ends one direction, or both: the peer's `send` fails (`std::errc::broken_pipe`), or our own.
  WEFT_API result<void> shutdown(interest directions);

  /// Takes over a descriptor, also when that fails. Errors: as `unix_stream::from_native`.
  WEFT_API static result<unix_datagram> from_native(int descriptor);
  /// The descriptor, open and non-blocking, which is the caller's now. No operation may be in
  /// progress.
  int into_native() && { return release(); }

 private:
  explicit unix_datagram(detail::io_handle& handle) noexcept : datagram_socket(handle) {}
};

}  // namespace net
}  // namespace v0
}  // namespace weft
