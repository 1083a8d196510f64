#include <weft/futures_unordered.hpp>
#include <weft/join.hpp>
#include <weft/select.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::futures_unordered;

task<int> after(weft::duration wait, int value) {
  co_await weft::sleep(wait);
  co_return value;
}

task<void> in_order() {
  futures_unordered<int> futures;
  futures.push(after(3ms, 3));
  futures.push(after(1ms, 1));
  futures.push(after(2ms, 2));
  EXPECT_EQ(futures.size(), 3u);
  arrivals seen;
  while (auto done = co_await futures.next()) seen.add(std::to_string(*done));
  EXPECT_EQ(seen.text(), "1 2 3");
  EXPECT_TRUE(futures.empty());
  auto none = co_await futures.next();
  EXPECT_FALSE(none.has_value());
}
TEST(futures_unordered, yields_values_in_the_order_in_which_they_are_ready) {
  run_paused(in_order());
}

task<void> starts_at_once() {
  futures_unordered<int> futures;
  int started = 0;
  auto counts = [&started]() -> task<int> {
    ++started;
    co_await weft::sleep(1ms);
    ++started;
    co_return 5;
  };
  futures.push(counts());
  EXPECT_EQ(started, 1) << "it ran until it waited";
  co_await weft::sleep(2ms);
  EXPECT_EQ(started, 2) << "it runs while the task waits for something else";
  EXPECT_EQ(futures.try_next(), 5);
  futures.push(ready(6));
  futures.push(value_task(7));
  EXPECT_EQ(futures.size(), 2u);
  EXPECT_EQ(futures.try_next(), 6) << "ready at once";
  EXPECT_EQ(futures.try_next(), 7);
  EXPECT_EQ(futures.try_next(), std::nullopt);
}
TEST(futures_unordered, runs_what_is_pushed_at_once) {
  run_paused(starts_at_once());
}

task<void> kinds() {
  futures_unordered<> nothing;
  nothing.push(weft::sleep(1ms));
  nothing.push([]() -> task<void> { co_return; }());
  int count = 0;
  while (auto done = co_await nothing.next()) {
    static_assert(std::same_as<decltype(done), std::optional<weft::unit>>);
    ++count;
  }
  EXPECT_EQ(count, 2);
  futures_unordered<std::unique_ptr<int>> owned;
  owned.push(value_task(std::make_unique<int>(4)));
  auto value = co_await owned.next();
  EXPECT_EQ(**value, 4);
}
TEST(futures_unordered, of_operations_of_void_and_of_what_is_only_moved) {
  run_paused(kinds());
}

task<int> throws_after(int yields) {
  for (int i = 0; i < yields; ++i) co_await weft::yield_now();
  throw std::runtime_error("broken");
}
task<void> throwing(int yields) {
  futures_unordered<int> futures;
  futures.push(throws_after(yields));
  futures.push(after(1ms, 1));
  std::string caught;
  try {
    (void)co_await futures.next();
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
  }
  EXPECT_EQ(caught, "broken");
  EXPECT_EQ(futures.size(), 1u) << "that one is done; the others run on";
  auto value = co_await futures.next();
  EXPECT_EQ(value, 1);
}
TEST(futures_unordered, throws_what_a_branch_throws_when_its_value_is_taken) {
  run_paused(throwing(0));
  run_paused(throwing(2));
}

task<int> holds(flag& until, census::member) {
  co_await until.wait();
  co_return 1;
}
task<void> destroying() {
  census frames;
  flag until;
  {
    futures_unordered<int> futures;
    for (int i = 0; i < 100; ++i) futures.push(holds(until, frames.join()));
    futures.push(value_task(3));
    EXPECT_EQ(until.waiting(), 100);
  }
  EXPECT_EQ(frames.alive(), 0);
  EXPECT_EQ(until.waiting(), 0);
  futures_unordered<int> futures;
  futures.push(holds(until, frames.join()));
  futures.clear();
  EXPECT_EQ(frames.alive(), 0);
  EXPECT_TRUE(futures.empty());
  futures.push(value_task(8));
  auto value = co_await futures.next();
  EXPECT_EQ(value, 8) << "it may be used again";
}
TEST(futures_unordered, destroys_the_branches_that_are_left) {
  run_paused(destroying());
}

task<void> frames_before_values() {
  census frames;
  flag until;
  futures_unordered<int> futures;
  futures.push(holds(until, frames.join()));
  until.set();
  auto value = co_await futures.next();
  EXPECT_EQ(value, 1);
  EXPECT_EQ(frames.alive(), 0);
}
TEST(futures_unordered, destroys_a_frame_when_it_is_done) {
  run_paused(frames_before_values());
}

task<void> cancelled_next() {
  futures_unordered<int> futures;
  futures.push(after(3ms, 3));
  for (int i = 0; i < 2; ++i) {
    auto [done, late] = co_await weft::select(futures.next(), weft::sleep(1ms));
    EXPECT_TRUE(late.has_value());
  }
  auto late = co_await weft::timeout(0ms, futures.next());
  EXPECT_FALSE(late.has_value());
  co_await weft::sleep(5ms);
  auto there = co_await weft::timeout(0ms, futures.next());
  EXPECT_EQ(there.value(), 3) << "no value is lost";
}
TEST(futures_unordered, a_wait_that_is_cancelled_loses_no_value) {
  run_paused(cancelled_next());
}

