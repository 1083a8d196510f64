#include <weft/join.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
using weft::errc;
using weft::join_handle;
using weft::result;
using weft::spawn;

task<int> yields(int times, int value) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
  co_return value;
}
task<result<int>> may_fail(bool good) {
  if (!good) co_return weft::fail(errc::not_found);
  co_return 1;
}
task<void> nothing() {
  co_return;
}

// What a handle yields.

task<void> yields_results() {
  auto number = co_await spawn(yields(3, 7));
  static_assert(std::same_as<decltype(number), result<int>>);
  EXPECT_EQ(number.value(), 7);
  auto empty = co_await spawn(nothing());
  static_assert(std::same_as<decltype(empty), result<void>>);
  EXPECT_TRUE(empty.has_value());
  auto good = co_await spawn(may_fail(true));
  static_assert(std::same_as<decltype(good), result<int>>, "a result stays flat");
  EXPECT_EQ(good.value(), 1);
  auto bad = co_await spawn(may_fail(false));
  EXPECT_TRUE(bad.error() == errc::not_found);
  auto owned = co_await spawn(value_task(std::make_unique<int>(5)));
  EXPECT_EQ(**owned, 5);
  auto operation = co_await spawn(weft::join(yields(1, 2), ready(3)));
  EXPECT_EQ(std::get<0>(*operation) + std::get<1>(*operation), 5);
}
TEST(spawn, its_handle_yields_the_result) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(yields_results()); });
}

task<int> throws_after(int times, census::member) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
  throw std::runtime_error("thrown inside");
}
task<int> throws_an_int() {
  throw 42;
  co_return 0;
}
task<void> contains_exceptions() {
  census frames;
  for (int times : {0, 1, 3}) {
    auto failed = co_await spawn(throws_after(times, frames.join()));
    EXPECT_EQ(frames.alive(), 0);
    EXPECT_TRUE(!failed.has_value() && failed.error() == errc::task_failed);
    EXPECT_NE(failed.error().message().find("thrown inside"), std::string::npos)
        << failed.error().message();
    auto* thrown = failed.error().get<std::exception_ptr>();
    EXPECT_NE(thrown, nullptr) << "the exception is the payload of the error";
    EXPECT_THROW(std::rethrow_exception(*thrown), std::runtime_error);
  }
  auto strange = co_await spawn(throws_an_int());
  EXPECT_TRUE(strange.error() == errc::task_failed);
  auto* thrown = strange.error().get<std::exception_ptr>();
  EXPECT_THROW(std::rethrow_exception(*thrown), int);
}
TEST(spawn, an_exception_is_contained_in_the_task) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(contains_exceptions()); });
}

task<void> gone_before_the_handle(bool abort) {
  census frames;
  flag until;
  auto waits = [&until](census::member) -> task<int> {
    co_await until.wait();
    co_return 1;
  };
  for (int round = 0; round < 50; ++round) {
    auto handle = spawn(waits, frames.join());
    if (round % 3) co_await weft::yield_now();
    if (abort) {
      handle.abort();
    } else {
      until.set();
    }
    (void)co_await std::move(handle);
    EXPECT_EQ(frames.alive(), 0) << "the handle came before the frames and arguments were gone";
  }
}
TEST(spawn, the_frames_are_gone_when_the_handle_yields) {
  on_every_runtime([](weft::runtime& runtime) {
    runtime.block_on(gone_before_the_handle(false));
    runtime.block_on(gone_before_the_handle(true));
  });
}

// What a task keeps.

struct large {
  std::array<int, 100> numbers;
  explicit large(int first) {
    for (auto& number : numbers) number = first++;
  }
};
task<void> keeps_captures() {
  std::vector<join_handle<int>> all;
  for (int i = 0; i < 20; ++i) {
    auto kept = std::make_unique<large>(i);
    auto sums = [kept = std::move(kept), i]() -> task<int> {
      co_await weft::sleep(1ms);
      co_await weft::yield_now();
      co_return kept->numbers[99] - i;
    };
    all.push_back(spawn(std::move(sums)));
  }
  for (auto& each : all) {
    auto sum = co_await std::move(each);
    EXPECT_EQ(sum.value(), 99);
  }
}
TEST(spawn, keeps_the_captures_of_a_callable) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(keeps_captures()); });
}

