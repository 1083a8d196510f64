#include <weft/stream/collect.hpp>
#include <weft/stream/sources.hpp>

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

#include "stream_support.hpp"

namespace {

using namespace stream_test;
using ints = std::vector<int>;

int add(int left, int right) {
  return left + right;
}
bool is_two(const int& value) {
  return value == 2;
}
bool is_small(const int& value) {
  return value < 3;
}

template <class Operation>
auto value_of(Operation operation) {
  auto awaits = [](Operation what) -> task<weft::await_result_t<Operation>> {
    co_return co_await std::move(what);
  };
  return run_paused(awaits(std::move(operation)));
}

TEST(stream_collect, fold_adds_item_after_item) {
  EXPECT_EQ(value_of(slow_numbers(5) | weft::fold(100, add)), 110);
  EXPECT_EQ(value_of(slow_numbers(0) | weft::fold(100, add)), 100);
  auto failed = value_of(numbers_then_error(5) | weft::fold(0, add));
  EXPECT_TRUE(!failed && failed.error() == errc::not_found);
}

TEST(stream_collect, collect_fills_containers) {
  EXPECT_EQ(value_of(slow_numbers(3) | weft::collect<ints>()), (ints{0, 1, 2}));
  EXPECT_EQ(value_of(slow_numbers(2) | weft::collect(ints{7})), (ints{7, 0, 1}));
  EXPECT_EQ(value_of(weft::from({3, 1, 3}) | weft::collect<std::set<int>>()),
            (std::set<int>{1, 3}));
  auto words = std::vector<std::string>{"a", "bc"};
  EXPECT_EQ(value_of(weft::from(words) | weft::collect<std::string>()), "abc");
  EXPECT_EQ(value_of(movable(3) | weft::collect<std::vector<only_moves>>()).size(), 3U);
  auto failed = value_of(numbers_then_error(5) | weft::collect<ints>());
  EXPECT_TRUE(!failed && failed.error() == errc::not_found);
}

TEST(stream_collect, for_each_calls_with_each_item) {
  ints seen;
  value_of(slow_numbers(3) | weft::for_each([&](int value) { seen.push_back(value); }));
  EXPECT_EQ(seen, (ints{0, 1, 2}));
  auto failed = value_of(numbers_then_error(1) | weft::for_each([&](int) {}));
  EXPECT_TRUE(!failed && failed.error() == errc::not_found);
}

TEST(stream_collect, count_counts) {
  EXPECT_EQ(value_of(slow_numbers(3) | weft::count()), 3U);
  EXPECT_EQ(value_of(weft::empty<int>() | weft::count()), 0U);
  EXPECT_FALSE(value_of(numbers_then_error(3) | weft::count()).has_value());
}

TEST(stream_collect, any_all_and_find_stop_when_they_know) {
  EXPECT_TRUE(value_of(slow_numbers(3) | weft::any(is_two)));
  EXPECT_FALSE(value_of(slow_numbers(2) | weft::any(is_two)));
  EXPECT_TRUE(value_of(slow_numbers(3) | weft::all(is_small)));
  EXPECT_FALSE(value_of(slow_numbers(4) | weft::all(is_small)));
  EXPECT_EQ(value_of(slow_numbers(4) | weft::find(is_two)), 2);
  EXPECT_EQ(value_of(slow_numbers(2) | weft::find(is_two)), std::nullopt);
  EXPECT_EQ(value_of(numbers_then_error(3) | weft::any(is_two)).value(), true)
      << "before the error";
  auto checks = []() -> task<void> {
    auto source = slow_numbers(9);
    auto found = co_await (source | weft::find(is_two));
    EXPECT_EQ(found, 2);
    EXPECT_EQ(co_await source.next(), 3) << "what comes after it is still there";
    auto small = co_await (source | weft::all(is_small));
    EXPECT_FALSE(small);
    EXPECT_EQ(co_await source.next(), 5);
  };
  run_paused(checks());
}

TEST(stream_collect, what_a_function_throws_comes_out) {
  auto throws = [](int) { throw std::runtime_error("thrown"); };
  EXPECT_THROW(value_of(slow_numbers(3) | weft::for_each(throws)), std::runtime_error);
}

TEST(stream_collect, cancelled_it_leaves_the_rest_in_a_named_source) {
  auto checks = []() -> task<void> {
    flag until;
    auto source = [](flag& wait) -> stream<int> {
      co_yield 1;
      co_await wait.wait();
      co_yield 2;
    }(until);
    auto late = co_await weft::timeout(1ms, source | weft::count());
    EXPECT_FALSE(late.has_value());
    until.set();
    EXPECT_EQ(co_await source.next(), 2);
  };
  run_paused(checks());
}

TEST(stream_collect, an_endless_source_lets_others_run) {
  auto checks = []() -> task<void> {
    auto late = co_await weft::select(weft::repeat_with([] { return 1; }) | weft::count(),
                                      weft::yield_now());
    EXPECT_FALSE(std::get<0>(late).has_value());
  };
  run_paused(checks());
}

TEST(stream_collect, a_source_whose_next_is_a_task_will_do) {
  EXPECT_EQ(value_of(tasks_for_next(4) | weft::fold(0, add)), 10);
}

}  // namespace
