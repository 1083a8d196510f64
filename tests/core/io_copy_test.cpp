#include <weft/io/copy.hpp>
#include <weft/io/duplex.hpp>
#include <weft/io/utilities.hpp>
#include <weft/join.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <string>

#include "net_support.hpp"

namespace {

using namespace net_test;
using weft::errc;
using weft::io::duplex;
using weft::io::duplex_script;
using weft::io::fault;
using weft::io::transport;
using namespace std::chrono_literals;

task<result<void>> sends(transport& to, std::string text) {
  co_await or_return(to.write_all(text));
  co_return co_await to.shutdown();
}
std::string letters(std::size_t count) {
  std::string text(count, ' ');
  for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + i % 26);
  return text;
}

task<result<void>> copies(std::size_t capacity) {
  auto [from, source] = duplex(100);
  auto [to, target] = duplex(30);
  auto text = letters(5000);
  auto copying = [](transport& in, transport& out,
                    std::size_t most) -> task<result<std::uint64_t>> {
    auto count = co_await or_return(weft::io::copy(in, out, most));
    co_await or_return(out.shutdown());
    co_return count;
  };
  auto [sent, count, all] = co_await or_return(
      weft::try_join(sends(source, text), copying(from, to, capacity), read_all(target)));
  EXPECT_EQ(count, 5000U);
  EXPECT_EQ(all, text);
  co_return {};
}
TEST(copy, copies_all_that_comes) {
  for (std::size_t capacity : {1U, 7U, 1000U, 16384U}) {
    run_here(copies(capacity));
    run(copies(capacity));
  }
}

task<result<void>> does_not_shut_down() {
  duplex_script script;
  auto [to, target] = duplex(script);
  auto nothing = weft::io::empty();
  auto count = co_await or_return(weft::io::copy(nothing, to));
  EXPECT_EQ(count, 0U);
  EXPECT_FALSE(script.first().counters().shut_down);
  co_return {};
}
TEST(copy, leaves_the_target_open) {
  run_here(does_not_shut_down());
}