task<int> adds(std::unique_ptr<int> left, const std::string& right, int& count) {
  co_await weft::yield_now();
  ++count;
  co_return *left + static_cast<int>(right.size());
}
task<void> keeps_arguments() {
  int count = 0;
  auto sum = co_await spawn(adds, std::make_unique<int>(3), std::string("four"), std::ref(count));
  EXPECT_EQ(sum.value(), 7);
  EXPECT_EQ(count, 1) << "std::ref passes a reference";
}
TEST(spawn, keeps_the_arguments_of_a_function) {
  run_paused(keeps_arguments());
}

task<void> function_that_throws() {
  census captures;
  auto kept = captures.join();
  auto throws = [kept](bool sure) -> task<int> {
    if (sure) throw std::runtime_error("no task at all");
    return yields(1, 1);
  };
  auto failed = co_await spawn(throws, true);
  EXPECT_TRUE(failed.error() == errc::task_failed);
  auto fine = co_await spawn(throws, false);
  EXPECT_EQ(fine.value(), 1);
  EXPECT_EQ(captures.alive(), 2) << "expected: here and in the lambda; not in the tasks";
}
TEST(spawn, what_the_callable_throws_is_contained) {
  run_paused(function_that_throws());
}

task<void> returns_an_empty_task() {
  (void)co_await spawn([]() -> task<void> {
    auto made = nothing();
    auto moved = std::move(made);
    return made;
  });
}
TEST(spawn_death, a_task_that_was_moved_from_says_so_and_aborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(run_paused(returns_an_empty_task()), "moved from");
  EXPECT_DEATH(
      {
        auto runtime = paused_runtime();
        auto made = nothing();
        auto moved = std::move(made);
        runtime.spawn(std::move(made)).detach();
      },
      "moved from");
}

// Detaching.

task<void> sets(flag& done, census::member) {
  co_await weft::yield_now();
  done.set();
}
task<void> detaches() {
  census frames;
  flag first;
  flag second;
  spawn(sets(first, frames.join())).detach();
  {
    auto handle = spawn(sets(second, frames.join()));
  }
  co_await first.wait();
  co_await second.wait();
  while (frames.alive() > 0) co_await weft::yield_now();
}
TEST(spawn, a_task_without_a_handle_runs_on) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(detaches()); });
}

task<census::member> returns_a_member(census& values, flag& until) {
  co_await until.wait();
  co_return values.join();
}
task<void> drops_values(census& values) {
  flag until;
  auto early = spawn(returns_a_member(values, until));
  co_await weft::yield_now();
  std::move(early).detach();
  until.set();
  for (int i = 0; i < 3; ++i) co_await weft::yield_now();
  EXPECT_EQ(values.alive(), 0) << "the value of a detached task is destroyed when it comes";

  auto late = spawn(returns_a_member(values, until));
  while (!late.is_finished()) co_await weft::yield_now();
  EXPECT_EQ(values.alive(), 1);
  {
    auto dropped = std::move(late);
  }
  EXPECT_EQ(values.alive(), 0) << "a value that nobody fetches goes with the handle";
}
TEST(spawn, a_value_that_nobody_wants_is_destroyed) {
  census values;
  run_paused(drops_values(values));
}

// Aborting.

task<void> marks(bool& started, flag& until, bool& passed, census::member) {
  started = true;
  co_await until.wait();
  passed = true;
}
task<void> aborts(int yields_before) {
  census frames;
  bool started = false;
  bool passed = false;
  flag until;
  auto handle = spawn(marks(started, until, passed, frames.join()));
  for (int i = 0; i < yields_before; ++i) co_await weft::yield_now();
  EXPECT_EQ(started, yields_before > 0);
  handle.abort();
  handle.abort();
  auto ended = co_await std::move(handle);
  EXPECT_TRUE(!ended.has_value() && ended.error() == errc::task_aborted);
  EXPECT_EQ(started, yields_before > 0) << "a task that was aborted first must not start";
  EXPECT_FALSE(passed);
  EXPECT_EQ(frames.alive(), 0);
  EXPECT_EQ(until.waiting(), 0);
}
TEST(abort, before_the_start_keeps_a_task_from_starting) {
  run_paused(aborts(0));
}
TEST(abort, destroys_a_suspended_task) {
  for (int yields : {1, 2, 5}) run_paused(aborts(yields));
}

