#include <weft/net/connect.hpp>
#include <weft/net/resolver.hpp>
#include <weft/runtime.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace net_test;
using weft::errc;
using weft::net::connect;
using weft::net::connect_options;
using weft::net::failed_attempts;
using weft::net::fixed_resolver;
using weft::net::host_port;
using weft::net::ip_address;
using weft::net::resolve_errc;
using weft::net::socket_address;
using weft::net::tcp_listener;
using addresses = std::vector<socket_address>;

/// An address that never answers: a listener whose backlog is full, so that the kernel drops what
/// comes.
class black_hole {
 public:
  black_hole() {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    native_.sin_family = AF_INET;
    native_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof native_;
    auto* address = reinterpret_cast<sockaddr*>(&native_);
    EXPECT_EQ(::bind(listening_, address, length), 0);
    EXPECT_EQ(::listen(listening_, 0), 0);
    EXPECT_EQ(::getsockname(listening_, address, &length), 0);
    for (int filled = 0; filled < 8; ++filled) {
      fillers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      (void)::connect(fillers_.back(), address, sizeof native_);
      sockaddr_in peer{};
      length = sizeof peer;
      // The handshake of loopback is done before connect returns, or it is not answered.
      if (::getpeername(fillers_.back(), reinterpret_cast<sockaddr*>(&peer), &length) < 0) return;
    }
    ADD_FAILURE() << "the backlog never filled";
  }
  black_hole(const black_hole&) = delete;
  black_hole& operator=(const black_hole&) = delete;
  ~black_hole() {
    for (auto one : fillers_) ::close(one);
    ::close(listening_);
  }
  socket_address address() const { return {ip_address::loopback_v4(), ntohs(native_.sin_port)}; }

 private:
  int listening_ = -1;
  sockaddr_in native_{};
  std::vector<int> fillers_;
};

/// A port of loopback where a connection is refused: bound, so that nobody else gets it, and not
/// listening.
class refusing_port {
 public:
  refusing_port() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in native{};
    native.sin_family = AF_INET;
    native.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof native;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&native), length), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&native), &length), 0);
    port_ = ntohs(native.sin_port);
  }
  refusing_port(const refusing_port&) = delete;
  refusing_port& operator=(const refusing_port&) = delete;
  ~refusing_port() { ::close(socket_); }
  socket_address address() const { return {ip_address::loopback_v4(), port_}; }

 private:
  int socket_ = -1;
  std::uint16_t port_ = 0;
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& one : std::filesystem::directory_iterator("/proc/self/fd")) {
    (void)one;
    ++count;
  }
  return count;
}

