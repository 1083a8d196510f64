#include <weft/net/connect.hpp>
#include <weft/net/resolver.hpp>
#include <weft/net/tcp.hpp>
#include <weft/net/tcp_socket.hpp>

#include <netinet/tcp.h>

#include <cerrno>

#include "net/ip_options.hpp"
#include "net/socket.hpp"
#include "net/socket_address.hpp"
#include "net/tcp_options.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

result<int> make_tcp_socket(const net::socket_address& address) {
  if (!address.is_ip()) return fail(not_an_ip("TCP", address));
  auto family = address.ip().is_v6() ? AF_INET6 : AF_INET;
  auto descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return fail(socket_error(errno, "opening a socket for ", address));
  return descriptor;
}

int set_listener_options(int listening, const net::socket_address& address,
                         const net::listen_options& options) noexcept {
  auto failed = set_option(listening, SOL_SOCKET, SO_REUSEADDR, 1);
  if (!failed && options.reuse_port()) failed = set_option(listening, SOL_SOCKET, SO_REUSEPORT, 1);
  if (!failed && address.ip().is_v6()) {
    failed = set_option(listening, IPPROTO_IPV6, IPV6_V6ONLY, options.v6only() ? 1 : 0);
  }
  // Linux copies it to accepted sockets, which saves a system call for each.
  if (!failed && options.nodelay()) failed = set_option(listening, IPPROTO_TCP, TCP_NODELAY, 1);
  return failed;
}

result<io_handle*> listen_on(const net::socket_address& address,
                             const net::listen_options& options) {
  auto driver = ambient_driver();
  if (!driver) return fail(std::move(driver).error());
  auto made = make_tcp_socket(address);
  if (!made) return fail(std::move(made).error());
  open_socket listening(*made);
  if (auto failed = set_listener_options(listening.get(), address, options)) {
    return fail(socket_error(-failed, "listening on ", address));
  }
  auto native = to_native(address);
  if (::bind(listening.get(), native.get(), native.length) < 0 ||
      ::listen(listening.get(), options.backlog()) < 0) {
    return fail(socket_error(errno, "listening on ", address));
  }
  return (*driver)->adopt(listening.give_up());
}

}  // namespace

net::tcp_stream tcp_stream_of(std::unique_ptr<io::byte_stream> connection) noexcept {
  return net::tcp_stream(std::move(connection));
}

}  // namespace detail

namespace net {

task<result<tcp_stream>> tcp_stream::connect(socket_address address) {
  auto socket = tcp_socket::open_for(address);
  if (!socket) co_return fail(std::move(socket).error());
  co_return co_await (*std::move(socket)).connect(std::move(address));
}

task<result<tcp_stream>> tcp_stream::connect(std::string host_and_port) {
  co_return co_await net::connect(std::move(host_and_port));
}

result<tcp_stream> tcp_stream::from_native(int descriptor) {
  auto adopted = detail::adopt_native(descriptor, detail::tcp_connected);
  if (!adopted) return fail(std::move(adopted).error());
  auto stream = detail::make_stream(**adopted, detail::peer_address_of(descriptor));
  if (!stream) return fail(std::move(stream).error());
  return tcp_stream(*std::move(stream));
}

result<void> tcp_stream::set_nodelay(bool on) {
  return detail::set_socket_option(native_handle(), IPPROTO_TCP, TCP_NODELAY, int{on});
}

result<bool> tcp_stream::nodelay() const {
  return detail::socket_flag(native_handle(), IPPROTO_TCP, TCP_NODELAY);
}

result<void> tcp_stream::set_keepalive(std::optional<keepalive_options> options) {
  return detail::set_keepalive(native_handle(), options);
}

result<bool> tcp_stream::keepalive() const {
  return detail::socket_flag(native_handle(), SOL_SOCKET, SO_KEEPALIVE);
}

result<void> tcp_stream::set_linger(std::optional<std::chrono::seconds> wait) {
  return detail::set_linger(native_handle(), wait);
}
result<std::optional<std::chrono::seconds>> tcp_stream::linger() const {
  return detail::linger_of(native_handle());
}

result<void> tcp_stream::set_ttl(unsigned hops) {
  return detail::set_ip_option(native_handle(), detail::hops_option, hops);
}
result<unsigned> tcp_stream::ttl() const {
  return detail::get_ip_option(native_handle(), detail::hops_option);
}

result<void> tcp_stream::set_quickack(bool on) {
  return detail::set_socket_option(native_handle(), IPPROTO_TCP, TCP_QUICKACK, int{on});
}
result<bool> tcp_stream::quickack() const {
  return detail::socket_flag(native_handle(), IPPROTO_TCP, TCP_QUICKACK);
}

result<void> tcp_stream::set_zero_linger(bool on) {
  return detail::set_socket_option(native_handle(), SOL_SOCKET, SO_LINGER, ::linger{on ? 1 : 0, 0});
}

task<result<tcp_listener>> tcp_listener::bind(socket_address address, listen_options options) {
  auto listening = detail::listen_on(address, options);
  if (!listening) co_return fail(std::move(listening).error());
  co_return tcp_listener(**listening);
}

task<result<tcp_listener>> tcp_listener::bind(std::string host_and_port, listen_options options) {
  auto addresses = co_await or_return(resolve(std::move(host_and_port)));
  error last = resolve_errc::no_address;
  for (const auto& address : addresses) {
    auto listening = detail::listen_on(address, options);
    if (listening) co_return tcp_listener(**listening);
    last = std::move(listening).error();
  }
  co_return fail(std::move(last));
}

socket_address tcp_listener::local_address() const {
  return detail::local_address_of(handle().descriptor());
}
int tcp_listener::native_handle() const noexcept {
  return handle().descriptor();
}

result<tcp_listener> tcp_listener::from_native(int descriptor) {
  auto adopted = detail::adopt_native(descriptor, detail::tcp_listening);
  if (!adopted) return fail(std::move(adopted).error());
  return tcp_listener(**adopted);
}

int tcp_listener::into_native() && {
  (void)handle();
  return handle_.give_up()->release();
}

}  // namespace net
}  // namespace v0
}  // namespace weft
