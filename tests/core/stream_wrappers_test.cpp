#include <weft/net/tcp.hpp>
#include <weft/stream/collect.hpp>
#include <weft/stream/transform.hpp>
#include <weft/stream/wrappers.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "net_support.hpp"
#include "stream_support.hpp"

namespace {

using namespace stream_test;
using weft::net::tcp_listener;
using weft::net::tcp_stream;

task<result<void>> accepts_connections() {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto address = listener.local_address();
  auto clients = weft::incoming(listener) | weft::take(2);
  static_assert(weft::fallible_stream<decltype(clients)>);
  static_assert(std::same_as<weft::stream_item_t<decltype(clients)>, tcp_stream>);
  for (std::string text : {"one", "two"}) {
    auto near = co_await or_return(tcp_stream::connect(address));
    co_await or_return(near.write_all(text));
    near.close();
    auto far = co_await or_return(clients.next());
    auto got = co_await or_return(net_test::read_all(*far));
    EXPECT_EQ(got, text);
  }
  auto end = co_await or_return(clients.next());
  EXPECT_FALSE(end.has_value());
  co_return {};
}
TEST(stream_wrappers, incoming_yields_connections) {
  net_test::run(accepts_connections());
}

task<result<void>> loses_no_connection() {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto address = listener.local_address();
  auto clients = weft::incoming(std::move(listener));
  auto [none, other] = co_await weft::select(clients.next(), weft::yield_now());
  EXPECT_FALSE(none.has_value());
  auto near = co_await or_return(tcp_stream::connect(address));
  auto far = co_await or_return(clients.next());
  EXPECT_TRUE(far.has_value());
  co_return {};
}
TEST(stream_wrappers, incoming_owns_a_listener_that_is_given_up) {
  net_test::run(loses_no_connection());
}

task<result<void>> hears_signals() {
  auto all = weft::signals(SIGUSR1);
  auto [none, other] = co_await weft::select(all.next(), weft::yield_now());
  EXPECT_FALSE(none.has_value());
  for (int i = 0; i < 2; ++i) {
    std::raise(SIGUSR1);
    auto heard = co_await or_return(all.next());
    EXPECT_EQ(heard, SIGUSR1);
  }
  auto wrong = weft::signals(SIGKILL);
  auto refused = co_await wrong.next();
  EXPECT_TRUE(!refused && refused.error() == errc::invalid_argument);
  co_return {};
}
TEST(stream_wrappers, signals_are_a_stream) {
  net_test::run(hears_signals());
}

TEST(stream_wrappers, awaiting_calls_a_function_for_each_item) {
  auto counts = [n = 0]() mutable -> task<int> {
    return [](int value) -> task<int> {
      co_await weft::yield_now();
      co_return value;
    }(n++);
  };
  EXPECT_EQ(run_paused(all_of(weft::awaiting(counts) | weft::take(3))),
            (std::vector<int>{0, 1, 2}));
  auto naps = weft::awaiting([] { return weft::sleep(1ms); });
  static_assert(std::same_as<weft::stream_item_t<decltype(naps)>, weft::unit>);
  EXPECT_EQ(run_paused(all_of(std::move(naps) | weft::take(2))).size(), 2U);
  auto fails_later = weft::awaiting([n = 0]() mutable {
    return ready(++n < 3 ? result<int>(n) : result<int>(weft::fail(errc::not_found)));
  });
  auto [items, failure] = run_paused(until_error(std::move(fails_later)));
  EXPECT_EQ(items, (std::vector<int>{1, 2}));
  EXPECT_TRUE(failure && *failure == errc::not_found);
}

}  // namespace
