#include <weft/join.hpp>
#include <weft/net/udp.hpp>
#include <weft/net/unix.hpp>
#include <weft/runtime.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <net/if.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace net_test;
using weft::errc;
using weft::net::datagram_batch;
using weft::net::interest;
using weft::net::ip_address;
using weft::net::outgoing_datagram;
using weft::net::socket_address;
using weft::net::udp_options;
using weft::net::udp_socket;

task<result<udp_socket>> loopback() {
  co_return co_await udp_socket::bind("127.0.0.1:0");
}

/// A socket on a port of loopback that nobody else has.
task<result<socket_address>> a_port_where_nobody_is() {
  auto socket = co_await or_return(loopback());
  co_return socket.local_address();
}

task<result<void>> datagrams_go_and_come_back() {
  auto server = co_await or_return(loopback());
  auto client = co_await or_return(loopback());
  EXPECT_NE(server.local_address().port(), 0);
  EXPECT_FALSE(static_cast<bool>(server.peer_address()));
  co_await or_return(client.send_to("ping", server.local_address()));
  std::array<char, 64> buffer;
  auto got = co_await or_return(server.receive_from(buffer));
  EXPECT_EQ(std::string_view(buffer.data(), got.size()), "ping");
  EXPECT_EQ(got.from(), client.local_address());
  EXPECT_FALSE(got.truncated());
  EXPECT_EQ(got.segment_size(), 0U);
  co_await or_return(server.send_to("", got.from()));
  auto empty = co_await or_return(client.receive(buffer));
  EXPECT_EQ(empty.size(), 0U);
  EXPECT_FALSE(static_cast<bool>(empty.from()));  // not asked for
  co_return {};
}
TEST(udp, datagrams_go_and_come_back) {
  run(datagrams_go_and_come_back());
}
TEST(udp, datagrams_go_and_come_back_on_one_thread) {
  run_here(datagrams_go_and_come_back());
}

task<result<void>> speaks_ipv6() {
  auto server = co_await udp_socket::bind("[::1]:0");
  if (!server) co_return {};  // a machine without IPv6
  auto client = co_await or_return(udp_socket::bind("[::1]:0"));
  co_await or_return(client.send_to("x", server->local_address()));
  std::array<char, 8> buffer;
  auto got = co_await or_return(server->receive_from(buffer));
  EXPECT_EQ(got.from(), client.local_address());
  EXPECT_TRUE(client.set_ttl(7).has_value());
  EXPECT_EQ(client.ttl().value(), 7U);
  EXPECT_TRUE(client.set_tos(0x20).has_value());
  EXPECT_EQ(client.tos().value(), 0x20U);
  EXPECT_TRUE(client.set_multicast_ttl(3).has_value());
  EXPECT_EQ(client.multicast_ttl().value(), 3U);
  EXPECT_TRUE(client.set_multicast_loop(false).has_value());
  EXPECT_FALSE(client.multicast_loop().value());
  auto other = client.join_multicast(ip_address::v4(239, 1, 2, 3));
  EXPECT_TRUE(!other && other.error() == errc::invalid_argument);
  udp_options alone;
  alone.v6only(true);
  auto both = co_await or_return(udp_socket::bind("[::]:0"));
  auto mapped =
      co_await udp_socket::bind("127.0.0.1:" + std::to_string(both.local_address().port()));
  EXPECT_TRUE(!mapped && mapped.error() == std::errc::address_in_use);
  auto six = co_await or_return(udp_socket::bind("[::]:0", alone));
  auto four = co_await udp_socket::bind("127.0.0.1:" + std::to_string(six.local_address().port()));
  EXPECT_TRUE(four.has_value());
  co_return {};
}
TEST(udp, speaks_ipv6) {
  run(speaks_ipv6());
}

