// datagram_socket: what the sockets of UDP and the Unix sockets for datagrams have in common.
//
//   std::array<char, 1500> buffer;
//   auto got = co_await or_return(socket.receive_from(buffer));
//   co_await or_return(socket.send_to({buffer.data(), got.size()}, got.from()));
//
// A datagram is sent and received whole, or not at all: there is no "the rest". Whatever an
// operation is cancelled at, it has taken a datagram and yields it, or has left it in the socket.
#pragma once

#include <weft/detail/socket.hpp>
#include <weft/io/transport.hpp>
#include <weft/net/address.hpp>
#include <weft/net/readiness.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace weft {
inline namespace v0 {

namespace net {
class datagram;
class datagram_socket;
}  // namespace net

namespace detail {

// What a receive asks for beside the data.
struct receive_mode {
  bool peek = false;      // leave it in the socket
  bool address = false;   // tell where it comes from
  bool segments = false;  // UDP: tell how the kernel joined it
};

// Without an operation: at once, or -EAGAIN.
WEFT_API std::int64_t receive_datagram(io_handle& socket, io_operation* state,
                                       std::span<std::byte> into, receive_mode mode,
                                       net::datagram& got) noexcept;
// To the connected peer when there is no address. `segment` > 0: UDP's, as several datagrams of
// this size.
WEFT_API std::int64_t send_datagram(io_handle& socket, io_operation* state, std::string_view data,
                                    const net::socket_address* to,
                                    std::uint16_t segment = 0) noexcept;

}  // namespace detail

namespace net {

/// What came of receiving one datagram. Thread-safety: a value.
class datagram {
 public:
  datagram() noexcept = default;
  /// How many bytes of it are in the buffer; a datagram may be empty.
  std::size_t size() const noexcept { return size_; }
  /// How many bytes it had. What the buffer had no room for is lost.
  std::size_t full_size() const noexcept { return full_size_; }
  bool truncated() const noexcept { return full_size_ > size_; }
  /// Who sent it, where that was asked for; no address for a Unix socket that has none.
  const socket_address& from() const noexcept { return from_; }
  /// UDP with `set_gro`: the kernel joined datagrams of this size, of which the last may be
  /// shorter; 0 when this is one datagram.
  std::size_t segment_size() const noexcept { return segment_size_; }

 private:
  friend struct datagram_access;
  std::size_t size_ = 0;
  std::size_t full_size_ = 0;
  std::size_t segment_size_ = 0;
  socket_address from_;
};

}  // namespace net

namespace detail {

struct receive_datagram_step {
  static constexpr const char* name = "receive a datagram";
  static constexpr auto waits_for = io_direction::read;
  std::span<std::byte> into;
  receive_mode mode;
  net::datagram got{};
  receive_datagram_step(std::span<std::byte> target, receive_mode how) noexcept
      : into(target), mode(how) {}
  std::int64_t poll(io_handle& socket, io_operation& state) noexcept {
    return receive_datagram(socket, &state, into, mode, got);
  }
  result<net::datagram> take(std::int64_t came) {
    if (came < 0) return fail(error::from_errno(static_cast<int>(-came)));
    return std::move(got);
  }
};

struct send_datagram_step {
  static constexpr const char* name = "send a datagram";
  static constexpr auto waits_for = io_direction::write;
  std::string_view data;
  std::uint16_t segment;
  explicit send_datagram_step(std::string_view from, std::uint16_t size = 0) noexcept
      : data(from), segment(size) {}
  std::int64_t poll(io_handle& socket, io_operation& state) noexcept {
    return send_datagram(socket, &state, data, nullptr, segment);
  }
  result<void> take(std::int64_t came) { return succeeded(came); }
};

struct send_datagram_to_step {
  static constexpr const char* name = "send a datagram";
  static constexpr auto waits_for = io_direction::write;
  std::string_view data;
  net::socket_address to;
  std::uint16_t segment;
  send_datagram_to_step(std::string_view from, net::socket_address target,
                        std::uint16_t size = 0) noexcept
      : data(from), to(std::move(target)), segment(size) {}
  std::int64_t poll(io_handle& socket, io_operation& state) noexcept {
    return send_datagram(socket, &state, data, &to, segment);
  }
  result<void> take(std::int64_t came) { return succeeded(came); }
};

}  // namespace detail

namespace net {

/// The base of udp_socket and unix_datagram. Nobody makes one.
///
/// Ownership: unique; destroying it closes the socket. It may be moved while an operation is in
/// progress, but not destroyed. Operations refer to it and to what they read into or write from.
/// Thread-safety: at most one operation a direction at a time; receiving and sending may be done at
/// once, also by different tasks; the `try_` functions may be called from any thread at any time.
/// Errors: of the operating system. An error of the peer's (`std::errc::connection_refused`: there
/// is nobody) is told once, by whichever operation comes next, and the socket goes on. A socket
/// that was moved from or closed ends the program.
class datagram_socket {
 public:
  /// The next datagram, into `into`. Yields a `result<datagram>`; one that does not fit is cut off,
  /// and says so. A connected socket receives from its peer alone. Cancel-safety: safe; no datagram
  /// is lost.
  template <io::writable_bytes Range>
  auto receive(Range&& into) {
    return receiving(std::as_writable_bytes(std::span(into)), {.segments = segments_});
  }
  /// As `receive`, and who sent it.
  template <io::writable_bytes Range>
  auto receive_from(Range&& into) {
    return receiving(std::as_writable_bytes(std::span(into)),
                     {.address = true, .segments = segments_});
  }
  /// As `receive_from`; the datagram stays in the socket, to be received again.
  template <io::writable_bytes Range>
  auto peek_from(Range&& into) {
    return receiving(std::as_writable_bytes(std::span(into)),
                     {.peek = true, .address = true, .segments = segments_});
  }
  /// As `peek_from`, without the address.
  template <io::writable_bytes Range>
  auto peek(Range&& into) {
    return receiving(std::as_writable_bytes(std::span(into)),
                     {.peek = true, .segments = segments_});
  }

  /// Sends one datagram to the peer that the socket is connected to. Waits while the socket's
  /// buffer is full; that it was sent does not say that it arrives. Yields a `result<void>`.
  /// Errors: `std::errc::not_connected` (UDP: `destination_address_required`);
  /// `std::errc::message_size` when it is too long. Cancel-safety: safe; it was sent or it was not.
  auto send(std::string_view data) { return sending(detail::send_datagram_step(data)); }
  auto send(std::span<const std::byte> data) { return send(as_text(data)); }
  /// Sends one datagram to `to`. Errors: as `send`; `errc::invalid_argument` without an address.
  /// Cancel-safety: as `send`.
  auto send_to(std::string_view data, socket_address to) {
    return sending(detail::send_datagram_to_step(data, std::move(to)));
  }
  auto send_to(std::span<const std::byte> data, socket_address to) {
    return send_to(as_text(data), std::move(to));
  }

  /// As their namesakes, without waiting. Errors: `std::errc::operation_would_block`; as those.
  template <io::writable_bytes Range>
  result<datagram> try_receive(Range&& into) {
    return receive_now(std::as_writable_bytes(std::span(into)), {.segments = segments_});
  }
  template <io::writable_bytes Range>
  result<datagram> try_receive_from(Range&& into) {
    return receive_now(std::as_writable_bytes(std::span(into)),
                       {.address = true, .segments = segments_});
  }
  template <io::writable_bytes Range>
  result<datagram> try_peek_from(Range&& into) {
    return receive_now(std::as_writable_bytes(std::span(into)),
                       {.peek = true, .address = true, .segments = segments_});
  }
  WEFT_API result<void> try_send(std::string_view data);
  result<void> try_send(std::span<const std::byte> data) { return try_send(as_text(data)); }
  WEFT_API result<void> try_send_to(std::string_view data, const socket_address& to);
  result<void> try_send_to(std::span<const std::byte> data, const socket_address& to) {
    return try_send_to(as_text(data), to);
  }

  /// Done when a call in one direction, or in either, need not block. Yields a `readiness`. It
  /// counts as an operation in each direction that it waits for. Cancel-safety: safe.
  auto ready(interest wanted) { return detail::ready_operation(handle(), wanted); }
  auto readable() { return ready(interest::readable); }
  auto writable() { return ready(interest::writable); }

  /// The error that is pending in the socket (SO_ERROR), which is thereby taken; success when there
  /// is none.
  WEFT_API result<void> take_error();

  /// No address when it has none.
  WEFT_API socket_address local_address() const;
  /// That of the connected peer; no address without one.
  WEFT_API socket_address peer_address() const;
  /// It stays the socket's.
  WEFT_API int native_handle() const noexcept;

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  /// Closes the socket now. No operation may be in progress.
  void close() noexcept { handle_.close(); }

 protected:
  datagram_socket() noexcept = default;
  explicit datagram_socket(detail::io_handle& handle) noexcept : handle_(handle) {}

  detail::io_handle& handle() const noexcept {
    return handle_.get(
        "a datagram socket was used that has no socket: it was moved from or closed");
  }
  // The descriptor, open and non-blocking, taken out of the runtime.
  WEFT_API int release();
  WEFT_API result<void> connect_to(const socket_address& address);

  static std::string_view as_text(std::span<const std::byte> data) noexcept {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
  }
  template <class Step>
  detail::handle_operation<Step> sending(Step step) const {
    return detail::handle_operation<Step>(handle(), std::move(step));
  }

  // Whether the kernel may join datagrams.
  bool joins_segments() const noexcept { return segments_; }
  void set_joins_segments(bool on) noexcept { segments_ = on; }

 private:
  detail::handle_operation<detail::receive_datagram_step> receiving(
      std::span<std::byte> into, detail::receive_mode mode) const {
    return {handle(), detail::receive_datagram_step(into, mode)};
  }
  WEFT_API result<datagram> receive_now(std::span<std::byte> into, detail::receive_mode mode);

  detail::owned_handle handle_;
  bool segments_ = false;
};

}  // namespace net
}  // namespace v0
}  // namespace weft
