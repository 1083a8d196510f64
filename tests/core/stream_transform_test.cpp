#include <weft/stream/sources.hpp>
#include <weft/stream/transform.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "stream_support.hpp"

namespace {

using namespace stream_test;
using ints = std::vector<int>;

bool is_even(const int& value) {
  return value % 2 == 0;
}
bool is_small(const int& value) {
  return value < 3;
}

TEST(stream_transform, map_puts_something_in_place_of_each_item) {
  auto text = [](int value) { return std::to_string(value); };
  expect_items([&] { return slow_numbers(3) | weft::map(text); },
               std::vector<std::string>{"0", "1", "2"});
  expect_items_then_error([&] { return numbers_then_error(2) | weft::map(text); },
                          std::vector<std::string>{"0", "1"});
}

TEST(stream_transform, a_function_that_returns_a_result_makes_the_stream_fallible) {
  auto two_fails = [](int value) -> result<int> {
    if (value == 2) return weft::fail(errc::not_found);
    return 10 * value;
  };
  auto make = [&] { return slow_numbers(4) | weft::map(two_fails); };
  static_assert(weft::fallible_stream<decltype(make())>);
  expect_items_then_error(make, ints{0, 10});
  auto goes_on = [](auto from) -> task<void> {
    for (int i = 0; i < 3; ++i) (void)co_await from.next();
    auto last = co_await from.next();
    EXPECT_TRUE(last.has_value() && *last == 30);
    auto end = co_await from.next();
    EXPECT_TRUE(end.has_value() && !*end);
  };
  run_paused(goes_on(make()));
}

TEST(stream_transform, filter_and_filter_map_leave_some_out) {
  expect_items([] { return slow_numbers(6) | weft::filter(is_even); }, ints{0, 2, 4});
  expect_items_then_error([] { return numbers_then_error(5) | weft::filter(is_even); },
                          ints{0, 2, 4});
  auto halves = [](int value) {
    return value % 2 == 0 ? std::optional<std::string>(std::to_string(value / 2)) : std::nullopt;
  };
  expect_items([&] { return slow_numbers(5) | weft::filter_map(halves); },
               std::vector<std::string>{"0", "1", "2"});
}

TEST(stream_transform, take_and_skip_count) {
  expect_items([] { return slow_numbers(9) | weft::take(3); }, ints{0, 1, 2});
  expect_items([] { return slow_numbers(2) | weft::take(3); }, ints{0, 1});
  expect_items([] { return slow_numbers(2) | weft::take(0); }, ints{});
  expect_items([] { return slow_numbers(4) | weft::skip(2); }, ints{2, 3});
  expect_items([] { return slow_numbers(1) | weft::skip(2); }, ints{});
  expect_items_then_error([] { return numbers_then_error(3) | weft::skip(1); }, ints{1, 2});
}

TEST(stream_transform, take_does_not_ask_for_more) {
  auto checks = []() -> task<void> {
    flag until;
    auto source = [](flag& wait) -> stream<int> {
      co_yield 1;
      co_await wait.wait();
      ADD_FAILURE() << "was asked for a second item";
    }(until);
    auto one = source | weft::take(1);
    EXPECT_EQ(co_await one.next(), 1);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(co_await one.next(), std::nullopt);
    EXPECT_EQ(until.polls(), 0);
  };
  run_paused(checks());
}

TEST(stream_transform, take_while_skip_while_and_map_while_look_at_the_items) {
  expect_items([] { return slow_numbers(9) | weft::take_while(is_small); }, ints{0, 1, 2});
  expect_items([] { return slow_numbers(6) | weft::skip_while(is_small); }, ints{3, 4, 5});
  auto there_and_back = [] { return weft::from(ints{1, 5, 1}); };
  expect_items([&] { return there_and_back() | weft::skip_while(is_small); }, ints{5, 1});
  expect_items([&] { return there_and_back() | weft::take_while(is_small); }, ints{1});
  auto small_ones = [](int value) {
    return value < 3 ? std::optional<int>(2 * value) : std::nullopt;
  };
  expect_items([&] { return there_and_back() | weft::map_while(small_ones); }, ints{2});
}

TEST(stream_transform, enumerate_numbers_the_items) {
  auto letters = [] { return weft::from(std::string("ab")) | weft::enumerate(); };
  expect_items(letters, std::vector<std::pair<std::size_t, char>>{{0, 'a'}, {1, 'b'}});
}

TEST(stream_transform, inspect_sees_each_item_and_passes_it_on) {
  ints seen;
  auto make = [&] {
    return slow_numbers(3) | weft::inspect([&](const int& v) { seen.push_back(v); });
  };
  EXPECT_EQ(run_paused(all_of(make())), (ints{0, 1, 2}));
  EXPECT_EQ(seen, (ints{0, 1, 2}));
}

TEST(stream_transform, items_need_neither_copies_nor_a_default) {
  auto checks = []() -> task<void> {
    auto items = movable(5) | weft::filter([](const only_moves& item) { return *item.value > 0; }) |
                 weft::map([](only_moves item) { return only_moves(*item.value + 1); }) |
                 weft::skip(1) | weft::take(2);
    int expected = 3;
    while (auto item = co_await items.next()) EXPECT_EQ(*item->value, expected++);
    EXPECT_EQ(expected, 5);
  };
  run_paused(checks());
}

TEST(stream_transform, what_a_function_throws_comes_out_of_next) {
  auto throws = [](int value) -> int {
    if (value == 1) throw std::runtime_error("one");
    return value;
  };
  auto checks = [](auto from) -> task<void> {
    EXPECT_EQ(co_await from.next(), 0);
    bool thrown = false;
    try {
      (void)co_await from.next();
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(co_await from.next(), 2) << "the item is lost, and the stream goes on";
  };
  run_paused(checks(slow_numbers(3) | weft::map(throws)));
}

TEST(stream_transform, a_named_source_is_referred_to) {
  auto checks = []() -> task<void> {
    auto source = slow_numbers(5);
    auto two = source | weft::take(2);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(co_await two.next(), i);
    EXPECT_EQ(co_await two.next(), std::nullopt);
    EXPECT_EQ(co_await source.next(), 2);
  };
  run_paused(checks());
}

TEST(stream_transform, adaptors_compose_without_a_source) {
  expect_items(
      [] {
        auto some = weft::filter(is_even) | weft::skip(1) | weft::map([](int v) { return -v; });
        return slow_numbers(7) | std::move(some);
      },
      ints{-2, -4, -6});
}

TEST(stream_transform, a_source_whose_next_is_a_task_will_do) {
  EXPECT_EQ(run_paused(all_of(tasks_for_next(4) | weft::filter(is_even))), (ints{4, 2}));
}

TEST(stream_transform, a_filter_that_rejects_all_lets_others_run) {
  auto checks = []() -> task<void> {
    auto nothing = weft::repeat_with([] { return 1; }) | weft::filter(is_even);
    auto late = co_await weft::select(nothing.next(), weft::yield_now());
    EXPECT_FALSE(std::get<0>(late).has_value());
  };
  run_paused(checks());
}

}  // namespace
