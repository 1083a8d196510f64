#include <weft/net/resolver.hpp>
#include <weft/net/udp.hpp>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "net/datagram.hpp"
#include "net/ip_options.hpp"
#include "net/socket.hpp"
#include "net/socket_address.hpp"

namespace weft {
inline namespace v0 {
namespace net {

datagram_batch::datagram_batch(std::size_t count, std::size_t size)
    : datagrams_(std::clamp<std::size_t>(count, 1, max_count)), room_(size) {
  memory_.resize(datagrams_.size() * room_);
}

}  // namespace net

namespace detail {

namespace {

constexpr auto most_datagrams = net::datagram_batch::max_count;

int set_udp_options(int descriptor, const net::socket_address& address,
                    const net::udp_options& options) noexcept {
  int failed = 0;
  if (options.reuse_address()) failed = set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  if (!failed && options.reuse_port()) {
    failed = set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (!failed && address.ip().is_v6()) {
    failed = set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, options.v6only() ? 1 : 0);
  }
  return failed;
}

result<void> change_membership(int descriptor, ip_option option, const net::ip_address& group,
                               std::uint32_t interface_index) {
  if (group.is_v6() != is_v6_socket(descriptor)) {
    return fail(errc::invalid_argument,
                "the group " + group.to_string() + " is of another family than the socket");
  }
  if (group.is_v6()) {
    ipv6_mreq request{};
    std::memcpy(&request.ipv6mr_multiaddr, group.octets().data(), sizeof request.ipv6mr_multiaddr);
    request.ipv6mr_interface = interface_index;
    return set_socket_option(descriptor, IPPROTO_IPV6, option.v6, request);
  }
  ip_mreqn request{};
  std::memcpy(&request.imr_multiaddr, group.octets().data(), sizeof request.imr_multiaddr);
  request.imr_ifindex = static_cast<int>(interface_index);
  return set_socket_option(descriptor, IPPROTO_IP, option.v4, request);
}

}  // namespace

std::int64_t receive_datagrams(io_handle& socket, io_operation* state, net::datagram_batch& into,
                               bool segments) noexcept {
  auto count = into.capacity();
  std::array<mmsghdr, most_datagrams> messages;
  std::array<iovec, most_datagrams> pieces;
  std::array<socket_address, most_datagrams> senders;
  std::array<segment_control, most_datagrams> controls;
  auto receive = [&](int descriptor) noexcept -> std::int64_t {
    for (std::size_t index = 0; index < count; ++index) {
      auto room = net::datagram_access::room(into, index);
      pieces[index] = {room.data(), room.size()};
      messages[index] = {};
      auto& message = messages[index].msg_hdr;
      message.msg_iov = &pieces[index];
      message.msg_iovlen = 1;
      message.msg_name = senders[index].get();
      message.msg_namelen = sizeof senders[index].storage;
      if (segments) {
        message.msg_control = controls[index].data();
        message.msg_controllen = sizeof controls[index];
      }
    }
    auto came =
        ::recvmmsg(descriptor, messages.data(), static_cast<unsigned>(count), MSG_TRUNC, nullptr);
    return came < 0 ? -errno : came;
  };
  auto came = attempt_call(socket, state, io_direction::read, io_call(receive));
  if (came < 0) return came;  // or pending
  for (std::size_t index = 0; index < static_cast<std::size_t>(came); ++index) {
    auto& message = messages[index].msg_hdr;
    senders[index].length = message.msg_namelen;
    // An IP address needs no memory.
    net::datagram_access::fill(into, index, messages[index].msg_len, from_native(senders[index]),
                               segments ? joined_segment_size(message) : 0);
  }
  net::datagram_access::set_received(into, static_cast<std::size_t>(came));
  return came;
}

std::int64_t send_datagrams(io_handle& socket, io_operation* state,
                            std::span<const net::outgoing_datagram> datagrams) noexcept {
  if (datagrams.empty()) return 0;
  auto count = std::min(datagrams.size(), most_datagrams);
  std::array<mmsghdr, most_datagrams> messages;
  std::array<iovec, most_datagrams> pieces;
  std::array<socket_address, most_datagrams> receivers;
  for (std::size_t index = 0; index < count; ++index) {
    const auto& one = datagrams[index];
    pieces[index] = {const_cast<char*>(one.data().data()), one.data().size()};
    messages[index] = {};
    auto& message = messages[index].msg_hdr;
    message.msg_iov = &pieces[index];
    message.msg_iovlen = 1;
    if (!one.to()) continue;
    receivers[index] = to_native(one.to());
    message.msg_name = receivers[index].get();
    message.msg_namelen = receivers[index].length;
  }
  auto send = [&](int descriptor) noexcept -> std::int64_t {
    auto sent = ::sendmmsg(descriptor, messages.data(), static_cast<unsigned>(count), MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
  };
  return attempt_call(socket, state, io_direction::write, io_call(send));
}

}  // namespace detail

namespace net {

result<udp_socket> udp_socket::open(const socket_address& address, const udp_options& options) {
  auto driver = detail::ambient_driver();
  if (!driver) return fail(std::move(driver).error());
  if (!address.is_ip()) return fail(detail::not_an_ip("UDP", address));
  auto family = address.ip().is_v6() ? AF_INET6 : AF_INET;
  detail::open_socket made(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.get() < 0) return fail(detail::socket_error(errno, "opening a socket for ", address));
  if (auto failed = detail::set_udp_options(made.get(), address, options)) {
    return fail(detail::socket_error(-failed, "binding to ", address));
  }
  auto native = detail::to_native(address);
  if (::bind(made.get(), native.get(), native.length) < 0) {
    return fail(detail::socket_error(errno, "binding to ", address));
  }
  auto adopted = (*driver)->adopt(made.give_up());
  if (!adopted) return fail(std::move(adopted).error());
  return udp_socket(**adopted);
}

task<result<udp_socket>> udp_socket::bind(socket_address address, udp_options options) {
  co_return open(address, options);
}

task<result<udp_socket>> udp_socket::bind(std::string host_and_port, udp_options options) {
  auto addresses = co_await or_return(resolve(std::move(host_and_port)));
  error last = resolve_errc::no_address;
  for (const auto& address : addresses) {
    auto bound = open(address, options);
    if (bound) co_return bound;
    last = std::move(bound).error();
  }
  co_return fail(std::move(last));
}

task<result<void>> udp_socket::connect(socket_address address) {
  if (!address.is_ip()) co_return fail(detail::not_an_ip("UDP", address));
  co_return connect_to(address);
}

task<result<void>> udp_socket::connect(std::string host_and_port) {
  auto addresses = co_await or_return(resolve(std::move(host_and_port)));
  error last = resolve_errc::no_address;
  for (const auto& address : addresses) {
    auto connected = connect_to(address);
    if (connected) co_return connected;
    last = std::move(connected).error();
  }
  co_return fail(std::move(last));
}

result<void> udp_socket::disconnect() {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  return detail::succeeded(::connect(native_handle(), &nobody, sizeof nobody) < 0 ? -errno : 0);
}

result<std::size_t> udp_socket::try_receive_many(datagram_batch& into) {
  return detail::counted(detail::receive_datagrams(handle(), nullptr, into, joins_segments()));
}
result<std::size_t> udp_socket::try_send_many(std::span<const outgoing_datagram> datagrams) {
  return detail::counted(detail::send_datagrams(handle(), nullptr, datagrams));
}

result<void> udp_socket::set_gro(bool on) {
  auto set = detail::set_socket_option(native_handle(), SOL_UDP, UDP_GRO, int{on});
  if (set) set_joins_segments(on);
  return set;
}

result<void> udp_socket::set_broadcast(bool on) {
  return detail::set_socket_option(native_handle(), SOL_SOCKET, SO_BROADCAST, int{on});
}
result<bool> udp_socket::broadcast() const {
  return detail::socket_flag(native_handle(), SOL_SOCKET, SO_BROADCAST);
}
result<void> udp_socket::set_ttl(unsigned hops) {
  return detail::set_ip_option(native_handle(), detail::hops_option, hops);
}
result<unsigned> udp_socket::ttl() const {
  return detail::get_ip_option(native_handle(), detail::hops_option);
}
result<void> udp_socket::set_tos(unsigned octet) {
  return detail::set_ip_option(native_handle(), detail::service_option, octet);
}
result<unsigned> udp_socket::tos() const {
  return detail::get_ip_option(native_handle(), detail::service_option);
}
result<void> udp_socket::set_send_buffer_size(std::size_t bytes) {
  return detail::set_buffer_size(native_handle(), SO_SNDBUF, bytes);
}
result<std::size_t> udp_socket::send_buffer_size() const {
  return detail::buffer_size(native_handle(), SO_SNDBUF);
}
result<void> udp_socket::set_recv_buffer_size(std::size_t bytes) {
  return detail::set_buffer_size(native_handle(), SO_RCVBUF, bytes);
}
result<std::size_t> udp_socket::recv_buffer_size() const {
  return detail::buffer_size(native_handle(), SO_RCVBUF);
}
result<void> udp_socket::bind_device(std::string_view interface_name) {
  return detail::bind_to_device(native_handle(), interface_name);
}
result<std::string> udp_socket::device() const {
  return detail::bound_device(native_handle());
}

result<void> udp_socket::join_multicast(const ip_address& group, std::uint32_t interface_index) {
  constexpr detail::ip_option join{IP_ADD_MEMBERSHIP, IPV6_ADD_MEMBERSHIP};
  return detail::change_membership(native_handle(), join, group, interface_index);
}
result<void> udp_socket::leave_multicast(const ip_address& group, std::uint32_t interface_index) {
  constexpr detail::ip_option leave{IP_DROP_MEMBERSHIP, IPV6_DROP_MEMBERSHIP};
  return detail::change_membership(native_handle(), leave, group, interface_index);
}
result<void> udp_socket::set_multicast_loop(bool on) {
  return detail::set_ip_option(native_handle(), detail::multicast_loop_option, on ? 1 : 0);
}
result<bool> udp_socket::multicast_loop() const {
  auto value = detail::get_ip_option(native_handle(), detail::multicast_loop_option);
  if (!value) return fail(std::move(value).error());
  return *value != 0;
}
result<void> udp_socket::set_multicast_ttl(unsigned hops) {
  return detail::set_ip_option(native_handle(), detail::multicast_hops_option, hops);
}
result<unsigned> udp_socket::multicast_ttl() const {
  return detail::get_ip_option(native_handle(), detail::multicast_hops_option);
}
result<void> udp_socket::set_multicast_interface(std::uint32_t interface_index) {
  auto descriptor = native_handle();
  auto number = static_cast<int>(interface_index);
  if (detail::is_v6_socket(descriptor)) {
    return detail::set_socket_option(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_IF, number);
  }
  ip_mreqn request{};
  request.imr_ifindex = number;
  return detail::set_socket_option(descriptor, IPPROTO_IP, IP_MULTICAST_IF, request);
}

result<udp_socket> udp_socket::from_native(int descriptor) {
  auto adopted = detail::adopt_native(descriptor, detail::udp_bound);
  if (!adopted) return fail(std::move(adopted).error());
  return udp_socket(**adopted);
}

}  // namespace net
}  // namespace v0
}  // namespace weft