// Runs on another worker, and goes on only when it was aborted: by causality, not by time.
task<int> runs_while_aborted(std::atomic<bool>& running, std::atomic<bool>& aborted, bool suspends,
                             bool& passed, census::member) {
  running.store(true);
  while (!aborted.load()) std::this_thread::yield();
  if (suspends) {
    co_await weft::yield_now();
    passed = true;
  }
  co_return 9;
}
TEST(abort, takes_effect_at_the_next_suspension_of_a_running_task) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  for (bool suspends : {true, false}) {
    census frames;
    std::atomic<bool> running{false};
    std::atomic<bool> aborted{false};
    bool passed = false;
    auto handle =
        runtime.spawn(runs_while_aborted(running, aborted, suspends, passed, frames.join()));
    while (!running.load()) std::this_thread::yield();
    handle.abort();
    aborted.store(true);
    auto ended = runtime.block_on(std::move(handle));
    EXPECT_FALSE(passed) << "it went on after it was aborted and suspended";
    if (suspends) {
      EXPECT_TRUE(!ended.has_value() && ended.error() == errc::task_aborted);
    } else {
      EXPECT_EQ(ended.value_or(0), 9) << "a task that ends by itself keeps its value";
    }
  }
}

task<void> aborts_too_late() {
  auto handle = spawn(yields(1, 4));
  while (!handle.is_finished()) co_await weft::yield_now();
  handle.abort();
  auto ended = co_await std::move(handle);
  EXPECT_EQ(ended.value(), 4);
}
TEST(abort, of_a_finished_task_changes_nothing) {
  run_paused(aborts_too_late());
}

task<void> aborts_itself(std::unique_ptr<join_handle<void>>& own, bool& passed, census::member) {
  own->abort();
  co_await weft::yield_now();
  passed = true;
}
task<void> lets_abort_itself() {
  census frames;
  bool passed = false;
  std::unique_ptr<join_handle<void>> own;
  own = std::make_unique<join_handle<void>>(spawn(aborts_itself(own, passed, frames.join())));
  auto ended = co_await *own;
  EXPECT_TRUE(ended.error() == errc::task_aborted);
  EXPECT_FALSE(passed);
  EXPECT_EQ(frames.alive(), 0);
}
TEST(abort, a_task_may_abort_itself) {
  run_paused(lets_abort_itself());
}

TEST(abort, from_many_threads_at_once_while_it_runs) {
  on_every_runtime([](weft::runtime& runtime) {
    census frames;
    auto spins = [](census::member) -> task<void> {
      while (true) co_await weft::yield_now();
    };
    for (int round = 0; round < 30; ++round) {
      auto handle = runtime.spawn(spins, frames.join());
      std::vector<std::thread> threads;
      for (int i = 0; i < 3; ++i) threads.emplace_back([&] { handle.abort(); });
      auto joins = [&handle]() -> task<result<void>> { co_return co_await handle; };
      auto ended = runtime.block_on(joins());
      for (auto& each : threads) each.join();
      EXPECT_TRUE(ended.error() == errc::task_aborted);
      EXPECT_EQ(frames.alive(), 0);
    }
  });
}

// The tree of an aborted task is destroyed whole: branches, hubs, timers, handles that it waits
// for.
task<void> waits_in_many_ways(flag& until, census& frames, int levels) {
  auto kept = frames.join();
  if (levels == 0) {
    co_await until.wait();
    co_return;
  }
  co_await weft::join(
      weft::sleep(1h), weft::timeout(1h, waits_in_many_ways(until, frames, levels - 1)),
      spawn(yields(2, 1)), weft::select(never(), waits_in_many_ways(until, frames, 0)));
}
task<void> aborts_a_tree(int levels) {
  census frames;
  flag until;
  auto handle = spawn(waits_in_many_ways(until, frames, levels));
  for (int i = 0; i < 5; ++i) co_await weft::yield_now();
  EXPECT_EQ(frames.alive(), 2 * levels + 1);
  handle.abort();
  (void)co_await std::move(handle);
  EXPECT_EQ(frames.alive(), 0);
  EXPECT_EQ(until.waiting(), 0);
}
TEST(abort, destroys_the_whole_tree) {
  for (int levels : {0, 1, 3, 20}) run_paused(aborts_a_tree(levels));
}

