#include <weft/join.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "manual_clock.hpp"
#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
using std::chrono::days;
using weft::duration;
using weft::errc;
using weft::time::never;
using weft::time::time_point;

task<duration> sleeps(duration wait) {
  auto start = weft::time::now();
  co_await weft::sleep(wait);
  co_return weft::time::now() - start;
}

// A paused clock stands at a whole tick, so that sums of milliseconds are exact.
TEST(sleep, takes_its_time_and_no_more) {
  for (auto wait : {duration(1ms), duration(2ms), duration(63ms), duration(64ms), duration(65ms),
                    duration(1s), duration(4096ms), duration(24h), duration(days(30))}) {
    EXPECT_EQ(run_paused(sleeps(wait)), wait);
  }
}

TEST(sleep, rounds_up_to_milliseconds) {
  EXPECT_EQ(run_paused(sleeps(1ns)), 1ms);
  EXPECT_EQ(run_paused(sleeps(999us)), 1ms);
  EXPECT_EQ(run_paused(sleeps(1001us)), 2ms);
}

TEST(sleep, may_take_longer_than_the_wheel_turns) {
  EXPECT_EQ(run_paused(sleeps(days(365) * 3)), days(365) * 3);
  EXPECT_EQ(run_paused(sleeps(days(365) * 200)), days(365) * 200);
}

task<void> appends(std::string& story, char letter) {
  story += letter;
  co_return;
}
task<std::string> without_suspending(weft::sleep_operation sleep) {
  std::string story;
  auto other = weft::spawn(appends(story, 'b'));
  co_await std::move(sleep);
  story += 'a';
  co_await std::move(other);
  co_return story;
}
task<std::string> after_a_busy_time(std::shared_ptr<manual_clock> clock, bool absolute) {
  auto start = weft::time::now();
  clock->advance(2500us);  // the wheel has not been turned since
  if (absolute) co_return co_await without_suspending(weft::sleep_until(start + 1ms));
  co_return co_await without_suspending(weft::sleep(0ns));
}
TEST(sleep, of_nothing_or_less_is_done_at_once) {
  EXPECT_EQ(run_paused(without_suspending(weft::sleep(0ns))), "ab");
  EXPECT_EQ(run_paused(without_suspending(weft::sleep(-1s))), "ab");
  EXPECT_EQ(run_paused(without_suspending(weft::sleep(duration::min()))), "ab");
  for (bool absolute : {false, true}) {
    auto clock = std::make_shared<manual_clock>();
    auto runtime = weft::runtime::current_thread().environment(clock).build();
    EXPECT_EQ(runtime.block_on(after_a_busy_time(clock, absolute)), "ab");
  }
}

task<std::string> until_the_past() {
  auto past = weft::time::now() - 5ms;
  auto story = co_await without_suspending(weft::sleep_until(past));
  story += co_await without_suspending(weft::sleep_until(weft::time::now()));
  story += co_await without_suspending(weft::sleep_until(time_point::min()));
  co_return story;
}
TEST(sleep_until, a_past_time_is_done_at_once) {
  EXPECT_EQ(run_paused(until_the_past()), "ababab");
}

task<void> until_the_future() {
  auto deadline = weft::time::now() + 7ms;
  co_await weft::join(weft::sleep_until(deadline), weft::sleep(3ms));
  EXPECT_EQ(weft::time::now(), deadline);
}
TEST(sleep_until, waits_for_its_deadline) {
  run_paused(until_the_future());
}

task<void> outlasts_a_year(weft::sleep_operation forever) {
  auto start = weft::time::now();
  auto [came, late] = co_await weft::select(std::move(forever), weft::sleep(days(365) * 100));
  EXPECT_FALSE(came.has_value());
  EXPECT_EQ(weft::time::now() - start, days(365) * 100);
}
TEST(sleep, huge_durations_mean_never) {
  run_paused(outlasts_a_year(weft::sleep(duration::max())));
  run_paused(outlasts_a_year(weft::sleep_until(never)));
  run_paused(outlasts_a_year(weft::sleep(duration::max() - 1s)));
}

TEST(time, sums_saturate) {
  EXPECT_EQ(weft::time::after(duration::max()), never);
  auto least = weft::time::after(duration::min());
  auto less = weft::time::after(-1ns);
  EXPECT_LE(least, less);
  EXPECT_LE(less, weft::time::now());
}