task<result<void>> a_connected_socket_hears_its_peer_alone() {
  auto server = co_await or_return(loopback());
  auto client = co_await or_return(loopback());
  auto stranger = co_await or_return(loopback());
  auto unconnected = co_await client.send("x");
  EXPECT_TRUE(!unconnected && unconnected.error() == std::errc::destination_address_required);
  co_await or_return(client.connect(server.local_address().to_string()));
  EXPECT_EQ(client.peer_address(), server.local_address());
  co_await or_return(stranger.send_to("no", client.local_address()));
  co_await or_return(server.send_to("yes", client.local_address()));
  std::array<char, 8> buffer;
  auto got = co_await or_return(client.receive_from(buffer));
  EXPECT_EQ(std::string_view(buffer.data(), got.size()), "yes");
  EXPECT_EQ(got.from(), server.local_address());
  co_await or_return(client.send("back"));
  auto back = co_await or_return(server.receive(buffer));
  EXPECT_EQ(std::string_view(buffer.data(), back.size()), "back");
  co_await or_return(client.disconnect());
  EXPECT_FALSE(static_cast<bool>(client.peer_address()));
  co_return {};
}
TEST(udp, a_connected_socket_hears_its_peer_alone) {
  run(a_connected_socket_hears_its_peer_alone());
}

