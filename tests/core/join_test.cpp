#include <weft/join.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>

#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;

task<int> yields(int times, int value) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
  co_return value;
}
task<void> logs(std::string& story, std::string word, int times) {
  for (int i = 0; i < times; ++i) {
    story += word;
    co_await weft::yield_now();
  }
}

task<void> yields_a_tuple() {
  auto [a, b] = co_await weft::join(yields(0, 1), yields(3, 2));
  EXPECT_EQ(a, 1);
  EXPECT_EQ(b, 2);
  std::string story;
  auto [text, nothing, owned] = co_await weft::join(
      value_task(std::string("text")), logs(story, "x", 1), value_task(std::make_unique<int>(5)));
  static_assert(std::same_as<decltype(nothing), weft::unit>, "void becomes unit");
  EXPECT_EQ(text, "text");
  EXPECT_EQ(*owned, 5);
  auto single = co_await weft::join(yields(2, 9));
  EXPECT_EQ(std::get<0>(single), 9);
}
TEST(join, yields_a_tuple_of_all_values) {
  run_paused(yields_a_tuple());
}

task<bool> joins_nothing() {
  [[maybe_unused]] auto nothing = co_await weft::join();
  static_assert(std::same_as<decltype(nothing), std::tuple<>>);
  [[maybe_unused]] auto all_good = co_await weft::try_join();
  co_return all_good.has_value();
}
TEST(join, of_nothing_is_done_at_once) {
  EXPECT_TRUE(run_paused(joins_nothing()));
}

task<std::string> interleaves() {
  std::string story;
  co_await weft::join(logs(story, "a", 3), logs(story, "b", 3), logs(story, "c", 1));
  co_return story;
}
TEST(join, runs_its_branches_concurrently) {
  EXPECT_EQ(run_paused(interleaves()), "abcabab");
}

task<std::thread::id> here_after_yield() {
  co_await weft::yield_now();
  co_return std::this_thread::get_id();
}
task<void> on_one_thread() {
  for (int round = 0; round < 100; ++round) {
    auto [first, second] = co_await weft::join(here_after_yield(), here_after_yield());
    EXPECT_EQ(first, second) << "branches of a task must not run in parallel";
  }
}
TEST(join, runs_its_branches_on_one_thread_at_a_time) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(on_one_thread()); });
}

task<void> mixes_operations() {
  flag now;
  now.set();
  auto handle = weft::spawn(yields(2, 4));
  auto [sleeping, flagged, joined, inner, soon] =
      co_await weft::join(weft::sleep(5ms), now.wait(), std::move(handle),
                          weft::join(yields(1, 5), ready(6)), weft::timeout(1s, yields(1, 7)));
  static_assert(std::same_as<decltype(sleeping), weft::unit>);
  static_assert(std::same_as<decltype(flagged), weft::unit>);
  EXPECT_EQ(joined.value(), 4);
  EXPECT_EQ(std::get<0>(inner), 5);
  EXPECT_EQ(std::get<1>(inner), 6);
  EXPECT_EQ(soon.value(), 7);
}
TEST(join, takes_operations_handles_and_other_joins_as_branches) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(mixes_operations()); });
}

// coroutines.md, section 4, rule 7: a guard in a branch that has finished must not be held until
// its sibling ends.
task<void> holds(std::unique_lock<std::mutex> held, int times) {
  auto mine = std::move(held);
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
}
task<void> wants(std::mutex& lock, int polls, bool& got) {
  for (int i = 0; i < polls && !got; ++i) {
    if (lock.try_lock()) {
      got = true;
      lock.unlock();
    }
    co_await weft::yield_now();
  }
}
task<bool> releases_a_guard(int times, bool holder_first) {
  std::mutex lock;
  bool got = false;
  std::unique_lock held(lock);
  if (holder_first) {
    co_await weft::join(holds(std::move(held), times), wants(lock, times + 2, got));
  } else {
    co_await weft::join(wants(lock, times + 2, got), holds(std::move(held), times));
  }
  co_return got;
}
TEST(join, destroys_a_branch_as_soon_as_it_is_done) {
  for (int times : {0, 1, 5}) {
    EXPECT_TRUE(run_paused(releases_a_guard(times, true))) << "held by a branch that is done";
    EXPECT_TRUE(run_paused(releases_a_guard(times, false))) << "held by a branch that is done";
  }
}

task<weft::result<int>> fails_with_a_guard(std::unique_lock<std::mutex> held, int times) {
  auto mine = std::move(held);
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
  co_await weft::or_return(weft::fail(weft::errc::closed));
  co_return 1;
}
task<bool> releases_the_guard_of_a_failed_branch(int times) {
  std::mutex lock;
  bool got = false;
  std::unique_lock held(lock);
  co_await weft::join(fails_with_a_guard(std::move(held), times), wants(lock, times + 2, got));
  co_return got;
}
TEST(join, destroys_a_branch_that_failed_by_or_return) {
  for (int times : {0, 1, 5}) EXPECT_TRUE(run_paused(releases_the_guard_of_a_failed_branch(times)));
}

// Exceptions.

