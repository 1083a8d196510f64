#include <weft/join.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;

task<int> yields(int times, int value) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
  co_return value;
}
task<int> stays(flag& until, census::member) {
  co_await until.wait();
  co_return 1;
}

task<void> sets_one_optional() {
  auto [slow, quick, nothing] = co_await weft::select(yields(5, 1), yields(2, 2), never());
  static_assert(std::same_as<decltype(slow), std::optional<int>>);
  static_assert(std::same_as<decltype(nothing), std::optional<weft::unit>>);
  EXPECT_FALSE(slow.has_value());
  EXPECT_EQ(quick, 2);
  EXPECT_FALSE(nothing.has_value());
}
TEST(select, sets_the_optional_of_the_first_branch_that_is_done) {
  run_paused(sets_one_optional());
}

task<void> moves_the_value() {
  auto [owned, never_comes] = co_await weft::select(value_task(std::make_unique<int>(3)), never());
  EXPECT_EQ(**owned, 3);
  auto [only] = co_await weft::select(yields(1, 4));
  EXPECT_EQ(only, 4);
}
TEST(select, moves_the_value_out) {
  run_paused(moves_the_value());
}

task<void> drops_losers(int winner_yields) {
  census frames;
  flag until;
  auto [won, lost, lost_too] =
      co_await weft::select(yields(winner_yields, 1), stays(until, frames.join()), until.wait());
  EXPECT_EQ(frames.alive(), 0) << "a loser's frame is alive after the select";
  EXPECT_EQ(until.waiting(), 0) << "a loser still waits after the select";
  EXPECT_TRUE(won.has_value());
}
TEST(select, drops_the_losers_before_it_returns) {
  for (int yields : {0, 1, 3}) {
    for (int round = 0; round < 10; ++round) run_paused(drops_losers(yields));
  }
}

task<void> tells_when_it_dies(std::string& story, std::string word, flag& until) {
  last_words words(story, std::move(word));
  co_await until.wait();
}
task<std::string> resumes_after_the_drops() {
  std::string story;
  flag first;
  flag second;
  auto setter = weft::spawn([&second]() -> task<void> {
    second.set();
    co_return;
  });
  co_await weft::select_biased(tells_when_it_dies(story, "loser", first),
                               tells_when_it_dies(story, "winner", second));
  story += "resumed";
  co_await std::move(setter);
  co_return story;
}
TEST(select, destroys_the_winner_then_the_losers_then_resumes) {
  EXPECT_EQ(run_paused(resumes_after_the_drops()), "winner loser resumed");
}

task<void> does_not_start_the_rest() {
  census frames;
  int started = 0;
  auto starts = [&started](census::member) -> task<int> {
    ++started;
    co_return 0;
  };
  auto [first, second] = co_await weft::select_biased(ready(1), starts(frames.join()));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(started, 0) << "select_biased started a branch after an earlier one was done";
  EXPECT_EQ(frames.alive(), 0);
}
TEST(select_biased, does_not_start_branches_after_one_that_is_ready) {
  run_paused(does_not_start_the_rest());
}

task<int> counts_first_wins(int rounds, bool biased) {
  int first_wins = 0;
  for (int i = 0; i < rounds; ++i) {
    if (biased) {
      auto [first, second] = co_await weft::select_biased(ready(1), ready(2));
      first_wins += first.has_value();
    } else {
      auto [first, second] = co_await weft::select(ready(1), ready(2));
      first_wins += first.has_value();
    }
  }
  co_return first_wins;
}
TEST(select, is_fair_to_branches_that_are_always_ready) {
  auto wins = run_paused(counts_first_wins(1000, false));
  EXPECT_GT(wins, 350) << "of 1000";
  EXPECT_LT(wins, 650) << "of 1000";
}
TEST(select_biased, prefers_the_first_of_those_that_are_ready) {
  EXPECT_EQ(run_paused(counts_first_wins(1000, true)), 1000);
}

// Both are pending when they start and become ready together: that must be fair, too.
task<int> counts_first_wins_when_woken_together(int rounds) {
  int first_wins = 0;
  for (int i = 0; i < rounds; ++i) {
    auto [first, second] = co_await weft::select(weft::sleep(5ms), weft::sleep(5ms));
    first_wins += first.has_value();
  }
  co_return first_wins;
}
TEST(select, is_fair_to_branches_that_become_ready_together) {
  auto wins = run_paused(counts_first_wins_when_woken_together(1000));
  EXPECT_GT(wins, 350) << "of 1000";
  EXPECT_LT(wins, 650) << "of 1000";
}