task<result<void>> what_does_not_fit_says_so() {
  auto server = co_await or_return(loopback());
  auto client = co_await or_return(loopback());
  co_await or_return(client.connect(server.local_address()));
  co_await or_return(client.send("0123456789"));
  co_await or_return(client.send("next"));
  std::array<char, 4> small;
  auto seen = co_await or_return(server.peek_from(small));
  EXPECT_EQ(seen.full_size(), 10U);
  EXPECT_EQ(seen.from(), client.local_address());
  auto again = co_await or_return(server.peek(small));
  EXPECT_TRUE(again.truncated());
  EXPECT_EQ(server.try_peek_from(small).value().full_size(), 10U);
  auto cut = co_await or_return(server.receive(small));
  EXPECT_EQ(cut.size(), 4U);
  EXPECT_EQ(cut.full_size(), 10U);
  EXPECT_TRUE(cut.truncated());
  auto next = co_await or_return(server.receive(small));
  EXPECT_EQ(std::string_view(small.data(), next.size()), "next");
  std::string large(70'000, 'x');
  auto too_long = co_await client.send(large);
  EXPECT_TRUE(!too_long && too_long.error() == std::errc::message_size);
  co_return {};
}
TEST(udp, what_does_not_fit_says_so) {
  run(what_does_not_fit_says_so());
}

// The error of one datagram is a value, told once; the socket waits, receives and sends after it.
task<result<void>> a_refusal_is_told_once_and_the_socket_goes_on() {
  auto nobody = co_await or_return(a_port_where_nobody_is());
  auto client = co_await or_return(loopback());
  co_await or_return(client.connect(nobody));
  std::array<char, 8> buffer;
  for (int round = 0; round < 3; ++round) {
    co_await or_return(client.send("x"));
    auto refused = co_await client.receive(buffer);
    EXPECT_TRUE(!refused && refused.error() == std::errc::connection_refused);
    auto late = co_await weft::timeout(0ms, client.receive(buffer));
    EXPECT_TRUE(!late && late.error() == errc::timed_out);
    EXPECT_TRUE(client.take_error().has_value());
  }
  co_await or_return(client.send("x"));
  auto pending = client.take_error();
  EXPECT_TRUE(!pending && pending.error() == std::errc::connection_refused);
  auto server = co_await or_return(udp_socket::bind(nobody));
  auto receive = [](udp_socket& from) -> task<result<std::size_t>> {
    std::array<char, 8> into;
    auto got = co_await or_return(from.receive(into));
    co_return got.size();
  };
  auto answer = [](udp_socket& with) -> task<result<void>> {
    std::array<char, 8> into;
    auto got = co_await or_return(with.receive_from(into));
    co_return co_await with.send_to("hello", got.from());
  };
  co_await or_return(client.send("again"));
  auto [size, answered] = co_await or_return(weft::try_join(receive(client), answer(server)));
  (void)answered;
  EXPECT_EQ(size, 5U);
  co_return {};
}
TEST(udp, a_refusal_is_told_once_and_the_socket_goes_on) {
  run(a_refusal_is_told_once_and_the_socket_goes_on());
  run_here(a_refusal_is_told_once_and_the_socket_goes_on());
}

task<result<void>> try_functions_never_wait() {
  auto server = co_await or_return(loopback());
  auto client = co_await or_return(loopback());
  std::array<char, 8> buffer;
  auto nothing = server.try_receive_from(buffer);
  EXPECT_TRUE(!nothing && nothing.error() == std::errc::operation_would_block);
  EXPECT_TRUE(client.try_send_to("a", server.local_address()).has_value());
  co_await or_return(client.connect(server.local_address()));
  EXPECT_TRUE(client.try_send("b").has_value());
  auto ready = co_await server.readable();
  EXPECT_TRUE(ready.readable());
  EXPECT_EQ(server.try_receive_from(buffer).value().from(), client.local_address());
  EXPECT_EQ(server.try_receive(buffer).value().size(), 1U);
  auto none = server.try_receive(buffer);
  EXPECT_TRUE(!none && none.error() == std::errc::operation_would_block);
  // What the kernel said of a datagram may come after the datagram was taken: once for each.
  auto late = co_await weft::timeout(0ms, server.readable());
  for (int said = 1; late && said <= 2; ++said) {
    auto still_none = server.try_receive(buffer);
    EXPECT_TRUE(!still_none && still_none.error() == std::errc::operation_would_block);
    late = co_await weft::timeout(0ms, server.readable());
  }
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  auto writable = co_await server.ready(interest::either);
  EXPECT_TRUE(writable.writable());
  co_return {};
}
TEST(udp, try_functions_never_wait) {
  run(try_functions_never_wait());
}

task<result<void>> batches_are_received_and_sent() {
  auto server = co_await or_return(loopback());
  auto client = co_await or_return(loopback());
  datagram_batch batch(8, 16);
  EXPECT_EQ(batch.capacity(), 8U);
  auto nothing = server.try_receive_many(batch);
  EXPECT_TRUE(!nothing && nothing.error() == std::errc::operation_would_block);
  std::vector<std::string> texts;
  for (int index = 0; index < 20; ++index) texts.push_back("datagram " + std::to_string(index));
  texts[3] = std::string(100, 'x');
  std::vector<outgoing_datagram> out;
  for (const auto& text : texts) out.emplace_back(text, server.local_address());
  std::span<const outgoing_datagram> rest(out);
  while (!rest.empty()) {
    auto sent = co_await or_return(client.send_many(rest));
    rest = rest.subspan(sent);
  }
  std::size_t seen = 0;
  while (seen < texts.size()) {
    auto count = co_await or_return(server.receive_many(batch));
    EXPECT_EQ(count, batch.size());
    EXPECT_LE(count, 8U);
    for (std::size_t index = 0; index < count; ++index, ++seen) {
      EXPECT_EQ(batch.data(index), texts[seen].substr(0, 16));
      EXPECT_EQ(batch.about(index).full_size(), texts[seen].size());
      EXPECT_EQ(batch.about(index).truncated(), seen == 3);
      EXPECT_EQ(batch.about(index).from(), client.local_address());
    }
  }
  co_await or_return(client.connect(server.local_address()));
  std::vector<outgoing_datagram> unaddressed(2, outgoing_datagram("to the peer"));
  EXPECT_EQ(client.try_send_many(unaddressed).value(), 2U);
  auto first = co_await or_return(server.receive_many(batch));
  EXPECT_GE(first, 1U);
  EXPECT_EQ(batch.data(0), "to the peer");
  EXPECT_EQ(client.try_send_many({}).value(), 0U);
  co_return {};
}
TEST(udp, batches_are_received_and_sent) {
  run(batches_are_received_and_sent());
}
TEST(udp, a_batch_has_a_limit) {
  EXPECT_EQ(datagram_batch(1000, 1).capacity(), datagram_batch::max_count);
  EXPECT_EQ(datagram_batch(0, 1).capacity(), 1U);
  EXPECT_TRUE(datagram_batch(4).empty());
}

task<result<void>> a_batch_of_more_than_the_limit_is_sent_in_part() {
  auto server = co_await or_return(loopback());
  auto client = co_await or_return(loopback());
  std::vector<outgoing_datagram> out(100, outgoing_datagram("x", server.local_address()));
  auto sent = co_await or_return(client.send_many(out));
  EXPECT_EQ(sent, datagram_batch::max_count);
  co_return {};
}
TEST(udp, a_batch_of_more_than_the_limit_is_sent_in_part) {
  run(a_batch_of_more_than_the_limit_is_sent_in_part());
}

task<result<void>> cancelled_receives_lose_nothing() {
  auto server = co_await or_return(loopback());
  auto client = co_await or_return(loopback());
  co_await or_return(client.connect(server.local_address()));
  std::array<char, 16> buffer;
  datagram_batch batch(4, 16);
  std::size_t received = 0;
  for (int round = 0; round < 200; ++round) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (round % 2 == 0) {
        auto maybe = co_await weft::timeout(0ms, server.receive(buffer));
        if (maybe) ++received;
      } else {
        auto maybe = co_await weft::timeout(0ms, server.receive_many(batch));
        if (maybe) received += *maybe;
      }
      if (attempt == 0) co_await or_return(client.send("x"));
    }
  }
  while (server.try_receive(buffer)) ++received;
  EXPECT_EQ(received, 200U);
  co_return {};
}
TEST(udp, cancelled_receives_lose_nothing) {
  run(cancelled_receives_lose_nothing());
}

