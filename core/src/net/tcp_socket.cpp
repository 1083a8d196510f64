#include <weft/detail/execution.hpp>
#include <weft/net/tcp_socket.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "net/ip_options.hpp"
#include "net/socket.hpp"
#include "net/socket_address.hpp"
#include "net/tcp_connecting.hpp"
#include "net/tcp_options.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

result<io_handle*> begin_connect(int descriptor, const net::socket_address& address) {
  open_socket connecting(descriptor);
  if (!address.is_ip()) return fail(not_an_ip("TCP", address));
  auto driver = ambient_driver();
  if (!driver) return fail(std::move(driver).error());
  auto native = to_native(address);
  // Interrupted, it goes on by itself, as when it is in progress.
  if (::connect(connecting.get(), native.get(), native.length) < 0 && errno != EINPROGRESS &&
      errno != EINTR) {
    return fail(socket_error(errno, "connecting to ", address));
  }
  return (*driver)->adopt(connecting.give_up());
}

result<io_handle*> begin_connect(const net::socket_address& address) {
  auto socket = net::tcp_socket::open_for(address);
  if (!socket) return fail(std::move(socket).error());
  return begin_connect(std::move(*socket).into_native(), address);
}

}  // namespace detail

namespace net {

result<tcp_socket> tcp_socket::open(int family) {
  auto descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return fail(error::from_errno(errno));
  tcp_socket made(descriptor);
  auto set = made.set_nodelay(true);
  if (!set) return fail(std::move(set).error());
  return made;
}

result<tcp_socket> tcp_socket::open_v4() {
  return open(AF_INET);
}
result<tcp_socket> tcp_socket::open_v6() {
  return open(AF_INET6);
}
result<tcp_socket> tcp_socket::open_for(const socket_address& address) {
  if (!address.is_ip()) return fail(detail::not_an_ip("TCP", address));
  auto made = open(address.ip().is_v6() ? AF_INET6 : AF_INET);
  if (made) return made;
  return fail(std::move(made).error().with_context("opening a socket for " + address.to_string()));
}

result<void> tcp_socket::set_reuse_address(bool on) {
  return detail::set_socket_option(native_handle(), SOL_SOCKET, SO_REUSEADDR, int{on});
}
result<bool> tcp_socket::reuse_address() const {
  return detail::socket_flag(native_handle(), SOL_SOCKET, SO_REUSEADDR);
}
result<void> tcp_socket::set_reuse_port(bool on) {
  return detail::set_socket_option(native_handle(), SOL_SOCKET, SO_REUSEPORT, int{on});
}
result<bool> tcp_socket::reuse_port() const {
  return detail::socket_flag(native_handle(), SOL_SOCKET, SO_REUSEPORT);
}
result<void> tcp_socket::set_v6only(bool on) {
  return detail::set_socket_option(native_handle(), IPPROTO_IPV6, IPV6_V6ONLY, int{on});
}
result<void> tcp_socket::set_send_buffer_size(std::size_t bytes) {
  return detail::set_buffer_size(native_handle(), SO_SNDBUF, bytes);
}
result<std::size_t> tcp_socket::send_buffer_size() const {
  return detail::buffer_size(native_handle(), SO_SNDBUF);
}
result<void> tcp_socket::set_recv_buffer_size(std::size_t bytes) {
  return detail::set_buffer_size(native_handle(), SO_RCVBUF, bytes);
}
result<std::size_t> tcp_socket::recv_buffer_size() const {
  return detail::buffer_size(native_handle(), SO_RCVBUF);
}
result<void> tcp_socket::set_keepalive(std::optional<keepalive_options> options) {
  return detail::set_keepalive(native_handle(), options);
}
result<bool> tcp_socket::keepalive() const {
  return detail::socket_flag(native_handle(), SOL_SOCKET, SO_KEEPALIVE);
}
result<void> tcp_socket::set_nodelay(bool on) {
  return detail::set_socket_option(native_handle(), IPPROTO_TCP, TCP_NODELAY, int{on});
}
result<bool> tcp_socket::nodelay() const {
  return detail::socket_flag(native_handle(), IPPROTO_TCP, TCP_NODELAY);
}
result<void> tcp_socket::set_linger(std::optional<std::chrono::seconds> wait) {
  return detail::set_linger(native_handle(), wait);
}
result<std::optional<std::chrono::seconds>> tcp_socket::linger() const {
  return detail::linger_of(native_handle());
}
result<void> tcp_socket::set_zero_linger(bool on) {
  return detail::set_socket_option(native_handle(), SOL_SOCKET, SO_LINGER, ::linger{on ? 1 : 0, 0});
}
result<void> tcp_socket::set_ttl(unsigned hops) {
  return detail::set_ip_option(native_handle(), detail::hops_option, hops);
}
result<unsigned> tcp_socket::ttl() const {
  return detail::get_ip_option(native_handle(), detail::hops_option);
}
result<void> tcp_socket::set_tos(unsigned octet) {
  return detail::set_ip_option(native_handle(), detail::service_option, octet);
}
result<unsigned> tcp_socket::tos() const {
  return detail::get_ip_option(native_handle(), detail::service_option);
}
result<void> tcp_socket::bind_device(std::string_view interface_name) {
  return detail::bind_to_device(native_handle(), interface_name);
}
result<std::string> tcp_socket::device() const {
  return detail::bound_device(native_handle());
}

result<void> tcp_socket::bind(const socket_address& address) {
  if (!address.is_ip()) return fail(detail::not_an_ip("TCP", address));
  auto native = detail::to_native(address);
  if (::bind(native_handle(), native.get(), native.length) < 0) {
    return fail(detail::socket_error(errno, "binding to ", address));
  }
  return {};
}

socket_address tcp_socket::local_address() const {
  auto address = detail::local_address_of(native_handle());
  return address.port() == 0 ? socket_address() : address;
}
result<void> tcp_socket::take_error() {
  return detail::take_socket_error(native_handle());
}

task<result<tcp_stream>> tcp_socket::connect(socket_address address) && {
  return connect_own(std::move(*this), std::move(address));
}

task<result<tcp_stream>> tcp_socket::connect_own(tcp_socket own, socket_address address) {
  auto begun = detail::begin_connect(std::move(own).into_native(), address);
  if (!begun) co_return fail(std::move(begun).error());
  auto stream = detail::make_stream(**begun, address);
  if (!stream) co_return fail(std::move(stream).error());
  auto came = co_await detail::until_connected(**begun);
  if (came < 0) {
    co_return fail(detail::socket_error(static_cast<int>(-came), "connecting to ", address));
  }
  co_return tcp_stream(*std::move(stream));
}

result<tcp_listener> tcp_socket::listen(int backlog) && {
  auto driver = detail::ambient_driver();
  if (!driver) return fail(std::move(driver).error());
  detail::open_socket listening(std::move(*this).into_native());
  if (::listen(listening.get(), backlog) < 0) {
    return fail(
        detail::socket_error(errno, "listening on ", detail::local_address_of(listening.get())));
  }
  auto adopted = (*driver)->adopt(listening.give_up());
  if (!adopted) return fail(std::move(adopted).error());
  return tcp_listener(**adopted);
}

int tcp_socket::native_handle() const noexcept {
  if (descriptor_ < 0) {
    detail::misuse(
        "a tcp_socket was used that has no socket: it was moved from, connected or closed");
  }
  return descriptor_;
}

void tcp_socket::close() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

result<tcp_socket> tcp_socket::from_native(int descriptor) {
  tcp_socket taken(descriptor);
  auto prepared = detail::prepare_native(descriptor, detail::tcp_connected);
  if (!prepared) return fail(std::move(prepared).error());
  return taken;
}

int tcp_socket::into_native() && {
  (void)native_handle();
  return std::exchange(descriptor_, -1);
}

}  // namespace net
}  // namespace v0
}  // namespace weft
