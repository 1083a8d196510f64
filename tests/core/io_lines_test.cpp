#include <weft/io/duplex.hpp>
#include <weft/io/lines.hpp>
#include <weft/join.hpp>
#include <weft/stream/collect.hpp>
#include <weft/stream/transform.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace net_test;
using weft::errc;

static_assert(weft::fallible_stream<weft::io::line_stream>);
static_assert(std::same_as<weft::stream_item_t<weft::io::line_stream>, weft::bytes>);

task<result<void>> sends(weft::io::transport to, std::string text) {
  co_await or_return(to.write_all(text));
  co_return co_await to.shutdown();
}
bool not_empty(const weft::bytes& line) {
  return !line.empty();
}

task<result<void>> reads_lines() {
  auto [near, far] = weft::io::duplex();
  co_await or_return(sends(std::move(far), "one\r\n\ntwo\nthree\nfour"));
  auto lines = weft::io::lines(near) | weft::filter(not_empty) | weft::take(2);
  std::vector<std::string> seen;
  while (auto line = co_await or_return(lines.next())) seen.push_back(line->to_string());
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "two"}));
  co_return {};
}
TEST(lines, are_a_stream_with_adaptors) {
  run_here(reads_lines());
}

task<result<void>> owns_its_transport() {
  auto [near, far] = weft::io::duplex();
  auto sent = sends(std::move(far), "one\ntwo\nlast");
  auto read = weft::io::lines(std::move(near)) | weft::collect<std::vector<weft::bytes>>();
  auto [done, all] = co_await or_return(weft::try_join(std::move(sent), std::move(read)));
  EXPECT_EQ(all.size(), 3U);
  EXPECT_EQ(all.back(), "last");
  co_return {};
}
TEST(lines, own_a_transport_that_is_given_up) {
  run_here(owns_its_transport());
}

task<result<void>> too_long() {
  auto [near, far] = weft::io::duplex();
  co_await or_return(sends(std::move(far), "ok\nmuch too long\nrest"));
  auto lines = weft::io::lines(near, 5);
  auto first = co_await or_return(lines.next());
  EXPECT_EQ(first.value(), "ok");
  for (int i = 0; i < 2; ++i) {
    auto failed = co_await lines.next();
    EXPECT_TRUE(!failed && failed.error() == errc::limit_exceeded);
  }
  auto reader = std::move(lines).release();
  auto rest = co_await or_return(reader.read_to_end(100));
  EXPECT_EQ(rest, "much too long\nrest");
  co_return {};
}
TEST(lines, one_that_is_too_long_is_an_error) {
  run_here(too_long());
}

}  // namespace