task<result<void>> the_kernel_cuts_and_joins() {
  auto server = co_await or_return(loopback());
  auto client = co_await or_return(loopback());
  if (!server.set_gro(true)) co_return {};  // a kernel before 5.0
  std::string data(2500, 'x');
  auto sent = co_await client.send_segmented_to(data, 1000, server.local_address());
  if (!sent) co_return {};  // a kernel before 4.18
  co_await or_return(client.connect(server.local_address()));
  co_await or_return(client.send_segmented(data, 1000));
  std::vector<char> buffer(1 << 16);
  std::size_t received = 0;
  while (received < 2 * data.size()) {
    auto got = co_await or_return(server.receive(buffer));
    EXPECT_FALSE(got.truncated());
    if (got.size() > 1000) {
      EXPECT_EQ(got.segment_size(), 1000U);
    }
    received += got.size();
  }
  EXPECT_EQ(received, 2 * data.size());
  co_await or_return(server.set_gro(false));
  co_await or_return(client.send_segmented(data, 1000));
  for (auto expected : {1000U, 1000U, 500U}) {
    auto got = co_await or_return(server.receive(buffer));
    EXPECT_EQ(got.size(), expected);
    EXPECT_EQ(got.segment_size(), 0U);
  }
  co_return {};
}
TEST(udp, the_kernel_cuts_and_joins) {
  run(the_kernel_cuts_and_joins());
}

