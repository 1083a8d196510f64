#include <weft/join_set.hpp>
#include <weft/select.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::join_set;
using weft::result;

task<int> after(weft::duration wait, int value) {
  co_await weft::sleep(wait);
  co_return value;
}

task<void> joins_in_order() {
  join_set<int> set;
  set.spawn(after, 3ms, 3);
  set.spawn(after(1ms, 1));
  set.spawn([]() -> task<int> { co_return co_await after(2ms, 2); });
  EXPECT_EQ(set.size(), 3u);
  arrivals seen;
  while (auto done = co_await set.join_next()) seen.add(std::to_string(done->value()));
  EXPECT_EQ(seen.text(), "1 2 3");
  EXPECT_TRUE(set.empty());
}
TEST(join_set, joins_in_the_order_in_which_tasks_end) {
  run_paused(joins_in_order());
}

task<void> an_empty_one() {
  join_set<int> set;
  auto nothing = co_await set.join_next();
  EXPECT_FALSE(nothing.has_value());
  EXPECT_FALSE(set.try_join_next().has_value());
  auto all = co_await set.join_all();
  EXPECT_TRUE(all.empty());
  co_await set.shutdown();
  set.abort_all();
  set.detach_all();
  EXPECT_EQ(set.size(), 0u);
}
TEST(join_set, that_is_empty_yields_nothing) {
  run_paused(an_empty_one());
}

task<void> order_of_those_ready_together() {
  join_set<int> set;
  for (int i = 0; i < 200; ++i) set.spawn(value_task(i));
  co_await settle();
  for (int i = 0; i < 200; ++i) {
    auto done = set.try_join_next();
    EXPECT_TRUE(done.has_value());
    EXPECT_EQ(done->value(), i) << "the order in which they ended";
  }
  EXPECT_FALSE(set.try_join_next().has_value());
}
TEST(join_set, keeps_the_order_of_those_that_ended_before_it_was_asked) {
  run_paused(order_of_those_ready_together());
}

task<void> how_they_end() {
  join_set<int> set;
  auto ids = std::pair{set.spawn([]() -> task<result<int>> { co_return weft::fail(errc::closed); }),
                       set.spawn([]() -> task<int> {
                         co_await weft::yield_now();
                         throw std::runtime_error("broken");
                       })};
  auto aborted = set.spawn([]() -> task<int> {
    co_await never();
    co_return 0;
  });
  co_await weft::sleep(1ms);
  aborted.abort();
  auto first = co_await set.join_next_with_id();
  EXPECT_EQ(first->first, ids.first.id());
  EXPECT_TRUE(first->second.error() == errc::closed) << "a result is flat";
  auto second = co_await set.join_next_with_id();
  EXPECT_EQ(second->first, ids.second.id());
  EXPECT_TRUE(second->second.error() == errc::task_failed);
  EXPECT_NE(second->second.error().get<std::exception_ptr>(), nullptr);
  auto third = co_await set.join_next_with_id();
  EXPECT_EQ(third->first, aborted.id());
  EXPECT_TRUE(third->second.error() == errc::task_aborted);
  auto none = co_await set.join_next_with_id();
  EXPECT_FALSE(none.has_value());
  set.spawn(value_task(1));
  co_await settle();
  EXPECT_EQ(set.try_join_next_with_id()->second.value(), 1);
}
TEST(join_set, tells_how_a_task_ended) {
  run_paused(how_they_end());
}

task<void> not_started() {
  join_set<int> set;
  set.spawn([]() -> task<int> { throw std::runtime_error("no task at all"); });
  auto done = co_await set.join_next();
  EXPECT_TRUE(done->error() == errc::task_failed);
}
TEST(join_set, tells_of_a_function_that_throws_instead_of_making_a_task) {
  run_paused(not_started());
}

task<void> of_void_and_operations() {
  join_set set;
  static_assert(std::same_as<join_set<>::result_type, result<void>>);
  set.spawn(weft::sleep(1ms));
  set.spawn([]() -> task<void> { co_return; });
  set.spawn([]() -> task<result<void>> { co_return weft::fail(errc::not_found); });
  auto all = co_await set.join_all();
  EXPECT_EQ(all.size(), 3u);
  EXPECT_TRUE(all[0].has_value());
  EXPECT_TRUE(all[1].error() == errc::not_found);
  EXPECT_TRUE(all[2].has_value());
}
TEST(join_set, takes_operations_and_what_yields_nothing) {
  run_paused(of_void_and_operations());
}

struct only_moved {
  explicit only_moved(int of) : value(std::make_unique<int>(of)) {}
  std::unique_ptr<int> value;
};
task<only_moved> makes(int value) {
  co_return only_moved(value);
}
task<void> moved_values() {
  join_set<only_moved> set;
  set.spawn(makes, 7);
  set.spawn(
      [](std::unique_ptr<int> given) -> task<only_moved> { co_return only_moved(*given + 1); },
      std::make_unique<int>(8));
  auto first = co_await set.join_next();
  EXPECT_EQ(*first->value().value, 7);
  auto rest = co_await set.join_all();
  EXPECT_EQ(*rest.front().value().value, 9);
}
TEST(join_set, of_values_that_are_only_moved) {
  run_paused(moved_values());
}

