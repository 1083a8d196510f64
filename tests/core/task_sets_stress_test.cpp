// Sets of tasks under random use from several workers, for as long as WEFT_STRESS_SECONDS says.
#include <weft/futures_unordered.hpp>
#include <weft/join_map.hpp>
#include <weft/join_set.hpp>
#include <weft/scope.hpp>
#include <weft/task_group.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <utility>

#include "sync_support.hpp"

namespace {

using namespace task_test;

constexpr unsigned workers = 4;

task<int> works(dice chance, census::member) {
  for (unsigned step = chance.below(4); step > 0; --step) co_await weft::yield_now();
  if (chance.one_in(8)) co_await weft::sleep(1ms);
  if (chance.one_in(16)) throw std::runtime_error("broken");
  if (chance.one_in(16)) co_await never();
  co_return 1;
}

/// Spawns, joins, aborts, detaches, drops and moves at random.
task<void> uses_a_set(dice chance, census& alive, std::atomic<int>& wrong) {
  weft::join_set<int> set;
  std::size_t expected = 0;
  for (int step = 0; step < 40; ++step) {
    switch (chance.below(8)) {
      case 0: {
        auto [done, late] = co_await weft::select(set.join_next(), weft::yield_now());
        if (done && *done) --expected;
        break;
      }
      case 1:
        if (set.try_join_next()) --expected;
        break;
      case 2:
        if (chance.one_in(4)) set.abort_all();
        break;
      case 3:
        if (chance.one_in(8)) {
          set.abort_all();
          set.detach_all();
          expected = 0;
        }
        break;
      case 4:
        if (chance.one_in(8)) {
          auto moved = std::move(set);
          set = weft::join_set<int>();
          if (chance.one_in(2)) {
            set = std::move(moved);
          } else {
            expected = 0;
          }
        }
        break;
      default: {
        auto handle = set.spawn(works, chance.fork(), alive.join());
        if (chance.one_in(8)) handle.abort();
        ++expected;
      }
    }
    if (set.size() != expected) ++wrong;
  }
  set.abort_all();
  while (auto done = co_await set.join_next()) --expected;
  if (expected != 0) ++wrong;
}

/// `count` of them at once, some aborted.
template <class Make>
task<void> round_of(unsigned count, dice& chance, Make make) {
  weft::join_set<void> all;
  for (unsigned index = 0; index < count; ++index) {
    auto handle = all.spawn(make(chance.fork()));
    if (chance.one_in(6)) handle.abort();
  }
  while (auto done = co_await all.join_next()) {
  }
}

template <class Make>
void in_rounds(Make make) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  stress_time time;
  dice chance(7);
  while (!time.over()) runtime.block_on(round_of(16, chance, make));
}

TEST(stress_join_set, loses_none_and_joins_none_twice) {
  std::atomic<int> wrong{0};
  census alive;
  in_rounds([&](dice chance) { return uses_a_set(chance, alive, wrong); });
  EXPECT_EQ(wrong.load(), 0);
}

task<void> uses_a_group(dice chance, census& alive, std::atomic<int>& wrong) {
  auto [ended, late] =
      co_await weft::select(weft::task_group<int>([&](auto& group) -> task<int> {
                              int taken = 0;
                              auto count = static_cast<int>(chance.below(12));
                              for (int i = 0; i < count; ++i) {
                                auto handle = group.spawn(works, chance.fork(), alive.join());
                                handle.abort();
                              }
                              while (auto done = co_await group.next()) ++taken;
                              if (taken != count) ++wrong;
                              for (int i = 0; i < count; ++i)
                                group.spawn(works, chance.fork(), alive.join());
                              group.abort_all();
                              co_return taken;
                            }),
                            weft::sleep(weft::duration(chance.below(2'000'000))));
}
TEST(stress_task_group, ends_with_all_its_tasks) {
  std::atomic<int> wrong{0};
  census alive;
  in_rounds([&](dice chance) { return uses_a_group(chance, alive, wrong); });
  EXPECT_EQ(wrong.load(), 0);
}

task<void> uses_a_map(dice chance, census& alive, std::atomic<int>& wrong) {
  weft::join_map<unsigned, int> map;
  for (int step = 0; step < 40; ++step) {
    auto key = chance.below(6);
    if (chance.one_in(5)) {
      auto had = map.size();
      if (map.try_join_next() && map.size() + 1 != had) ++wrong;
    } else if (chance.one_in(5)) {
      map.abort(key);
    } else {
      map.spawn(key, works, chance.fork(), alive.join());
      if (!map.contains(key)) ++wrong;
    }
    if (chance.one_in(4)) co_await weft::yield_now();
  }
  map.abort_all();
  auto left = map.size();
  while (auto done = co_await map.join_next()) --left;
  if (left != 0) ++wrong;
}
TEST(stress_join_map, joins_one_task_a_key) {
  std::atomic<int> wrong{0};
  census alive;
  in_rounds([&](dice chance) { return uses_a_map(chance, alive, wrong); });
  EXPECT_EQ(wrong.load(), 0);
}

// Branches that are woken by tasks on other workers.
task<int> waits_for_others(dice chance, census& alive) {
  auto ended = co_await weft::spawn(works, chance.fork(), alive.join());
  co_return ended.value_or(0);
}
task<int> waits_a_while(dice chance, census& alive) {
  auto waiting = waits_for_others(chance.fork(), alive);
  auto ended = co_await weft::timeout(weft::duration(chance.below(2'000'000)), std::move(waiting));
  co_return ended.value_or(0);
}

task<void> uses_futures(dice chance, census& alive, std::atomic<int>& wrong) {
  weft::futures_unordered<int> futures;
  std::size_t expected = 0;
  auto bound = 1 + chance.below(100);
  for (int step = 0; step < 300; ++step) {
    if (futures.size() == bound) {
      auto [done, late] = co_await weft::select(futures.next(), weft::sleep(1ms));
      if (done) --expected;
    } else {
      futures.push(waits_a_while(chance.fork(), alive));
      ++expected;
    }
    if (chance.one_in(100)) {
      futures.clear();
      expected = 0;
    }
    if (futures.size() != expected) ++wrong;
  }
  while (auto done = co_await futures.next()) --expected;
  if (expected != 0) ++wrong;
}
TEST(stress_futures_unordered, loses_no_value_and_no_wake) {
  std::atomic<int> wrong{0};
  census alive;
  in_rounds([&](dice chance) { return uses_futures(chance, alive, wrong); });
  EXPECT_EQ(wrong.load(), 0);
}

task<weft::result<void>> may_fail(dice chance, census& alive, int& sum) {
  sum += co_await waits_a_while(chance.fork(), alive);
  if (chance.one_in(60)) co_return weft::fail(weft::errc::closed);
  if (chance.one_in(60)) throw std::runtime_error("broken");
  co_return weft::result<void>();
}
task<void> uses_a_scope(dice chance, census& alive, std::atomic<int>& wrong) {
  int sum = 0;
  int started = 0;

  try {
    (void)co_await weft::scope([&](auto& scope) -> task<void> {
      auto count = static_cast<int>(chance.below(80));
      for (; started < count; ++started) {
        scope.start(may_fail(chance.fork(), alive, sum));
        if (chance.one_in(16)) co_await weft::yield_now();
      }
    });
  } catch (const std::runtime_error&) {
  }
  if (sum > started) ++wrong;
}
TEST(stress_scope, ends_with_all_its_branches) {
  std::atomic<int> wrong{0};
  census alive;
  in_rounds([&](dice chance) { return uses_a_scope(chance, alive, wrong); });
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