task<int> throws_after(int times) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
  throw std::runtime_error("winner");
}
task<void> throws_from_the_winner(int times) {
  flag until;
  std::string caught;
  try {
    co_await weft::select(until.wait(), throws_after(times));
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
    EXPECT_EQ(until.waiting(), 0);
  }
  EXPECT_EQ(caught, "winner");
}
TEST(select, what_the_winner_throws_comes_out) {
  for (int times : {0, 1, 3}) run_paused(throws_from_the_winner(times));
}

task<void> loses_a_handle() {
  flag until;
  int passed = 0;
  auto waits = [&]() -> task<void> {
    co_await until.wait();
    ++passed;
  };
  auto [joined, done] = co_await weft::select_biased(weft::spawn(waits), yields(2, 1));
  EXPECT_FALSE(joined.has_value());
  EXPECT_EQ(passed, 0);
  EXPECT_EQ(until.waiting(), 1) << "a handle that lost must detach its task, not abort it";
  until.set();
  co_await weft::yield_now();
  EXPECT_EQ(passed, 1);
}
TEST(select, detaches_the_task_of_a_handle_that_lost) {
  run_paused(loses_a_handle());
}

// Cancel-safe leaves may be taken up again.
task<void> waits_again() {
  flag until;
  for (int round = 0; round < 5; ++round) {
    auto [set, late] = co_await weft::select(until.wait(), weft::sleep(1ms));
    EXPECT_FALSE(set.has_value());
  }
  until.set();
  auto [set, late] = co_await weft::select_biased(until.wait(), weft::sleep(1ms));
  EXPECT_TRUE(set.has_value());
}
TEST(select, a_loser_that_is_cancel_safe_can_wait_again) {
  run_paused(waits_again());
}

// Nesting. A task has 30 bits for branches; the next ones live in hubs, and nobody notices.

task<int> nested(int levels, flag& until, census& frames) {
  auto kept = frames.join();
  if (levels == 0) {
    co_await until.wait();
    co_return 0;
  }
  auto [below, hung] = co_await weft::select(nested(levels - 1, until, frames), never());
  co_return *below + 1;
}
task<void> wakes_the_bottom(int levels) {
  census frames;
  flag until;
  auto deep = weft::spawn([&] { return nested(levels, until, frames); });
  co_await weft::yield_now();
  EXPECT_EQ(frames.alive(), levels + 1);
  until.set();
  auto ended = co_await std::move(deep);
  EXPECT_EQ(ended.value(), levels);
}
task<void> drops_the_top(int levels) {
  census frames;
  flag until;
  {
    auto [deep, done] = co_await weft::select_biased(nested(levels, until, frames), yields(1, 1));
    EXPECT_TRUE(done.has_value());
  }
  EXPECT_EQ(until.waiting(), 0);
  EXPECT_EQ(frames.alive(), 0);
}
TEST(select, works_1000_branches_deep) {
  for (int levels : {1, 14, 15, 16, 17, 31, 32, 33, 64, 200, 1000}) {
    SCOPED_TRACE("levels: " + std::to_string(levels));
    run_paused(wakes_the_bottom(levels));
    run_paused(drops_the_top(levels));
  }
}

// Each level is of another kind, so that every kind stands in every other. At the bottom one waits,
// and then returns, fails or throws.
enum class bottom { returns, fails, throws };
task<weft::result<int>> mixed(int levels, flag& until, bottom how, census& frames) {
  auto kept = frames.join();
  if (levels == 0) {
    co_await until.wait();
    if (how == bottom::throws) throw std::runtime_error("from the bottom");
    if (how == bottom::fails) co_return weft::fail(weft::errc::not_found);
    co_return 0;
  }
  auto below = mixed(levels - 1, until, how, frames);
  weft::result<int> ended = 0;
  switch ((levels + levels / 5) % 5) {
    case 0: {
      auto [first, hung] = co_await weft::select(std::move(below), never());
      ended = std::move(*first);
      break;
    }
    case 1: {
      auto [hung, second] = co_await weft::select_biased(never(), std::move(below));
      ended = std::move(*second);
      break;
    }
    case 2: {
      auto [first, yielded] = co_await weft::join(std::move(below), yields(1, 1));
      ended = std::move(first);
      break;
    }
    case 3: {
      auto both = co_await weft::try_join(yields(2, 1), std::move(below));
      if (both) {
        ended = std::get<1>(*both);
      } else {
        ended = weft::fail(both.error());
      }
      break;
    }
    default:
      ended = co_await weft::timeout(1h, std::move(below));
      break;
  }
  if (ended) ++*ended;
  co_return ended;
}
task<void> ends_at_the_bottom(int levels, bottom how) {
  census frames;
  flag until;
  auto deep = weft::spawn([&] { return mixed(levels, until, how, frames); });
  while (until.waiting() == 0) co_await weft::yield_now();
  until.set();
  auto ended = co_await std::move(deep);
  EXPECT_EQ(frames.alive(), 0);
  switch (how) {
    case bottom::returns:
      EXPECT_EQ(ended.value(), levels);
      break;
    case bottom::fails:
      EXPECT_EQ(ended.error(), weft::errc::not_found);
      break;
    case bottom::throws:
      EXPECT_EQ(ended.error(), weft::errc::task_failed);
      break;
  }
}
task<void> is_aborted_at_the_bottom(int levels) {
  census frames;
  flag until;
  auto deep = weft::spawn([&] { return mixed(levels, until, bottom::returns, frames); });
  while (until.waiting() == 0) co_await weft::yield_now();
  deep.abort();
  auto ended = co_await std::move(deep);
  EXPECT_EQ(ended.error(), weft::errc::task_aborted);
  EXPECT_EQ(frames.alive(), 0);
  EXPECT_EQ(until.waiting(), 0);
}
TEST(select, join_and_timeout_nest_1000_deep) {
  for (int levels : {5, 30, 100, 1000}) {
    SCOPED_TRACE("levels: " + std::to_string(levels));
    on_every_runtime([&](weft::runtime& runtime) {
      for (auto how : {bottom::returns, bottom::fails, bottom::throws})
        runtime.block_on(ends_at_the_bottom(levels, how));
      runtime.block_on(is_aborted_at_the_bottom(levels));
    });
  }
}