/// Runs `body` with a clock that stands still, and jumps when nothing else can be done.
void run_paused(task<result<void>> body) {
  auto runtime = weft::runtime::current_thread().start_paused(true).build();
  auto ended = runtime.block_on(std::move(body));
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

connect_options knowing(addresses of_name) {
  auto names = std::make_shared<fixed_resolver>();
  names->add("name.test", std::move(of_name));
  connect_options options;
  options.resolver(std::move(names));
  return options;
}

task<result<void>> a_dead_address_costs_the_delay() {
  black_hole dead;
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  addresses all;
  all.push_back(dead.address());
  all.push_back(listener.local_address());
  auto before = open_descriptors();
  auto start = weft::time::now();
  {
    auto options = knowing(all);
    auto client = co_await or_return(connect("name.test:1", options));
    EXPECT_EQ(client.peer_address(), listener.local_address());
    EXPECT_EQ(weft::time::now() - start, 250ms);
    EXPECT_TRUE(client.nodelay().value());
    EXPECT_EQ(open_descriptors(), before + 1);  // the loser is gone
  }
  auto options = knowing(all);
  options.attempt_delay(1s);
  start = weft::time::now();
  auto client = co_await or_return(connect("name.test:1", options));
  EXPECT_EQ(weft::time::now() - start, 1s);
  co_return {};
}
TEST(connect, a_dead_address_costs_the_delay) {
  run_paused(a_dead_address_costs_the_delay());
}

task<result<void>> the_first_address_that_answers_costs_no_delay() {
  black_hole dead;
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  addresses all;
  all.push_back(listener.local_address());
  all.push_back(dead.address());
  auto start = weft::time::now();
  auto client = co_await or_return(connect(all));
  EXPECT_EQ(client.peer_address(), listener.local_address());
  EXPECT_EQ(weft::time::now() - start, 0ms);
  co_return {};
}
TEST(connect, the_first_address_that_answers_costs_no_delay) {
  run_paused(the_first_address_that_answers_costs_no_delay());
}

// After a refusal the next attempt starts at once, beside those that are under way.
task<result<void>> a_refusal_costs_no_delay() {
  black_hole dead;
  refusing_port refusing;
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  addresses all;
  all.push_back(refusing.address());
  all.push_back(refusing.address());
  all.push_back(listener.local_address());
  auto start = weft::time::now();
  auto client = co_await or_return(connect(all));
  EXPECT_EQ(weft::time::now() - start, 0ms);
  all.insert(all.begin(), dead.address());
  client = co_await or_return(connect(all));
  EXPECT_EQ(client.peer_address(), listener.local_address());
  EXPECT_EQ(weft::time::now() - start, 250ms);
  co_return {};
}
TEST(connect, a_refusal_costs_no_delay) {
  run_paused(a_refusal_costs_no_delay());
}

task<result<void>> every_failure_is_told() {
  refusing_port one;
  refusing_port other;
  addresses all;
  all.push_back(one.address());
  all.push_back(other.address());
  auto refused = co_await connect(all);
  EXPECT_TRUE(!refused && refused.error() == std::errc::connection_refused);
  if (refused) co_return {};
  const auto* attempts = refused.error().get<failed_attempts>();
  EXPECT_TRUE(attempts != nullptr);
  if (!attempts) co_return {};
  EXPECT_EQ(attempts->all().size(), 2U);
  EXPECT_EQ(attempts->all()[0].address(), one.address());
  EXPECT_EQ(attempts->all()[1].address(), other.address());
  EXPECT_TRUE(attempts->all()[0].why() == std::errc::connection_refused);
  EXPECT_EQ(refused.error().message(), "connecting to " + one.address().to_string() +
                                           ": Connection refused; connecting to " +
                                           other.address().to_string() + ": Connection refused");
  co_return {};
}
TEST(connect, every_failure_is_told) {
  run_paused(every_failure_is_told());
}

// The order shows in the failures. Where there is no IPv6, its attempts fail as well.
task<result<void>> the_families_take_turns() {
  refusing_port refusing;
  auto port = refusing.address().port();
  socket_address first_v4(ip_address::v4(127, 0, 0, 1), port);
  socket_address second_v4(ip_address::v4(127, 0, 0, 2), port);
  socket_address third_v4(ip_address::v4(127, 0, 0, 3), port);
  socket_address v6(ip_address::loopback_v6(), port);
  addresses all;
  all.push_back(first_v4);
  all.push_back(second_v4);
  all.push_back(third_v4);
  all.push_back(v6);
  auto refused = co_await connect(all);
  const auto* attempts = refused ? nullptr : refused.error().get<failed_attempts>();
  EXPECT_TRUE(attempts != nullptr);
  if (!attempts) co_return {};
  addresses order;
  for (const auto& one : attempts->all()) order.push_back(one.address());
  addresses expected;
  expected.push_back(first_v4);
  expected.push_back(v6);
  expected.push_back(second_v4);
  expected.push_back(third_v4);
  EXPECT_EQ(order, expected);

  connect_options two;
  two.max_attempts(2);
  auto fewer = co_await connect(all, two);
  attempts = fewer ? nullptr : fewer.error().get<failed_attempts>();
  EXPECT_TRUE(attempts && attempts->all().size() == 2);
  co_return {};
}
TEST(connect, the_families_take_turns) {
  run_paused(the_families_take_turns());
}

task<result<void>> a_cancelled_race_leaves_nothing_behind() {
  black_hole dead;
  addresses all;
  all.push_back(dead.address());
  all.push_back(dead.address());
  all.push_back(dead.address());
  auto before = open_descriptors();
  auto start = weft::time::now();
  auto late = co_await weft::timeout(400ms, connect(all));  // two are under way then
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  EXPECT_EQ(weft::time::now() - start, 400ms);
  EXPECT_EQ(open_descriptors(), before);
  co_return {};
}
TEST(connect, a_cancelled_race_leaves_nothing_behind) {
  run_paused(a_cancelled_race_leaves_nothing_behind());
}

task<result<void>> what_is_wrong_with_a_name_is_told() {
  auto options = knowing({});
  auto unknown = co_await connect("other.test:1", options);
  EXPECT_TRUE(!unknown && unknown.error() == resolve_errc::no_such_host);
  auto nowhere = co_await connect("name.test:1", options);
  EXPECT_TRUE(!nowhere && nowhere.error() == resolve_errc::no_address);
  auto text = co_await connect("name.test", options);
  EXPECT_TRUE(!text && text.error() == errc::invalid_argument);
  auto none = co_await connect(addresses());
  EXPECT_TRUE(!none && none.error() == resolve_errc::no_address);
  addresses path(1, *socket_address::parse("unix:/tmp/x"));
  auto not_ip = co_await connect(path);
  EXPECT_TRUE(!not_ip && not_ip.error() == errc::invalid_argument);
  co_return {};
}
TEST(connect, what_is_wrong_with_a_name_is_told) {
  run_paused(what_is_wrong_with_a_name_is_told());
}

TEST(connect, the_delay_has_a_minimum) {
  connect_options options;
  EXPECT_EQ(options.attempt_delay(), 250ms);
  EXPECT_EQ(options.attempt_delay(0ms).attempt_delay(), 10ms);
  EXPECT_EQ(options.max_attempts(), 16U);
  EXPECT_EQ(options.max_attempts(0).max_attempts(), 1U);
}

// ---- resolvers

task<result<void>> a_table_knows_its_names() {
  fixed_resolver names;
  names.add("ip.test", std::vector<ip_address>(2, ip_address::v4(10, 0, 0, 1)));
  names.add("own.test", addresses(1, *socket_address::parse("10.0.0.2:7")));
  names.add("none.test", addresses());
  auto ip = co_await or_return(weft::net::resolve(host_port("ip.test", 80), &names));
  EXPECT_EQ(ip, addresses(2, *socket_address::parse("10.0.0.1:80")));
  auto own = co_await or_return(weft::net::resolve(host_port("own.test", 80), &names));
  EXPECT_EQ(own, addresses(1, *socket_address::parse("10.0.0.2:7")));
  auto none = co_await weft::net::resolve(host_port("none.test", 80), &names);
  EXPECT_TRUE(!none && none.error() == resolve_errc::no_address);
  auto unknown = co_await weft::net::resolve(host_port("unknown.test", 80), &names);
  EXPECT_TRUE(!unknown && unknown.error() == resolve_errc::no_such_host);
  auto literal = co_await or_return(weft::net::resolve(host_port("::1", 80), &names));
  EXPECT_EQ(literal, addresses(1, *socket_address::parse("[::1]:80")));
  weft::net::system_resolver system;
  auto local = co_await or_return(weft::net::resolve(host_port("localhost", 80), &system));
  EXPECT_TRUE(local.front().ip().is_loopback());
  co_return {};
}
TEST(resolver, a_table_knows_its_names) {
  run(a_table_knows_its_names());
}

}  // namespace
