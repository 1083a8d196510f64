#include <weft/join.hpp>
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace net_test;
using weft::errc;
using weft::net::ip_address;
using weft::net::listen_options;
using weft::net::socket_address;
using weft::net::tcp_listener;
using weft::net::tcp_stream;

task<result<void>> echoes_both_ways() {
  auto pair = co_await or_return(connected_pair());
  std::array<char, 16> buffer;
  auto written = co_await or_return(pair.client.write("ping"));
  EXPECT_EQ(written, 4U);
  auto count = co_await or_return(pair.server.read(buffer));
  EXPECT_EQ(count, 4U);
  EXPECT_EQ(std::string_view(buffer.data(), 4), "ping");
  co_await or_return(pair.server.write_all("pong"));
  auto answer = co_await or_return(pair.client.receive());
  EXPECT_EQ(answer, "pong");
  co_return {};
}
TEST(tcp, echoes_both_ways) {
  run(echoes_both_ways());
}
TEST(tcp, echoes_both_ways_on_one_thread) {
  run_here(echoes_both_ways());
}

task<result<void>> knows_its_addresses() {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto bound = listener.local_address();
  EXPECT_NE(bound.port(), 0);
  auto client = co_await or_return(tcp_stream::connect(bound.to_string()));
  auto server = co_await or_return(listener.accept());
  EXPECT_EQ(client.peer_address(), bound);
  EXPECT_EQ(server.local_address(), bound);
  EXPECT_EQ(server.peer_address(), client.local_address());
  EXPECT_GE(server.native_handle(), 0);
  co_return {};
}
TEST(tcp, knows_its_addresses) {
  run(knows_its_addresses());
}

task<result<void>> speaks_ipv6() {
  auto listener = co_await tcp_listener::bind("[::1]:0");
  if (!listener) co_return {};  // a machine without IPv6
  auto client = co_await or_return(tcp_stream::connect(listener->local_address()));
  auto server = co_await or_return(listener->accept());
  EXPECT_TRUE(server.peer_address().ip().is_v6());
  co_return {};
}
TEST(tcp, speaks_ipv6) {
  run(speaks_ipv6());
}

task<result<void>> an_accepted_stream_has_nodelay() {
  auto pair = co_await or_return(connected_pair());
  EXPECT_TRUE(pair.client.nodelay().value());
  EXPECT_TRUE(pair.server.nodelay().value());
  EXPECT_TRUE(pair.server.set_nodelay(false).has_value());
  EXPECT_FALSE(pair.server.nodelay().value());
  EXPECT_TRUE(pair.server.set_keepalive(weft::net::keepalive_options()).has_value());
  EXPECT_TRUE(pair.server.set_keepalive(std::nullopt).has_value());
  co_return {};
}
TEST(tcp, an_accepted_stream_has_nodelay) {
  run(an_accepted_stream_has_nodelay());
}

task<result<void>> half_close_ends_one_side() {
  auto pair = co_await or_return(connected_pair());
  co_await or_return(pair.client.write_all("request"));
  co_await or_return(pair.client.shutdown());
  co_await or_return(pair.client.shutdown());  // again: no harm
  auto request = co_await or_return(read_all(pair.server));
  EXPECT_EQ(request, "request");
  co_await or_return(pair.server.write_all("answer"));
  pair.server.close();
  auto answer = co_await or_return(read_all(pair.client));
  EXPECT_EQ(answer, "answer");
  co_return {};
}
TEST(tcp, half_close_ends_one_side) {
  run(half_close_ends_one_side());
}

task<result<void>> a_zero_linger_resets() {
  auto pair = co_await or_return(connected_pair());
  EXPECT_TRUE(pair.client.set_zero_linger(true).has_value());
  pair.client.close();
  co_await pair.server.peer_closed();
  auto data = co_await pair.server.receive();
  EXPECT_FALSE(data.has_value());
  if (!data) {
    EXPECT_TRUE(data.error() == std::errc::connection_reset) << data.error().message();
  }
  auto written = co_await pair.server.write("x");  // an error, not a signal
  EXPECT_FALSE(written.has_value());
  if (!written) {
    EXPECT_TRUE(written.error() == std::errc::broken_pipe) << written.error().message();
  }
  co_return {};
}
TEST(tcp, a_zero_linger_resets) {
  run(a_zero_linger_resets());
}

