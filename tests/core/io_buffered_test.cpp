#include <weft/io/buffered.hpp>
#include <weft/io/duplex.hpp>
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
using weft::io::buffered_reader;
using weft::io::buffered_writer;
using weft::io::fault;
using weft::io::transport;
using namespace std::chrono_literals;

/// A transport from which `text` comes, `at_once` bytes at a time, and then the end.
struct source {
  weft::io::duplex_script script;
  transport near;
  transport far;
  explicit source(std::size_t at_once) {
    script.first().on_every_receive(fault::at_most(at_once));
    std::tie(near, far) = weft::io::duplex(script, 1 << 20);
  }
  task<result<void>> sends(std::string_view text) {
    co_await or_return(far.write_all(text));
    co_return co_await far.shutdown();
  }
};

task<result<void>> reads_pieces(std::size_t at_once) {
  source from(at_once);
  co_await or_return(from.sends("abcdefghij\nklm\r\n\nlast;rest"));
  buffered_reader in(from.near);
  auto three = co_await or_return(in.read_exact(3));
  EXPECT_EQ(three, "abc");
  std::array<std::byte, 2> two;
  co_await or_return(in.read_exact(two));
  EXPECT_EQ(static_cast<char>(two[1]), 'e');
  auto letter = co_await or_return(in.read_until('h'));
  EXPECT_EQ(letter, "fgh");
  auto line = co_await or_return(in.read_line());
  EXPECT_EQ(line.value(), "ij");
  line = co_await or_return(in.read_line());
  EXPECT_EQ(line.value(), "klm");
  line = co_await or_return(in.read_line());
  EXPECT_TRUE(line.has_value() && line->empty());
  auto least = co_await or_return(in.fill(5));
  EXPECT_GE(least, 5U);
  EXPECT_EQ(in.buffered().substr(0, 5), "last;");
  in.consume(5);
  auto part = co_await or_return(in.receive());
  EXPECT_EQ(part, std::string_view("rest").substr(0, part.size()));
  std::string left(part.view());
  while (left.size() < 4) {
    std::array<std::byte, 1> one;
    auto count = co_await or_return(in.read(one));
    EXPECT_EQ(count, 1U);
    left += static_cast<char>(one[0]);
  }
  EXPECT_EQ(left, "rest");
  for (int i = 0; i < 2; ++i) {
    auto end = co_await or_return(in.read_line());
    EXPECT_FALSE(end.has_value());
    auto nothing = co_await or_return(in.receive());
    EXPECT_TRUE(nothing.empty());
    auto empty = co_await or_return(in.read_until('x'));
    EXPECT_TRUE(empty.empty());
    auto none = co_await or_return(in.fill());
    EXPECT_EQ(none, 0U);
  }
  co_return {};
}
TEST(buffered_reader, reads_what_is_asked_for_however_it_comes) {
  for (std::size_t at_once : {1U, 2U, 3U, 7U, 100U}) run_here(reads_pieces(at_once));
}

task<result<void>> reads_integers() {
  source from(3);
  using namespace std::string_view_literals;
  co_await or_return(from.sends("\x01\x02\x03\x04\x05\x06\x07\x08\xff\xfe\x01\x02\x03\x04\x09"sv));
  buffered_reader in(from.near);
  auto big = co_await or_return(in.read_be<std::uint64_t>());
  EXPECT_EQ(big, 0x0102030405060708U);
  auto small = co_await or_return(in.read_be<std::int16_t>());
  EXPECT_EQ(small, -2);
  auto little = co_await or_return(in.read_le<std::uint32_t>());
  EXPECT_EQ(little, 0x04030201U);
  auto short_of = co_await in.read_be<std::uint16_t>();
  EXPECT_TRUE(!short_of && short_of.error() == errc::end_of_stream);
  auto octet = co_await or_return(in.read_be<std::uint8_t>());
  EXPECT_EQ(octet, 9) << "what was too short is still there";
  co_return {};
}
TEST(buffered_reader, reads_integers_of_either_end) {
  run_here(reads_integers());
}