// Handles.

task<void> joins_again_after_losing() {
  flag until;
  auto waits = [&until]() -> task<std::unique_ptr<int>> {
    co_await until.wait();
    co_return std::make_unique<int>(6);
  };
  auto handle = spawn(waits);
  auto joins = [&handle]() -> task<result<std::unique_ptr<int>>> { co_return co_await handle; };
  for (int round = 0; round < 3; ++round) {
    auto late = co_await weft::timeout(5ms, joins());
    EXPECT_TRUE(!late.has_value() && late.error() == errc::timed_out);
  }
  until.set();
  auto ended = co_await handle;
  EXPECT_EQ(**ended, 6) << "an await that was destroyed must not lose the value";
  auto again = co_await handle;
  EXPECT_FALSE(again.has_value()) << "the value is given once";
}
TEST(join_handle, joining_is_cancel_safe) {
  run_paused(joins_again_after_losing());
}

TEST(join_handle, may_be_awaited_on_another_runtime) {
  on_every_runtime([](weft::runtime& runtime) {
    auto other = weft::runtime::multi_thread().worker_threads(1).build();
    for (int round = 0; round < 100; ++round) {
      auto handle = other.spawn(yields(round % 5, round));
      auto ended = runtime.block_on(std::move(handle));
      EXPECT_EQ(ended.value(), round);
    }
  });
}

task<void> knows_ids() {
  std::set<std::uint64_t> ids;
  std::vector<join_handle<int>> all;
  for (int i = 0; i < 100; ++i) all.push_back(spawn(yields(i, i)));
  for (auto& each : all) ids.insert(each.id());
  EXPECT_EQ(ids.size(), all.size());
  for (auto& each : all) (void)co_await std::move(each);
}
TEST(join_handle, knows_the_id_of_its_task) {
  run_paused(knows_ids());
}

TEST(spawn, outside_a_runtime_throws_no_runtime) {
  try {
    spawn(nothing()).detach();
    FAIL() << "expected std::system_error";
  } catch (const std::system_error& thrown) {
    EXPECT_EQ(thrown.code(), weft::make_error_code(errc::no_runtime)) << thrown.what();
  }
}

// In numbers.

task<void> spawns_many(int count, std::atomic<int>& ran) {
  auto counts = [&ran](int times) -> task<void> {
    for (int i = 0; i < times; ++i) co_await weft::yield_now();
    ran.fetch_add(1);
  };
  std::vector<join_handle<void>> all;
  for (int i = 0; i < count; ++i) all.push_back(spawn(counts, i % 3));
  for (auto& each : all) {
    auto ended = co_await std::move(each);
    if (!ended) ADD_FAILURE() << ended.error().message();
  }
}
TEST(spawn, ten_thousand_tasks_all_run) {
  on_every_runtime([](weft::runtime& runtime) {
    std::atomic<int> ran{0};
    runtime.block_on(spawns_many(10'000, ran));
    EXPECT_EQ(ran.load(), 10'000);
  });
}

TEST(spawn, from_many_threads_at_once) {
  on_every_runtime([](weft::runtime& runtime) {
    std::atomic<int> ran{0};
    auto counts = [&ran]() -> task<void> {
      ran.fetch_add(1);
      co_return;
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 500; ++n) runtime.spawn(counts).detach();
      });
    }
    auto until_all_ran = [&ran]() -> task<void> {
      while (ran.load() < 2000) co_await weft::yield_now();
    };
    runtime.block_on(until_all_ran());
    for (auto& each : threads) each.join();
    EXPECT_EQ(ran.load(), 2000);
  });
}

task<void> chain(int left, flag& done) {
  if (left == 0) {
    done.set();
  } else {
    spawn(chain(left - 1, done)).detach();
  }
  co_return;
}
task<void> chains(int length) {
  flag done;
  spawn(chain(length, done)).detach();
  co_await done.wait();
}
TEST(spawn, a_chain_of_100000_tasks_that_spawn_the_next) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(chains(100'000)); });
}

}  // namespace