task<result<void>> aborting_resets() {
  auto pair = co_await or_return(connected_pair());
  co_await or_return(pair.server.write_all("half"));
  pair.server.abort();
  EXPECT_FALSE(static_cast<bool>(pair.server));
  co_await pair.client.peer_closed();
  auto text = co_await read_all(pair.client);  // perhaps `half`, but never its end
  EXPECT_TRUE(!text && text.error() == std::errc::connection_reset);
  co_return {};
}
TEST(tcp, aborting_resets) {
  run(aborting_resets());
}

// The kernel tells of a reset once. Who writes must not take it from who reads, for whom the rest
// of the data would seem to be the end of the stream.
task<result<void>> a_reset_is_told_to_the_writer_and_to_the_reader() {
  auto pair = co_await or_return(connected_pair());
  EXPECT_TRUE(pair.client.set_zero_linger(true).has_value());
  pair.client.close();
  co_await pair.server.peer_closed();
  auto written = co_await pair.server.write("x");
  EXPECT_TRUE(!written && written.error() == std::errc::connection_reset);
  for (int round = 0; round < 2; ++round) {
    auto data = co_await pair.server.receive();
    EXPECT_TRUE(!data && data.error() == std::errc::connection_reset);
    std::array<char, 8> some;
    auto count = co_await pair.server.read(some);
    EXPECT_TRUE(!count && count.error() == std::errc::connection_reset);
  }
  co_return {};
}
TEST(tcp, a_reset_is_told_to_the_writer_and_to_the_reader) {
  run(a_reset_is_told_to_the_writer_and_to_the_reader());
}

task<result<void>> connecting_to_a_closed_port_is_refused() {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto address = listener.local_address();
  listener.close();
  auto refused = co_await tcp_stream::connect(address);
  EXPECT_FALSE(refused.has_value());
  if (!refused) {
    EXPECT_TRUE(refused.error() == std::errc::connection_refused);
    EXPECT_NE(refused.error().message().find("connecting to " + address.to_string()),
              std::string::npos)
        << refused.error().message();
  }
  co_return {};
}
TEST(tcp, connecting_to_a_closed_port_is_refused) {
  run(connecting_to_a_closed_port_is_refused());
}

task<result<void>> a_taken_port_says_so() {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto address = listener.local_address();
  auto second = co_await tcp_listener::bind(address);
  EXPECT_FALSE(second.has_value());
  if (!second) {
    EXPECT_TRUE(second.error() == std::errc::address_in_use);
    EXPECT_NE(second.error().message().find("listening on " + address.to_string()),
              std::string::npos);
  }
  co_return {};
}
TEST(tcp, a_taken_port_says_so) {
  run(a_taken_port_says_so());
}

task<result<void>> reuse_port_shares_a_port() {
  listen_options shared;
  shared.reuse_port(true);
  auto first = co_await or_return(tcp_listener::bind("127.0.0.1:0", shared));
  auto second = co_await or_return(tcp_listener::bind(first.local_address(), shared));
  EXPECT_EQ(first.local_address(), second.local_address());
  co_return {};
}
TEST(tcp, reuse_port_shares_a_port) {
  run(reuse_port_shares_a_port());
}

task<result<void>> only_ip_addresses_are_taken() {
  auto path = *socket_address::parse("unix:/tmp/x");
  auto listener = co_await tcp_listener::bind(path);
  EXPECT_TRUE(!listener && listener.error() == errc::invalid_argument);
  auto stream = co_await tcp_stream::connect(path);
  EXPECT_TRUE(!stream && stream.error() == errc::invalid_argument);
  auto garbage = co_await tcp_listener::bind("127.0.0.1");
  EXPECT_TRUE(!garbage && garbage.error() == errc::invalid_argument);
  co_return {};
}
TEST(tcp, only_ip_addresses_are_taken) {
  run(only_ip_addresses_are_taken());
}

