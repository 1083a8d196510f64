#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/task.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <concepts>
#include <memory>
#include <stdexcept>
#include <string>

#include "task_support.hpp"

namespace {

using namespace task_test;

static_assert(!std::copy_constructible<task<int>>, "a task owns its frame");
static_assert(std::is_nothrow_move_constructible_v<task<int>>);
static_assert(weft::awaitable<task<int>>);
static_assert(!weft::awaitable<task<int>&>, "a named task is given up with std::move");
static_assert(!weft::awaitable<int>);

task<void> set(bool& ran) {
  ran = true;
  co_return;
}

TEST(task, does_nothing_until_it_is_awaited) {
  bool ran = false;
  {
    auto lazy = set(ran);
    EXPECT_FALSE(ran);
  }
  EXPECT_FALSE(ran) << "destroying a task must not start it";
  run_paused(set(ran));
  EXPECT_TRUE(ran);
}

task<void> keep(census::member) {
  co_return;
}

TEST(task, destroyed_before_it_started_frees_its_parameters) {
  census frames;
  {
    auto lazy = keep(frames.join());
    EXPECT_EQ(frames.alive(), 1);
  }
  EXPECT_EQ(frames.alive(), 0);
}

task<void> yields_the_value_of_its_co_return() {
  auto number = co_await value_task(7);
  EXPECT_EQ(number, 7);
  auto text = co_await value_task(std::string(100, 'x'));
  EXPECT_EQ(text, std::string(100, 'x'));
  auto owned = co_await value_task(std::make_unique<int>(3));
  EXPECT_EQ(*owned, 3);
}
TEST(task, yields_the_value_of_its_co_return) {
  run_paused(yields_the_value_of_its_co_return());
}

// Neither copied, nor constructible without a value, nor assignable.
class strict {
 public:
  explicit strict(int value) noexcept : value_(value) {}
  strict(strict&&) noexcept = default;
  strict& operator=(strict&&) = delete;
  int value() const noexcept { return value_; }

