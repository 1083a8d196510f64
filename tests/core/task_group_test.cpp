#include <weft/select.hpp>
#include <weft/task_group.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::or_return;
using weft::result;

task<int> after(weft::duration wait, int value) {
  co_await weft::sleep(wait);
  co_return value;
}
task<result<int>> fails_after(weft::duration wait) {
  co_await weft::sleep(wait);
  co_return weft::fail(errc::not_found);
}
task<int> throws_after(weft::duration wait) {
  co_await weft::sleep(wait);
  throw std::runtime_error("broken");
}

task<void> takes_results() {
  int sum = 0;
  auto ended = co_await weft::task_group<int>([&](auto& group) -> task<void> {
    for (int i = 1; i <= 10; ++i) group.spawn(after, 1ms, i);
    EXPECT_EQ(group.size(), 10u);
    while (auto done = co_await group.next()) sum += done->value();
    EXPECT_TRUE(group.empty());
  });
  static_assert(std::same_as<decltype(ended), result<void>>);
  EXPECT_TRUE(ended.has_value());
  EXPECT_EQ(sum, 55);
}
TEST(task_group, gives_results_as_they_come) {
  run_paused(takes_results());
}

task<void> joins_the_rest() {
  census frames;
  int ended = 0;
  auto works = [&ended](census::member) -> task<void> {
    co_await weft::sleep(5ms);
    ++ended;
  };
  auto joined = co_await weft::task_group([&](weft::group<void>& group) -> task<void> {
    for (int i = 0; i < 3; ++i) group.spawn(works, frames.join());
    co_return;
  });
  EXPECT_EQ(ended, 3);
  EXPECT_EQ(frames.alive(), 0);
  EXPECT_TRUE(joined.has_value());
}
TEST(task_group, waits_for_what_is_left_when_the_body_ends) {
  run_paused(joins_the_rest());
}

task<void> body_values() {
  auto number = co_await weft::task_group<int>([](auto& group) -> task<int> {
    group.spawn(after, 1ms, 20);
    auto done = co_await group.next();
    co_return done->value() + 1;
  });
  static_assert(std::same_as<decltype(number), result<int>>);
  EXPECT_EQ(number.value(), 21);
  auto owned =
      co_await weft::task_group<int>([](auto& group) -> task<result<std::unique_ptr<int>>> {
        group.spawn(after, 1ms, 20);
        co_return std::make_unique<int>(5);
      });
  static_assert(std::same_as<decltype(owned), result<std::unique_ptr<int>>>, "flat");
  EXPECT_EQ(*owned.value(), 5);
}
TEST(task_group, yields_what_the_body_yields) {
  run_paused(body_values());
}

task<void> body_fails() {
  census frames;
  auto waits = [](census::member) -> task<int> {
    co_await never();
    co_return 0;
  };
  auto ended = co_await weft::task_group<int>([&](auto& group) -> task<result<void>> {
    for (int i = 0; i < 3; ++i) group.spawn(waits, frames.join());
    co_await weft::yield_now();
    co_await or_return(weft::fail(errc::closed));
    ADD_FAILURE() << "it went on";
    co_return result<void>();
  });
  EXPECT_TRUE(ended.error() == errc::closed);
  EXPECT_EQ(frames.alive(), 0) << "aborted, and waited for";
}
TEST(task_group, whose_body_fails_aborts_the_rest_and_yields_the_error) {
  run_paused(body_fails());
}

task<void> body_throws() {
  census frames;
  auto waits = [](census::member) -> task<int> {
    co_await never();
    co_return 0;
  };
  std::string caught;
  try {
    (void)co_await weft::task_group<int>([&](auto& group) -> task<void> {
      group.spawn(waits, frames.join());
      co_await weft::yield_now();
      throw std::runtime_error("body");
    });
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
  }
  EXPECT_EQ(caught, "body");
  EXPECT_EQ(frames.alive(), 0) << "aborted, and waited for";
}
TEST(task_group, whose_body_throws_aborts_the_rest_and_rethrows) {
  run_paused(body_throws());
}

