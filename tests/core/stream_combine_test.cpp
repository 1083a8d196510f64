#include <weft/stream/combine.hpp>
#include <weft/stream/sources.hpp>
#include <weft/stream/transform.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "stream_support.hpp"

namespace {

using namespace stream_test;
using ints = std::vector<int>;
using pairs = std::vector<std::pair<int, int>>;

TEST(stream_combine, chain_is_one_after_the_other) {
  expect_items([] { return slow_numbers(2) | weft::chain(slow_numbers(3)); }, ints{0, 1, 0, 1, 2});
  expect_items([] { return weft::empty<int>() | weft::chain(weft::empty<int>()); }, ints{});
  expect_items_then_error([] { return slow_numbers(2) | weft::chain(numbers_then_error(1)); },
                          ints{0, 1, 0});
}

TEST(stream_combine, merge_yields_all_of_both) {
  auto make = [] { return slow_numbers(3) | weft::merge(slow_numbers(5)); };
  for (auto items : {run_paused(all_of(make())), run_paused(all_of_dropped(make()))}) {
    std::sort(items.begin(), items.end());
    EXPECT_EQ(items, (ints{0, 0, 1, 1, 2, 2, 3, 4}));
  }
}

TEST(stream_combine, merge_takes_turns_when_both_are_ready) {
  expect_items([] { return weft::from({1, 2, 3}) | weft::merge(weft::from({10, 20, 30})); },
               ints{1, 10, 2, 20, 3, 30});
  expect_items([] { return weft::from({1}) | weft::merge(weft::from({10, 20, 30})); },
               ints{1, 10, 20, 30});
}

TEST(stream_combine, merge_yields_what_is_ready_while_the_other_waits) {
  auto checks = []() -> task<void> {
    flag until;
    auto waits = [](flag& what) -> stream<int> {
      co_await what.wait();
      co_yield 7;
    }(until);
    auto both = waits | weft::merge(slow_numbers(2));
    EXPECT_EQ(co_await both.next(), 0);
    EXPECT_EQ(co_await both.next(), 1);
    until.set();
    EXPECT_EQ(co_await both.next(), 7);
    EXPECT_EQ(co_await both.next(), std::nullopt);
  };
  run_paused(checks());
}

TEST(stream_combine, zip_pairs_the_items_and_ends_with_the_shorter) {
  expect_items([] { return slow_numbers(2) | weft::zip(weft::from({5, 6, 7})); },
               pairs{{0, 5}, {1, 6}});
  expect_items([] { return weft::from({5, 6, 7}) | weft::zip(slow_numbers(2)); },
               pairs{{5, 0}, {6, 1}});
  expect_items_then_error([] { return slow_numbers(5) | weft::zip(numbers_then_error(1)); },
                          pairs{{0, 0}});
}

TEST(stream_combine, flatten_yields_the_items_of_each) {
  auto make = [] { return slow_numbers(4) | weft::map(slow_numbers) | weft::flatten(); };
  expect_items(make, ints{0, 0, 1, 0, 1, 2});
  expect_items_then_error(
      [] {
        return slow_numbers(3) | weft::skip(1) | weft::map(numbers_then_error) | weft::flatten();
      },
      ints{0});
}

TEST(stream_combine, chunks_gathers_items) {
  expect_items([] { return slow_numbers(5) | weft::chunks(2); },
               std::vector<ints>{{0, 1}, {2, 3}, {4}});
  expect_items([] { return slow_numbers(4) | weft::chunks(2); }, std::vector<ints>{{0, 1}, {2, 3}});
  expect_items([] { return weft::empty<int>() | weft::chunks(2); }, std::vector<ints>{});
  expect_items_then_error([] { return numbers_then_error(3) | weft::chunks(2); },
                          std::vector<ints>{{0, 1}, {2}});
  expect_items_then_error([] { return numbers_then_error(2) | weft::chunks(2); },
                          std::vector<ints>{{0, 1}});
}
TEST(stream_combine_death, a_chunk_of_nothing_is_a_mistake) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)(weft::empty<int>() | weft::chunks(0)), "at least one item");
}

TEST(stream_combine, peekable_tells_the_next_item_without_taking_it) {
  auto checks = []() -> task<void> {
    auto some = slow_numbers(2) | weft::peekable();
    for (int expected = 0; expected < 2; ++expected) {
      auto [other, dropped] = co_await weft::select_biased(weft::yield_now(), some.peek());
      EXPECT_FALSE(dropped.has_value());
      for (int looks = 0; looks < 2; ++looks) {
        auto* next = co_await some.peek();
        EXPECT_TRUE(next && *next == expected);
      }
      EXPECT_EQ(co_await some.next(), expected);
    }
    EXPECT_EQ(co_await some.peek(), nullptr);
    EXPECT_EQ(co_await some.next(), std::nullopt);
  };
  run_paused(checks());
  expect_items([] { return slow_numbers(3) | weft::peekable(); }, ints{0, 1, 2});
}

TEST(stream_combine, an_error_that_was_peeked_at_is_gone) {
  auto checks = []() -> task<void> {
    auto some = numbers_then_error(1) | weft::peekable();
    auto first = co_await some.peek();
    EXPECT_TRUE(first.has_value() && *first && **first == 0);
    (void)co_await some.next();
    auto failed = co_await some.peek();
    EXPECT_TRUE(!failed && failed.error() == errc::not_found);
    auto end = co_await some.peek();
    EXPECT_TRUE(end.has_value() && *end == nullptr);
  };
  run_paused(checks());
}

stream<int> throws_at_once() {
  throw std::runtime_error("thrown");
  co_return;
}
TEST(stream_combine, what_a_source_throws_comes_out) {
  EXPECT_THROW(run_paused(all_of(throws_at_once() | weft::chain(slow_numbers(1)))),
               std::runtime_error);
  EXPECT_THROW(run_paused(all_of(slow_numbers(1) | weft::merge(throws_at_once()))),
               std::runtime_error);
  auto peeks = [](auto some) -> task<void> { (void)co_await some.peek(); };
  EXPECT_THROW(run_paused(peeks(throws_at_once() | weft::peekable())), std::runtime_error);
}

TEST(stream_combine, named_streams_are_referred_to) {
  auto checks = []() -> task<void> {
    auto first = slow_numbers(3);
    auto second = slow_numbers(3);
    auto one = first | weft::zip(second) | weft::take(1);
    auto pair = co_await one.next();
    EXPECT_EQ(pair, std::pair(0, 0));
    EXPECT_EQ(co_await first.next(), 1);
    EXPECT_EQ(co_await second.next(), 1);
  };
  run_paused(checks());
}

TEST(stream_combine, sources_whose_next_is_a_task_will_do) {
  auto items = run_paused(all_of(tasks_for_next(3) | weft::merge(tasks_for_next(2))));
  std::sort(items.begin(), items.end());
  EXPECT_EQ(items, (ints{1, 1, 2, 2, 3}));
  EXPECT_EQ(run_paused(all_of(tasks_for_next(3) | weft::zip(tasks_for_next(2)))),
            (pairs{{3, 2}, {2, 1}}));
}

}  // namespace
