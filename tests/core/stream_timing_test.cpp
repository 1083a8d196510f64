#include <weft/stream/sources.hpp>
#include <weft/stream/timing.hpp>
#include <weft/stream/transform.hpp>

#include <gtest/gtest.h>

#include "stream_support.hpp"

namespace {

using namespace stream_test;
using ints = std::vector<int>;

task<void> times_out() {
  auto some = naps({5ms, 50ms}) | weft::timeout(10ms);
  static_assert(weft::fallible_stream<decltype(some)>);
  auto first = co_await some.next();
  EXPECT_TRUE(first.has_value() && *first == 0);
  for (int i = 0; i < 4; ++i) {
    auto late = co_await some.next();
    EXPECT_TRUE(!late && late.error() == errc::timed_out);
  }
  auto second = co_await some.next();
  EXPECT_TRUE(second.has_value() && *second == 1);
  auto end = co_await some.next();
  EXPECT_TRUE(end.has_value() && !*end);
}
TEST(stream_timing, timeout_tells_who_is_late_and_waits_for_it_again) {
  run_paused(times_out());
  expect_items_then_error([] { return numbers_then_error(2) | weft::timeout(1s); }, ints{0, 1});
}

task<void> throttles() {
  auto started = weft::time::now();
  auto some = weft::from({1, 2, 3}) | weft::throttle(10ms);
  for (int i = 1; i < 4; ++i) {
    auto next = co_await some.next();
    EXPECT_EQ(next, i);
    EXPECT_EQ(weft::time::now() - started, (i - 1) * 10ms);
  }
  auto end = co_await some.next();
  EXPECT_EQ(end, std::nullopt);
}
TEST(stream_timing, throttle_keeps_items_apart) {
  run_paused(throttles());
  expect_items([] { return weft::from({1, 2, 3}) | weft::throttle(10ms); }, ints{1, 2, 3});
}
task<void> throttles_slow_ones() {
  auto started = weft::time::now();
  auto some = naps({20ms, 20ms}) | weft::throttle(15ms);
  for (int i = 0; i < 2; ++i) (void)co_await some.next();
  // The source is asked after 35 ms, and naps for 20.
  EXPECT_EQ(weft::time::now() - started, 55ms);
}
TEST(stream_timing, throttle_asks_the_source_only_when_the_time_has_come) {
  run_paused(throttles_slow_ones());
}

TEST(stream_timing, chunks_timeout_yields_what_has_come_in_time) {
  // After 1, 2, 3 (full), 4, 30 (time is over at 14) and 31 ms.
  auto make = [] { return naps({1ms, 1ms, 1ms, 1ms, 26ms, 1ms}) | weft::chunks_timeout(3, 10ms); };
  expect_items(make, std::vector<ints>{{0, 1, 2}, {3}, {4, 5}});
  expect_items_then_error([] { return numbers_then_error(3) | weft::chunks_timeout(2, 1s); },
                          std::vector<ints>{{0, 1}, {2}});
}
task<void> chunk_time_counts_from_the_first_item() {
  auto started = weft::time::now();
  auto some = naps({50ms, 1h}) | weft::chunks_timeout(3, 10ms);
  auto first = co_await some.next();
  EXPECT_EQ(first, ints{0});
  EXPECT_EQ(weft::time::now() - started, 60ms);
}
TEST(stream_timing, the_time_of_a_chunk_counts_from_its_first_item) {
  run_paused(chunk_time_counts_from_the_first_item());
}
task<void> a_dropped_next_keeps_the_chunk() {
  auto some = naps({1ms, 1h}) | weft::chunks_timeout(3, 10ms);
  for (int i = 0; i < 3; ++i) {
    auto late = co_await weft::timeout(2ms, some.next());
    EXPECT_FALSE(late.has_value());
  }
  auto started = weft::time::now();
  auto first = co_await some.next();
  EXPECT_EQ(first, ints{0});
  EXPECT_LT(weft::time::now() - started, 10ms) << "the time goes on while nobody asks";
}
TEST(stream_timing, a_chunk_is_kept_when_next_is_dropped) {
  run_paused(a_dropped_next_keeps_the_chunk());
}
TEST(stream_timing_death, a_chunk_of_nothing_is_a_mistake) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)(weft::empty<int>() | weft::chunks_timeout(0, 1s)), "at least one item");
}

TEST(stream_timing, a_source_whose_next_is_a_task_will_do) {
  EXPECT_EQ(run_paused(all_of(tasks_for_next(3) | weft::throttle(1ms))), (ints{3, 2, 1}));
}

}  // namespace
