#include <weft/io/duplex.hpp>
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "net_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace net_test;
using weft::errc;
using weft::io::duplex;
using weft::io::duplex_script;
using weft::io::fault;
using weft::io::transport;

std::string pattern(std::size_t size) {
  std::string made(size, '\0');
  for (std::size_t index = 0; index < size; ++index)
    made[index] = static_cast<char>('a' + index % 23);
  return made;
}

task<result<void>> send_text(transport& to, std::string text) {
  co_await or_return(to.write_all(text));
  co_return co_await to.shutdown();
}

task<result<void>> carries_bytes_both_ways() {
  auto [client, server] = duplex();
  std::array<char, 8> buffer;
  co_await or_return(client.write_all("ping"));
  auto count = co_await or_return(server.read(buffer));
  EXPECT_EQ(std::string_view(buffer.data(), count), "ping");
  co_await or_return(server.write_all("pong"));
  auto answer = co_await or_return(client.receive());
  EXPECT_EQ(answer, "pong");
  EXPECT_EQ(client.native_handle(), -1);
  EXPECT_FALSE(static_cast<bool>(client.peer_address()));
  co_return {};
}
TEST(duplex, carries_bytes_both_ways) {
  run(carries_bytes_both_ways());
}

// Every capacity around the size of what is sent, so that the ring wraps everywhere.
task<result<void>> wraps_around_at_every_capacity() {
  auto text = pattern(41);
  for (std::size_t capacity = 0; capacity < 50; ++capacity) {
    auto [client, server] = duplex(capacity);
    auto [sent, received] = co_await weft::join(send_text(client, text), read_all(server));
    EXPECT_TRUE(sent.has_value());
    EXPECT_EQ(received.value(), text) << capacity;
  }
  co_return {};
}
TEST(duplex, wraps_around_at_every_capacity) {
  run(wraps_around_at_every_capacity());
}

task<result<void>> pushes_back_when_it_is_full() {
  auto [client, server] = duplex(4);
  auto written = co_await or_return(client.write("abcdef"));
  EXPECT_EQ(written, 4U);
  auto late = co_await weft::timeout(0ms, client.write("ef"));
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  auto head = co_await or_return(server.receive());
  EXPECT_EQ(head, "abcd");
  auto rest = co_await or_return(client.write("ef"));
  EXPECT_EQ(rest, 2U);
  co_return {};
}
TEST(duplex, pushes_back_when_it_is_full) {
  run(pushes_back_when_it_is_full());
}

task<result<void>> half_close_leaves_the_other_direction() {
  auto [client, server] = duplex();
  co_await or_return(client.write_all("request"));
  co_await or_return(client.shutdown());
  auto more = co_await client.write("more");
  EXPECT_TRUE(!more && more.error() == std::errc::broken_pipe);
  auto request = co_await or_return(read_all(server));
  EXPECT_EQ(request, "request");
  co_await server.peer_closed();
  co_await or_return(server.write_all("answer"));
  auto answer = co_await or_return(client.receive());
  EXPECT_EQ(answer, "answer");
  co_return {};
}
TEST(duplex, half_close_leaves_the_other_direction) {
  run(half_close_leaves_the_other_direction());
}

task<result<void>> closing_ends_both_directions() {
  auto [client, server] = duplex();
  co_await or_return(client.write_all("last"));
  client.close();
  auto refused = co_await server.write("x");
  EXPECT_TRUE(!refused && refused.error() == std::errc::broken_pipe);
  auto last = co_await or_return(read_all(server));
  EXPECT_EQ(last, "last");
  auto again = co_await or_return(server.receive());  // the end stays the end
  EXPECT_TRUE(again.empty());
  co_return {};
}
TEST(duplex, closing_ends_both_directions) {
  run(closing_ends_both_directions());
}

task<result<void>> close_it(transport end) {
  end.close();
  co_return {};
}
task<result<void>> closing_wakes_who_waits() {
  {
    auto [client, server] = duplex();
    auto [end, closed] = co_await weft::join(server.receive(), close_it(std::move(client)));
    EXPECT_TRUE(end.has_value() && end->empty());
  }
  {
    auto [client, server] = duplex(1);
    co_await or_return(client.write_all("x"));
    auto [sent, closed] = co_await weft::join(client.write("y"), close_it(std::move(server)));
    EXPECT_TRUE(!sent && sent.error() == std::errc::broken_pipe);
  }
  {
    auto [client, server] = duplex();
    auto [heard, closed] = co_await weft::join(server.peer_closed(), close_it(std::move(client)));
  }
  co_return {};
}
TEST(duplex, closing_wakes_who_waits) {
  run(closing_wakes_who_waits());
}

