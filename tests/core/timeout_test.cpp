#include <weft/join.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "manual_clock.hpp"
#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
using weft::duration;
using weft::errc;
using weft::result;
using weft::timeout;

task<int> yields(int times, int value) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
  co_return value;
}
task<void> nothing_after(duration wait) {
  co_await weft::sleep(wait);
}
task<int> value_after(duration wait, int value) {
  co_await weft::sleep(wait);
  co_return value;
}
task<result<std::string>> text_after(duration wait, bool good) {
  co_await weft::sleep(wait);
  if (!good) co_return weft::fail(errc::not_found);
  co_return "text";
}

task<void> yields_results() {
  auto number = co_await timeout(10ms, value_after(5ms, 3));
  static_assert(std::same_as<decltype(number), result<int>>);
  EXPECT_EQ(number.value(), 3);
  auto nothing = co_await timeout(10ms, nothing_after(5ms));
  static_assert(std::same_as<decltype(nothing), result<void>>);
  EXPECT_TRUE(nothing.has_value());
  auto text = co_await timeout(10ms, text_after(5ms, true));
  static_assert(std::same_as<decltype(text), result<std::string>>, "a result stays flat");
  EXPECT_EQ(text.value(), "text");
  auto failed = co_await timeout(10ms, text_after(5ms, false));
  EXPECT_TRUE(failed.error() == errc::not_found);
  auto owned = co_await timeout(10ms, value_task(std::make_unique<int>(7)));
  EXPECT_EQ(**owned, 7);
  auto operation = co_await timeout(10ms, weft::sleep(3ms));
  EXPECT_TRUE(operation.has_value());
}
TEST(timeout, yields_the_result_of_what_is_in_time) {
  run_paused(yields_results());
}

task<void> is_late(duration limit, duration wait) {
  auto start = weft::time::now();
  auto late = co_await timeout(limit, value_after(wait, 1));
  EXPECT_TRUE(!late.has_value() && late.error() == errc::timed_out);
  EXPECT_EQ(weft::time::now() - start, limit);
}
TEST(timeout, yields_timed_out_at_its_deadline) {
  run_paused(is_late(5ms, 6ms));
  run_paused(is_late(1ms, 1h));
  run_paused(is_late(100ms, duration::max()));
}

task<int> stays(flag& until, census::member) {
  co_await until.wait();
  co_return 1;
}
task<void> destroys_the_late() {
  census frames;
  flag until;
  auto late = co_await timeout(5ms, stays(until, frames.join()));
  EXPECT_FALSE(late.has_value());
  EXPECT_EQ(frames.alive(), 0) << "what is late must be gone when timeout returns";
  EXPECT_EQ(until.waiting(), 0);
}
TEST(timeout, destroys_what_is_late_before_it_returns) {
  run_paused(destroys_the_late());
}

task<void> ready_wins(duration limit) {
  auto start = weft::time::now();
  auto ended = co_await timeout(limit, value_task(1));
  EXPECT_EQ(ended.value(), 1);
  auto operation = co_await timeout(limit, ready(2));
  EXPECT_EQ(operation.value(), 2);
  EXPECT_EQ(weft::time::now(), start);
}
TEST(timeout, what_is_ready_wins_over_a_deadline_that_is_past) {
  for (auto limit : {duration(0), duration(-1s), duration::min(), duration(1ns)})
    run_paused(ready_wins(limit));
}

task<void> pending_loses(duration limit) {
  auto start = weft::time::now();
  auto ended = co_await timeout(limit, never());
  EXPECT_TRUE(!ended.has_value() && ended.error() == errc::timed_out);
  EXPECT_EQ(weft::time::now(), start);
}
TEST(timeout, what_is_pending_loses_to_a_deadline_that_is_past) {
  for (auto limit : {duration(0), duration(-1s), duration::min()}) run_paused(pending_loses(limit));
}

task<void> huge(duration limit) {
  auto ended = co_await timeout(limit, value_after(24h * 365 * 100, 5));
  EXPECT_EQ(ended.value(), 5);
}
TEST(timeout, huge_durations_mean_never) {
  run_paused(huge(duration::max()));
  run_paused(huge(duration::max() - 1ns));
}

task<void> deadlines() {
  auto at = weft::time::now() + 5ms;
  auto late = co_await weft::timeout_at(at, nothing_after(6ms));
  EXPECT_TRUE(late.error() == errc::timed_out);
  auto past = co_await weft::timeout_at(at, value_task(1));
  EXPECT_EQ(past.value(), 1);
  auto never_late = co_await weft::timeout_at(weft::time::never, value_after(1h, 2));
  EXPECT_EQ(never_late.value(), 2);
}
TEST(timeout_at, takes_a_deadline) {
  run_paused(deadlines());
}

// At the deadline the operation has a last chance: also when what is ready is further down.
task<void> comes_at_the_deadline() {
  auto leaf = co_await timeout(5ms, weft::sleep(5ms));
  EXPECT_TRUE(leaf.has_value()) << "a leaf";
  auto frame = co_await timeout(5ms, value_after(5ms, 1));
  EXPECT_TRUE(frame.has_value()) << "a task";
  auto inner = co_await timeout(5ms, timeout(10ms, weft::sleep(5ms)));
  EXPECT_TRUE(inner.has_value()) << "another timeout";
  auto selected = co_await timeout(5ms, weft::select(never(), value_after(5ms, 1)));
  EXPECT_TRUE(selected.has_value()) << "a select";
  auto joined =
      co_await timeout(5ms, weft::join(weft::sleep(5ms), value_after(5ms, 2), weft::sleep(3ms)));
  EXPECT_TRUE(joined.has_value()) << "a join";
  auto both = co_await timeout(
      5ms, weft::join(weft::select(never(), weft::sleep(5ms)), timeout(1s, weft::sleep(5ms))));
  EXPECT_TRUE(both.has_value()) << "a tree of them";
  auto half = co_await timeout(5ms, weft::join(weft::sleep(5ms), weft::sleep(6ms)));
  EXPECT_FALSE(half.has_value()) << "half of a join is not enough";
}
TEST(timeout, what_becomes_ready_at_the_deadline_is_in_time) {
  for (int round = 0; round < 20; ++round) run_paused(comes_at_the_deadline());
}

