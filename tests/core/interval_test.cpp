#include <weft/interval.hpp>
#include <weft/join.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::interval;
using weft::missed_ticks;
using weft::time::never;

/// Milliseconds between `start` and `at`.
long ms(weft::time::time_point start, weft::time::time_point at) {
  return static_cast<long>(
      std::chrono::duration_cast<std::chrono::milliseconds>(at - start).count());
}
std::string text(weft::time::time_point start, const std::vector<weft::time::time_point>& times) {
  arrivals all;
  for (auto at : times) all.add(std::to_string(ms(start, at)));
  return all.text();
}

task<void> ticks() {
  co_await weft::sleep(7ms);
  auto start = weft::time::now();
  interval every(10ms);
  std::vector<weft::time::time_point> due;
  std::vector<weft::time::time_point> came;
  for (int i = 0; i < 4; ++i) {
    due.push_back(co_await every.tick());
    came.push_back(weft::time::now());
    co_await weft::sleep(3ms);
  }
  EXPECT_EQ(text(start, due), "0 10 20 30") << "the first comes at once; they do not drift";
  EXPECT_EQ(text(start, came), "0 10 20 30");
  EXPECT_EQ(every.period(), 10ms);
}
TEST(interval, ticks_each_period) {
  run_paused(ticks());
}

task<void> starts_late() {
  auto start = weft::time::now();
  interval every(10ms);
  co_await weft::sleep(25ms);
  auto first = co_await every.tick();
  EXPECT_EQ(ms(start, first), 25) << "the first is due when it is asked for";
  interval later(start + 40ms, 10ms);
  auto at = co_await later.tick();
  EXPECT_EQ(ms(start, at), 40);
  EXPECT_EQ(ms(start, weft::time::now()), 40);
}
TEST(interval, begins_when_it_is_asked_or_at_a_time) {
  run_paused(starts_late());
}

/// Five ticks; after the first, whoever takes them is busy for 25 ms.
task<std::pair<std::string, std::string>> misses(missed_ticks behaviour) {
  auto start = weft::time::now();
  interval every(10ms);
  every.behaviour(behaviour);
  EXPECT_EQ(every.behaviour(), behaviour);
  std::vector<weft::time::time_point> due;
  std::vector<weft::time::time_point> came;
  for (int i = 0; i < 5; ++i) {
    due.push_back(co_await every.tick());
    came.push_back(weft::time::now());
    if (i == 0) co_await weft::sleep(35ms);
  }
  co_return std::pair(text(start, due), text(start, came));
}
TEST(interval, in_bursts_catches_up) {
  auto [due, came] = run_paused(misses(missed_ticks::burst));
  EXPECT_EQ(due, "0 10 20 30 40");
  EXPECT_EQ(came, "0 35 35 35 40");
}
TEST(interval, with_delay_counts_from_the_late_tick) {
  auto [due, came] = run_paused(misses(missed_ticks::delay));
  EXPECT_EQ(due, "0 10 45 55 65");
  EXPECT_EQ(came, "0 35 45 55 65");
}
TEST(interval, with_skip_keeps_its_rhythm) {
  auto [due, came] = run_paused(misses(missed_ticks::skip));
  EXPECT_EQ(due, "0 10 40 50 60");
  EXPECT_EQ(came, "0 35 40 50 60");
}

task<void> a_little_late(missed_ticks behaviour) {
  auto start = weft::time::now();
  interval every(10ms);
  every.behaviour(behaviour);
  (void)co_await every.tick();
  co_await weft::sleep(15ms);
  (void)co_await every.tick();
  auto next = co_await every.tick();
  EXPECT_EQ(ms(start, next), 20) << "5 ms are no delay";
}
TEST(interval, forgives_five_milliseconds) {
  run_paused(a_little_late(missed_ticks::delay));
  run_paused(a_little_late(missed_ticks::skip));
}

task<void> resets() {
  auto start = weft::time::now();
  interval every(10ms);
  (void)co_await every.tick();
  co_await weft::sleep(4ms);
  every.reset();
  auto after_reset = co_await every.tick();
  EXPECT_EQ(ms(start, after_reset), 14);
  every.reset_immediately();
  auto at_once = co_await every.tick();
  EXPECT_EQ(ms(start, at_once), 14);
  every.reset_after(3ms);
  auto soon = co_await every.tick();
  EXPECT_EQ(ms(start, soon), 17);
  every.reset_at(start + 50ms);
  auto then = co_await every.tick();
  EXPECT_EQ(ms(start, then), 50);
  auto next = co_await every.tick();
  EXPECT_EQ(ms(start, next), 60);
}
TEST(interval, is_reset) {
  run_paused(resets());
}