task<result<void>> reset_it(duplex_script& script) {
  script.second().reset();
  co_return {};
}
task<result<void>> a_reset_breaks_both_ends() {
  duplex_script script;
  auto [client, server] = duplex(script);
  co_await or_return(client.write_all("lost"));
  auto [waited, done] = co_await weft::join(client.receive(), reset_it(script));
  EXPECT_TRUE(!waited && waited.error() == std::errc::connection_reset);
  auto lost = co_await server.receive();
  EXPECT_TRUE(!lost && lost.error() == std::errc::connection_reset);
  auto written = co_await server.write("x");
  EXPECT_TRUE(!written && written.error() == std::errc::connection_reset);
  co_await client.peer_closed();
  co_return {};
}
TEST(duplex, a_reset_breaks_both_ends) {
  run(a_reset_breaks_both_ends());
}

task<result<void>> wait_for_the_end(transport& of) {
  co_await of.peer_closed();
  co_return {};
}
task<result<void>> abort_it(transport end) {
  end.abort();
  co_return {};
}
task<result<void>> aborting_resets_the_other_end() {
  auto [client, server] = duplex();
  co_await or_return(server.write_all("half"));
  auto [waited, done] = co_await weft::join(wait_for_the_end(client), abort_it(std::move(server)));
  EXPECT_TRUE(waited && done);
  auto lost = co_await client.receive();
  EXPECT_TRUE(!lost && lost.error() == std::errc::connection_reset);
  auto written = co_await client.write("x");
  EXPECT_TRUE(!written && written.error() == std::errc::connection_reset);
  co_return {};
}
TEST(duplex, aborting_resets_the_other_end) {
  run(aborting_resets_the_other_end());
}

task<result<void>> closing_with_unread_data_resets_when_asked() {
  duplex_script script;
  script.second().resets_when_closed_unread();
  auto [client, server] = duplex(script);
  co_await or_return(client.write_all("unread"));
  co_await or_return(server.write_all("answer"));
  server.close();
  auto answer = co_await client.receive();
  EXPECT_TRUE(!answer && answer.error() == std::errc::connection_reset);
  co_return {};
}
TEST(duplex, closing_with_unread_data_resets_when_asked) {
  run(closing_with_unread_data_resets_when_asked());
}

task<result<void>> moves_as_little_as_it_is_told() {
  auto text = pattern(97);
  for (std::size_t piece = 1; piece < 12; ++piece) {
    duplex_script script;
    script.first().on_every_send(fault::at_most(piece));
    script.second().on_every_receive(fault::at_most(2)).on_every_receive(fault::suspend());
    auto [client, server] = duplex(script, 16);
    auto [sent, received] = co_await weft::join(send_text(client, text), read_all(server));
    EXPECT_TRUE(sent.has_value());
    EXPECT_EQ(received.value(), text);
    EXPECT_EQ(script.first().counters().bytes_sent, 97U);
    EXPECT_GE(script.first().counters().sends, (97 + piece - 1) / piece);
    EXPECT_EQ(script.second().counters().bytes_received, 97U);
    EXPECT_GE(script.second().counters().receives, 97U / 2 + 1);
  }
  co_return {};
}
TEST(duplex, moves_as_little_as_it_is_told) {
  run(moves_as_little_as_it_is_told());
}

// A chain is taken up again at every offset at which a write may stop.
task<result<void>> a_chain_is_resumed_at_every_offset() {
  for (std::size_t at = 1; at < 30; ++at) {
    duplex_script script;
    script.first()
        .on_send(1, fault::at_most(at))
        .on_send(2, fault::fail(std::errc::no_buffer_space));
    auto [client, server] = duplex(script);
    weft::bytes_chain chain;
    for (auto piece : {"a", "bc", "def", "ghij", "klmno", "pqrstu", "vwxyz0123"}) {
      chain.push_back(weft::bytes::from_static(piece));
    }
    auto failed = co_await client.send_all(chain);
    EXPECT_TRUE(!failed && failed.error() == std::errc::no_buffer_space);
    EXPECT_EQ(chain.size(), 30 - at);
    co_await or_return(client.send_all(chain));
    co_await or_return(client.shutdown());
    auto received = co_await or_return(read_all(server));
    EXPECT_EQ(received, "abcdefghijklmnopqrstuvwxyz0123");
  }
  co_return {};
}
TEST(duplex, a_chain_is_resumed_at_every_offset) {
  run(a_chain_is_resumed_at_every_offset());
}

