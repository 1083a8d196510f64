#include <weft/join.hpp>
#include <weft/net/tcp_socket.hpp>
#include <weft/net/unix.hpp>
#include <weft/runtime.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>

#include <array>
#include <string>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace net_test;
using weft::errc;
using weft::net::interest;
using weft::net::ip_address;
using weft::net::socket_address;
using weft::net::tcp_listener;
using weft::net::tcp_socket;
using weft::net::tcp_stream;

socket_address any_port() {
  return {ip_address::loopback_v4(), 0};
}

// No runtime is needed for these.
TEST(tcp_socket, options_are_what_was_set) {
  auto socket = *tcp_socket::open_v4();
  EXPECT_TRUE(static_cast<bool>(socket));
  EXPECT_FALSE(static_cast<bool>(socket.local_address()));
  EXPECT_FALSE(socket.reuse_address().value());
  EXPECT_TRUE(socket.set_reuse_address(true).has_value());
  EXPECT_TRUE(socket.reuse_address().value());
  EXPECT_FALSE(socket.reuse_port().value());
  EXPECT_TRUE(socket.set_reuse_port(true).has_value());
  EXPECT_TRUE(socket.reuse_port().value());
  EXPECT_TRUE(socket.set_send_buffer_size(16384).has_value());
  EXPECT_GE(socket.send_buffer_size().value(), 16384U);
  EXPECT_TRUE(socket.set_recv_buffer_size(16384).has_value());
  EXPECT_GE(socket.recv_buffer_size().value(), 16384U);
  EXPECT_FALSE(socket.keepalive().value());
  EXPECT_TRUE(socket.set_keepalive(weft::net::keepalive_options()).has_value());
  EXPECT_TRUE(socket.keepalive().value());
  EXPECT_TRUE(socket.set_keepalive(std::nullopt).has_value());
  EXPECT_FALSE(socket.keepalive().value());
  EXPECT_TRUE(socket.nodelay().value());  // as of every stream
  EXPECT_TRUE(socket.set_nodelay(false).has_value());
  EXPECT_FALSE(socket.nodelay().value());
  EXPECT_EQ(socket.linger().value(), std::nullopt);
  EXPECT_TRUE(socket.set_linger(3s).has_value());
  EXPECT_EQ(socket.linger().value(), 3s);
  EXPECT_TRUE(socket.set_linger(std::nullopt).has_value());
  EXPECT_EQ(socket.linger().value(), std::nullopt);
  EXPECT_TRUE(socket.set_zero_linger(true).has_value());
  EXPECT_EQ(socket.linger().value(), 0s);
  EXPECT_TRUE(socket.set_ttl(12).has_value());
  EXPECT_EQ(socket.ttl().value(), 12U);
  EXPECT_FALSE(socket.set_ttl(0).has_value());
  EXPECT_TRUE(socket.set_tos(0x10).has_value());
  EXPECT_EQ(socket.tos().value(), 0x10U);
  auto large = socket.set_tos(256);
  EXPECT_TRUE(!large && large.error() == errc::invalid_argument);
  EXPECT_EQ(socket.device().value(), "");
  EXPECT_FALSE(socket.bind_device("no-such-device").has_value());
  EXPECT_TRUE(socket.take_error().has_value());
  EXPECT_TRUE(socket.bind(any_port()).has_value());
  EXPECT_NE(socket.local_address().port(), 0);
  auto moved = std::move(socket);
  EXPECT_FALSE(static_cast<bool>(socket));
  moved.close();
  EXPECT_FALSE(static_cast<bool>(moved));
}

TEST(tcp_socket, options_of_ipv6_have_the_same_names) {
  auto socket = tcp_socket::open_v6();
  if (!socket) GTEST_SKIP() << "a machine without IPv6";
  EXPECT_TRUE(socket->set_v6only(true).has_value());
  EXPECT_TRUE(socket->set_ttl(12).has_value());
  EXPECT_EQ(socket->ttl().value(), 12U);
  EXPECT_TRUE(socket->set_tos(0x20).has_value());
  EXPECT_EQ(socket->tos().value(), 0x20U);
}

TEST(tcp_socket, only_ip_addresses_are_taken) {
  auto path = *socket_address::parse("unix:/tmp/x");
  auto opened = tcp_socket::open_for(path);
  EXPECT_TRUE(!opened && opened.error() == errc::invalid_argument);
  auto socket = *tcp_socket::open_for(any_port());
  auto bound = socket.bind(path);
  EXPECT_TRUE(!bound && bound.error() == errc::invalid_argument);
}