task<result<void>> keeps_to_limits() {
  source from(4);
  co_await or_return(from.sends("123456789\nabc\nno end"));
  buffered_reader in(from.near);
  for (int i = 0; i < 2; ++i) {
    auto long_line = co_await in.read_line(9);
    EXPECT_TRUE(!long_line && long_line.error() == errc::limit_exceeded);
  }
  auto fits = co_await or_return(in.read_line(10));
  EXPECT_EQ(fits.value(), "123456789");
  auto until = co_await in.read_until('\n', 3);
  EXPECT_TRUE(!until && until.error() == errc::limit_exceeded);
  until = co_await in.read_until('\n', 4);
  EXPECT_TRUE(until.has_value() && *until == "abc\n");
  auto all = co_await in.read_to_end(5);
  EXPECT_TRUE(!all && all.error() == errc::limit_exceeded);
  auto too_many = co_await in.read_exact(7);
  EXPECT_TRUE(!too_many && too_many.error() == errc::end_of_stream);
  all = co_await in.read_to_end(6);
  EXPECT_TRUE(all.has_value() && *all == "no end");
  auto again = co_await in.read_to_end(0);
  EXPECT_TRUE(again.has_value() && again->empty());
  co_return {};
}
TEST(buffered_reader, limits_are_errors_that_lose_nothing) {
  run_here(keeps_to_limits());
}