// A binary tree of joins with `1 << levels` leaves, all waiting at once in one task.
task<int> wide(int levels, flag* leaves) {
  if (levels == 0) {
    co_await leaves->wait();
    co_return 1;
  }
  auto half = leaves + (1 << (levels - 1));
  auto [left, right] = co_await weft::join(wide(levels - 1, leaves), wide(levels - 1, half));
  co_return left + right;
}
task<void> wakes_all_in_an_order(int levels, unsigned stride, bool yield_between) {
  auto count = 1u << levels;
  auto leaves = std::make_unique<flag[]>(count);
  auto tree = weft::spawn(wide(levels, leaves.get()));
  co_await weft::yield_now();
  for (unsigned i = 0; i < count; ++i) {
    leaves[i * stride % count].set();
    if (yield_between) co_await weft::yield_now();
  }
  auto ended = co_await std::move(tree);
  EXPECT_EQ(ended.value(), static_cast<int>(count));
}
TEST(join, works_1024_branches_wide) {
  for (unsigned stride : {1u, 3u, 1023u, 513u}) {
    run_paused(wakes_all_in_an_order(10, stride, false));
    run_paused(wakes_all_in_an_order(10, stride, true));
  }
}

task<int> first_of_many(int levels, flag* leaves) {
  if (levels == 0) {
    co_await leaves->wait();
    co_return 0;
  }
  auto half = leaves + (1 << (levels - 1));
  auto [left, right] =
      co_await weft::select(first_of_many(levels - 1, leaves), first_of_many(levels - 1, half));
  co_return left ? *left : *right + (1 << (levels - 1));
}
task<void> wakes_one_of_many(int levels) {
  auto count = 1 << levels;
  for (int chosen = 0; chosen < count; chosen += 37) {
    auto leaves = std::make_unique<flag[]>(static_cast<std::size_t>(count));
    auto tree = weft::spawn(first_of_many(levels, leaves.get()));
    co_await weft::yield_now();
    leaves[static_cast<std::size_t>(chosen)].set();
    auto ended = co_await std::move(tree);
    EXPECT_EQ(ended.value(), chosen);
    for (int i = 0; i < count; ++i) {
      if (leaves[static_cast<std::size_t>(i)].waiting() != 0)
        ADD_FAILURE() << "leaf " << i << " still waits";
    }
  }
}
TEST(select, works_1024_branches_wide) {
  run_paused(wakes_one_of_many(10));
}

// Branches come and go while the task is out of bits: hubs are made, emptied, and made again.
task<void> comes_and_goes(int rounds, int offset) {
  for (int round = 0; round < rounds; ++round) {
    co_await weft::join(yields((round + offset) % 4, 1), yields((round + offset) % 3, 2),
                        weft::timeout(1s, yields(1, 3)));
  }
}
task<void> churns(int rounds) {
  auto leaves = std::make_unique<flag[]>(32);
  auto [hung, done] = co_await weft::select(
      wide(5, leaves.get()),
      weft::join(comes_and_goes(rounds, 0), comes_and_goes(rounds, 1), comes_and_goes(rounds, 2),
                 comes_and_goes(rounds, 3), comes_and_goes(rounds, 4), comes_and_goes(rounds, 5)));
  EXPECT_TRUE(done.has_value());
}
TEST(select, branches_come_and_go_beyond_the_bits_of_the_task) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(churns(300)); });
}

}  // namespace
