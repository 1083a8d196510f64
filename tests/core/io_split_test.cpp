#include <weft/io/buffered_reader.hpp>
#include <weft/io/duplex.hpp>
#include <weft/io/split.hpp>
#include <weft/io/utilities.hpp>
#include <weft/join.hpp>
#include <weft/spawn.hpp>

#include <gtest/gtest.h>

#include <string>

#include "net_support.hpp"

namespace {

using namespace net_test;
using weft::errc;
using weft::io::duplex;
using weft::io::read_half;
using weft::io::transport;
using weft::io::write_half;

template <class Half>
concept can_write = requires(Half& half) { half.write(std::string_view()); };
template <class Half>
concept can_receive = requires(Half& half) { half.receive(); };
static_assert(can_receive<read_half> && !can_write<read_half>);
static_assert(can_write<write_half> && !can_receive<write_half>);

task<result<void>> writes_all(write_half to, std::string text) {
  co_await or_return(to.write_all(text));
  co_return co_await to.shutdown();
}
task<result<std::string>> echoes_back(transport at) {
  auto all = co_await or_return(read_all(at));
  co_await or_return(at.write_all(all));
  co_await or_return(at.shutdown());
  co_return all;
}

task<result<void>> halves_in_tasks() {
  auto pair = co_await or_return(connected_pair());
  auto [reader, writer] = weft::io::split(std::move(pair.client));
  EXPECT_GE(reader.native_handle(), 0);
  EXPECT_EQ(writer.peer_address().to_string(), reader.peer_address().to_string());
  std::string text(200'000, 'x');
  auto sending = weft::spawn(writes_all(std::move(writer), text));
  auto echoing = weft::spawn(echoes_back(std::move(pair.server)));
  auto all = co_await or_return(read_all(reader));
  EXPECT_EQ(all, text);
  auto sent = co_await std::move(sending);
  EXPECT_TRUE(sent.has_value());
  auto echoed = co_await std::move(echoing);
  EXPECT_TRUE(echoed.has_value());
  co_return {};
}
TEST(split, halves_are_used_by_different_tasks) {
  run(halves_in_tasks());
}

task<result<void>> closes_with_the_last_half() {
  weft::io::duplex_script script;
  auto [near, far] = duplex(script);
  auto halves = weft::io::split(std::move(near));
  halves.first.close();
  EXPECT_FALSE(script.first().counters().closed);
  co_await or_return(halves.second.write_all("bye"));
  halves.second.close();
  EXPECT_TRUE(script.first().counters().closed);
  auto all = co_await or_return(read_all(far));
  EXPECT_EQ(all, "bye");
  co_return {};
}
TEST(split, the_connection_closes_with_the_last_half) {
  run_here(closes_with_the_last_half());
}

task<result<void>> a_half_is_a_transport() {
  auto [near, far] = duplex();
  auto [reader, writer] = weft::io::split(std::move(near));
  co_await or_return(far.write_all("line\n"));
  weft::io::buffered_reader in(reader);
  auto line = co_await or_return(in.read_line());
  EXPECT_EQ(line.value(), "line");
  transport& plain = reader;
  auto refused = co_await plain.write("x");
  EXPECT_TRUE(!refused && refused.error() == errc::unsupported);
  weft::buffer into;
  transport& other = writer;
  refused = co_await other.receive_into(into);
  EXPECT_TRUE(!refused && refused.error() == errc::unsupported);
  co_return {};
}
TEST(split, a_half_is_a_transport_that_goes_one_way) {
  run_here(a_half_is_a_transport());
}

task<result<void>> borrows() {
  auto [near, far] = duplex();
  {
    auto [reader, writer] = weft::io::split(near);
    co_await or_return(writer.write_all("out"));
    co_await or_return(far.write_all("in"));
    auto in = co_await or_return(reader.receive());
    EXPECT_EQ(in, "in");
    auto back = weft::io::reunite(std::move(reader), std::move(writer));
    EXPECT_TRUE(!back && back.error() == errc::invalid_argument) << "it is not theirs";
  }
  co_await or_return(near.write_all("more"));
  co_await or_return(near.shutdown());
  auto all = co_await or_return(read_all(far));
  EXPECT_EQ(all, "outmore");
  co_return {};
}
TEST(split, halves_of_a_named_transport_leave_it_to_its_owner) {
  run_here(borrows());
}

task<result<void>> reunites() {
  auto [near, far] = duplex();
  auto [other_near, other_far] = duplex();
  auto one = weft::io::split(std::move(near));
  auto other = weft::io::split(std::move(other_near));
  auto mixed = weft::io::reunite(std::move(one.first), std::move(other.second));
  EXPECT_TRUE(!mixed && mixed.error() == errc::invalid_argument);
  auto whole = co_await or_return(weft::io::reunite(std::move(one.first), std::move(one.second)));
  co_await or_return(whole.write_all("whole"));
  whole.close();
  auto all = co_await or_return(read_all(far));
  EXPECT_EQ(all, "whole");
  auto none = weft::io::reunite(read_half(), write_half());
  EXPECT_FALSE(none.has_value());
  co_return {};
}
TEST(split, reunite_gives_the_whole_back) {
  run_here(reunites());
}

task<result<void>> joins() {
  auto [in, feeds] = duplex();
  auto [out, sees] = duplex();
  auto both = weft::io::join(std::move(in), std::move(out));
  co_await or_return(feeds.write_all("to read"));
  auto got = co_await or_return(both.receive());
  EXPECT_EQ(got, "to read");
  co_await or_return(both.write_all("written"));
  co_await or_return(both.shutdown());
  auto all = co_await or_return(read_all(sees));
  EXPECT_EQ(all, "written");
  co_return {};
}
TEST(split, join_reads_from_one_and_writes_to_the_other) {
  run_here(joins());
}

}  // namespace