task<result<void>> connects_from_where_it_is_bound() {
  auto listening = co_await or_return(tcp_socket::open_v4());
  co_await or_return(listening.set_reuse_address(true));
  co_await or_return(listening.bind(any_port()));
  auto listener = co_await or_return(std::move(listening).listen(16));
  EXPECT_FALSE(static_cast<bool>(listening));

  auto socket = co_await or_return(tcp_socket::open_v4());
  co_await or_return(socket.bind(any_port()));
  auto from = socket.local_address();
  auto client = co_await or_return(std::move(socket).connect(listener.local_address()));
  EXPECT_EQ(client.local_address(), from);
  auto server = co_await or_return(listener.accept());
  EXPECT_EQ(server.peer_address(), from);
  EXPECT_TRUE(server.nodelay().value());
  co_await or_return(client.write_all("hello"));
  auto text = co_await or_return(server.receive());
  EXPECT_EQ(text, "hello");
  co_return {};
}
TEST(tcp_socket, connects_from_where_it_is_bound) {
  run(connects_from_where_it_is_bound());
}

// The task that connects keeps the socket, whatever becomes of its owner.
task<result<void>> connecting_keeps_the_socket() {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto begin = [](socket_address to) {
    auto socket = *tcp_socket::open_v4();
    return std::move(socket).connect(std::move(to));
  };
  auto connecting = begin(listener.local_address());
  auto client = co_await or_return(std::move(connecting));
  EXPECT_EQ(client.peer_address(), listener.local_address());
  co_return {};
}
TEST(tcp_socket, connecting_keeps_the_socket) {
  run(connecting_keeps_the_socket());
}

task<result<void>> failures_name_the_address() {
  auto taken = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto address = taken.local_address();
  auto socket = co_await or_return(tcp_socket::open_v4());
  auto bound = socket.bind(address);
  EXPECT_TRUE(!bound && bound.error() == std::errc::address_in_use);
  if (!bound) {
    EXPECT_NE(bound.error().message().find("binding to " + address.to_string()), std::string::npos);
  }
  taken.close();
  auto refused = co_await std::move(socket).connect(address);
  EXPECT_TRUE(!refused && refused.error() == std::errc::connection_refused);
  EXPECT_FALSE(static_cast<bool>(socket));
  co_return {};
}
TEST(tcp_socket, failures_name_the_address) {
  run(failures_name_the_address());
}

task<result<void>> a_socket_goes_round_as_a_native_handle() {
  auto socket = co_await or_return(tcp_socket::open_v4());
  auto again = co_await or_return(tcp_socket::from_native(std::move(socket).into_native()));
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto client = co_await or_return(std::move(again).connect(listener.local_address()));

  auto address = listener.local_address();
  auto listening = co_await or_return(tcp_listener::from_native(std::move(listener).into_native()));
  EXPECT_FALSE(static_cast<bool>(listener));
  EXPECT_EQ(listening.local_address(), address);
  auto server = co_await or_return(listening.accept());

  auto stream = co_await or_return(tcp_stream::from_native(std::move(client).into_native()));
  EXPECT_EQ(stream.peer_address(), address);
  co_await or_return(stream.write_all("x"));
  auto text = co_await or_return(server.receive());
  EXPECT_EQ(text, "x");

  auto descriptor = std::move(stream).into_native();
  auto wrong = tcp_listener::from_native(descriptor);
  EXPECT_TRUE(!wrong && wrong.error() == errc::invalid_argument);
  EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);  // it was closed
  auto file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  auto no_socket = tcp_socket::from_native(file);
  EXPECT_TRUE(!no_socket && no_socket.error() == errc::invalid_argument);
  EXPECT_EQ(::fcntl(file, F_GETFD), -1);
  co_return {};
}
TEST(tcp_socket, a_socket_goes_round_as_a_native_handle) {
  run(a_socket_goes_round_as_a_native_handle());
}

TEST(tcp_socket, listening_outside_a_task_says_so) {
  auto socket = *tcp_socket::open_v4();
  auto listener = std::move(socket).listen();
  EXPECT_TRUE(!listener && listener.error() == errc::no_runtime);
}

// ---- what a stream has of a socket

