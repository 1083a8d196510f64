#include <weft/io/codec.hpp>
#include <weft/io/duplex.hpp>
#include <weft/io/line_codec.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/stream/collect.hpp>
#include <weft/stream/transform.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace net_test;
using weft::errc;
using weft::io::bytes_codec;
using weft::io::duplex;
using weft::io::duplex_script;
using weft::io::fault;
using weft::io::framed;
using weft::io::line_codec;
using namespace std::chrono_literals;

// Two digits a number: "0742" is 7 and 42.
struct digits_codec {
  result<std::optional<int>> decode(weft::buffer& in) {
    if (in.size() < 2) return std::nullopt;
    auto pair = in.view().substr(0, 2);
    if (pair == "!!") throw std::runtime_error("thrown by the codec");
    if (pair[0] < '0' || pair[0] > '9') return weft::fail(errc::invalid_data);
    auto number = (pair[0] - '0') * 10 + (pair[1] - '0');
    in.consume(2);
    return number;
  }
  result<void> encode(const int& number, weft::buffer& out) {
    out.append(static_cast<char>('0' + number / 10));
    if (number > 99) return weft::fail(errc::invalid_argument);
    out.append(static_cast<char>('0' + number % 10));
    return {};
  }
};
static_assert(weft::io::decoder<digits_codec> && weft::io::encoder_of<digits_codec, int>);
static_assert(!weft::io::decoder<int>);
static_assert(weft::fallible_stream<framed<digits_codec>>);
static_assert(std::same_as<weft::stream_item_t<framed<digits_codec>>, int>);

task<result<void>> is_a_stream(std::size_t at_once) {
  duplex_script script;
  script.first().on_every_receive(fault::at_most(at_once));
  auto [near, far] = duplex(script);
  co_await or_return(far.write_all("01024299"));
  co_await or_return(far.shutdown());
  framed numbers(std::move(near), digits_codec());
  auto first = co_await or_return(numbers.next());
  EXPECT_EQ(first, 1);
  EXPECT_EQ(numbers.position(), 2U);
  auto rest = co_await or_return(numbers | weft::filter([](const int& n) { return n > 2; }) |
                                 weft::collect<std::vector<int>>());
  EXPECT_EQ(rest, (std::vector<int>{42, 99}));
  for (int i = 0; i < 2; ++i) {
    auto end = co_await or_return(numbers.next());
    EXPECT_FALSE(end.has_value());
  }
  co_return {};
}
TEST(framed, is_a_stream_of_frames_however_the_bytes_come) {
  for (std::size_t at_once : {1U, 3U, 100U}) run_here(is_a_stream(at_once));
}

task<result<void>> sends_frames() {
  duplex_script script;
  auto [near, far] = duplex(script);
  framed numbers(near, digits_codec());
  co_await or_return(numbers.feed(1));
  co_await or_return(numbers.feed(2));
  EXPECT_EQ(script.first().counters().sends, 0U);
  EXPECT_EQ(numbers.waiting(), 4U);
  co_await or_return(numbers.send(3));
  EXPECT_EQ(script.first().counters().sends, 1U);
  EXPECT_EQ(numbers.waiting(), 0U);
  for (int i = 0; i < 2; ++i) {
    auto refused = co_await numbers.feed(100);
    EXPECT_TRUE(!refused && refused.error() == errc::invalid_argument);
    refused = co_await numbers.send(100);
    EXPECT_TRUE(!refused && refused.error() == errc::invalid_argument);
  }
  EXPECT_EQ(numbers.waiting(), 0U) << "half a frame stayed behind";
  co_await or_return(numbers.feed(4));
  co_await or_return(numbers.flush());
  co_await or_return(numbers.feed(5));
  co_await or_return(numbers.close());
  auto all = co_await or_return(read_all(far));
  EXPECT_EQ(all, "0102030405");
  co_return {};
}
TEST(framed, is_a_sink_with_send_feed_flush_and_close) {
  run_here(sends_frames());
}