task<result<void>> reads_large_pieces() {
  source from(1 << 20);
  std::string large(300'000, 'x');
  co_await or_return(from.sends(large + "\ny"));
  buffered_reader in(from.near);
  auto piece = co_await or_return(in.read_exact(100'000));
  EXPECT_EQ(piece.size(), 100'000U);
  auto line = co_await or_return(in.read_line(1 << 20));
  EXPECT_EQ(line->size(), 200'000U);
  auto rest = co_await or_return(in.read_to_end(1));
  EXPECT_EQ(rest, "y");
  co_return {};
}
TEST(buffered_reader, pieces_may_be_larger_than_a_block) {
  run_here(reads_large_pieces());
}

// Every operation is dropped after each byte, and taken up again.
task<result<void>> taken_up_again() {
  auto [near, far] = weft::io::duplex();
  buffered_reader in(near);
  std::string_view text = "0123456789\nline\r\n\x01\x02\x03\x04";
  std::size_t sent = 0;
  auto send_one = [&]() -> weft::io::transport& { return far; };
  std::string got;
  while (got.empty()) {
    auto [late, piece] = co_await weft::select_biased(weft::yield_now(), in.read_exact(6));
    if (piece) got = (*piece)->to_string();
    if (late && sent < text.size())
      co_await or_return(send_one().write_all(text.substr(sent++, 1)));
  }
  EXPECT_EQ(got, "012345");
  got.clear();
  for (std::string_view wanted : {"6789", "line"}) {
    bool done = false;
    while (!done) {
      auto [late, line] = co_await weft::select_biased(weft::yield_now(), in.read_line());
      if (line) {
        EXPECT_EQ((*line)->value(), wanted);
        done = true;
      }
      if (late && sent < text.size())
        co_await or_return(send_one().write_all(text.substr(sent++, 1)));
    }
  }
  while (true) {
    auto [late, number] =
        co_await weft::select_biased(weft::yield_now(), in.read_be<std::uint32_t>());
    if (number) {
      EXPECT_EQ(number->value(), 0x01020304U);
      co_return {};
    }
    if (sent < text.size()) co_await or_return(send_one().write_all(text.substr(sent++, 1)));
  }
}
TEST(buffered_reader, what_is_cancelled_is_taken_up_where_it_was) {
  run_here(taken_up_again());
}

task<result<void>> keeps_after_an_error() {
  source from(4);
  from.script.first().on_receive(2, fault::fail(std::errc::io_error));
  co_await or_return(from.sends("abcdefgh"));
  buffered_reader in(from.near);
  auto failed = co_await in.read_exact(8);
  EXPECT_TRUE(!failed && failed.error() == std::errc::io_error);
  EXPECT_EQ(in.buffered(), "abcd");
  auto all = co_await or_return(in.read_exact(8));
  EXPECT_EQ(all, "abcdefgh");
  co_return {};
}
TEST(buffered_reader, an_error_of_the_transport_comes_out_and_loses_nothing) {
  run_here(keeps_after_an_error());
}

task<result<void>> gives_back() {
  source from(100);
  co_await or_return(from.sends("head\nbody"));
  buffered_reader in(std::move(from.near));
  auto moved = std::move(in);
  auto head = co_await or_return(moved.read_line());
  EXPECT_EQ(head.value(), "head");
  auto [rest, read] = std::move(moved).release();
  EXPECT_EQ(read, "body");
  auto end = co_await or_return(rest.receive());
  EXPECT_TRUE(end.empty());
  co_return {};
}
TEST(buffered_reader, gives_back_the_transport_and_what_it_has_read) {
  run_here(gives_back());
}

// ---- writing

task<result<void>> gathers() {
  weft::io::duplex_script script;
  auto [near, far] = weft::io::duplex(script);
  buffered_writer out(near, 8);
  co_await or_return(out.write("abc"));
  co_await or_return(out.write("defgh"));
  EXPECT_EQ(script.first().counters().sends, 0U);
  EXPECT_EQ(out.buffered(), 8U);
  co_await or_return(out.write("ij"));
  EXPECT_EQ(script.first().counters().sends, 1U);
  EXPECT_EQ(out.buffered(), 2U);
  co_await or_return(out.write("larger than its buffer"));
  EXPECT_EQ(out.buffered(), 22U);
  co_await or_return(out.write_be<std::uint16_t>(0x4142));
  co_await or_return(out.write_le<std::uint16_t>(0x4142));
  co_await or_return(out.flush());
  EXPECT_EQ(out.buffered(), 0U);
  co_await or_return(out.write("end"));
  co_await or_return(out.shutdown());
  auto all = co_await or_return(read_all(far));
  EXPECT_EQ(all, "abcdefghijlarger than its bufferABBAend");
  co_return {};
}
TEST(buffered_writer, gathers_small_writes) {
  run_here(gathers());
}

task<result<void>> write_is_all_or_nothing() {
  auto [near, far] = weft::io::duplex(4);
  buffered_writer out(near, 8);
  co_await or_return(out.write("0123456789ab"));
  for (int i = 0; i < 3; ++i) {
    auto late = co_await weft::timeout(1ms, out.write("lost"));
    EXPECT_TRUE(!late && late.error() == errc::timed_out);
    late = co_await weft::timeout(1ms, out.flush());
    EXPECT_FALSE(late.has_value());
  }
  std::string got;
  while (got.size() < 12) {
    auto data = co_await or_return(far.receive());
    got += data.view();
    (void)co_await weft::timeout(1ms, out.flush());
  }
  EXPECT_EQ(got, "0123456789ab");
  co_await or_return(out.write("kept"));
  co_await or_return(out.shutdown());
  auto rest = co_await or_return(read_all(far));
  EXPECT_EQ(rest, "kept");
  co_return {};
}
TEST(buffered_writer, a_write_that_is_cancelled_took_nothing) {
  auto runtime = weft::runtime::current_thread().start_paused(true).build();
  auto ended = runtime.block_on(write_is_all_or_nothing());
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> write_fails() {
  weft::io::duplex_script script;
  script.first().on_send(1, fault::fail(std::errc::io_error));
  auto [near, far] = weft::io::duplex(script);
  buffered_writer out(std::move(near));
  co_await or_return(out.write("kept"));
  auto failed = co_await out.flush();
  EXPECT_TRUE(!failed && failed.error() == std::errc::io_error);
  EXPECT_EQ(out.buffered(), 4U);
  co_await or_return(out.flush());
  auto back = std::move(out).release();
  co_await or_return(back.shutdown());
  auto all = co_await or_return(read_all(far));
  EXPECT_EQ(all, "kept");
  co_return {};
}
TEST(buffered_writer, an_error_of_the_transport_comes_out_and_loses_nothing) {
  run_here(write_fails());
}

}  // namespace
