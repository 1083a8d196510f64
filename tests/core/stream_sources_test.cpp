#include <weft/stream/sources.hpp>
#include <weft/stream/transform.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <list>
#include <string>

#include "stream_support.hpp"

namespace {

using namespace stream_test;
using ints = std::vector<int>;

TEST(stream_sources, from_yields_what_is_in_a_container) {
  expect_items([] { return weft::from({1, 2, 3}); }, ints{1, 2, 3});
  expect_items([] { return weft::from(std::list<int>{4, 5}); }, ints{4, 5});
  expect_items([] { return weft::from(std::string("ab")); }, std::vector<char>{'a', 'b'});
  expect_items([] { return weft::from(ints{}); }, ints{});
}
TEST(stream_sources, from_copies_a_container_that_has_a_name) {
  const ints named{1, 2};
  EXPECT_EQ(run_paused(all_of(weft::from(named))), named);
  std::deque<std::string> words{"a"};
  EXPECT_EQ(run_paused(all_of(weft::from(words))), std::vector<std::string>{"a"});
  EXPECT_EQ(words.front(), "a");
}
TEST(stream_sources, from_moves_items_out_of_a_container_that_is_given_up) {
  std::vector<only_moves> items;
  items.emplace_back(7);
  auto checks = [](auto from) -> task<void> {
    auto moved = std::move(from);
    auto item = co_await moved.next();
    EXPECT_EQ(*item->value, 7);
    for (int i = 0; i < 2; ++i) {
      auto end = co_await moved.next();
      EXPECT_FALSE(end.has_value());
    }
  };
  run_paused(checks(weft::from(std::move(items))));
}
TEST(stream_sources, results_in_a_container_make_a_fallible_stream) {
  auto make = [] {
    std::vector<result<int>> some;
    some.emplace_back(1);
    some.emplace_back(weft::fail(errc::not_found));
    return weft::from(std::move(some));
  };
  expect_items_then_error(make, ints{1});
}

TEST(stream_sources, once_and_empty) {
  expect_items([] { return weft::once(5); }, ints{5});
  expect_items([] { return weft::empty<int>(); }, ints{});
}

TEST(stream_sources, repeat_with_calls_for_ever) {
  auto make = [] { return weft::repeat_with([n = 0]() mutable { return n++; }) | weft::take(3); };
  expect_items(make, ints{0, 1, 2});
}

task<std::optional<int>> count_down(int& state) {
  co_await weft::yield_now();
  if (state == 0) co_return std::nullopt;
  co_return state--;
}
task<result<std::optional<int>>> count_down_or_fail(int& state) {
  co_await weft::yield_now();
  if (state == 0) co_return weft::fail(errc::not_found);
  co_return state--;
}
TEST(stream_sources, unfold_awaits_what_a_function_makes_of_its_state) {
  expect_items([] { return weft::unfold(3, count_down); }, ints{3, 2, 1});
  expect_items_then_error([] { return weft::unfold(2, count_down_or_fail); }, ints{2, 1});
}

}  // namespace