task<result<void>> the_nth_operation_fails_and_only_that() {
  duplex_script script;
  script.second().on_receive(2, fault::fail(weft::error(errc::limit_exceeded, "planned")));
  auto [client, server] = duplex(script);
  co_await or_return(client.write_all("a"));
  auto first = co_await or_return(server.receive());
  EXPECT_EQ(first, "a");
  auto second = co_await server.receive();  // fails although there is nothing to read
  EXPECT_TRUE(!second && second.error() == errc::limit_exceeded);
  co_await or_return(client.write_all("b"));
  auto third = co_await or_return(server.receive());
  EXPECT_EQ(third, "b");
  EXPECT_EQ(script.second().counters().receives, 3U);
  co_return {};
}
TEST(duplex, the_nth_operation_fails_and_only_that) {
  run(the_nth_operation_fails_and_only_that());
}

task<result<void>> the_nth_operation_resets() {
  duplex_script script;
  script.first().on_send(2, fault::reset());
  auto [client, server] = duplex(script);
  co_await or_return(client.write_all("a"));
  auto broken = co_await client.write("b");
  EXPECT_TRUE(!broken && broken.error() == std::errc::connection_reset);
  auto lost = co_await server.receive();
  EXPECT_TRUE(!lost && lost.error() == std::errc::connection_reset);
  co_return {};
}
TEST(duplex, the_nth_operation_resets) {
  run(the_nth_operation_resets());
}

task<result<void>> an_operation_takes_its_time() {
  duplex_script script;
  script.second().on_receive(1, fault::delay(5s));
  script.first().on_send(2, fault::delay(3s));
  auto [client, server] = duplex(script);
  auto start = weft::time::now();
  co_await or_return(client.write_all("a"));
  auto passed = [&] { return std::chrono::floor<std::chrono::seconds>(weft::time::now() - start); };
  EXPECT_EQ(passed(), 0s);
  auto late = co_await weft::timeout(1s, server.receive());  // given up: the delay begins anew
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  auto first = co_await or_return(server.receive());
  EXPECT_EQ(first, "a");
  EXPECT_EQ(passed(), 6s);
  co_await or_return(client.write_all("b"));
  EXPECT_EQ(passed(), 9s);
  co_return {};
}
TEST(duplex, an_operation_takes_its_time) {
  auto runtime = weft::runtime::current_thread().start_paused(true).build();
  auto ended = runtime.block_on(an_operation_takes_its_time());
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> a_cancelled_read_loses_nothing() {
  auto [client, server] = duplex(3);
  auto sending = weft::spawn(send_text, std::ref(client), pattern(500));
  std::string received;
  while (received.size() < 500) {
    auto some = co_await weft::timeout(0ms, server.receive());
    if (some)
      received += some->view();
    else
      co_await weft::yield_now();
  }
  EXPECT_EQ(received, pattern(500));
  co_return co_await std::move(sending);
}
TEST(duplex, a_cancelled_read_loses_nothing) {
  run(a_cancelled_read_loses_nothing());
}

task<result<void>> two_threads_pass_a_megabyte_both_ways() {
  auto [client, server] = duplex(1000);
  auto text = pattern(1 << 20);
  auto both = [](transport& end, std::string mine) -> task<result<std::string>> {
    auto [sent, received] = co_await weft::join(send_text(end, std::move(mine)), read_all(end));
    if (!sent) co_return weft::fail(sent.error());
    co_return std::move(received);
  };
  auto first = weft::spawn(both, std::ref(client), text);
  auto second = weft::spawn(both, std::ref(server), text);
  auto at_client = co_await or_return(std::move(first));
  auto at_server = co_await or_return(std::move(second));
  EXPECT_TRUE(at_client == text && at_server == text);
  co_return {};
}
TEST(duplex, two_threads_pass_a_megabyte_both_ways) {
  run(two_threads_pass_a_megabyte_both_ways());
}

}  // namespace