task<void> reset_by_another_branch() {
  auto start = weft::time::now();
  interval every(start + 10ms, 10ms);
  auto moves = [&]() -> task<void> {
    co_await weft::sleep(5ms);
    every.reset_at(start + 30ms);
  };
  auto moving = moves();
  auto [at, moved] = co_await weft::join(every.tick(), std::move(moving));
  EXPECT_EQ(ms(start, at), 30);
  EXPECT_EQ(ms(start, weft::time::now()), 30);
}
TEST(interval, follows_when_another_branch_moves_it_later) {
  run_paused(reset_by_another_branch());
}

task<void> cancelled() {
  auto start = weft::time::now();
  interval every(10ms);
  (void)co_await every.tick();
  for (int i = 0; i < 3; ++i) {
    auto [at, late] = co_await weft::select(every.tick(), weft::sleep(2ms));
    EXPECT_TRUE(late.has_value());
  }
  auto [slept, lost] = co_await weft::select_biased(weft::sleep(4ms), every.tick());
  EXPECT_TRUE(slept.has_value());
  auto second = co_await every.tick();
  EXPECT_EQ(ms(start, second), 10) << "a tick that was not taken is not lost";
  auto moved = std::move(every);
  auto third = co_await moved.tick();
  EXPECT_EQ(ms(start, third), 20);
}
TEST(interval, a_tick_that_is_cancelled_is_not_lost) {
  run_paused(cancelled());
}

task<weft::result<int>> as_stream() {
  interval every(1ms);
  int count = 0;
  while (auto at = co_await weft::or_return(every.next())) {
    if (++count == 5) break;
  }
  co_return count;
}
TEST(interval, is_a_stream) {
  EXPECT_EQ(run_paused(as_stream()).value(), 5);
}

task<void> extremes() {
  auto start = weft::time::now();
  interval huge(weft::duration::max());
  (void)co_await huge.tick();
  auto nothing = co_await weft::timeout(24h * 365, huge.tick());
  EXPECT_TRUE(nothing.error() == weft::errc::timed_out) << "it does not wrap into the past";
  huge.reset_after(weft::duration::min());
  (void)co_await huge.tick();
  interval never_comes(never, 1ms);
  auto not_at_all = co_await weft::timeout(1ms, never_comes.tick());
  EXPECT_FALSE(not_at_all.has_value());
  for (auto behaviour : {missed_ticks::burst, missed_ticks::delay, missed_ticks::skip}) {
    interval past(weft::time::time_point::min(), 1h);
    past.behaviour(behaviour);
    auto before = weft::time::now();
    auto first = co_await past.tick();
    EXPECT_EQ(first, weft::time::time_point::min());
    EXPECT_EQ(weft::time::now(), before) << "what is past comes at once";
    auto second = co_await past.tick();
    EXPECT_GE(second, behaviour == missed_ticks::burst ? weft::time::time_point::min() : start);
  }
}
TEST(interval, saturates) {
  run_paused(extremes());
}

task<void> fine_grained() {
  auto start = weft::time::now();
  interval every(300us);
  for (int i = 0; i <= 100; ++i) (void)co_await every.tick();
  EXPECT_EQ(ms(start, weft::time::now()), 30) << "shorter than a timer's grain, as many a second";
}
TEST(interval, of_less_than_a_millisecond_keeps_its_rate) {
  run_paused(fine_grained());
}

task<void> others_run() {
  interval every(weft::time::time_point::min(), 1ns);
  bool ran = false;
  auto other = weft::spawn([&ran]() -> task<void> {
    ran = true;
    co_return;
  });
  for (int i = 0; i < 1000; ++i) (void)co_await every.tick();
  EXPECT_TRUE(ran) << "ticks that are due cost budget";
  (void)co_await std::move(other);
}
TEST(interval, that_is_behind_lets_others_run) {
  run_paused(others_run());
}

using interval_death = ::testing::Test;
TEST(interval_death, has_a_positive_period) {
  EXPECT_DEATH(interval(0ms), "must be positive");
  EXPECT_DEATH(interval(weft::time::time_point(), -1ms), "must be positive");
}

}  // namespace