// One branch consumes what another one pushes.
task<void> pushed_while_waiting(bool ready_at_once) {
  futures_unordered<int> futures;
  futures.push(after(1h, 0));
  std::vector<int> seen;
  auto consumes = [&]() -> task<void> {
    for (int i = 0; i < 3; ++i) {
      auto done = co_await futures.next();
      seen.push_back(*done);
    }
    futures.clear();
  };
  auto pushes = [&]() -> task<void> {
    for (int i = 1; i <= 3; ++i) {
      co_await weft::sleep(1ms);
      if (ready_at_once) {
        futures.push(value_task(i));
      } else {
        futures.push(after(1ms, i));
      }
    }
  };
  co_await weft::join(consumes(), pushes());
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}
TEST(futures_unordered, may_be_filled_by_another_branch_than_the_one_that_waits) {
  run_paused(pushed_while_waiting(true));
  run_paused(pushed_while_waiting(false));
}

task<void> emptied_while_waiting() {
  futures_unordered<int> futures;
  futures.push(after(1h, 0));
  auto clears = [&]() -> task<void> {
    co_await weft::sleep(1ms);
    futures.clear();
  };
  auto clearing = clears();
  auto [none, cleared] = co_await weft::join(futures.next(), std::move(clearing));
  EXPECT_FALSE(none.has_value());
}
TEST(futures_unordered, who_waits_hears_that_it_was_cleared) {
  run_paused(emptied_while_waiting());
}

// A branch that pushes into the set that it is of.
task<int> grows(futures_unordered<int>& into, int depth) {
  co_await weft::yield_now();
  if (depth > 0) into.push(grows(into, depth - 1));
  co_return depth;
}
task<void> pushing_from_within() {
  futures_unordered<int> futures;
  futures.push(grows(futures, 50));
  int count = 0;
  while (auto done = co_await futures.next()) ++count;
  EXPECT_EQ(count, 51);
}
TEST(futures_unordered, takes_what_its_own_branches_push) {
  run_paused(pushing_from_within());
}

task<void> many(int count) {
  futures_unordered<int> futures;
  long sum = 0;
  auto waits = [](int value) -> task<int> {
    co_await weft::sleep(weft::duration(value % 5) * 1'000'000);
    co_return value;
  };
  for (int i = 0; i < count; ++i) futures.push(waits(i));
  while (auto done = co_await futures.next()) sum += *done;
  EXPECT_EQ(sum, long{count} * (count - 1) / 2);
}
TEST(futures_unordered, has_no_bound_of_bits_on_any_runtime) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(many(3000)); });
}

// A window of branches that slides: the hubs' bits come back in every order.
task<void> sliding(int count, unsigned width) {
  futures_unordered<int> futures;
  dice chance(3);
  int taken = 0;
  auto yields = [](unsigned times) -> task<int> {
    for (; times > 0; --times) co_await weft::yield_now();
    co_return 1;
  };
  for (int i = 0; i < count; ++i) {
    if (futures.size() == width) {
      auto done = co_await futures.next();
      taken += *done;
    }
    futures.push(yields(chance.below(20)));
  }
  while (auto done = co_await futures.next()) taken += *done;
  EXPECT_EQ(taken, count);
}
TEST(futures_unordered, lends_bits_again) {
  run_paused(sliding(5000, 31));
  run_paused(sliding(5000, 64));
  run_paused(sliding(5000, 500));
}

TEST(futures_unordered, is_left_by_an_aborted_task) {
  on_every_runtime([](weft::runtime& runtime) {
    census frames;
    flag until;
    auto fills = [](census& alive, flag& wait) -> task<void> {
      futures_unordered<int> futures;
      for (int i = 0; i < 70; ++i) futures.push(holds(wait, alive.join()));
      (void)co_await futures.next();
    };
    auto aborts = [&]() -> task<void> {
      auto handle = weft::spawn(fills, std::ref(frames), std::ref(until));
      while (until.waiting() < 70) co_await weft::yield_now();
      handle.abort();
      (void)co_await std::move(handle);
    };
    runtime.block_on(aborts());
    EXPECT_EQ(frames.alive(), 0);
  });
}

using futures_unordered_death = ::testing::Test;

TEST(futures_unordered_death, is_used_by_one_task) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 futures_unordered<int> futures;
                 futures.push(after(1h, 1));
                 auto other = [&futures]() -> task<void> {
                   futures.push(after(1h, 2));
                   co_return;
                 };
                 auto handle = weft::spawn(other);
                 (void)co_await std::move(handle);
               }()),
               "outside the task that it belongs to");
  EXPECT_DEATH(
      {
        futures_unordered<int> futures;
        futures.push(value_task(1));
      },
      "outside the task that it belongs to");
}

}  // namespace