task<void> all_in_order() {
  join_set<int> set;
  set.spawn(after, 20ms, 2);
  set.spawn(after, 10ms, 1);
  auto [all, late] = co_await weft::select(set.join_all(), weft::sleep(15ms));
  EXPECT_TRUE(late.has_value());
  EXPECT_EQ(set.size(), 2u) << "cancelled, join_all loses nothing";
  auto again = co_await set.join_all();
  EXPECT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].value(), 1);
  EXPECT_EQ(again[1].value(), 2);
}
TEST(join_set, join_all_yields_all_in_the_order_of_their_ends) {
  run_paused(all_in_order());
}

task<void> cancelled_waits() {
  join_set<int> set;
  set.spawn(after, 5ms, 5);
  for (int i = 0; i < 3; ++i) {
    auto [done, late] = co_await weft::select(set.join_next(), weft::sleep(1ms));
    EXPECT_FALSE(done.has_value());
  }
  co_await weft::sleep(10ms);
  auto [done, late] = co_await weft::select(weft::sleep(0ms), set.join_next());
  auto left = set.size();
  EXPECT_EQ(left, late.has_value() ? 0u : 1u) << "either it was yielded, or it is there";
  if (!late) {
    auto value = co_await set.join_next();
    EXPECT_EQ(value->value(), 5);
  }
}
TEST(join_set, a_wait_that_is_cancelled_loses_no_result) {
  run_paused(cancelled_waits());
}

task<void> outstays(flag& until, census::member) {
  co_await until.wait();
}

task<void> dropping_aborts() {
  census frames;
  flag until;
  {
    join_set set;
    for (int i = 0; i < 5; ++i) set.spawn(outstays, std::ref(until), frames.join());
    set.spawn(weft::yield_now());
    co_await settle();
    EXPECT_EQ(frames.alive(), 5 * 2) << "arguments and frames";
  }
  co_await settle();
  EXPECT_EQ(frames.alive(), 0);
  EXPECT_EQ(until.waiting(), 0);
}
TEST(join_set, that_is_dropped_aborts_its_tasks) {
  run_paused(dropping_aborts());
}

task<void> assigning_aborts() {
  flag until;
  join_set set;
  set.spawn(until.wait());
  co_await settle();
  join_set other;
  other.spawn(weft::sleep(1ms));
  auto moved = std::move(other);
  set = std::move(moved);
  co_await settle();
  EXPECT_EQ(until.waiting(), 0);
  EXPECT_EQ(set.size(), 1u);
  auto done = co_await set.join_next();
  EXPECT_TRUE(done->has_value());
}
TEST(join_set, moves_with_its_tasks_and_aborts_those_it_had) {
  run_paused(assigning_aborts());
}

task<void> detaching() {
  int ended = 0;
  flag until;
  auto ends = [&ended, &until]() -> task<void> {
    co_await until.wait();
    ++ended;
  };
  join_set set;
  set.spawn(ends);
  set.spawn(weft::yield_now());
  co_await settle();
  set.detach_all();
  EXPECT_TRUE(set.empty());
  set.spawn(weft::yield_now());
  auto done = co_await set.join_next();
  EXPECT_TRUE(done.has_value()) << "it may be used again";
  until.set();
  co_await settle();
  EXPECT_EQ(ended, 1);
}
TEST(join_set, detach_all_lets_its_tasks_run_on) {
  run_paused(detaching());
}

task<void> shutting_down() {
  census frames;
  flag until;
  join_set set;
  for (int i = 0; i < 4; ++i) set.spawn(outstays, std::ref(until), frames.join());
  set.spawn([]() -> task<void> {
    throw std::runtime_error("dropped");
    co_return;
  });
  co_await settle();
  co_await set.shutdown();
  EXPECT_EQ(frames.alive(), 0) << "awaited: the proof that they are gone";
  EXPECT_TRUE(set.empty());
}
TEST(join_set, shutdown_waits_until_all_are_gone) {
  run_paused(shutting_down());
}

task<void> aborting() {
  join_set<int> set;
  set.spawn(after, 1h, 1);
  set.spawn(value_task(2));
  co_await settle();
  set.abort_all();
  EXPECT_EQ(set.size(), 2u);
  auto all = co_await set.join_all();
  EXPECT_EQ(all[0].value(), 2) << "it had ended before";
  EXPECT_TRUE(all[1].error() == errc::task_aborted);
}
TEST(join_set, abort_all_leaves_the_tasks_to_be_joined) {
  run_paused(aborting());
}

task<void> frames_first() {
  auto owned = std::make_shared<int>(4);
  std::weak_ptr<int> watched = owned;
  join_set<int> set;
  set.spawn(
      [kept = owned](std::shared_ptr<int> also) -> task<int> {
        co_await weft::yield_now();
        co_return *kept + *also;
      },
      owned);
  owned.reset();
  auto sum = co_await set.join_next();
  EXPECT_TRUE(watched.expired()) << "frames, arguments and captures are gone";
  EXPECT_EQ(sum->value(), 8);
}
TEST(join_set, joins_when_the_frames_are_gone) {
  run_paused(frames_first());
}

