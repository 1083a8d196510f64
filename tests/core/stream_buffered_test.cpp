#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/stream/buffered.hpp>
#include <weft/stream/collect.hpp>
#include <weft/stream/sources.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "stream_support.hpp"

namespace {

using namespace stream_test;
using ints = std::vector<int>;

task<int> after_a_nap(int ms) {
  co_await weft::sleep(std::chrono::milliseconds(ms));
  co_return ms;
}
task<result<int>> two_fails(int value) {
  co_await weft::sleep(std::chrono::milliseconds(10 - value));
  if (value == 2) co_return weft::fail(errc::not_found);
  co_return value;
}

TEST(stream_buffered, buffered_keeps_the_order) {
  auto make = [] {
    return weft::from({30, 10, 20, 5, 1}) | weft::map(after_a_nap) | weft::buffered(3);
  };
  expect_items(make, ints{30, 10, 20, 5, 1});
}
TEST(stream_buffered, buffer_unordered_yields_what_is_done_first) {
  auto make = [] {
    return weft::from({30, 10, 20, 5, 1}) | weft::map(after_a_nap) | weft::buffer_unordered(3);
  };
  // 10 ends at 10, 5 at 15, 1 at 16, 20 at 20, 30 at 30.
  expect_items(make, ints{10, 5, 1, 20, 30});
}
TEST(stream_buffered, then_is_one_after_the_other) {
  auto checks = []() -> task<void> {
    auto started = weft::time::now();
    auto some = weft::from({30, 10}) | weft::then(after_a_nap);
    EXPECT_EQ(co_await some.next(), 30);
    EXPECT_EQ(co_await some.next(), 10);
    EXPECT_EQ(weft::time::now() - started, 40ms);
  };
  run_paused(checks());
  expect_items([] { return slow_numbers(3) | weft::then(after_a_nap); }, ints{0, 1, 2});
}
TEST(stream_buffered, they_run_at_the_same_time) {
  auto checks = []() -> task<void> {
    auto started = weft::time::now();
    auto all = co_await (weft::from(ints(10, 20)) | weft::map(after_a_nap) | weft::buffered(5) |
                         weft::count());
    EXPECT_EQ(all, 10U);
    EXPECT_EQ(weft::time::now() - started, 40ms);
  };
  run_paused(checks());
}

// Counts who runs at once.
struct crowd {
  int now = 0;
  int most = 0;
  task<int> visit(int value) {
    most = std::max(most, ++now);
    co_await weft::sleep(std::chrono::milliseconds(1 + value % 3));
    --now;
    co_return value;
  }
};
TEST(stream_buffered, no_more_than_the_limit_run_at_once) {
  for (std::size_t limit : {1U, 2U, 7U, 40U, 100U}) {
    crowd visitors;
    auto visit = [&](int value) { return visitors.visit(value); };
    auto ordered = run_paused(all_of(slow_numbers(60) | weft::map(visit) | weft::buffered(limit)));
    EXPECT_EQ(ordered.size(), 60U);
    EXPECT_TRUE(std::is_sorted(ordered.begin(), ordered.end()));
    EXPECT_LE(visitors.most, static_cast<int>(limit));
    visitors.most = 0;
    auto any = run_paused(
        all_of(weft::from(ints(60, 1)) | weft::map(visit) | weft::buffer_unordered(limit)));
    EXPECT_EQ(any.size(), 60U);
    EXPECT_EQ(visitors.most, static_cast<int>(std::min<std::size_t>(limit, 60)));
  }
}
TEST(stream_buffered_death, a_limit_of_nothing_is_a_mistake) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)weft::buffered(0), "at least one operation");
}

TEST(stream_buffered, an_error_comes_in_its_place_and_the_others_go_on) {
  auto checks = []() -> task<void> {
    auto some = weft::from({1, 2, 3}) | weft::map(two_fails) | weft::buffered(3);
    static_assert(weft::fallible_stream<decltype(some)>);
    auto first = co_await some.next();
    EXPECT_TRUE(first.has_value() && *first == 1);
    auto second = co_await some.next();
    EXPECT_TRUE(!second && second.error() == errc::not_found);
    auto third = co_await some.next();
    EXPECT_TRUE(third.has_value() && *third == 3);
    auto end = co_await some.next();
    EXPECT_TRUE(end.has_value() && !*end);
  };
  run_paused(checks());
}
TEST(stream_buffered, an_error_of_the_source_comes_after_what_was_before_it) {
  expect_items_then_error(
      [] { return numbers_then_error(3) | weft::map(after_a_nap) | weft::buffered(9); },
      ints{0, 1, 2});
  expect_items_then_error([] { return numbers_then_error(2) | weft::then(after_a_nap); },
                          ints{0, 1});
}