task<result<void>> options_are_what_was_set() {
  auto socket = co_await or_return(loopback());
  EXPECT_FALSE(socket.broadcast().value());
  auto shout = socket.try_send_to("x", socket_address(ip_address::v4(255, 255, 255, 255), 9));
  EXPECT_TRUE(!shout);  // permission denied, or no route in a network of loopback alone
  EXPECT_TRUE(socket.set_broadcast(true).has_value());
  EXPECT_TRUE(socket.broadcast().value());
  EXPECT_TRUE(socket.set_ttl(9).has_value());
  EXPECT_EQ(socket.ttl().value(), 9U);
  EXPECT_FALSE(socket.set_ttl(0).has_value());
  EXPECT_FALSE(socket.set_ttl(256).has_value());
  EXPECT_TRUE(socket.set_tos(0x10).has_value());
  EXPECT_EQ(socket.tos().value(), 0x10U);
  EXPECT_TRUE(socket.set_multicast_ttl(4).has_value());
  EXPECT_EQ(socket.multicast_ttl().value(), 4U);
  EXPECT_TRUE(socket.multicast_loop().value());
  EXPECT_TRUE(socket.set_multicast_loop(false).has_value());
  EXPECT_FALSE(socket.multicast_loop().value());
  EXPECT_TRUE(socket.set_recv_buffer_size(8192).has_value());
  EXPECT_GE(socket.recv_buffer_size().value(), 8192U);
  EXPECT_TRUE(socket.set_send_buffer_size(8192).has_value());
  EXPECT_GE(socket.send_buffer_size().value(), 8192U);
  EXPECT_EQ(socket.device().value(), "");
  auto unknown = socket.bind_device("no-such-device");
  EXPECT_FALSE(unknown.has_value());
  auto long_name = socket.bind_device("a-name-that-no-device-can-have");
  EXPECT_TRUE(!long_name && long_name.error() == errc::invalid_argument);
  if (socket.bind_device("lo")) {  // wants a privilege with some kernels
    EXPECT_EQ(socket.device().value(), "lo");
  }
  co_return {};
}
TEST(udp, options_are_what_was_set) {
  run(options_are_what_was_set());
}

task<result<void>> groups_are_joined_and_left() {
  auto index = ::if_nametoindex("lo");
  auto group = ip_address::v4(239, 255, 77, 1);
  auto receiver = co_await or_return(udp_socket::bind("0.0.0.0:0"));
  auto sender = co_await or_return(loopback());
  auto joined = receiver.join_multicast(group, index);
  EXPECT_TRUE(joined.has_value()) << joined.error().message();
  auto twice = receiver.join_multicast(group, index);
  EXPECT_TRUE(!twice && twice.error() == std::errc::address_in_use);
  EXPECT_TRUE(sender.set_multicast_interface(index).has_value());
  EXPECT_TRUE(sender.set_multicast_loop(true).has_value());
  co_await or_return(sender.send_to("all", socket_address(group, receiver.local_address().port())));
  std::array<char, 8> buffer;
  auto got = co_await or_return(receiver.receive(buffer));
  EXPECT_EQ(std::string_view(buffer.data(), got.size()), "all");
  EXPECT_TRUE(receiver.leave_multicast(group, index).has_value());
  auto left = receiver.leave_multicast(group, index);
  EXPECT_TRUE(!left && left.error() == std::errc::address_not_available);
  auto six = receiver.join_multicast(ip_address::any_v6(), index);
  EXPECT_TRUE(!six && six.error() == errc::invalid_argument);
  co_return {};
}
TEST(udp, groups_are_joined_and_left) {
  run(groups_are_joined_and_left());
}

task<result<void>> groups_of_ipv6_are_joined_and_left() {
  auto index = ::if_nametoindex("lo");
  auto group = *ip_address::parse("ff01::7701");
  auto receiver = co_await udp_socket::bind("[::]:0");
  if (!receiver || !receiver->join_multicast(group, index)) co_return {};  // without IPv6
  auto sender = co_await or_return(udp_socket::bind("[::1]:0"));
  EXPECT_TRUE(sender.set_multicast_interface(index).has_value());
  auto sent =
      co_await sender.send_to("all", socket_address(group, receiver->local_address().port()));
  if (!sent && sent.error() == std::errc::network_unreachable) co_return {};  // no route for groups
  EXPECT_TRUE(sent.has_value());
  std::array<char, 8> buffer;
  auto got = co_await or_return(receiver->receive(buffer));
  EXPECT_EQ(std::string_view(buffer.data(), got.size()), "all");
  EXPECT_TRUE(receiver->leave_multicast(group, index).has_value());
  co_return {};
}
TEST(udp, groups_of_ipv6_are_joined_and_left) {
  run(groups_of_ipv6_are_joined_and_left());
}