task<result<void>> reads_ahead_within_its_capacity() {
  duplex_script script;
  auto [from, source] = duplex(script);
  auto [to, target] = duplex(1);
  co_await or_return(source.write_all(letters(1000)));
  weft::io::copier pump(from, to, 100);
  auto late = co_await weft::timeout(1ms, pump.run());
  EXPECT_FALSE(late.has_value());
  EXPECT_EQ(pump.copied(), 1U);
  EXPECT_EQ(script.first().counters().bytes_received, 101U);
  co_return {};
}
TEST(copy, holds_no_more_than_its_capacity) {
  auto runtime = weft::runtime::current_thread().start_paused(true).build();
  auto ended = runtime.block_on(reads_ahead_within_its_capacity());
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> sends_owned(transport to, std::string text) {
  co_return co_await sends(to, std::move(text));
}
task<result<void>> goes_on_after_cancellation() {
  auto [from, source] = duplex(10);
  auto [to, target] = duplex(3);
  auto text = letters(500);
  auto feeding = weft::spawn(sends_owned, std::move(source), text);
  weft::io::copier pump(from, to, 16);
  std::string got;
  int drops = 0;
  while (true) {
    auto [other, done] = co_await weft::select_biased(weft::yield_now(), pump.run());
    if (done) {
      EXPECT_EQ(done->value(), 500U);
      break;
    }
    ++drops;
    auto [some, none] = co_await weft::select_biased(target.receive(), weft::yield_now());
    if (some) got += (*some)->view();
  }
  while (got.size() < text.size()) {
    auto rest = co_await or_return(target.receive());
    got += rest.view();
  }
  EXPECT_EQ(got, text);
  EXPECT_GT(drops, 10);
  (void)co_await std::move(feeding);
  co_return {};
}
TEST(copy, one_that_is_cancelled_loses_nothing) {
  run_here(goes_on_after_cancellation());
}

task<result<void>> from_a_reader() {
  auto [from, source] = duplex();
  auto [to, target] = duplex();
  co_await or_return(sends(source, "head\nbody and more"));
  weft::io::buffered_reader in(from);
  auto head = co_await or_return(in.read_line());
  EXPECT_EQ(head.value(), "head");
  auto count = co_await or_return(weft::io::copy(in, to));
  EXPECT_EQ(count, 13U);
  co_await or_return(to.shutdown());
  auto all = co_await or_return(read_all(target));
  EXPECT_EQ(all, "body and more");
  co_return {};
}
TEST(copy, from_a_reader_begins_with_what_is_buffered) {
  run_here(from_a_reader());
}

task<result<void>> fails(bool reading) {
  duplex_script script;
  auto [from, source] = duplex(script);
  if (reading) script.first().on_receive(2, fault::fail(std::errc::io_error));
  duplex_script out;
  auto [to, target] = duplex(out);
  if (!reading) out.first().on_send(1, fault::fail(std::errc::io_error));
  co_await or_return(source.write_all("abc"));
  weft::io::copier pump(from, to);
  auto failed = co_await pump.run();
  EXPECT_TRUE(!failed && failed.error() == std::errc::io_error);
  co_await or_return(source.shutdown());
  auto again = co_await or_return(pump.run());
  EXPECT_EQ(again, 3U) << "what was read is kept";
  co_return {};
}
TEST(copy, errors_of_either_come_out) {
  run_here(fails(true));
  run_here(fails(false));
}

// ---- both ways

task<result<void>> passes_ends_on() {
  auto [client, first] = duplex(64);
  auto [second, server] = duplex(64);
  // The client ends its side first; the server answers only then.
  auto ask = [](transport& at) -> task<result<std::string>> {
    co_await or_return(sends(at, letters(1000)));
    co_return co_await read_all(at);
  };
  auto answer = [](transport& at) -> task<result<std::string>> {
    auto all = co_await or_return(read_all(at));
    co_await or_return(sends(at, letters(3000)));
    co_return all;
  };
  auto [asked, came, count] = co_await or_return(
      weft::try_join(ask(client), answer(server), weft::io::copy_bidirectional(first, second, 50)));
  EXPECT_EQ(came, letters(1000));
  EXPECT_EQ(asked, letters(3000));
  EXPECT_EQ(count.first_to_second, 1000U);
  EXPECT_EQ(count.second_to_first, 3000U);
  co_return {};
}
TEST(copy_bidirectional, passes_each_end_on_and_counts) {
  run_here(passes_ends_on());
  run(passes_ends_on());
}

task<result<void>> both_at_once() {
  auto first_pair = co_await or_return(connected_pair());
  auto second_pair = co_await or_return(connected_pair());
  auto [count, up, sent_up, down, sent_down] = co_await or_return(
      weft::try_join(weft::io::copy_bidirectional(first_pair.server, second_pair.client),
                     read_all(second_pair.server), sends(first_pair.client, letters(200'000)),
                     read_all(first_pair.client), sends(second_pair.server, letters(300'000))));
  EXPECT_EQ(up, letters(200'000));
  EXPECT_EQ(down, letters(300'000));
  EXPECT_EQ(count.first_to_second, 200'000U);
  EXPECT_EQ(count.second_to_first, 300'000U);
  co_return {};
}
TEST(copy_bidirectional, over_tcp_both_ways_at_once) {
  run(both_at_once());
}

task<result<void>> bidirectional_fails() {
  duplex_script script;
  auto [first, client] = duplex();
  auto [second, server] = duplex(script);
  weft::io::bidirectional_copier pump(first, second);
  co_await or_return(client.write_all("abc"));
  auto late = co_await weft::timeout(1ms, pump.run());
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  EXPECT_EQ(pump.copied().first_to_second, 3U);
  script.first().reset();
  auto failed = co_await pump.run();
  EXPECT_TRUE(!failed && failed.error() == std::errc::connection_reset);
  co_return {};
}
TEST(copy_bidirectional, an_error_ends_it_at_once) {
  auto runtime = weft::runtime::current_thread().start_paused(true).build();
  auto ended = runtime.block_on(bidirectional_fails());
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> endless_copy_lets_others_run() {
  auto from = weft::io::repeat(std::byte{'x'});
  auto to = weft::io::sink();
  auto [done, other] = co_await weft::select(weft::io::copy(from, to), weft::yield_now());
  EXPECT_FALSE(done.has_value());
  co_return {};
}
TEST(copy, of_what_is_endless_lets_others_run) {
  run_here(endless_copy_lets_others_run());
}

}  // namespace