task<int> throws_late(int) {
  co_await weft::yield_now();
  throw std::runtime_error("thrown");
}
TEST(stream_buffered, what_one_throws_comes_out_and_ends_it) {
  census alive;
  auto checks = [](census& all) -> task<void> {
    auto waits = [](flag& until, census::member) -> task<int> {
      co_await until.wait();
      co_return 1;
    };
    flag until;
    auto start = [&](int value) {
      return value == 0 ? throws_late(value) : waits(until, all.join());
    };
    auto some = slow_numbers(3) | weft::map(start) | weft::buffer_unordered(3);
    bool thrown = false;
    try {
      (void)co_await some.next();
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(until.waiting(), 0) << "the others are cancelled";
    EXPECT_EQ(co_await some.next(), std::nullopt);
  };
  run_paused(checks(alive));
}

TEST(stream_buffered, destroying_it_cancels_what_runs) {
  auto checks = []() -> task<void> {
    census alive;
    flag until;
    auto waits = [&](int) {
      return [](flag& what, census::member) -> task<int> {
        co_await what.wait();
        co_return 1;
      }(until, alive.join());
    };
    {
      auto some = slow_numbers(5) | weft::map(waits) | weft::buffered(3);
      auto late = co_await weft::timeout(1ms, some.next());
      EXPECT_FALSE(late.has_value());
      EXPECT_EQ(until.waiting(), 3);
    }
    EXPECT_EQ(until.waiting(), 0);
    EXPECT_EQ(alive.alive(), 0);
  };
  run_paused(checks());
}

TEST(stream_buffered, operations_will_do_and_values_may_only_move) {
  auto nap = [](int ms) { return weft::sleep(std::chrono::milliseconds(ms)); };
  EXPECT_EQ(run_paused(all_of(slow_numbers(3) | weft::map(nap) | weft::buffered(2))).size(), 3U);
  auto moved = [](int value) -> task<only_moves> {
    co_await weft::yield_now();
    co_return only_moves(value);
  };
  auto all = run_paused(all_of(slow_numbers(3) | weft::then(moved)));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(*all[2].value, 2);
}

TEST(stream_buffered, a_source_whose_next_is_a_task_will_do) {
  EXPECT_EQ(run_paused(all_of(tasks_for_next(3) | weft::then(after_a_nap))), (ints{3, 2, 1}));
}

task<int> random_steps(dice chance, int value) {
  for (unsigned step = chance.below(4); step > 0; --step) {
    if (chance.one_in(2)) {
      co_await weft::yield_now();
    } else {
      (void)co_await weft::select(weft::sleep(1ms), weft::yield_now());
    }
  }
  co_return value;
}
TEST(stream_buffered_stress, goes_from_task_to_task_while_operations_run) {
  auto runtime = weft::runtime::multi_thread().worker_threads(4).build();
  stress_time time;
  for (std::uint64_t round = 1; !time.over(); ++round) {
    std::vector<weft::join_handle<ints>> all;
    for (std::uint64_t index = 0; index < 8; ++index) {
      auto seed = round * 10 + index;
      auto start = [seed](int value) {
        return random_steps(dice(seed * 100 + static_cast<unsigned>(value)), value);
      };
      auto limit = 1 + seed % 50;
      if (index % 2) {
        all.push_back(runtime.spawn(
            all_of_dropped(slow_numbers(40) | weft::map(start) | weft::buffered(limit))));
      } else {
        all.push_back(runtime.spawn(
            all_of_dropped(slow_numbers(40) | weft::map(start) | weft::buffer_unordered(limit))));
      }
    }
    for (auto& handle : all) {
      auto items = runtime.block_on(std::move(handle));
      ASSERT_TRUE(items.has_value());
      std::sort(items->begin(), items->end());
      ASSERT_EQ(items->size(), 40U) << "an item was lost, or came twice";
      EXPECT_TRUE(std::unique(items->begin(), items->end()) == items->end());
    }
  }
}

}  // namespace
