// UDP.
//
//   auto socket = co_await or_return(weft::net::udp_socket::bind("0.0.0.0:5353"));
//   std::array<char, 1500> buffer;
//   while (true) {
//     auto got = co_await or_return(socket.receive_from(buffer));
//     co_await or_return(socket.send_to({buffer.data(), got.size()}, got.from()));
//   }
//
// Where many small datagrams come and go, `receive_many` and `send_many` take up to 64 a system
// call, `send_segmented` and `set_gro` let the kernel cut and join them.
#pragma once

#include <weft/net/datagram_socket.hpp>
#include <weft/task.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft {
inline namespace v0 {
namespace net {

/// What a udp_socket is bound with.
class udp_options {
 public:
  constexpr udp_options() noexcept {}
  /// Others may bind the address as well; of multicast, each gets every datagram. Default off.
  constexpr udp_options& reuse_address(bool on) noexcept { return reuse_address_ = on, *this; }
  /// Several sockets, also of several processes, share the port; each sender's datagrams go to one
  /// of them. Default off.
  constexpr udp_options& reuse_port(bool on) noexcept { return reuse_port_ = on, *this; }
  /// An IPv6 socket does not receive IPv4. Default off: [::] receives both.
  constexpr udp_options& v6only(bool on) noexcept { return v6only_ = on, *this; }

  constexpr bool reuse_address() const noexcept { return reuse_address_; }
  constexpr bool reuse_port() const noexcept { return reuse_port_; }
  constexpr bool v6only() const noexcept { return v6only_; }

 private:
  bool reuse_address_ = false;
  bool reuse_port_ = false;
  bool v6only_ = false;
};

/// Room for several datagrams, to be used again and again by `udp_socket::receive_many`.
/// Ownership: its own memory, `count * size` bytes. Thread-safety: one task at a time.
class datagram_batch {
 public:
  /// The most datagrams that one call receives or sends.
  static constexpr std::size_t max_count = 64;

  /// For up to `count` (1 to max_count: else it is cut to that) datagrams of up to `size` bytes.
  WEFT_API explicit datagram_batch(std::size_t count = 32, std::size_t size = 2048);

  /// How many were received last.
  std::size_t size() const noexcept { return received_; }
  bool empty() const noexcept { return received_ == 0; }
  std::size_t capacity() const noexcept { return datagrams_.size(); }
  /// Of the one at `index` (< size()). Valid until the batch is received into again.
  std::string_view data(std::size_t index) const noexcept {
    return {memory_.data() + index * room_, datagrams_[index].size()};
  }
  const datagram& about(std::size_t index) const noexcept { return datagrams_[index]; }

 private:
  friend struct datagram_access;
  std::vector<char> memory_;
  std::vector<datagram> datagrams_;
  std::size_t room_;
  std::size_t received_ = 0;
};

/// One datagram to be sent; without an address, to the peer that the socket is connected to. Refers
/// to the data.
class outgoing_datagram {
 public:
  outgoing_datagram() noexcept = default;
  explicit outgoing_datagram(std::string_view data, socket_address to = {}) noexcept
      : data_(data), to_(std::move(to)) {}
  std::string_view data() const noexcept { return data_; }
  const socket_address& to() const noexcept { return to_; }

 private:
  std::string_view data_;
  socket_address to_;
};

}  // namespace net

namespace detail {

// Without an operation: at once, or -EAGAIN.
WEFT_API std::int64_t receive_datagrams(io_handle& socket, io_operation* state,
                                        net::datagram_batch& into, bool segments) noexcept;
WEFT_API std::int64_t send_datagrams(io_handle& socket, io_operation* state,
                                     std::span<const net::outgoing_datagram> datagrams) noexcept;

struct receive_datagrams_step {
  static constexpr const char* name = "receive datagrams";
  static constexpr auto waits_for = io_direction::read;
  net::datagram_batch* into;
  bool segments;
  receive_datagrams_step(net::datagram_batch& batch, bool joined) noexcept
      : into(&batch), segments(joined) {}
  std::int64_t poll(io_handle& socket, io_operation& state) noexcept {
    return receive_datagrams(socket, &state, *into, segments);
  }
  result<std::size_t> take(std::int64_t came) { return counted(came); }
};

struct send_datagrams_step {
  static constexpr const char* name = "send datagrams";
  static constexpr auto waits_for = io_direction::write;
  std::span<const net::outgoing_datagram> datagrams;
  explicit send_datagrams_step(std::span<const net::outgoing_datagram> all) noexcept
      : datagrams(all) {}
  std::int64_t poll(io_handle& socket, io_operation& state) noexcept {
    return send_datagrams(socket, &state, datagrams);
  }
  result<std::size_t> take(std::int64_t came) { return counted(came); }
};

}  // namespace detail

namespace net {

/// A UDP socket. Receiving, sending and trying are said at datagram_socket.
///
/// What the network tells of a datagram that was sent (nobody listens, no route) is an error of the
/// next operation of a connected socket (`std::errc::connection_refused`, …), told once; the socket
/// goes on. An unconnected socket is not told. Options are of IPv4 or IPv6, as the socket is.
class udp_socket : public datagram_socket {
 public:
  /// Without a socket; only good for being assigned to.
  udp_socket() noexcept = default;

  /// Receives at `address`; port 0 takes a free one (see `local_address`). Errors: of the operating
  /// system (`std::errc::address_in_use`, …) with the address; `errc::invalid_argument` for what is
  /// no IP address; `errc::no_runtime` outside a task. Cancel-safety: safe; it never waits.
  [[nodiscard]] WEFT_API static task<result<udp_socket>> bind(socket_address address,
                                                              udp_options options = {});
  /// Receives at "host:port". Of the addresses of a name, the first that can be bound is taken.
  /// Errors: also of `net::resolve`. Cancel-safety: safe.
  [[nodiscard]] WEFT_API static task<result<udp_socket>> bind(std::string host_and_port,
                                                              udp_options options = {});

  /// From now on `send` goes to `address`, and nobody else is received from. Errors: of the
  /// operating system, with the address. Cancel-safety: safe; it never waits.
  [[nodiscard]] WEFT_API task<result<void>> connect(socket_address address);
  /// Of the addresses of a name, the first that there is a route to is taken. Errors: also of
  /// `net::resolve`. Cancel-safety: safe; it is connected or it is not.
  [[nodiscard]] WEFT_API task<result<void>> connect(std::string host_and_port);
  /// Undoes `connect`.
  WEFT_API result<void> disconnect();

  /// Waits for a datagram and takes those that are there, as many as `into` has room for, with the
  /// addresses of those who sent them. Yields how many: at least one. Cancel-safety: safe; no
  /// datagram is lost.
  auto receive_many(datagram_batch& into) {
    return detail::handle_operation<detail::receive_datagrams_step>(
        handle(), detail::receive_datagrams_step(into, joins_segments()));
  }
  /// Sends from the front of `datagrams` what the socket takes, at most `datagram_batch::max_count`
  /// of them. Yields how many: at least one of those that there are. Errors: of the first.
  /// Cancel-safety: safe; they were sent or they were not.
  auto send_many(std::span<const outgoing_datagram> datagrams) {
    return sending(detail::send_datagrams_step(datagrams));
  }
  /// As their namesakes, without waiting. Errors: `std::errc::operation_would_block`; as those.
  WEFT_API result<std::size_t> try_receive_many(datagram_batch& into);
  WEFT_API result<std::size_t> try_send_many(std::span<const outgoing_datagram> datagrams);

  /// Sends `data` cut into datagrams of `segment_size` bytes (the last may be shorter), in one
  /// system call: at most 64 KiB, 64 segments, each no larger than the route's MTU. Yields a
  /// `result<void>`. Errors: `std::errc::invalid_argument` or `message_size` otherwise; as `send`.
  /// Cancel-safety: safe; all were sent or none. Source: UDP_SEGMENT, udp(7).
  auto send_segmented(std::string_view data, std::uint16_t segment_size) {
    return sending(detail::send_datagram_step(data, segment_size));
  }
  auto send_segmented_to(std::string_view data, std::uint16_t segment_size, socket_address to) {
    return sending(detail::send_datagram_to_step(data, std::move(to), segment_size));
  }
  /// The kernel may join datagrams of one sender and one size; `datagram::segment_size` tells where
  /// to cut. The buffer should have room for 64 KiB. Off by default. Source: UDP_GRO, udp(7).
  WEFT_API result<void> set_gro(bool on);

  /// Whether broadcast addresses may be sent to. Off by default.
  WEFT_API result<void> set_broadcast(bool on);
  WEFT_API result<bool> broadcast() const;
  /// How many routers a datagram may pass (IPv6: hop limit). 1 to 255.
  WEFT_API result<void> set_ttl(unsigned hops);
  WEFT_API result<unsigned> ttl() const;
  /// The type of service (IPv6: traffic class), of which the kernel keeps the ECN bits. 0 to 255.
  WEFT_API result<void> set_tos(unsigned octet);
  WEFT_API result<unsigned> tos() const;
  /// The bytes that wait to be sent or received; the kernel doubles what is asked, and cuts it to
  /// net.core.wmem_max and rmem_max. A datagram that finds the receive buffer full is lost.
  WEFT_API result<void> set_send_buffer_size(std::size_t bytes);
  WEFT_API result<std::size_t> send_buffer_size() const;
  WEFT_API result<void> set_recv_buffer_size(std::size_t bytes);
  WEFT_API result<std::size_t> recv_buffer_size() const;
  /// Sends and receives by this interface alone ("eth0"); none: by any. The kernel may want a
  /// privilege. Source: SO_BINDTODEVICE, socket(7).
  WEFT_API result<void> bind_device(std::string_view interface_name);
  WEFT_API result<std::string> device() const;

  /// Receives what is sent to `group`, by the interface of that number (if_nametoindex); 0: one
  /// that the kernel takes. Errors: `errc::invalid_argument` for an address of the socket's other
  /// family; of the operating system. Bounds: net.ipv4.igmp_max_memberships (20) groups.
  WEFT_API result<void> join_multicast(const ip_address& group, std::uint32_t interface_index = 0);
  WEFT_API result<void> leave_multicast(const ip_address& group, std::uint32_t interface_index = 0);
  /// Whether this machine receives what the socket sends to groups. On by default.
  WEFT_API result<void> set_multicast_loop(bool on);
  WEFT_API result<bool> multicast_loop() const;
  /// How many routers what is sent to groups may pass; 1 by default: none. 0 to 255.
  WEFT_API result<void> set_multicast_ttl(unsigned hops);
  WEFT_API result<unsigned> multicast_ttl() const;
  /// By which interface groups are sent to; 0: one that the kernel takes.
  WEFT_API result<void> set_multicast_interface(std::uint32_t interface_index);

  /// Takes over a descriptor, also when that fails. Errors: `errc::invalid_argument` when it is
  /// something else; of the operating system; `errc::no_runtime` outside a task.
  WEFT_API static result<udp_socket> from_native(int descriptor);
  /// The descriptor, open and non-blocking, which is the caller's now. No operation may be in
  /// progress.
  int into_native() && { return release(); }

 private:
  explicit udp_socket(detail::io_handle& handle) noexcept : datagram_socket(handle) {}
  static result<udp_socket> open(const socket_address& address, const udp_options& options);
};

}  // namespace net
}  // namespace v0
}  // namespace weft
