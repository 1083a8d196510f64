#include <weft/delay_queue.hpp>
#include <weft/join.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::delay_queue;
using weft::time::never;

/// Takes all, and tells which came when.
template <class T>
task<std::string> drains(delay_queue<T>& queue) {
  auto start = weft::time::now();
  arrivals seen;
  while (auto gone = co_await queue.next()) {
    auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(weft::time::now() - start);
    seen.add(gone->value + "@" + std::to_string(ms.count()));
  }
  co_return seen.text();
}

task<void> in_order() {
  delay_queue<std::string> queue;
  queue.insert("c", 30ms);
  queue.insert("a", 10ms);
  queue.insert("b", 20ms);
  queue.insert("b2", 20ms);
  queue.insert_at("now", weft::time::now());
  EXPECT_EQ(queue.size(), 5u);
  auto seen = co_await drains(queue);
  EXPECT_EQ(seen, "now@0 a@10 b@20 b2@20 c@30");
  EXPECT_TRUE(queue.empty());
  auto none = co_await queue.next();
  EXPECT_FALSE(none.has_value());
}
TEST(delay_queue, gives_values_when_their_time_has_come) {
  run_paused(in_order());
}

task<void> keys() {
  delay_queue<std::unique_ptr<int>> queue;  // values that are only moved
  auto first = queue.insert(std::make_unique<int>(1), 10ms);
  auto second = queue.insert(std::make_unique<int>(2), 5ms);
  EXPECT_NE(first, second);
  EXPECT_EQ(queue.peek(), second);
  EXPECT_EQ(queue.deadline(first), weft::time::now() + 10ms);
  EXPECT_EQ(**queue.get(first), 1);
  EXPECT_EQ(queue.keys().size(), 2u);
  auto removed = queue.remove(second);
  EXPECT_EQ(*removed->value, 2);
  EXPECT_EQ(removed->key, second);
  EXPECT_FALSE(queue.contains(second));
  EXPECT_FALSE(queue.remove(second).has_value());
  EXPECT_FALSE(queue.reset(second, 1ms));
  EXPECT_EQ(queue.get(second), nullptr);
  EXPECT_FALSE(queue.deadline(second).has_value());
  auto third = queue.insert(std::make_unique<int>(3), 20ms);
  EXPECT_FALSE(queue.contains(second)) << "its place was taken; the old key does not name the new";
  EXPECT_TRUE(queue.contains(third));
  auto gone = co_await queue.next();
  EXPECT_EQ(gone->key, first);
  EXPECT_EQ(gone->deadline, weft::time::now());
  EXPECT_EQ(queue.peek(), third);
}
TEST(delay_queue, names_its_entries_by_keys) {
  run_paused(keys());
}

task<void> resets() {
  delay_queue<std::string> queue;
  auto a = queue.insert("a", 10ms);
  auto b = queue.insert("b", 20ms);
  queue.insert("c", 30ms);
  EXPECT_TRUE(queue.reset(a, 40ms));
  EXPECT_TRUE(queue.reset_at(b, weft::time::now() + 5ms));
  auto seen = co_await drains(queue);
  EXPECT_EQ(seen, "b@5 c@30 a@40");
}
TEST(delay_queue, moves_entries_to_another_time) {
  run_paused(resets());
}

task<void> changed_while_waiting() {
  delay_queue<std::string> queue;
  auto late = queue.insert("late", 1h);
  auto changes = [&]() -> task<void> {
    co_await weft::sleep(1ms);
    queue.insert("early", 4ms);
    co_await weft::sleep(1ms);
    auto sooner = queue.insert("sooner", 1ms);
    queue.reset(sooner, 20ms);
    co_await weft::sleep(10ms);
    queue.reset(late, 5ms);
    co_await weft::sleep(50ms);
  };
  auto changing = changes();
  auto draining = drains(queue);
  auto [seen, over] = co_await weft::join(std::move(draining), std::move(changing));
  EXPECT_EQ(seen, "early@5 late@17 sooner@22");
}
TEST(delay_queue, follows_changes_while_another_branch_waits) {
  run_paused(changed_while_waiting());
}

task<void> emptied_while_waiting(bool clear) {
  delay_queue<std::string> queue;
  auto key = queue.insert("a", 1h);
  auto empties = [&]() -> task<void> {
    co_await weft::sleep(1ms);
    if (clear) {
      queue.clear();
    } else {
      (void)queue.remove(key);
    }
  };
  auto emptying = empties();
  auto start = weft::time::now();
  auto [none, done] = co_await weft::join(queue.next(), std::move(emptying));
  EXPECT_FALSE(none.has_value());
  EXPECT_EQ(weft::time::now() - start, 1ms);
}
TEST(delay_queue, who_waits_hears_that_it_is_empty) {
  run_paused(emptied_while_waiting(true));
  run_paused(emptied_while_waiting(false));
}

task<void> cancelled() {
  delay_queue<std::string> queue;
  queue.insert("a", 5ms);
  for (int i = 0; i < 3; ++i) {
    auto gone = co_await weft::timeout(1ms, queue.next());
    EXPECT_FALSE(gone.has_value());
  }
  EXPECT_FALSE(queue.try_next().has_value());
  co_await weft::sleep(5ms);
  auto [slept, lost] = co_await weft::select_biased(weft::sleep(0ms), queue.next());
  EXPECT_TRUE(slept.has_value());
  auto moved = std::move(queue);
  EXPECT_EQ(moved.try_next()->value, "a");
  EXPECT_FALSE(moved.try_next().has_value());
}
TEST(delay_queue, a_wait_that_is_cancelled_loses_nothing) {
  run_paused(cancelled());
}

