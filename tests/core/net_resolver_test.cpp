#include <weft/environment.hpp>
#include <weft/net/resolver.hpp>
#include <weft/net/tcp.hpp>
#include <weft/net/udp.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace net_test;
using weft::errc;
using weft::net::ip_address;
using weft::net::resolve;
using weft::net::resolve_errc;
using weft::net::socket_address;
using addresses = std::vector<socket_address>;

// Answers by itself, without a thread or a network.
class canned_names final : public weft::environment {
 public:
  task<result<addresses>> resolve(std::string host, std::uint16_t port) override {
    ++asked;
    if (host == "two.test") {
      addresses both;
      both.emplace_back(ip_address::v4(127, 0, 0, 1),
                        static_cast<std::uint16_t>(1));  // nobody listens there
      both.emplace_back(ip_address::v4(127, 0, 0, 1), port);
      co_return both;
    }
    if (host == "slow.test") {
      for (int i = 0; i < 3; ++i) co_await weft::yield_now();
      co_return addresses(1, socket_address(ip_address::v4(127, 0, 0, 1), port));
    }
    if (host == "none.test") co_return addresses();
    co_return weft::fail(resolve_errc::no_such_host);
  }
  std::atomic<int> asked{0};
};

void run_with(std::shared_ptr<weft::environment> doors, task<result<void>> body) {
  auto runtime = weft::runtime::current_thread().environment(std::move(doors)).build();
  auto ended = runtime.block_on(std::move(body));
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> addresses_stand_for_themselves() {
  auto v4 = co_await or_return(resolve("127.0.0.1:80"));
  EXPECT_EQ(v4, addresses(1, *socket_address::parse("127.0.0.1:80")));
  auto v6 = co_await or_return(resolve("[::1]:443"));
  EXPECT_EQ(v6, addresses(1, *socket_address::parse("[::1]:443")));
  co_return {};
}
TEST(resolver, addresses_stand_for_themselves) {
  auto doors = std::make_shared<canned_names>();
  run_with(doors, addresses_stand_for_themselves());
  EXPECT_EQ(doors->asked, 0);
}

task<result<void>> the_system_knows_localhost() {
  auto found = co_await or_return(resolve("localhost:8080"));
  EXPECT_FALSE(found.empty());
  for (const auto& address : found) {
    EXPECT_TRUE(address.ip().is_loopback()) << address.to_string();
    EXPECT_EQ(address.port(), 8080);
  }
  co_return {};
}
TEST(resolver, the_system_knows_localhost) {
  run(the_system_knows_localhost());
}
TEST(resolver, the_system_knows_localhost_on_one_thread) {
  run_here(the_system_knows_localhost());
}

// Who is answered in time is not said: the query is on a thread of its own.
task<result<void>> gives_up_queries() {
  for (int i = 0; i < 20; ++i) {
    (void)co_await weft::select(weft::net::resolve("localhost:80"), weft::yield_now());
  }
  auto found = co_await or_return(weft::net::resolve("localhost:80"));
  EXPECT_FALSE(found.empty()) << "those that were given up are in nobody's way";
  co_return {};
}
TEST(resolver, a_query_may_be_given_up) {
  run(gives_up_queries());
}
TEST(resolver, a_query_may_be_given_up_on_one_thread) {
  run_here(gives_up_queries());
}

task<result<void>> errors_say_which_name() {
  auto unknown = co_await resolve("nowhere.test:80");
  EXPECT_TRUE(!unknown && unknown.error() == resolve_errc::no_such_host);
  if (!unknown) {
    EXPECT_EQ(unknown.error().message(), "resolving \"nowhere.test\": there is no such host");
    EXPECT_STREQ(unknown.error().code().category().name(), "weft.resolver");
  }
  auto none = co_await resolve("none.test:80");
  EXPECT_TRUE(!none && none.error() == resolve_errc::no_address);
  auto text = co_await resolve("no port");
  EXPECT_TRUE(!text && text.error() == errc::invalid_argument);
  auto large = co_await resolve(std::string(300, 'a') + ":80");
  EXPECT_TRUE(!large && large.error() == errc::invalid_argument);
  co_return {};
}
TEST(resolver, errors_say_which_name) {
  auto doors = std::make_shared<canned_names>();
  run_with(doors, errors_say_which_name());
  EXPECT_EQ(doors->asked, 2);
}

TEST(resolver, every_error_has_a_message_of_its_own) {
  std::vector<std::string> seen;
  for (int code = 1; code <= static_cast<int>(resolve_errc::unknown); ++code) {
    auto text = weft::error(static_cast<resolve_errc>(code)).message();
    EXPECT_EQ(std::count(seen.begin(), seen.end(), text), 0) << text;
    seen.push_back(text);
  }
}

task<result<void>> a_name_that_cannot_exist_does_not() {
  auto unknown = co_await resolve("surely-not-there.invalid:80");
  EXPECT_FALSE(unknown.has_value());
  if (!unknown) {  // without a network no server answers
    EXPECT_TRUE(unknown.error() == resolve_errc::no_such_host ||
                unknown.error() == resolve_errc::temporary_failure)
        << unknown.error().message();
  }
  co_return {};
}
TEST(resolver, a_name_that_cannot_exist_does_not) {
  run(a_name_that_cannot_exist_does_not());
}

task<result<void>> connecting_tries_every_address() {
  auto listener = co_await or_return(weft::net::tcp_listener::bind("127.0.0.1:0"));
  auto address = listener.local_address();
  auto client = co_await or_return(
      weft::net::tcp_stream::connect("two.test:" + std::to_string(address.port())));
  EXPECT_EQ(client.peer_address(), address);
  auto refused = co_await weft::net::tcp_stream::connect("two.test:1");
  EXPECT_TRUE(!refused && refused.error() == std::errc::connection_refused);
  auto unknown = co_await weft::net::tcp_stream::connect("nowhere.test:1");
  EXPECT_TRUE(!unknown && unknown.error() == resolve_errc::no_such_host);
  auto nobody = co_await weft::net::tcp_listener::bind("nowhere.test:1");
  EXPECT_TRUE(!nobody && nobody.error() == resolve_errc::no_such_host);
  co_return {};
}
TEST(resolver, connecting_tries_every_address) {
  run_with(std::make_shared<canned_names>(), connecting_tries_every_address());
}

task<result<void>> a_name_can_be_bound() {
  auto listener = co_await or_return(weft::net::tcp_listener::bind("localhost:0"));
  EXPECT_TRUE(listener.local_address().ip().is_loopback());
  co_return {};
}
TEST(resolver, a_name_can_be_bound) {
  run(a_name_can_be_bound());
}

task<void> yields(int times) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
}
// Given up at whatever they wait for: a socket that stayed would hold its port.
task<result<void>> who_binds_or_connects_by_name_may_be_given_up() {
  auto listener = co_await or_return(weft::net::tcp_listener::bind("127.0.0.1:0"));
  auto taken = "slow.test:" + std::to_string(listener.local_address().port());
  auto probe = co_await or_return(weft::net::tcp_listener::bind("127.0.0.1:0"));
  auto name = "slow.test:" + std::to_string(probe.local_address().port());
  {
    auto closed = std::move(probe);
  }
  auto datagrams = co_await or_return(weft::net::udp_socket::bind("127.0.0.1:0"));
  for (int round = 0; round < 40; ++round) {
    auto after = round % 8;
    (void)co_await weft::select_biased(yields(after), weft::net::tcp_listener::bind(name));
    (void)co_await weft::select_biased(yields(after), weft::net::udp_socket::bind(name));
    (void)co_await weft::select_biased(yields(after), datagrams.connect(taken));
    (void)co_await weft::select_biased(yields(after), weft::net::tcp_stream::connect(taken));
  }
  auto bound = co_await or_return(weft::net::tcp_listener::bind(name));
  auto also = co_await or_return(weft::net::udp_socket::bind(name));
  co_await or_return(datagrams.connect(name));
  auto client = co_await or_return(weft::net::tcp_stream::connect(taken));
  EXPECT_EQ(client.peer_address(), listener.local_address());
  co_return {};
}
TEST(resolver, who_binds_or_connects_by_name_may_be_given_up) {
  run_with(std::make_shared<canned_names>(), who_binds_or_connects_by_name_may_be_given_up());
}

}  // namespace