task<result<void>> a_port_is_shared_only_if_both_want_it() {
  auto first = co_await or_return(loopback());
  auto taken = co_await udp_socket::bind(first.local_address());
  EXPECT_TRUE(!taken && taken.error() == std::errc::address_in_use);
  if (!taken) {
    EXPECT_NE(taken.error().message().find("binding to 127.0.0.1:"), std::string::npos);
  }
  udp_options shared;
  shared.reuse_port(true);
  auto one = co_await or_return(udp_socket::bind("127.0.0.1:0", shared));
  auto other = co_await or_return(udp_socket::bind(one.local_address(), shared));
  EXPECT_EQ(one.local_address(), other.local_address());
  udp_options reused;
  reused.reuse_address(true);
  auto third = co_await or_return(udp_socket::bind("127.0.0.1:0", reused));
  auto fourth = co_await or_return(udp_socket::bind(third.local_address(), reused));
  EXPECT_EQ(third.local_address(), fourth.local_address());
  co_return {};
}
TEST(udp, a_port_is_shared_only_if_both_want_it) {
  run(a_port_is_shared_only_if_both_want_it());
}

task<result<void>> only_ip_addresses_are_taken() {
  auto path = *socket_address::parse("unix:/tmp/x");
  auto bound = co_await udp_socket::bind(path);
  EXPECT_TRUE(!bound && bound.error() == errc::invalid_argument);
  auto text = co_await udp_socket::bind("no port");
  EXPECT_TRUE(!text && text.error() == errc::invalid_argument);
  auto socket = co_await or_return(loopback());
  auto connected = co_await socket.connect(path);
  EXPECT_TRUE(!connected && connected.error() == errc::invalid_argument);
  auto nowhere = co_await socket.connect(std::string("no port"));
  EXPECT_TRUE(!nowhere && nowhere.error() == errc::invalid_argument);
  co_return {};
}
TEST(udp, only_ip_addresses_are_taken) {
  run(only_ip_addresses_are_taken());
}

task<result<void>> a_socket_goes_round_as_a_native_handle() {
  auto first = co_await or_return(loopback());
  auto address = first.local_address();
  auto again = co_await or_return(udp_socket::from_native(std::move(first).into_native()));
  EXPECT_FALSE(static_cast<bool>(first));
  EXPECT_EQ(again.local_address(), address);
  auto sender = co_await or_return(loopback());
  co_await or_return(sender.send_to("x", address));
  std::array<char, 4> buffer;
  auto got = co_await or_return(again.receive(buffer));
  EXPECT_EQ(got.size(), 1U);
  auto [stream, other] = co_await or_return(weft::net::unix_stream::pair());
  auto wrong = udp_socket::from_native(std::move(stream).into_native());
  EXPECT_TRUE(!wrong && wrong.error() == errc::invalid_argument);
  co_return {};
}
TEST(udp, a_socket_goes_round_as_a_native_handle) {
  run(a_socket_goes_round_as_a_native_handle());
}

TEST(udp, a_socket_outlives_its_runtime) {
  udp_socket survivor;
  {
    auto runtime = weft::runtime::current_thread().build();
    auto socket = runtime.block_on(loopback());
    ASSERT_TRUE(socket.has_value());
    survivor = *std::move(socket);
  }
  EXPECT_TRUE(survivor.try_send_to("x", survivor.local_address()).has_value());
  survivor.close();
  EXPECT_FALSE(static_cast<bool>(survivor));
}

TEST(udp_death, a_socket_that_was_closed_ends_the_program) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  udp_socket none;
  EXPECT_DEATH((void)none.local_address(), "datagram socket was used that has no socket");
}

}  // namespace
