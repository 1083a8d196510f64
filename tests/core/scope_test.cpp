#include <weft/scope.hpp>
#include <weft/select.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::or_return;
using weft::result;

task<void> adds_after(weft::duration wait, int& to, int value) {
  co_await weft::sleep(wait);
  to += value;
}

task<void> borrows() {
  std::vector<int> sums(100);
  int ended = 0;
  auto start = weft::time::now();
  auto over = co_await weft::scope([&](auto& scope) -> task<void> {
    for (auto& sum : sums) scope.start(adds_after(1ms, sum, 7));
    EXPECT_EQ(scope.size(), 100u);
    scope.start(adds_after(3ms, ended, 1));
    co_return;
  });
  static_assert(std::same_as<decltype(over), result<void>>);
  EXPECT_TRUE(over.has_value());
  EXPECT_EQ(sums, std::vector<int>(100, 7));
  EXPECT_EQ(ended, 1) << "it ends when all branches have ended";
  EXPECT_EQ(weft::time::now() - start, 3ms) << "at once, not one after the other";
}
TEST(scope, runs_branches_that_borrow_and_ends_with_the_last) {
  run_paused(borrows());
}

task<void> values() {
  auto number = co_await weft::scope([](auto& scope) -> task<int> {
    scope.start(weft::sleep(1ms));
    scope.start(ready(1));
    scope.start(value_task(std::make_unique<int>(1)));
    co_await weft::sleep(5ms);
    co_return 4;
  });
  EXPECT_EQ(number.value(), 4);
  auto flat = co_await weft::scope([](weft::open_scope&) -> task<result<std::unique_ptr<int>>> {
    co_return std::make_unique<int>(6);
  });
  static_assert(std::same_as<decltype(flat), result<std::unique_ptr<int>>>);
  EXPECT_EQ(*flat.value(), 6);
}
TEST(scope, yields_what_the_body_yields) {
  run_paused(values());
}

task<result<int>> fails_after(weft::duration wait) {
  if (wait > 0ms) co_await weft::sleep(wait);
  co_return weft::fail(errc::not_found);
}
task<int> throws_after(weft::duration wait) {
  if (wait > 0ms) co_await weft::sleep(wait);
  throw std::runtime_error("broken");
}
task<void> stays(flag& until, census::member) {
  co_await until.wait();
}

task<void> branch_fails(weft::duration when, bool body_waits) {
  census frames;
  flag until;
  auto start = weft::time::now();
  auto over = co_await weft::scope([&](auto& scope) -> task<void> {
    auto mine = frames.join();
    for (int i = 0; i < 50; ++i) scope.start(stays(until, frames.join()));
    scope.start(fails_after(when));
    scope.start(stays(until, frames.join()));
    if (body_waits) {
      co_await never();
      ADD_FAILURE() << "the body went on";
    }
  });
  EXPECT_TRUE(over.error() == errc::not_found);
  EXPECT_EQ(frames.alive(), 0) << "the others, and the body, are destroyed";
  EXPECT_EQ(until.waiting(), 0);
  EXPECT_EQ(weft::time::now() - start, when);
}
TEST(scope, ends_with_the_first_error_of_a_branch) {
  for (auto when : {0ms, 2ms}) {
    run_paused(branch_fails(when, true));
    run_paused(branch_fails(when, false));
  }
}

task<void> branch_throws(weft::duration when) {
  census frames;
  flag until;
  std::string caught;
  try {
    (void)co_await weft::scope([&](auto& scope) -> task<void> {
      scope.start(stays(until, frames.join()));
      scope.start(throws_after(when));
      co_await never();
    });
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
  }
  EXPECT_EQ(caught, "broken");
  EXPECT_EQ(frames.alive(), 0);
}
TEST(scope, throws_what_a_branch_throws) {
  run_paused(branch_throws(0ms));
  run_paused(branch_throws(2ms));
}

task<void> body_ends_badly() {
  census frames;
  flag until;
  auto over = co_await weft::scope([&](auto& scope) -> task<result<void>> {
    scope.start(stays(until, frames.join()));
    co_await weft::sleep(1ms);
    co_await or_return(weft::fail(errc::closed));
    co_return result<void>();
  });
  EXPECT_TRUE(over.error() == errc::closed);
  EXPECT_EQ(frames.alive(), 0);
  std::string caught;
  try {
    (void)co_await weft::scope([&](auto& scope) -> task<void> {
      scope.start(stays(until, frames.join()));
      throw std::runtime_error("body");
      co_return;
    });
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
  }
  EXPECT_EQ(caught, "body");
  EXPECT_EQ(frames.alive(), 0);
  try {
    (void)co_await weft::scope([&](weft::open_scope& scope) -> task<void> {
      scope.start(stays(until, frames.join()));
      throw std::runtime_error("no task");
    });
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
  }
  EXPECT_EQ(caught, "no task");
  EXPECT_EQ(frames.alive(), 0);
}
TEST(scope, ends_when_the_body_fails) {
  run_paused(body_ends_badly());
}

