#include <weft/join_map.hpp>
#include <weft/select.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <algorithm>
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
using weft::join_map;

task<int> after(weft::duration wait, int value) {
  co_await weft::sleep(wait);
  co_return value;
}

task<void> joins_with_keys() {
  join_map<std::string, int> map;
  map.spawn("slow", after, 3ms, 3);
  map.spawn("fast", after(1ms, 1));
  map.spawn("there", [] { return value_task(0); });
  map.spawn_blocking("blocking", [] { return 9; });
  EXPECT_EQ(map.size(), 4u);
  EXPECT_TRUE(map.contains("slow"));
  std::vector<std::pair<std::string, int>> seen;
  while (auto done = co_await map.join_next()) seen.emplace_back(done->first, done->second.value());
  std::ranges::sort(seen, {}, &std::pair<std::string, int>::second);
  EXPECT_EQ(seen, (std::vector<std::pair<std::string, int>>{
                      {"there", 0}, {"fast", 1}, {"slow", 3}, {"blocking", 9}}));
  EXPECT_TRUE(map.empty());
  EXPECT_FALSE(map.contains("slow"));
}
TEST(join_map, joins_with_the_key) {
  run_paused(joins_with_keys());
}

task<void> in_order() {
  join_map<int, int> map;
  for (int i = 9; i > 0; --i) map.spawn(i, after, i * 1ms, i);
  auto all = co_await map.join_all();
  EXPECT_EQ(all.size(), 9u);
  for (int i = 0; i < static_cast<int>(all.size()); ++i) {
    EXPECT_EQ(all[static_cast<std::size_t>(i)].first, i + 1);
    EXPECT_EQ(all[static_cast<std::size_t>(i)].second.value(), i + 1);
  }
}
TEST(join_map, joins_in_the_order_in_which_tasks_end) {
  run_paused(in_order());
}

task<void> replaces(bool ended_before) {
  census frames;
  join_map<int, int> map;
  auto waits = [](census::member) -> task<int> {
    co_await never();
    co_return 0;
  };
  if (ended_before) {
    map.spawn(1, value_task(1));
  } else {
    map.spawn(1, waits, frames.join());
  }
  co_await settle();
  map.spawn(1, after, 1ms, 2);
  EXPECT_EQ(map.size(), 1u);
  auto done = co_await map.join_next();
  EXPECT_EQ(done->second.value(), 2) << "nothing is heard of the one that was replaced";
  EXPECT_EQ(frames.alive(), 0);
  auto none = co_await map.join_next();
  EXPECT_FALSE(none.has_value());
  EXPECT_FALSE(map.try_join_next().has_value());
}
TEST(join_map, a_new_task_of_a_key_replaces_the_one_before) {
  run_paused(replaces(false));
  run_paused(replaces(true));
}

task<void> aborts_by_key() {
  join_map<std::string, int> map;
  map.spawn("a", after, 1h, 1);
  map.spawn("b", after, 1h, 2);
  map.spawn("bb", after, 1h, 3);
  map.spawn("c", after, 5ms, 4);
  EXPECT_TRUE(map.abort("a"));
  EXPECT_FALSE(map.abort("z"));
  auto first = co_await map.join_next();
  EXPECT_EQ(first->first, "a");
  EXPECT_TRUE(first->second.error() == errc::task_aborted);
  map.abort_matching([](const std::string& key) { return key.starts_with('b'); });
  auto keys = map.keys();
  std::ranges::sort(keys);
  EXPECT_EQ(keys, (std::vector<std::string>{"b", "bb", "c"}));
  co_await settle();
  EXPECT_TRUE(map.try_join_next()->second.error() == errc::task_aborted);
  EXPECT_TRUE(map.try_join_next()->second.error() == errc::task_aborted);
  EXPECT_FALSE(map.try_join_next().has_value());
  auto last = co_await map.join_next();
  EXPECT_EQ(last->second.value(), 4);
}
TEST(join_map, aborts_by_key) {
  run_paused(aborts_by_key());
}

task<void> ends_of_all() {
  flag until;
  {
    join_map<int> map;
    map.spawn(1, until.wait());
    map.spawn(2, until.wait());
    co_await settle();
    co_await map.shutdown();
    EXPECT_EQ(until.waiting(), 0);
    EXPECT_TRUE(map.empty());
    map.spawn(1, until.wait());
    map.abort_all();
    auto ended = co_await map.join_next();
    EXPECT_TRUE(ended->second.error() == errc::task_aborted);
    map.spawn(1, until.wait());
    co_await settle();
  }
  co_await settle();
  EXPECT_EQ(until.waiting(), 0) << "dropped, it aborts";
  join_map<int> map;
  map.spawn(1, until.wait());
  co_await settle();
  map.detach_all();
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(until.waiting(), 1);
  until.set();
  co_await settle();
}
TEST(join_map, shuts_down_aborts_and_detaches_as_a_join_set) {
  run_paused(ends_of_all());
}

task<void> cancelled_wait() {
  join_map<std::unique_ptr<int>, int> map;  // keys that are only moved
  map.spawn(std::make_unique<int>(4), after, 5ms, 5);
  auto [done, late] = co_await weft::select(map.join_next(), weft::sleep(1ms));
  EXPECT_TRUE(late.has_value());
  auto moved = std::move(map);
  auto again = co_await moved.join_next();
  EXPECT_EQ(*again->first, 4);
  EXPECT_EQ(again->second.value(), 5);
}
TEST(join_map, a_wait_that_is_cancelled_loses_nothing) {
  run_paused(cancelled_wait());
}

TEST(join_map, stays_as_it_is_when_it_cannot_spawn) {
  join_map<int, int> map;
  EXPECT_THROW(map.spawn(1, value_task(1)), std::system_error);
  EXPECT_TRUE(map.empty());
}

task<void> keeps_the_old_one() {
  join_map<int, int> map;
  struct no_copy {
    no_copy() = default;
    no_copy(const no_copy&) { throw std::runtime_error("no"); }
    task<int> operator()() { return value_task(7); }
  };
  map.spawn(1, after, 1ms, 1);
  EXPECT_THROW(map.spawn(1, no_copy()), std::runtime_error);
  EXPECT_THROW(map.spawn(2, no_copy()), std::runtime_error);
  EXPECT_EQ(map.size(), 1u);
  auto done = co_await map.join_next();
  EXPECT_EQ(done->second.value(), 1);
}
TEST(join_map, keeps_the_task_of_a_key_when_the_new_one_cannot_be_made) {
  run_paused(keeps_the_old_one());
}

}  // namespace