// The writer fills the socket's buffers, so that it writes in part; the reader counts every byte.
task<result<void>> send_pieces(weft::io::transport& to, std::size_t pieces) {
  weft::bytes_chain chain;
  for (std::size_t index = 0; index < pieces; ++index) {
    chain.push_back(
        weft::bytes::from(std::string(1 + index * 37 % 5000, static_cast<char>('a' + index % 26))));
  }
  co_await or_return(to.send_all(chain));
  EXPECT_TRUE(chain.empty());
  co_return co_await to.shutdown();
}
task<result<void>> expect_pieces(weft::io::transport& from, std::size_t pieces) {
  auto text = co_await or_return(read_all(from));
  std::size_t at = 0;
  for (std::size_t index = 0; index < pieces; ++index) {
    std::string expected(1 + index * 37 % 5000, static_cast<char>('a' + index % 26));
    EXPECT_EQ(text.compare(at, expected.size(), expected), 0) << "piece " << index;
    at += expected.size();
  }
  EXPECT_EQ(text.size(), at);
  co_return {};
}
task<result<void>> a_slow_reader_gets_everything_in_order() {
  auto pair = co_await or_return(connected_pair());
  constexpr std::size_t pieces = 4000;
  co_await or_return(
      weft::try_join(send_pieces(pair.client, pieces), expect_pieces(pair.server, pieces)));
  co_return {};
}
TEST(tcp, a_slow_reader_gets_everything_in_order) {
  run(a_slow_reader_gets_everything_in_order());
}
TEST(tcp, a_slow_reader_gets_everything_in_order_on_one_thread) {
  run_here(a_slow_reader_gets_everything_in_order());
}

task<result<void>> a_full_socket_keeps_the_progress_of_a_cancelled_write() {
  auto pair = co_await or_return(connected_pair());
  std::string large(8 << 20, 'x');
  for (std::size_t index = 0; index < large.size(); ++index)
    large[index] = static_cast<char>('a' + index % 23);
  weft::io::unsent rest(large);
  auto late = co_await weft::timeout(1ms, pair.client.write_all(rest));
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  EXPECT_GT(rest.size(), 0U);
  EXPECT_LT(rest.size(), large.size());
  auto finish = [](tcp_stream& to, weft::io::unsent& text) -> task<result<void>> {
    co_await or_return(to.write_all(text));
    co_return co_await to.shutdown();
  };
  auto [sent, received] =
      co_await or_return(weft::try_join(finish(pair.client, rest), read_all(pair.server)));
  EXPECT_TRUE(received == large);
  co_return {};
}
TEST(tcp, a_full_socket_keeps_the_progress_of_a_cancelled_write) {
  run(a_full_socket_keeps_the_progress_of_a_cancelled_write());
}

// Each read is given up when its data is there, on its way, or not yet sent: whoever wins the race
// against time, nothing is lost.
task<result<void>> cancelled_reads_lose_nothing() {
  auto pair = co_await or_return(connected_pair());
  std::string received;
  std::string sent;
  for (int round = 0; round < 300; ++round) {
    for (int attempt = 0; attempt < 3; ++attempt) {
      auto patience = round % 10 == 0 ? 1ms : 0ms;
      auto maybe = co_await weft::timeout(patience, pair.server.receive());
      if (maybe) received += maybe->view();
      EXPECT_TRUE(maybe || maybe.error() == errc::timed_out);
      if (attempt != 0) continue;
      auto text = std::to_string(round) + ";";
      co_await or_return(pair.client.write_all(text));
      sent += text;
    }
  }
  co_await or_return(pair.client.shutdown());
  received += co_await or_return(read_all(pair.server));
  EXPECT_EQ(received, sent);
  co_return {};
}
TEST(tcp, cancelled_reads_lose_nothing) {
  run(cancelled_reads_lose_nothing());
}