task<void> bodies_that_throw_at_once() {
  std::string caught;
  auto body = [](weft::group<int>&) -> task<void> { throw std::runtime_error("no task"); };
  try {
    (void)co_await weft::task_group<int>(body);
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
  }
  EXPECT_EQ(caught, "no task");
}
TEST(task_group, rethrows_what_the_body_throws_instead_of_making_a_task) {
  run_paused(bodies_that_throw_at_once());
}

task<void> task_fails(bool throws) {
  auto start = weft::time::now();
  auto ended = co_await weft::task_group<int>([&](auto& group) -> task<void> {
    group.spawn(after, 1h, 1);
    if (throws) {
      group.spawn(throws_after, 2ms);
    } else {
      group.spawn(fails_after, 2ms);
    }
    group.spawn(fails_after, 1h);
    co_return;
  });
  EXPECT_TRUE(ended.error() == (throws ? errc::task_failed : errc::not_found));
  EXPECT_EQ(weft::time::now() - start, 2ms) << "the first failure aborts the rest";
}
TEST(task_group, yields_the_first_failure_that_the_body_did_not_take) {
  run_paused(task_fails(false));
  run_paused(task_fails(true));
}

task<void> taken_failures() {
  auto ended = co_await weft::task_group<int>([](auto& group) -> task<void> {
    group.spawn(fails_after, 1ms);
    group.spawn(after, 2ms, 1);
    auto failed = co_await group.next();
    EXPECT_TRUE(failed->error() == errc::not_found);
    co_await weft::sleep(5ms);
    auto there = group.try_next();
    EXPECT_EQ(there->value(), 1);
    EXPECT_FALSE(group.try_next().has_value());
  });
  EXPECT_TRUE(ended.has_value());
}
TEST(task_group, leaves_a_failure_that_was_taken_to_the_body) {
  run_paused(taken_failures());
}

task<void> aborted_tasks() {
  auto ended = co_await weft::task_group<int>([](auto& group) -> task<int> {
    auto handle = group.spawn(after, 1h, 1);
    group.spawn(after, 1h, 1);
    co_await weft::yield_now();
    handle.abort();
    group.abort_all();
    co_return 3;
  });
  EXPECT_EQ(ended.value(), 3);
}
TEST(task_group, takes_an_aborted_task_for_no_failure) {
  run_paused(aborted_tasks());
}

task<void> stays(flag& until, census::member) {
  co_await until.wait();
}
task<void> destroyed(bool in_body) {
  census frames;
  flag until;
  auto [ended, late] = co_await weft::select(weft::task_group([&](auto& group) -> task<void> {
                                               for (int i = 0; i < 3; ++i)
                                                 group.spawn(stays, std::ref(until), frames.join());
                                               if (in_body) co_await never();
                                             }),
                                             weft::sleep(1ms));
  EXPECT_TRUE(late.has_value());
  co_await settle();
  EXPECT_EQ(frames.alive(), 0);
  EXPECT_EQ(until.waiting(), 0);
}
TEST(task_group, that_is_destroyed_aborts_its_tasks) {
  run_paused(destroyed(true));
  run_paused(destroyed(false));
}

task<void> blocking_and_operations() {
  auto ended = co_await weft::task_group<int>([](auto& group) -> task<int> {
    group.spawn_blocking([] { return 2; });
    group.spawn(ready(3));
    group.spawn(value_task(4));
    int product = 1;
    while (auto done = co_await group.next()) product *= done->value();
    co_return product;
  });
  EXPECT_EQ(ended.value(), 24);
}
TEST(task_group, takes_operations_tasks_and_blocking_calls) {
  run_paused(blocking_and_operations());
}

task<int> nested(int depth) {
  if (depth == 0) co_return 1;
  auto both = co_await weft::task_group<int>([depth](auto& group) -> task<int> {
    group.spawn(nested, depth - 1);
    group.spawn(nested, depth - 1);
    int sum = 0;
    while (auto done = co_await group.next()) sum += done->value();
    co_return sum;
  });
  co_return both.value();
}
TEST(task_group, nests_on_every_runtime) {
  on_every_runtime([](weft::runtime& runtime) { EXPECT_EQ(runtime.block_on(nested(7)), 128); });
}

}  // namespace