task<void> spawning_meanwhile() {
  join_set<int> set;
  set.spawn(after, 2ms, 2);
  flag asked;
  auto other = [&set]() -> task<int> {
    co_await weft::sleep(1ms);
    set.spawn(value_task(1));
    co_await never();
    co_return 0;
  };
  auto [done, never_ends] = co_await weft::select(set.join_next(), other());
  EXPECT_EQ((*done)->value(), 1);
  EXPECT_EQ(set.size(), 1u);
}
TEST(join_set, takes_tasks_while_another_branch_waits) {
  run_paused(spawning_meanwhile());
}

task<void> emptied_meanwhile(bool detach) {
  join_set<int> set;
  set.spawn(after, 1h, 1);
  auto other = [&set, detach]() -> task<void> {
    co_await weft::sleep(1ms);
    if (detach) {
      set.detach_all();
    } else {
      set = join_set<int>();
    }
    co_await never();
  };
  auto branch = other();
  auto [done, never_ends] = co_await weft::select(set.join_next(), std::move(branch));
  EXPECT_TRUE(done.has_value());
  EXPECT_FALSE(done->has_value()) << "none is left";
}
TEST(join_set, who_waits_hears_that_another_branch_has_emptied_it) {
  run_paused(emptied_meanwhile(true));
  run_paused(emptied_meanwhile(false));
}

task<void> blocking_members() {
  join_set<int> set;
  set.spawn_blocking([] { return 3; });
  set.spawn_blocking([]() -> result<int> { return weft::fail(errc::overloaded); });
  set.spawn_blocking([]() -> int { throw std::runtime_error("broken"); });
  int values = 0;
  int refused = 0;
  int thrown = 0;
  while (auto done = co_await set.join_next()) {
    if (*done) {
      values += done->value();
    } else if (done->error() == errc::overloaded) {
      ++refused;
    } else {
      thrown += done->error() == errc::task_failed;
    }
  }
  EXPECT_EQ(values, 3);
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(thrown, 1);
}
TEST(join_set, joins_calls_on_the_blocking_pool) {
  run_paused(blocking_members());
}

task<void> with_other_runtime(weft::runtime& other) {
  join_set<int> set;
  auto fills = [&set]() -> task<void> {
    for (int i = 0; i < 100; ++i) set.spawn(after, 0ms, 1);
    co_return;
  };
  auto filling = other.spawn(fills);
  (void)co_await std::move(filling);
  int sum = 0;
  while (auto done = co_await set.join_next()) sum += done->value();
  EXPECT_EQ(sum, 100);
}
TEST(join_set, joins_tasks_of_another_runtime) {
  auto other = weft::runtime::multi_thread().worker_threads(2).build();
  run_paused(with_other_runtime(other));
}

TEST(join_set, outlives_its_runtime) {
  std::optional<join_set<int>> set;
  {
    auto runtime = paused_runtime();
    runtime.block_on([](std::optional<join_set<int>>& into) -> task<void> {
      into.emplace();
      into->spawn(after, 1h, 1);
      co_await settle();
    }(set));
  }
  auto ended = set->try_join_next();
  ASSERT_TRUE(ended.has_value());
  EXPECT_TRUE(ended->error() == errc::task_aborted);
}

TEST(join_set, needs_a_runtime_to_spawn) {
  join_set<int> set;
  try {
    set.spawn(value_task(1));
    FAIL() << "there is no runtime";
  } catch (const std::system_error& thrown) {
    EXPECT_EQ(thrown.code(), errc::no_runtime);
  }
  EXPECT_TRUE(set.empty());
}

struct throws_when_moved {
  throws_when_moved() = default;
  throws_when_moved(throws_when_moved&& other) : moves(other.moves + 1) {
    if (moves > 3) throw std::runtime_error("moved too often");
  }
  int moves = 0;
};
task<void> throwing_values() {
  join_set<throws_when_moved> set;
  set.spawn([]() -> task<throws_when_moved> { co_return throws_when_moved(); });
  bool thrown = false;
  try {
    while (auto done = co_await set.join_next()) {
      if (!*done) thrown = true;  // it threw on the way into the outcome
    }
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  EXPECT_TRUE(set.empty()) << "a value that cannot be moved out is gone";
}
TEST(join_set, forgets_a_member_whose_value_throws_when_it_is_moved) {
  run_paused(throwing_values());
}

task<void> many(int count) {
  join_set<int> set;
  long sum = 0;
  for (int i = 0; i < count; ++i) {
    set.spawn(value_task(1));
    if (set.size() > 100) {
      auto done = co_await set.join_next();
      sum += done->value();
    }
  }
  while (auto done = co_await set.join_next()) sum += done->value();
  EXPECT_EQ(sum, count);
}
TEST(join_set, joins_each_once_on_every_runtime) {
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(many(2000)); });
}

}  // namespace