task<result<void>> cancelled_accepts_lose_no_connection() {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  std::vector<tcp_stream> clients;
  std::vector<tcp_stream> servers;
  for (int round = 0; round < 50; ++round) {
    auto late = co_await weft::timeout(0ms, listener.accept());
    if (late) servers.push_back(*std::move(late));
    clients.push_back(co_await or_return(tcp_stream::connect(listener.local_address())));
  }
  while (servers.size() < clients.size()) servers.push_back(co_await or_return(listener.accept()));
  EXPECT_EQ(servers.size(), clients.size());
  co_return {};
}
TEST(tcp, cancelled_accepts_lose_no_connection) {
  run(cancelled_accepts_lose_no_connection());
}

task<result<void>> peer_closed_is_heard_beside_unread_data() {
  auto pair = co_await or_return(connected_pair());
  auto early = co_await weft::timeout(0ms, pair.server.peer_closed());
  EXPECT_FALSE(early.has_value());
  co_await or_return(pair.client.write_all("last words"));
  pair.client.close();
  co_await pair.server.peer_closed();
  auto words = co_await or_return(read_all(pair.server));
  EXPECT_EQ(words, "last words");
  co_return {};
}
TEST(tcp, peer_closed_is_heard_beside_unread_data) {
  run(peer_closed_is_heard_beside_unread_data());
}

task<result<void>> a_read_and_peer_closed_wait_side_by_side() {
  auto pair = co_await or_return(connected_pair());
  auto closer = [](tcp_stream stream) -> task<result<void>> {
    co_await or_return(stream.write_all("x"));
    stream.close();
    co_return {};
  };
  auto closing = weft::spawn(closer, std::move(pair.client));
  auto [text, closed] = co_await weft::join(read_all(pair.server), pair.server.peer_closed());
  EXPECT_EQ(*text, "x");
  (void)closed;
  co_return co_await std::move(closing);
}
TEST(tcp, a_read_and_peer_closed_wait_side_by_side) {
  run(a_read_and_peer_closed_wait_side_by_side());
}

// The operation that is destroyed must not take the waker of the one that followed it.
task<result<void>> an_old_operation_does_not_unregister_a_new_one() {
  auto pair = co_await or_return(connected_pair());
  weft::io::io_state old(weft::io::direction::read);
  struct poll_once : weft::leaf_awaiter<poll_once> {
    weft::io::transport& from;
    weft::io::io_state& state;
    weft::buffer& into;
    poll_once(weft::io::transport& stream, weft::io::io_state& with, weft::buffer& in)
        : from(stream), state(with), into(in) {}
    bool poll() noexcept { return !from.poll_receive_into(state, into, 100).pending(); }
    void take() noexcept {}
  };
  struct poll_operation {
    weft::io::transport* from;
    weft::io::io_state* state;
    weft::buffer* into;
    poll_operation(weft::io::transport& stream, weft::io::io_state& with, weft::buffer& in)
        : from(&stream), state(&with), into(&in) {}
    auto operator co_await() && { return poll_once(*from, *state, *into); }
  };
  weft::buffer in;
  auto write_later = [](tcp_stream& to) -> task<result<void>> {
    co_await weft::yield_now();
    co_return co_await to.write_all("a");
  };
  auto [got, wrote] =
      co_await weft::join(poll_operation(pair.server, old, in), write_later(pair.client));
  (void)got;
  EXPECT_TRUE(wrote.has_value());
  EXPECT_FALSE(old.engaged());
  EXPECT_EQ(in.view(), "a");
  co_return {};
}
TEST(tcp, an_old_operation_does_not_unregister_a_new_one) {
  run(an_old_operation_does_not_unregister_a_new_one());
}

TEST(tcp, a_stream_outlives_its_runtime) {
  tcp_stream survivor;
  {
    auto runtime = weft::runtime::current_thread().build();
    auto pair = runtime.block_on(connected_pair());
    ASSERT_TRUE(pair.has_value());
    survivor = std::move(pair->client);
  }
  EXPECT_GE(survivor.native_handle(), 0);
  survivor.close();
}

}  // namespace