task<int> throws_after(int times) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
  throw std::runtime_error("branch");
}
task<int> stays(flag& until, census::member) {
  co_await until.wait();
  co_return 1;
}
task<void> catches(int times, bool last) {
  census frames;
  flag until;
  std::string caught;
  try {
    if (last) {
      co_await weft::join(stays(until, frames.join()), throws_after(times));
    } else {
      co_await weft::join(throws_after(times), stays(until, frames.join()));
    }
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
    EXPECT_EQ(until.waiting(), 0) << "the other branch was not cancelled";
  }
  EXPECT_EQ(caught, "branch");
  EXPECT_EQ(frames.alive(), 0);
}
TEST(join, what_a_branch_throws_cancels_the_others_and_comes_out) {
  for (int times : {0, 1, 4}) {
    run_paused(catches(times, false));
    run_paused(catches(times, true));
  }
}

class throwing_operation {
 public:
  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    explicit awaiter(bool in_take) : in_take_(in_take) {
      if (!in_take_) throw std::runtime_error("awaiter");
    }
    bool poll() noexcept { return true; }
    int take() { throw std::runtime_error("take"); }

   private:
    bool in_take_;
  };
  explicit throwing_operation(bool in_take) noexcept : in_take_(in_take) {}
  auto operator co_await() && { return awaiter(in_take_); }

 private:
  bool in_take_;
};
task<std::string> catches_of_an_operation(bool in_take) {
  std::string caught;
  try {
    co_await weft::join(never(), throwing_operation(in_take));
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
  }
  co_return caught;
}
TEST(join, what_an_operation_throws_comes_out) {
  EXPECT_EQ(run_paused(catches_of_an_operation(true)), "take");
  EXPECT_EQ(run_paused(catches_of_an_operation(false)), "awaiter");
}

// try_join

using weft::errc;
using weft::result;

task<result<int>> may_fail(int times, bool fails, int value) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
  if (fails) co_return weft::fail(errc::not_found, std::to_string(value));
  co_return value;
}
task<result<void>> may_fail_without_value(bool fails) {
  if (fails) co_return weft::fail(errc::closed);
  co_return {};
}
task<void> try_join_yields_values() {
  auto all =
      co_await weft::try_join(may_fail(2, false, 1), may_fail_without_value(false), yields(1, 3));
  static_assert(std::same_as<decltype(all), result<std::tuple<int, weft::unit, int>>>);
  EXPECT_EQ(all.value(), std::tuple(1, weft::unit(), 3));
}
TEST(try_join, yields_the_values_of_all) {
  run_paused(try_join_yields_values());
}

task<result<int>> waits_and_fails(flag& until) {
  co_await until.wait();
  co_return weft::fail(errc::timed_out);
}
// The failing branch is the first, the second or the third, at once or later; the others are not
// done.
task<void> try_join_stops(int position, int times) {
  flag until;
  result<std::tuple<int, int, int>> ended;
  if (position == 0) {
    ended = co_await weft::try_join(may_fail(times, true, 7), waits_and_fails(until),
                                    waits_and_fails(until));
  } else if (position == 1) {
    ended = co_await weft::try_join(waits_and_fails(until), may_fail(times, true, 7),
                                    waits_and_fails(until));
  } else {
    ended = co_await weft::try_join(waits_and_fails(until), waits_and_fails(until),
                                    may_fail(times, true, 7));
  }
  EXPECT_FALSE(ended.has_value());
  if (!ended) {
    EXPECT_TRUE(ended.error() == errc::not_found) << ended.error().message();
    EXPECT_EQ(ended.error().context(), "7");
  }
  EXPECT_EQ(until.waiting(), 0) << "the first error must cancel the rest";
}
TEST(try_join, the_first_error_cancels_the_rest) {
  for (int position : {0, 1, 2}) {
    for (int times : {0, 1, 3}) {
      SCOPED_TRACE("position " + std::to_string(position) + ", times " + std::to_string(times));
      run_paused(try_join_stops(position, times));
    }
  }
}

task<result<std::tuple<int, int, int>>> fails_late() {
  return [](auto operation) -> task<result<std::tuple<int, int, int>>> {
    co_return co_await std::move(operation);
  }(weft::try_join(may_fail(1, false, 1), may_fail(5, true, 2), may_fail(3, false, 3)));
}
TEST(try_join, reports_an_error_that_comes_after_other_branches_ended) {
  auto ended = run_paused(fails_late());
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().context(), "2");
}

task<std::string> try_join_throws() {
  flag until;
  std::string caught;
  try {
    (void)co_await weft::try_join(waits_and_fails(until), throws_after(1));
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
    EXPECT_EQ(until.waiting(), 0);
  }
  co_return caught;
}
TEST(try_join, what_a_branch_throws_cancels_the_others_and_comes_out) {
  EXPECT_EQ(run_paused(try_join_throws()), "branch");
}

// Cancellation and reuse.

task<void> cancels_a_join() {
  census frames;
  flag until;
  auto both = weft::join(stays(until, frames.join()), stays(until, frames.join()));
  auto late = co_await weft::timeout(10ms, std::move(both));
  EXPECT_FALSE(late.has_value());
  EXPECT_EQ(until.waiting(), 0);
  EXPECT_EQ(frames.alive(), 0);
}
TEST(join, destroyed_cancels_every_branch) {
  run_paused(cancels_a_join());
}

task<void> joins_many_times(int times) {
  for (int i = 0; i < times; ++i) {
    auto [a, b] = co_await weft::join(yields(i % 3, 1), yields((i / 3) % 3, 2));
    if (a != 1 || b != 2) ADD_FAILURE() << "wrong values in round " << i;
  }
}
TEST(join, in_a_long_loop_needs_no_stack) {
  run_paused(joins_many_times(20'000));
}

}  // namespace
