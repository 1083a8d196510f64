#include <weft/io/duplex.hpp>
#include <weft/io/utilities.hpp>
#include <weft/select.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "net_support.hpp"

namespace {

using namespace net_test;
using weft::errc;
using weft::io::transport;
using namespace std::chrono_literals;

task<result<transport>> filled(std::string text) {
  auto [near, far] = weft::io::duplex();
  co_await or_return(far.write_all(text));
  co_await or_return(far.shutdown());
  co_return std::move(near);
}

task<result<void>> nothing_and_everything() {
  auto none = weft::io::empty();
  auto end = co_await or_return(none.receive());
  EXPECT_TRUE(end.empty());
  auto sink = weft::io::sink();
  co_await or_return(sink.write_all(std::string(100'000, 'x')));
  co_await or_return(sink.shutdown());
  auto letters = weft::io::repeat(std::byte{'z'});
  std::string some(5, ' ');
  auto count = co_await or_return(letters.read(some));
  EXPECT_EQ(count, 5U);
  EXPECT_EQ(some, "zzzzz");
  auto more = co_await or_return(letters.receive());
  EXPECT_FALSE(more.empty());
  co_return {};
}
TEST(io_utilities, empty_sink_and_repeat) {
  run_here(nothing_and_everything());
}
task<result<void>> endless_lets_others_run() {
  auto letters = weft::io::repeat(std::byte{'z'});
  auto drains = [](transport& from) -> task<result<void>> {
    while (true) (void)co_await or_return(from.receive());
  };
  auto [done, other] = co_await weft::select(drains(letters), weft::yield_now());
  EXPECT_FALSE(done.has_value());
  co_return {};
}
TEST(io_utilities, reading_what_is_endless_lets_others_run) {
  run_here(endless_lets_others_run());
}

task<result<void>> takes() {
  auto whole = co_await or_return(filled("0123456789"));
  auto head = weft::io::take(std::move(whole), 4);
  auto text = co_await or_return(read_all(head));
  EXPECT_EQ(text, "0123");
  auto short_one = co_await or_return(filled("01"));
  auto all = weft::io::take(std::move(short_one), 4);
  text = co_await or_return(read_all(all));
  EXPECT_EQ(text, "01");
  auto [near, far] = weft::io::duplex();
  auto both_ways = weft::io::take(std::move(near), 0);
  co_await or_return(both_ways.write_all("out"));
  auto out = co_await or_return(far.receive());
  EXPECT_EQ(out, "out");
  co_return {};
}
TEST(io_utilities, take_ends_after_so_many_bytes) {
  run_here(takes());
}

task<result<void>> chains() {
  auto first = co_await or_return(filled("one "));
  auto second = co_await or_return(filled("two"));
  auto both = weft::io::chain(std::move(first), std::move(second));
  std::array<char, 2> head;
  co_await or_return(both.read(head));
  auto text = co_await or_return(read_all(both));
  EXPECT_EQ(text, "e two");
  co_return {};
}
TEST(io_utilities, chain_is_one_after_the_other) {
  run_here(chains());
}

task<result<void>> reads_exactly() {
  auto from = co_await or_return(filled("0123456789"));
  std::array<char, 4> four;
  co_await or_return(weft::io::read_exact(from, std::as_writable_bytes(std::span(four))));
  EXPECT_EQ(std::string_view(four.data(), 4), "0123");
  std::array<char, 7> seven;
  weft::io::unfilled rest(seven);
  auto failed = co_await weft::io::read_exact(from, rest);
  EXPECT_TRUE(!failed && failed.error() == errc::end_of_stream);
  EXPECT_EQ(rest.size(), 1U);
  EXPECT_EQ(std::string_view(seven.data(), 6), "456789");
  co_return {};
}
TEST(io_utilities, read_exact_fills_all_of_it_or_fails) {
  run_here(reads_exactly());
}
task<result<void>> reads_on_after_cancellation() {
  auto [near, far] = weft::io::duplex();
  std::string into(6, ' ');
  weft::io::unfilled rest(into);
  for (char letter = 'a'; letter < 'f'; ++letter) {
    co_await or_return(far.write_all(std::string_view(&letter, 1)));
    auto late = co_await weft::timeout(1ms, weft::io::read_exact(near, rest));
    EXPECT_TRUE(!late && late.error() == errc::timed_out);
  }
  EXPECT_EQ(rest.size(), 1U);
  co_await or_return(far.write_all("f"));
  co_await or_return(weft::io::read_exact(near, rest));
  EXPECT_EQ(into, "abcdef");
  EXPECT_TRUE(rest.empty());
  co_return {};
}
TEST(io_utilities, read_exact_that_was_cancelled_is_taken_up_again) {
  auto runtime = weft::runtime::current_thread().start_paused(true).build();
  auto ended = runtime.block_on(reads_on_after_cancellation());
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> reads_to_the_end() {
  auto from = co_await or_return(filled("0123456789"));
  weft::buffer into;
  into.append("-");
  co_await or_return(weft::io::read_to_end(from, into, 11));
  EXPECT_EQ(into.view(), "-0123456789");
  auto large = co_await or_return(filled("0123456789"));
  weft::buffer small;
  auto failed = co_await weft::io::read_to_end(large, small, 9);
  EXPECT_TRUE(!failed && failed.error() == errc::limit_exceeded);
  co_return {};
}
TEST(io_utilities, read_to_end_reads_all_within_its_limit) {
  run_here(reads_to_the_end());
}

}  // namespace