task<result<void>> pushes_back() {
  auto [near, far] = duplex(1000);
  framed out(near, bytes_codec());
  std::string part(1000, 'x');
  int fed = 0;
  while (true) {
    auto taken = co_await weft::timeout(1ms, out.feed(std::string_view(part)));
    if (!taken) break;
    ++fed;
  }
  // 1000 bytes are on their way, and no more than the boundary and one frame wait.
  EXPECT_EQ(fed, 10);
  EXPECT_LE(out.waiting(), out.boundary + part.size());
  auto taking = weft::spawn(
      [](weft::io::transport from) -> task<result<std::string>> {
        co_return co_await read_all(from);
      },
      std::move(far));
  co_await or_return(out.close());
  auto all = co_await std::move(taking);
  EXPECT_EQ(all->size(), 10'000U) << "what was not taken was written, or what was is lost";
  co_return {};
}
TEST(framed, feed_waits_at_the_boundary_and_takes_all_or_nothing) {
  auto runtime = weft::runtime::current_thread().start_paused(true).build();
  auto ended = runtime.block_on(pushes_back());
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> names_the_offset() {
  auto [near, far] = duplex();
  co_await or_return(far.write_all("0102x!"));
  framed numbers(near, digits_codec());
  for (int expected = 1; expected < 3; ++expected) {
    auto next = co_await or_return(numbers.next());
    EXPECT_EQ(next, expected);
  }
  for (int i = 0; i < 2; ++i) {
    auto failed = co_await numbers.next();
    EXPECT_TRUE(!failed && failed.error() == errc::invalid_data);
    EXPECT_EQ(failed.error().context(), "frame at byte 4");
  }
  co_return {};
}
TEST(framed, an_error_of_the_codec_names_where_the_frame_begins) {
  run_here(names_the_offset());
}

task<result<void>> ends_within_a_frame() {
  auto [near, far] = duplex();
  co_await or_return(far.write_all("010"));
  co_await or_return(far.shutdown());
  framed numbers(near, digits_codec());
  auto first = co_await or_return(numbers.next());
  EXPECT_EQ(first, 1);
  auto failed = co_await numbers.next();
  EXPECT_TRUE(!failed && failed.error() == errc::end_of_stream);
  EXPECT_EQ(failed.error().context(), "frame at byte 2");
  co_return {};
}
TEST(framed, a_part_of_a_frame_at_the_end_is_an_error) {
  run_here(ends_within_a_frame());
}

task<result<void>> transport_fails() {
  duplex_script script;
  script.first().on_receive(1, fault::fail(std::errc::io_error));
  script.first().on_send(1, fault::fail(std::errc::io_error));
  auto [near, far] = duplex(script);
  co_await or_return(far.write_all("01"));
  framed numbers(near, digits_codec());
  auto failed = co_await numbers.next();
  EXPECT_TRUE(!failed && failed.error() == std::errc::io_error);
  auto next = co_await or_return(numbers.next());
  EXPECT_EQ(next, 1);
  auto unsent = co_await numbers.send(7);
  EXPECT_TRUE(!unsent && unsent.error() == std::errc::io_error);
  co_await or_return(numbers.flush());
  auto got = co_await or_return(far.receive());
  EXPECT_EQ(got, "07");
  co_return {};
}
TEST(framed, errors_of_the_transport_come_out_and_lose_nothing) {
  run_here(transport_fails());
}

task<result<void>> codec_throws() {
  auto [near, far] = duplex();
  co_await or_return(far.write_all("!!"));
  framed numbers(near, digits_codec());
  bool thrown = false;
  try {
    (void)co_await numbers.next();
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  co_return {};
}
TEST(framed, what_a_codec_throws_comes_out) {
  run_here(codec_throws());
}

task<result<void>> cancelled_and_taken_up() {
  auto [near, far] = duplex();
  framed lines(near, line_codec());
  std::string_view text = "one\ntwo\nthree\n";
  std::vector<std::string> got;
  for (std::size_t sent = 0; got.size() < 3;) {
    auto [late, line] = co_await weft::select_biased(weft::yield_now(), lines.next());
    if (line) got.push_back((*line)->value().to_string());
    if (late && sent < text.size()) co_await or_return(far.write_all(text.substr(sent++, 1)));
  }
  EXPECT_EQ(got, (std::vector<std::string>{"one", "two", "three"}));
  co_return {};
}
TEST(framed, a_next_that_is_cancelled_is_taken_up_where_it_was) {
  run_here(cancelled_and_taken_up());
}

task<result<void>> send_is_finished_by_flush() {
  auto [near, far] = duplex(4);
  framed out(near, bytes_codec());
  auto late = co_await weft::timeout(1ms, out.send("0123456789"));
  EXPECT_FALSE(late.has_value());
  EXPECT_EQ(out.waiting(), 6U);
  std::string got;
  while (got.size() < 10) {
    auto data = co_await or_return(far.receive());
    got += data.view();
    (void)co_await weft::timeout(1ms, out.flush());
  }
  EXPECT_EQ(got, "0123456789");
  co_return {};
}
TEST(framed, a_send_that_is_cancelled_is_finished_by_flush) {
  auto runtime = weft::runtime::current_thread().start_paused(true).build();
  auto ended = runtime.block_on(send_is_finished_by_flush());
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> gives_back() {
  auto [near, far] = duplex();
  co_await or_return(far.write_all("head\nbody"));
  framed lines(std::move(near), line_codec());
  auto moved = std::move(lines);
  auto head = co_await or_return(moved.next());
  EXPECT_EQ(head.value(), "head");
  auto [rest, read] = std::move(moved).release();
  EXPECT_EQ(read, "body");
  EXPECT_TRUE(static_cast<bool>(rest));
  co_return {};
}
TEST(framed, gives_back_the_transport_and_what_it_has_read) {
  run_here(gives_back());
}

task<result<void>> bytes_as_they_come() {
  auto [near, far] = duplex();
  framed raw(near, bytes_codec());
  co_await or_return(far.write_all("abc"));
  auto some = co_await or_return(raw.next());
  EXPECT_EQ(some.value(), "abc");
  co_await or_return(raw.send(std::string("out")));
  auto out = co_await or_return(far.receive());
  EXPECT_EQ(out, "out");
  co_await or_return(far.shutdown());
  auto end = co_await or_return(raw.next());
  EXPECT_FALSE(end.has_value());
  co_return {};
}
TEST(framed, bytes_codec_passes_bytes_on) {
  run_here(bytes_as_they_come());
}

}  // namespace