task<void> grows(weft::open_scope& scope, int& leaves, int depth) {
  co_await weft::yield_now();
  if (depth == 0) {
    ++leaves;
  } else {
    scope.start(grows(scope, leaves, depth - 1));
    scope.start(grows(scope, leaves, depth - 1));
  }
}
task<void> started_by_branches() {
  int leaves = 0;
  auto over = co_await weft::scope([&](auto& scope) -> task<void> {
    scope.start(grows(scope, leaves, 8));
    co_return;
  });
  EXPECT_TRUE(over.has_value());
  EXPECT_EQ(leaves, 256);
}
TEST(scope, takes_branches_from_branches) {
  run_paused(started_by_branches());
}

// The one that starts it runs until it waits; then it is destroyed.
task<void> fails_under_its_starter() {
  census frames;
  flag untouched;
  std::string story;
  auto starter = [&](weft::open_scope& scope, census::member) -> task<void> {
    co_await weft::yield_now();
    scope.start(fails_after(0ms));
    story += "started ";
    scope.start(stays(untouched, frames.join()));
    co_await never();
    story += "went on ";
  };
  auto over = co_await weft::scope([&](auto& scope) -> task<void> {
    scope.start(starter(scope, frames.join()));
    co_await never();
  });
  EXPECT_TRUE(over.error() == errc::not_found);
  EXPECT_EQ(story, "started ");
  EXPECT_EQ(untouched.polls(), 0) << "started after the failure, it never runs";
  EXPECT_EQ(frames.alive(), 0);
}
TEST(scope, lets_whoever_starts_a_failing_branch_run_until_it_waits) {
  run_paused(fails_under_its_starter());
}

task<void> cancelled() {
  census frames;
  flag until;
  auto [over, late] = co_await weft::select(weft::scope([&](auto& scope) -> task<void> {
                                              for (int i = 0; i < 40; ++i)
                                                scope.start(stays(until, frames.join()));
                                              co_return;
                                            }),
                                            weft::sleep(1ms));
  EXPECT_TRUE(late.has_value());
  EXPECT_EQ(frames.alive(), 0) << "destroyed with it, not later";
  auto timed = co_await weft::timeout(1ms, weft::scope([&](auto& scope) -> task<void> {
                                        scope.start(stays(until, frames.join()));
                                        co_await never();
                                      }));
  EXPECT_TRUE(timed.error() == errc::timed_out);
  EXPECT_EQ(frames.alive(), 0);
}
TEST(scope, that_is_destroyed_destroys_its_branches) {
  run_paused(cancelled());
}

task<int> nested(int depth) {
  int left = 0;
  int right = 0;
  auto into = [](int& to, int below) -> task<void> { to = co_await nested(below); };
  if (depth == 0) co_return 1;
  auto over = co_await weft::scope([&](auto& scope) -> task<void> {
    scope.start(into(left, depth - 1));
    scope.start(into(right, depth - 1));
    co_await weft::yield_now();
  });
  EXPECT_TRUE(over.has_value());
  co_return left + right;
}
TEST(scope, nests_on_every_runtime) {
  on_every_runtime([](weft::runtime& runtime) { EXPECT_EQ(runtime.block_on(nested(7)), 128); });
}

task<void> many(int count) {
  int sum = 0;
  auto over = co_await weft::scope([&](auto& scope) -> task<void> {
    for (int i = 0; i < count; ++i)
      scope.start(adds_after(weft::duration(i % 3) * 1'000'000, sum, 1));
    co_return;
  });
  EXPECT_TRUE(over.has_value());
  EXPECT_EQ(sum, count) << "one task: no lock is needed";
}
TEST(scope, has_no_bound_of_bits_on_any_runtime) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(many(3000)); });
}

using scope_death = ::testing::Test;

TEST(scope_death, is_used_by_one_task) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 (void)co_await weft::scope([](weft::open_scope& scope) -> task<void> {
                   auto other = [&scope]() -> task<void> {
                     scope.start(weft::sleep(1ms));
                     co_return;
                   };
                   auto handle = weft::spawn(other);
                   (void)co_await std::move(handle);
                 });
               }()),
               "outside the scope's task");
}

}  // namespace