 private:
  int value_;
};
task<strict> make_strict(int value) {
  co_return strict(value);
}
task<int> takes_strict() {
  auto made = co_await make_strict(5);
  co_return made.value();
}
TEST(task, moves_values_that_can_do_nothing_else) {
  EXPECT_EQ(run_paused(takes_strict()), 5);
}

// A local of the frame, one that dies with the parameters, and one in the result.
task<census::member> local_parameter_and_result(census& frames, census::member) {
  auto local = frames.join();
  co_await weft::yield_now();
  co_return local;
}
task<void> sees_only_the_result(census& frames) {
  auto argument = frames.join();
  auto result = co_await local_parameter_and_result(frames, std::move(argument));
  EXPECT_EQ(frames.alive(), 2) << "expected: the argument here and the result; the frame is gone";
}
TEST(task, awaiting_destroys_the_frame_before_the_awaiter_goes_on) {
  census frames;
  run_paused(sees_only_the_result(frames));
}

task<int> throws_after(int yields, census::member) {
  for (int i = 0; i < yields; ++i) co_await weft::yield_now();
  throw std::runtime_error("thrown");
}
task<void> passes_on(int levels, int yields, census::member kept) {
  if (levels == 0) {
    co_await throws_after(yields, kept);
  } else {
    co_await passes_on(levels - 1, yields, kept);
  }
}
task<void> catches(int levels, int yields, census& frames) {
  std::string caught;
  try {
    co_await passes_on(levels, yields, frames.join());
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
    EXPECT_EQ(frames.alive(), 0) << "a frame outlived the exception that left it";
  }
  EXPECT_EQ(caught, "thrown");
}
TEST(task, an_exception_comes_out_of_the_co_await) {
  for (int levels : {0, 1, 2, 100}) {
    for (int yields : {0, 1, 3}) {
      census frames;
      run_paused(catches(levels, yields, frames));
    }
  }
}

class throws_when_moved {
 public:
  throws_when_moved() = default;
  throws_when_moved(throws_when_moved&&) { throw std::runtime_error("moved"); }
};
task<throws_when_moved> returns_what_cannot_be_moved() {
  co_return throws_when_moved();
}
task<void> catches_the_move() {
  bool caught = false;
  try {
    (void)co_await returns_what_cannot_be_moved();
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}
TEST(task, what_storing_the_value_throws_comes_out_of_the_co_await) {
  run_paused(catches_the_move());
}

TEST(task, knows_whether_it_has_its_coroutine) {
  bool ran = false;
  auto first = set(ran);
  EXPECT_TRUE(static_cast<bool>(first));
  auto second = std::move(first);
  EXPECT_FALSE(static_cast<bool>(first));
  EXPECT_TRUE(static_cast<bool>(second));
  second = set(ran);
  EXPECT_TRUE(static_cast<bool>(second)) << "assignment takes over the other's coroutine";
  run_paused(std::move(second));
  EXPECT_TRUE(ran);
}

task<void> awaits_twice() {
  auto once = value_task(1);
  (void)co_await std::move(once);
  (void)co_await std::move(once);
}
TEST(task_death, awaiting_one_that_was_awaited_says_so_and_aborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(run_paused(awaits_twice()), "moved from or awaited before");
}

// Destroying a suspended tree.

task<void> waits_in_a_tree(int levels, flag& until, std::string& story, census& frames) {
  last_words words(story, std::to_string(levels));
  auto kept = frames.join();
  if (levels == 0) {
    co_await until.wait();
  } else {
    co_await waits_in_a_tree(levels - 1, until, story, frames);
  }
}
task<void> starts_and_drops(std::string& story, census& frames) {
  flag until;
  {
    auto tree = waits_in_a_tree(3, until, story, frames);
    auto [first, second] = co_await weft::select_biased(std::move(tree), value_task(1));
    EXPECT_FALSE(first.has_value());
    EXPECT_EQ(until.waiting(), 0) << "the leaf's awaiter was not destroyed";
    EXPECT_EQ(frames.alive(), 0);
  }
  EXPECT_EQ(story, "0 1 2 3 ");
}
TEST(task, a_suspended_tree_is_destroyed_from_the_leaf_to_the_root) {
  std::string story;
  census frames;
  run_paused(starts_and_drops(story, frames));
}

task<void> waits(flag& until, int& passed) {
  co_await until.wait();
  ++passed;
}
task<void> wakes_for_nothing(flag& until) {
  for (int i = 0; i < 10; ++i) {
    until.wake_for_nothing();
    co_await weft::yield_now();
  }
  EXPECT_GE(until.polls(), 10) << "a woken branch must be polled";
  until.set();
}
TEST(task, a_spurious_wake_up_polls_the_leaf_and_resumes_nothing) {
  flag until;
  int passed = 0;
  auto runtime = paused_runtime();
  auto waiting = runtime.spawn(waits(until, passed));
  runtime.block_on(wakes_for_nothing(until));
  EXPECT_EQ(passed, 0);
  runtime.block_on(std::move(waiting));
  EXPECT_EQ(passed, 1);
}

// Depth. The stack must not grow with the number of awaits: coroutines.md, section 2.

task<int> one() {
  co_return 1;
}
task<long> sums(int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await one();
  co_return sum;
}
TEST(task, a_million_ready_awaits_in_a_loop_need_no_stack) {
  EXPECT_EQ(run_paused(sums(1'000'000)), 1'000'000);
}

task<long> sums_operations(int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await ready(1);
  co_return sum;
}
TEST(task, a_million_ready_operations_in_a_loop_need_no_stack) {
  EXPECT_EQ(run_paused(sums_operations(1'000'000)), 1'000'000);
}

task<long> counts_down(int levels, bool suspends) {
  if (levels == 0) {
    if (suspends) co_await weft::yield_now();
    co_return 0;
  }
  auto below = co_await counts_down(levels - 1, suspends);
  co_return below + 1;
}
TEST(task, a_chain_of_100000_awaits_returns) {
  EXPECT_EQ(run_paused(counts_down(100'000, false)), 100'000);
  EXPECT_EQ(run_paused(counts_down(100'000, true)), 100'000);
}

task<long> throws_from_below(int levels) {
  if (levels == 0) throw std::runtime_error("bottom");
  auto below = co_await throws_from_below(levels - 1);
  co_return below + 1;
}
task<bool> catches_from_below(int levels) {
  bool caught = false;
  try {
    (void)co_await throws_from_below(levels);
  } catch (const std::runtime_error&) {
    caught = true;
  }
  co_return caught;
}
TEST(task, an_exception_rises_through_100000_awaits) {
  EXPECT_TRUE(run_paused(catches_from_below(100'000)));
}

task<long> hangs_below(int levels, census& frames) {
  auto kept = frames.join();
  if (levels == 0) {
    co_await never();
    co_return 0;
  }
  auto below = co_await hangs_below(levels - 1, frames);
  co_return below + 1;
}
task<void> drops_a_chain(int levels, census& frames) {
  {
    auto chain = hangs_below(levels, frames);
    auto [hung, done] = co_await weft::select_biased(std::move(chain), value_task(1));
    EXPECT_TRUE(done.has_value());
  }
  EXPECT_EQ(frames.alive(), 0);
}
TEST(task, a_long_suspended_chain_can_be_destroyed) {
  census frames;
  run_paused(drops_a_chain(destroyed_depth, frames));
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
task<weft::result<void>> forgets_its_value() {
  co_await weft::yield_now();
}
#pragma GCC diagnostic pop
TEST(task, that_flows_off_its_end_without_a_value_says_so) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH((void)weft::runtime::current_thread().build().block_on(forgets_its_value()),
               "flowed off its end without a co_return");
}

}  // namespace