task<result<void>> a_stream_has_options() {
  auto pair = co_await or_return(connected_pair());
  auto& stream = pair.client;
  EXPECT_TRUE(stream.set_ttl(33).has_value());
  EXPECT_EQ(stream.ttl().value(), 33U);
  EXPECT_TRUE(stream.set_quickack(false).has_value());
  EXPECT_FALSE(stream.quickack().value());
  EXPECT_TRUE(stream.set_quickack(true).has_value());
  EXPECT_TRUE(stream.quickack().value());
  EXPECT_EQ(stream.linger().value(), std::nullopt);
  EXPECT_TRUE(stream.set_linger(1s).has_value());
  EXPECT_EQ(stream.linger().value(), 1s);
  EXPECT_TRUE(stream.set_linger(std::nullopt).has_value());
  EXPECT_FALSE(stream.keepalive().value());
  EXPECT_TRUE(stream.set_keepalive(weft::net::keepalive_options()).has_value());
  EXPECT_TRUE(stream.keepalive().value());
  EXPECT_TRUE(stream.take_error().has_value());
  co_return {};
}
TEST(tcp_stream, has_options) {
  run(a_stream_has_options());
}

task<result<void>> peeking_leaves_what_is_there() {
  auto pair = co_await or_return(connected_pair());
  std::array<char, 8> buffer;
  auto early = co_await weft::timeout(0ms, pair.server.peek(buffer));
  EXPECT_TRUE(!early && early.error() == errc::timed_out);
  co_await or_return(pair.client.write_all("abc"));
  for (int round = 0; round < 2; ++round) {
    auto count = co_await or_return(pair.server.peek(buffer));
    EXPECT_EQ(std::string_view(buffer.data(), count), "abc");
  }
  auto text = co_await or_return(pair.server.receive());
  EXPECT_EQ(text, "abc");
  pair.client.close();
  auto end = co_await or_return(pair.server.peek(buffer));
  EXPECT_EQ(end, 0U);
  auto nothing = co_await pair.server.peek(std::span<char>());
  EXPECT_TRUE(!nothing && nothing.error() == std::errc::invalid_argument);
  co_return {};
}
TEST(tcp_stream, peeking_leaves_what_is_there) {
  run(peeking_leaves_what_is_there());
}

// A reset that a peek is told of is not the end of the stream for who reads after it.
task<result<void>> a_reset_is_told_to_everybody() {
  auto pair = co_await or_return(connected_pair());
  pair.client.abort();
  co_await pair.server.peer_closed();
  std::array<char, 8> buffer;
  auto peeked = co_await pair.server.peek(buffer);
  EXPECT_TRUE(!peeked && peeked.error() == std::errc::connection_reset);
  auto tried = pair.server.try_read(buffer);
  EXPECT_TRUE(!tried && tried.error() == std::errc::connection_reset);
  auto read = co_await pair.server.read(buffer);
  EXPECT_TRUE(!read && read.error() == std::errc::connection_reset);
  co_return {};
}
TEST(tcp_stream, a_reset_is_told_to_everybody) {
  run(a_reset_is_told_to_everybody());
}

task<result<void>> readiness_and_tries_go_together() {
  auto pair = co_await or_return(connected_pair());
  std::array<char, 8> buffer;
  auto nothing = pair.server.try_read(buffer);
  EXPECT_TRUE(!nothing && nothing.error() == std::errc::operation_would_block);
  auto late = co_await weft::timeout(0ms, pair.server.readable());
  // Readiness may be told though nothing is there; then a try says so.
  EXPECT_TRUE(late || late.error() == errc::timed_out);
  nothing = pair.server.try_read(buffer);
  EXPECT_TRUE(!nothing && nothing.error() == std::errc::operation_would_block);
  auto writable = co_await pair.server.ready(interest::writable);
  EXPECT_TRUE(writable.writable());
  EXPECT_EQ(pair.client.try_write("hello").value(), 5U);
  (void)co_await pair.server.readable();
  EXPECT_EQ(pair.server.try_read(buffer).value(), 5U);

  // What is written in part goes on where it stopped.
  std::string large(16 << 20, 'x');
  auto sender = [](tcp_stream& to, std::string_view rest) -> task<result<void>> {
    while (!rest.empty()) {
      (void)co_await to.writable();
      auto sent = to.try_write(rest);
      if (sent) {
        rest.remove_prefix(*sent);
      } else if (sent.error() != std::errc::operation_would_block) {
        co_return weft::fail(std::move(sent).error());
      }
    }
    co_return co_await to.shutdown();
  };
  auto [sent, received] =
      co_await or_return(weft::try_join(sender(pair.client, large), read_all(pair.server)));
  (void)sent;
  EXPECT_EQ(received.size(), large.size());
  co_return {};
}
TEST(tcp_stream, readiness_and_tries_go_together) {
  run(readiness_and_tries_go_together());
  run_here(readiness_and_tries_go_together());
}

}  // namespace