task<void> records(duration wait, std::vector<int>& order, int number) {
  co_await weft::sleep(wait);
  order.push_back(number);
}
task<std::vector<int>> in_order_of_deadlines() {
  std::vector<int> order;
  std::vector<weft::join_handle<void>> all;
  constexpr int count = 500;
  for (int i = 0; i < count; ++i) {
    auto number = i * 263 % count;  // a permutation
    all.push_back(weft::spawn(records(number * 17ms + 1ms, order, number)));
  }
  for (auto& each : all) co_await std::move(each);
  co_return order;
}
TEST(sleep, wakes_in_the_order_of_deadlines) {
  auto order = run_paused(in_order_of_deadlines());
  ASSERT_EQ(order.size(), 500u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

task<void> sleeps_on(std::atomic<int>& done, int milliseconds) {
  auto start = weft::time::now();
  for (int i = 0; i < 5; ++i) co_await weft::sleep(std::chrono::milliseconds(milliseconds));
  EXPECT_GE(weft::time::now() - start, 5 * std::chrono::milliseconds(milliseconds)) << "too early";
  done.fetch_add(1);
}
task<void> many_sleep(int count, std::atomic<int>& done) {
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < count; ++i) all.push_back(weft::spawn(sleeps_on(done, i % 7)));
  for (auto& each : all) co_await std::move(each);
}
TEST(sleep, many_tasks_sleep_on_every_runtime_in_real_time) {
  on_every_runtime([](weft::runtime& runtime) {
    std::atomic<int> done{0};
    runtime.block_on(many_sleep(300, done));
    EXPECT_EQ(done.load(), 300);
  });
}

task<void> drops_sleeps() {
  for (int round = 0; round < 200; ++round) {
    auto [slept, other] = co_await weft::select(weft::sleep(1h), weft::yield_now());
    EXPECT_FALSE(slept.has_value());
  }
}
TEST(sleep, may_be_destroyed_at_any_time) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(drops_sleeps()); });
}

// The paused clock.

task<void> stands_still() {
  auto start = weft::time::now();
  for (int i = 0; i < 1000; ++i) co_await weft::yield_now();
  EXPECT_EQ(weft::time::now(), start) << "time passed while tasks were ready";
  co_await weft::sleep(10ms);
  EXPECT_EQ(weft::time::now(), start + 10ms);
}
TEST(paused_clock, jumps_to_the_next_timer_only_when_nothing_is_ready) {
  run_paused(stands_still());
}

task<void> is_not_moved_by_the_cancelled() {
  auto start = weft::time::now();
  (void)co_await weft::timeout(1s, weft::yield_now());
  co_await weft::sleep(5s);
  EXPECT_EQ(weft::time::now(), start + 5s);
}
TEST(paused_clock, is_not_moved_by_timers_that_were_cancelled) {
  run_paused(is_not_moved_by_the_cancelled());
}

task<void> cancels_an_advance() {
  auto start = weft::time::now();
  auto [advanced, slept] =
      co_await weft::select_biased(weft::time::advance(1h), weft::sleep_until(start));
  EXPECT_FALSE(advanced) << "it lets others run before it ends";
  EXPECT_TRUE(slept);
  EXPECT_EQ(weft::time::now(), start + 1h) << "the clock stays advanced";
}
TEST(paused_clock, stays_advanced_when_an_advance_is_cancelled) {
  run_paused(cancels_an_advance());
}

task<void> at(duration wait, bool& done) {
  co_await weft::sleep(wait);
  done = true;
}
task<void> advances() {
  bool ten = false;
  bool eleven = false;
  auto first = weft::spawn(at(10ms, ten));
  auto second = weft::spawn(at(11ms, eleven));
  co_await weft::yield_now();
  auto start = weft::time::now();
  EXPECT_TRUE((co_await weft::time::advance(9ms)).has_value());
  EXPECT_FALSE(ten);
  EXPECT_TRUE((co_await weft::time::advance(1ms)).has_value());
  EXPECT_TRUE(ten) << "advance must let what became due run";
  EXPECT_FALSE(eleven);
  EXPECT_EQ(weft::time::now(), start + 10ms);
  EXPECT_TRUE((co_await weft::time::advance(1h)).has_value());
  EXPECT_TRUE(eleven);
  EXPECT_EQ(weft::time::now(), start + 10ms + 1h);
  EXPECT_TRUE((co_await weft::time::advance(0ns)).has_value());
  EXPECT_TRUE((co_await weft::time::advance(-1h)).has_value());
  EXPECT_EQ(weft::time::now(), start + 10ms + 1h) << "the clock is never set back";
}
TEST(paused_clock, advance_lets_all_that_became_due_run) {
  run_paused(advances());
}

task<void> ticks(duration each, int& count) {
  while (true) {
    co_await weft::sleep(each);
    ++count;
  }
}
task<void> advances_over_a_series() {
  int count = 0;
  auto ticking = weft::spawn(ticks(10ms, count));
  co_await weft::yield_now();
  EXPECT_TRUE((co_await weft::time::advance(1s)).has_value());
  EXPECT_EQ(count, 100) << "timers that are armed on the way fire on the way";
  ticking.abort();
  (void)co_await std::move(ticking);
}
TEST(paused_clock, advance_fires_timers_that_are_armed_on_the_way) {
  run_paused(advances_over_a_series());
}