task<int> throws_after(duration wait) {
  co_await weft::sleep(wait);
  throw std::runtime_error("inner");
}
task<std::string> lets_exceptions_out(duration wait) {
  std::string caught;
  try {
    (void)co_await timeout(10ms, throws_after(wait));
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
  }
  co_return caught;
}
TEST(timeout, lets_exceptions_out) {
  EXPECT_EQ(run_paused(lets_exceptions_out(5ms)), "inner");
  EXPECT_EQ(run_paused(lets_exceptions_out(10ms)), "inner");
  EXPECT_EQ(run_paused(lets_exceptions_out(11ms)), "");
}

task<result<int>> nests(int levels, duration wait, duration limit) {
  if (levels == 0) co_return co_await value_after(wait, 0);
  auto below = co_await timeout(limit, nests(levels - 1, wait, limit - 1ms));
  co_return below;
}
task<void> the_tightest_counts() {
  auto start = weft::time::now();
  auto late = co_await nests(100, 10s, 200ms);
  EXPECT_TRUE(late.error() == errc::timed_out);
  EXPECT_EQ(weft::time::now() - start, 101ms) << "the innermost limit is the tightest";
  EXPECT_EQ((co_await nests(100, 50ms, 200ms)).value(), 0);
}
TEST(timeout, nests) {
  run_paused(the_tightest_counts());
}

task<void> a_thousand_times() {
  for (int i = 0; i < 1000; ++i) {
    auto ended = co_await timeout(1ms, weft::sleep(i % 3 * 1ms));
    if (ended.has_value() != (i % 3 < 2)) ADD_FAILURE() << "round " << i;
  }
}
TEST(timeout, a_thousand_in_a_row) {
  run_paused(a_thousand_times());
}

task<void> in_parallel(int index) {
  for (int i = 0; i < 50; ++i) {
    auto ended = co_await timeout(1ms, weft::sleep((index + i) % 3 * 1ms));
    (void)ended;
    auto [left, right] = co_await weft::join(timeout(1h, yields(i % 3, 1)), timeout(1ms, never()));
    EXPECT_TRUE(left.has_value());
    EXPECT_FALSE(right.has_value());
  }
}
task<void> all_in_parallel() {
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < 50; ++i) all.push_back(weft::spawn(in_parallel(i)));
  for (auto& each : all) co_await std::move(each);
}
TEST(timeout, works_on_every_runtime_in_real_time) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(all_in_parallel()); });
}

// What never suspends by itself suspends by the budget, and then the deadline is looked at. Time
// passes while it runs.
constexpr int too_long = 1'000'000;
task<int> busy(std::shared_ptr<manual_clock> clock) {
  int rounds = 0;
  for (; rounds < too_long; ++rounds) {
    clock->advance(10us);
    co_await ready(1);
  }
  co_return rounds;
}
task<void> stops_the_busy(std::shared_ptr<manual_clock> clock) {
  auto ended = co_await timeout(20ms, busy(clock));
  EXPECT_FALSE(ended.has_value()) << "a busy operation escaped its timeout";
}
TEST(timeout, stops_what_is_always_ready) {
  auto clock = std::make_shared<manual_clock>();
  auto here = weft::runtime::current_thread().environment(clock).build();
  here.block_on(stops_the_busy(clock));
  auto there = weft::runtime::multi_thread().worker_threads(2).environment(clock).build();
  there.block_on(stops_the_busy(clock));
}

task<void> sleeps_beside_the_busy(std::shared_ptr<manual_clock> clock, bool sleep_first) {
  if (sleep_first) {
    auto [slept, rounds] = co_await weft::select_biased(weft::sleep(20ms), busy(clock));
    EXPECT_TRUE(slept.has_value()) << "a branch that is always ready starves its sibling";
  } else {
    auto [rounds, slept] = co_await weft::select_biased(busy(clock), weft::sleep(20ms));
    EXPECT_TRUE(slept.has_value()) << "a branch that is always ready starves its sibling";
  }
}
TEST(budget, a_branch_that_is_always_ready_does_not_starve_its_sibling) {
  for (bool sleep_first : {true, false}) {
    auto clock = std::make_shared<manual_clock>();
    auto here = weft::runtime::current_thread().environment(clock).build();
    here.block_on(sleeps_beside_the_busy(clock, sleep_first));
  }
}

task<void> hangs_in(int count) {
  if (count == 1) {
    co_await never();
  } else {
    co_await weft::join(hangs_in(count / 2), hangs_in(count - count / 2));
  }
}
task<void> beside_many(std::shared_ptr<manual_clock> clock) {
  auto [hung, ended] =
      co_await weft::select_biased(hangs_in(40), sleeps_beside_the_busy(clock, false));
  EXPECT_TRUE(ended.has_value());
}
TEST(budget, a_busy_branch_does_not_starve_its_sibling_beyond_the_bits_of_the_task) {
  auto clock = std::make_shared<manual_clock>();
  auto here = weft::runtime::current_thread().environment(clock).build();
  here.block_on(beside_many(clock));
}

}  // namespace
