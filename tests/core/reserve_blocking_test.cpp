#include <weft/join_set.hpp>
#include <weft/reserve_blocking.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::blocking_permit;
using weft::errc;
using weft::or_return;
using weft::reserve_blocking;
using weft::result;
using weft::spawn_blocking;
using weft::try_reserve_blocking;

// One thread and a queue of one: two places.
weft::runtime small(unsigned workers = 1) {
  return weft::runtime::multi_thread()
      .worker_threads(workers)
      .blocking_threads(1)
      .blocking_queue(1)
      .build();
}

void in_small(task<result<void>> test) {
  auto runtime = small();
  auto ended = runtime.block_on(std::move(test));
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<void> rounds() {
  for (int i = 0; i < 10; ++i) co_await weft::yield_now();
}

// Who is woken by a thread of the pool comes when that thread says so.
task<void> until_in_order(std::vector<int>& order, std::size_t count) {
  auto start = std::chrono::steady_clock::now();
  while (order.size() < count &&
         std::chrono::steady_clock::now() - start < std::chrono::seconds(10))
    co_await weft::yield_now();
}

task<void> reserve_into(std::vector<int>& order, int name, std::optional<blocking_permit>& into) {
  auto permit = co_await reserve_blocking();
  EXPECT_TRUE(permit.has_value());
  order.push_back(name);
  if (permit) into.emplace(std::move(*permit));
}

task<result<void>> a_permit_is_a_place() {
  auto permit = co_await or_return(reserve_blocking());
  EXPECT_TRUE(permit);
  auto job = std::move(permit).spawn([number = std::make_unique<int>(7)] { return *number; });
  EXPECT_FALSE(permit);
  auto value = co_await or_return(std::move(job));
  EXPECT_EQ(value, 7);
  co_return {};
}
TEST(reserve_blocking, a_permit_is_a_place) {
  in_small(a_permit_is_a_place());
}

task<result<void>> places_are_bounded() {
  auto one = co_await or_return(reserve_blocking());
  auto two = try_reserve_blocking();
  EXPECT_TRUE(two.has_value());
  auto three = try_reserve_blocking();
  EXPECT_TRUE(!three && three.error() == errc::overloaded);
  auto plain = spawn_blocking([] {});
  EXPECT_TRUE(plain.is_finished());
  auto refused = co_await std::move(plain);
  EXPECT_TRUE(!refused && refused.error() == errc::overloaded) << "places that are reserved count";
  // Both are accepted, though nothing has ended.
  std::latch go(1);
  auto first = std::move(one).spawn([&] { go.wait(); });
  auto second = std::move(*two).spawn([] { return 2; });
  EXPECT_FALSE(second.is_finished());
  auto full = try_reserve_blocking();
  EXPECT_TRUE(!full && full.error() == errc::overloaded) << "calls that are queued or run count";
  go.count_down();
  co_await or_return(std::move(first));
  auto value = co_await or_return(std::move(second));
  EXPECT_EQ(value, 2);
  // Whoever has seen the end of a call finds its place.
  EXPECT_TRUE(try_reserve_blocking().has_value());
  co_return {};
}
TEST(reserve_blocking, places_are_bounded) {
  in_small(places_are_bounded());
}

task<result<void>> who_waits_comes_in_order(weft::runtime& runtime) {
  auto one = try_reserve_blocking();
  auto two = try_reserve_blocking();
  std::vector<int> order;
  std::optional<blocking_permit> got[3];
  std::vector<weft::join_handle<void>> waiting;
  for (int name = 0; name < 3; ++name) {
    waiting.push_back(weft::spawn(reserve_into(order, name, got[name])));
    co_await rounds();
  }
  EXPECT_EQ(runtime.metrics().blocking_waiters, 3u);
  EXPECT_TRUE(order.empty());
  // A place that is given back is the first waiter's, and nobody's else.
  {
    auto dropped = std::move(*one);
  }
  auto late = try_reserve_blocking();
  EXPECT_TRUE(!late && late.error() == errc::overloaded);
  co_await rounds();
  EXPECT_EQ(order, (std::vector<int>{0}));
  EXPECT_EQ(runtime.metrics().blocking_waiters, 2u);
  // So is that of a call that ends, and of one that is taken back.
  auto job = std::move(*two).spawn([] {});
  co_await or_return(std::move(job));
  co_await until_in_order(order, 2);
  EXPECT_EQ(order, (std::vector<int>{0, 1}));
  if (!got[1]) co_return weft::fail(errc::timed_out);
  std::latch started(1);
  std::latch go(1);
  auto running = std::move(*got[0]).spawn([&] {
    started.count_down();
    go.wait();
  });
  started.wait();
  auto queued = std::move(*got[1]).spawn([] {});
  queued.abort();
  co_await until_in_order(order, 3);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(runtime.metrics().blocking_waiters, 0u);
  go.count_down();
  co_await or_return(std::move(running));
  auto aborted = co_await std::move(queued);
  EXPECT_TRUE(!aborted && aborted.error() == errc::task_aborted);
  for (auto& each : waiting) (void)co_await each;
  co_return {};
}
TEST(reserve_blocking, who_waits_comes_in_order) {
  auto runtime = small();
  auto ended = runtime.block_on(who_waits_comes_in_order(runtime));
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> who_gives_up_takes_no_place(weft::runtime& runtime) {
  auto one = try_reserve_blocking();
  auto two = try_reserve_blocking();
  std::vector<int> order;
  std::optional<blocking_permit> got[2];
  auto first = weft::spawn(reserve_into(order, 0, got[0]));
  co_await rounds();
  auto second = weft::spawn(reserve_into(order, 1, got[1]));
  co_await rounds();
  first.abort();
  (void)co_await std::move(first);
  EXPECT_EQ(runtime.metrics().blocking_waiters, 1u);
  {
    auto dropped = std::move(*one);
  }
  (void)co_await std::move(second);
  EXPECT_EQ(order, (std::vector<int>{1}));

  // Aborted when it has been given the place, and has not run: the place goes on.
  got[1].reset();
  one = try_reserve_blocking();
  EXPECT_TRUE(one.has_value());
  auto third = weft::spawn(reserve_into(order, 2, got[0]));
  co_await rounds();
  {
    auto dropped = std::move(*one);
  }
  third.abort();
  (void)co_await std::move(third);
  EXPECT_FALSE(got[0]);
  EXPECT_TRUE(try_reserve_blocking().has_value());

  // A deadline.
  auto again = try_reserve_blocking();
  auto late = co_await weft::timeout(std::chrono::milliseconds(0), reserve_blocking());
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  EXPECT_EQ(runtime.metrics().blocking_waiters, 0u);
  co_return {};
}
TEST(reserve_blocking, who_gives_up_takes_no_place) {
  auto runtime = small();
  auto ended = runtime.block_on(who_gives_up_takes_no_place(runtime));
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> an_operation_that_is_not_awaited_takes_nothing() {
  auto never = reserve_blocking();
  auto one = try_reserve_blocking();
  auto two = try_reserve_blocking();
  EXPECT_TRUE(one && two);
  co_return {};
}
TEST(reserve_blocking, an_operation_that_is_not_awaited_takes_nothing) {
  in_small(an_operation_that_is_not_awaited_takes_nothing());
}

task<result<blocking_permit>> take_one() {
  auto permit = co_await or_return(reserve_blocking());
  co_return permit;
}

TEST(reserve_blocking, a_permit_outlives_its_runtime) {
  std::optional<blocking_permit> left;
  {
    auto runtime = small();
    auto permit = runtime.block_on(take_one());
    ASSERT_TRUE(permit.has_value());
    left.emplace(std::move(*permit));
  }
  auto token = std::make_shared<int>(0);
  auto job = std::move(*left).spawn([token] {});
  EXPECT_TRUE(job.is_finished());
  EXPECT_EQ(token.use_count(), 1);
  auto other = weft::runtime::current_thread().build();
  auto wait = [](weft::blocking_handle<void>& on) -> task<result<void>> { co_return co_await on; };
  auto ended = other.block_on(wait(job));
  EXPECT_TRUE(!ended && ended.error() == errc::shut_down);
}

// Waits until it is cancelled; then it says what a late try gives.
struct tries_at_the_end {
  std::optional<weft::error>* told;
  ~tries_at_the_end() {
    auto late = try_reserve_blocking();
    if (!late) *told = late.error();
  }
};
task<void> waits_for_a_place(std::optional<weft::error>& told, std::atomic<bool>& came) {
  tries_at_the_end at_the_end{&told};
  auto permit = co_await reserve_blocking();
  came = true;
}
TEST(reserve_blocking, shutdown_ends_who_waits) {
  for (int round = 0; round < 20; ++round) {
    std::optional<weft::error> told;
    std::atomic<bool> came{false};
    auto runtime = small();
    auto one = runtime.block_on(take_one());
    auto two = runtime.block_on(take_one());
    auto waiting = runtime.spawn(waits_for_a_place(told, came));
    while (runtime.metrics().blocking_waiters < 1) std::this_thread::yield();
    runtime.shut_down(std::chrono::seconds(0));
    EXPECT_TRUE(waiting.is_finished());
    EXPECT_FALSE(came);
    EXPECT_TRUE(told && *told == errc::shut_down);
    std::move(waiting).detach();
  }
}

TEST(reserve_blocking, outside_a_runtime_throws) {
  EXPECT_THROW((void)reserve_blocking(), std::system_error);
  EXPECT_THROW((void)try_reserve_blocking(), std::system_error);
}

TEST(reserve_blocking_death, a_permit_is_spent_once) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto twice = [] {
    auto runtime = small();
    auto permit = runtime.block_on(take_one());
    std::move(*permit).spawn([] {}).detach();
    std::move(*permit).spawn([] {}).detach();
  };
  EXPECT_DEATH(twice(), "moved from or spent");
}

// Many tasks on few places, some of which give up; no call is refused, none too many is there.
task<void> works(dice chance, std::atomic<int>& there, std::atomic<int>& refused) {
  for (int step = 0; step < 10; ++step) {
    auto permit = co_await reserve_blocking();
    if (!permit) co_return;
    if (++there > 4) ++refused;
    if (chance.below(3) == 0) co_await weft::yield_now();
    if (chance.below(4) == 0) {
      --there;
      continue;
    }
    auto job = std::move(*permit).spawn([&there] { --there; });
    if (chance.below(8) == 0) {
      std::move(job).detach();
      continue;
    }
    auto ended = co_await std::move(job);
    if (!ended) ++refused;
  }
}
task<void> plain(std::atomic<int>& odd) {
  for (int step = 0; step < 20; ++step) {
    auto job = spawn_blocking([] {});
    auto ended = co_await std::move(job);
    if (!ended && ended.error() != errc::overloaded) ++odd;
    co_await weft::yield_now();
  }
}
task<void> stress_round(std::uint64_t seed, std::atomic<int>& there, std::atomic<int>& refused) {
  weft::join_set<void> all;
  for (std::uint64_t index = 0; index < 20; ++index) {
    all.spawn(works(dice(seed * 100 + index), there, refused));
    if (index % 10 == 0) all.spawn(plain(refused));
  }
  while (auto one = co_await all.join_next()) (void)one;
}
TEST(reserve_blocking_stress, no_place_is_lost_and_none_too_many) {
  stress_time time(2);
  auto runtime =
      weft::runtime::multi_thread().worker_threads(3).blocking_threads(2).blocking_queue(2).build();
  std::atomic<int> refused{0};
  for (std::uint64_t seed = 1; !time.over(); ++seed) {
    std::atomic<int> there{0};
    runtime.block_on(stress_round(seed, there, refused));
    while (there > 0) std::this_thread::yield();  // of those that were detached
  }
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(runtime.metrics().blocking_waiters, 0u);
}

task<void> one_of_those_that_give_up(dice chance) {
  for (int step = 0; step < 10; ++step) {
    auto permit =
        co_await weft::timeout(std::chrono::milliseconds(chance.below(2)), reserve_blocking());
    if (!permit) continue;
    auto job = std::move(*permit).spawn([] {});
    if (chance.below(2) == 0) job.abort();
    std::move(job).detach();
  }
}
task<void> giving_up(std::uint64_t seed) {
  dice chance(seed);
  std::vector<weft::join_handle<void>> all;
  for (std::uint64_t index = 0; index < 20; ++index) {
    all.push_back(weft::spawn(one_of_those_that_give_up(dice(seed * 100 + index))));
  }
  for (unsigned step = chance.below(10); step > 0; --step) co_await weft::yield_now();
  for (auto& each : all) {
    if (chance.below(3) == 0) each.abort();
  }
  for (auto& each : all) (void)co_await each;
}
task<result<void>> all_places_are_there() {
  std::vector<blocking_permit> places;
  for (int place = 0; place < 4; ++place) {
    auto permit = co_await or_return(reserve_blocking());
    places.push_back(std::move(permit));
  }
  auto more = try_reserve_blocking();
  EXPECT_FALSE(more.has_value());
  co_return {};
}
TEST(reserve_blocking_stress, places_survive_those_who_give_up) {
  stress_time time(2);
  auto runtime =
      weft::runtime::multi_thread().worker_threads(3).blocking_threads(2).blocking_queue(2).build();
  for (std::uint64_t seed = 1; !time.over(); ++seed) {
    runtime.block_on(giving_up(seed));
    EXPECT_TRUE(runtime.block_on(all_places_are_there()).has_value());
  }
}

}  // namespace