task<void> advances_for_ever() {
  auto before = weft::time::now();
  EXPECT_TRUE((co_await weft::time::advance(duration::max())).has_value());
  EXPECT_GT(weft::time::now(), before);
  EXPECT_LE(weft::time::now(), never);
  co_await weft::sleep(0ns);
}
TEST(paused_clock, advance_saturates) {
  run_paused(advances_for_ever());
}

task<void> pauses_and_resumes() {
  EXPECT_TRUE((co_await weft::time::advance(1s)).error() == errc::invalid_argument)
      << "a running clock cannot be advanced";
  EXPECT_TRUE(weft::time::pause().has_value());
  EXPECT_TRUE(weft::time::pause().has_value()) << "pausing twice is fine";
  auto paused_at = weft::time::now();
  EXPECT_TRUE((co_await weft::time::advance(1h)).has_value());
  EXPECT_EQ(weft::time::now(), paused_at + 1h);
  EXPECT_TRUE(weft::time::resume().has_value());
  EXPECT_TRUE(weft::time::resume().has_value());
  auto resumed = weft::time::now();
  EXPECT_GE(resumed, paused_at + 1h) << "the clock goes on from where it stood";
  EXPECT_LT(resumed, paused_at + 2h);
  co_await weft::sleep(2ms);
  EXPECT_GE(weft::time::now(), resumed + 2ms);
}
TEST(paused_clock, may_be_paused_and_resumed) {
  auto runtime = weft::runtime::current_thread().build();
  runtime.block_on(pauses_and_resumes());
}

task<void> cannot_pause() {
  EXPECT_TRUE(weft::time::pause().error() == errc::unsupported);
  EXPECT_TRUE(weft::time::resume().error() == errc::unsupported);
  EXPECT_TRUE((co_await weft::time::advance(1s)).error() == errc::unsupported);
}
TEST(paused_clock, is_for_current_thread_runtimes) {
  auto runtime = weft::runtime::multi_thread().worker_threads(1).build();
  runtime.block_on(cannot_pause());
  EXPECT_TRUE(weft::time::pause().error() == errc::no_runtime);
  EXPECT_TRUE(weft::time::resume().error() == errc::no_runtime);
  EXPECT_THROW((void)weft::runtime::multi_thread().start_paused(true).build(),
               std::invalid_argument);
}

// A wake-up from outside comes before the jump, though the clock could move.
task<void> waits_or_sleeps(flag& until, duration wait, bool& came_first) {
  auto [set, slept] = co_await weft::select(until.wait(), weft::sleep(wait));
  came_first = set.has_value();
}
TEST(paused_clock, what_was_woken_from_outside_comes_before_the_next_timer) {
  for (int round = 0; round < 50; ++round) {
    flag until;
    bool came_first = false;
    auto runtime = paused_runtime();
    auto waiting = runtime.spawn(waits_or_sleeps(until, 1h, came_first));
    until.set();
    runtime.block_on(std::move(waiting));
    EXPECT_TRUE(came_first);
  }
}

task<time_point> reads_the_clock() {
  co_return weft::time::now();
}
TEST(time, comes_from_the_environment) {
  auto clock = std::make_shared<manual_clock>();
  auto runtime = weft::runtime::multi_thread().worker_threads(1).environment(clock).build();
  auto before = runtime.block_on(reads_the_clock());
  clock->advance(5s);
  EXPECT_EQ(runtime.block_on(reads_the_clock()) - before, 5s);
}

TEST(time, outside_a_runtime_is_the_monotonic_clock) {
  auto before = weft::time::now();
  auto reference = std::chrono::steady_clock::now().time_since_epoch();
  auto after = weft::time::now();
  EXPECT_LE(before.time_since_epoch(), reference);
  EXPECT_GE(after.time_since_epoch(), reference);
}

task<void> counts_from_the_await() {
  auto nap = weft::sleep(10ms);
  auto limited = weft::timeout(10ms, weft::sleep(1h));
  co_await weft::sleep(50ms);
  auto began = weft::time::now();
  co_await std::move(nap);
  EXPECT_EQ(weft::time::now() - began, 10ms);
  auto late = co_await std::move(limited);
  EXPECT_FALSE(late.has_value());
  EXPECT_EQ(weft::time::now() - began, 20ms);
}
TEST(time, a_wait_counts_from_when_it_is_awaited) {
  run_paused(counts_from_the_await());
}

}  // namespace