task<void> extremes() {
  delay_queue<std::string> queue;
  queue.insert("huge", weft::duration::max());
  queue.insert_at("never", never);
  queue.insert("past", weft::duration::min());
  queue.insert_at("long ago", weft::time::time_point::min());
  auto first = co_await queue.next();
  auto second = co_await queue.next();
  EXPECT_EQ(first->value, "long ago");
  EXPECT_EQ(second->value, "past");
  auto none = co_await weft::timeout(24h * 365 * 3, queue.next());
  EXPECT_TRUE(none.error() == weft::errc::timed_out);
  EXPECT_EQ(queue.size(), 2u);
  auto far = queue.insert("in three years", 24h * 365 * 3);
  auto due = *queue.deadline(far);
  auto gone = co_await queue.next();
  EXPECT_EQ(gone->value, "in three years") << "beyond the timers' horizon";
  EXPECT_EQ(weft::time::now(), due);
}
TEST(delay_queue, saturates) {
  run_paused(extremes());
}

task<void> memory() {
  delay_queue<int> queue;
  queue.reserve(10);
  EXPECT_GE(queue.capacity(), 10u);
  std::vector<weft::delay_key> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back(queue.insert(i, i * 1ms));
  for (int i = 0; i < 1000; ++i) {
    if (i != 3 && i != 7) (void)queue.remove(keys[static_cast<std::size_t>(i)]);
  }
  queue.shrink_to_fit();
  EXPECT_LT(queue.capacity(), 100u);
  EXPECT_EQ(*queue.get(keys[7]), 7) << "keys stay good";
  for (int i = 0; i < 20; ++i) queue.insert(100 + i, 1h);
  EXPECT_FALSE(queue.contains(keys[8]));
  EXPECT_EQ(queue.size(), 22u);
  auto gone = co_await queue.next();
  EXPECT_EQ(gone->value, 3);
  queue.clear();
  queue.shrink_to_fit();
  EXPECT_EQ(queue.capacity(), 0u);
  EXPECT_FALSE(queue.contains(keys[7]));
}
TEST(delay_queue, gives_memory_back_when_it_is_told_to) {
  run_paused(memory());
}

struct throws_when_moved {
  explicit throws_when_moved(int limit) : left(limit) {}
  throws_when_moved(throws_when_moved&& other) : left(other.left - 1) {
    if (left == 0) throw std::runtime_error("moved too often");
  }
  throws_when_moved& operator=(throws_when_moved&&) = delete;
  int left;
};
task<void> throwing() {
  delay_queue<throws_when_moved> queue;
  queue.reserve(4);
  for (int limit = 1; limit < 8; ++limit) {
    auto before = queue.size();
    try {
      queue.insert(throws_when_moved(limit), 1ms);
    } catch (const std::runtime_error&) {
      EXPECT_EQ(queue.size(), before) << "it is as before";
    }
  }
  co_await weft::sleep(1ms);
  while (!queue.empty()) {
    auto before = queue.size();
    try {
      (void)queue.try_next();
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(queue.size(), before - 1) << "what cannot be moved out is gone";
  }
}
TEST(delay_queue, survives_values_that_throw_when_they_are_moved) {
  run_paused(throwing());
}

task<void> moving() {
  delay_queue<std::string> queue;
  auto a = queue.insert("a", 1ms);
  (void)queue.remove(a);
  queue.insert("b", 2ms);
  delay_queue<std::string> other;
  other.insert("other", 1ms);
  other = std::move(queue);
  queue = delay_queue<std::string>();
  EXPECT_TRUE(queue.empty());
  queue.insert("c", 3ms);
  auto first = co_await drains(other);
  auto second = co_await drains(queue);
  EXPECT_EQ(first, "b@2");
  EXPECT_EQ(second, "c@1");
}
TEST(delay_queue, moves_with_its_entries) {
  run_paused(moving());
}

// Against a std::multimap.
task<void> at_random(std::uint64_t seed) {
  dice chance(seed);
  delay_queue<int> queue;
  std::multimap<weft::time::time_point, int> model;
  std::map<int, std::pair<weft::delay_key, std::multimap<weft::time::time_point, int>::iterator>>
      there;
  for (int step = 0; step < 500; ++step) {
    auto wait = weft::duration(chance.below(20)) * 1'000'000;
    auto some = there.empty()
                    ? there.end()
                    : std::next(there.begin(), chance.below(static_cast<unsigned>(there.size())));
    switch (chance.below(5)) {
      case 0:
      case 1: {
        auto at = model.emplace(weft::time::now() + wait, step);
        there.emplace(step, std::pair(queue.insert(step, wait), at));
        break;
      }
      case 2:
        if (some == there.end()) break;
        EXPECT_EQ(queue.remove(some->second.first)->value, some->first);
        model.erase(some->second.second);
        there.erase(some);
        break;
      case 3:
        if (some == there.end()) break;
        EXPECT_TRUE(queue.reset(some->second.first, wait));
        model.erase(some->second.second);
        some->second.second = model.emplace(weft::time::now() + wait, some->first);
        break;
      default: {
        auto gone = co_await weft::timeout(wait, queue.next());
        if (!gone || !*gone) break;
        EXPECT_EQ((*gone)->deadline, model.begin()->first) << "the earliest";
        auto found = there.find((*gone)->value);
        EXPECT_NE(found, there.end());
        model.erase(found->second.second);
        there.erase(found);
      }
    }
    EXPECT_EQ(queue.size(), model.size());
  }
  while (auto gone = co_await queue.next()) {
    EXPECT_EQ(gone->deadline, model.begin()->first);
    model.erase(there.at(gone->value).second);
  }
  EXPECT_TRUE(model.empty());
}
TEST(delay_queue, does_as_a_map_of_times_does) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) run_paused(at_random(seed));
}

}  // namespace
