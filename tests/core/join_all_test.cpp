#include <weft/join_all.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::result;

task<int> after(weft::duration wait, int value) {
  co_await weft::sleep(wait);
  co_return value;
}
task<std::unique_ptr<int>> owned_after(weft::duration wait, int value, census::member) {
  co_await weft::sleep(wait);
  co_return std::make_unique<int>(value);
}
task<result<int>> result_after(weft::duration wait, int value) {
  co_await weft::sleep(wait);
  if (value < 0) co_return weft::fail(errc::invalid_argument);
  co_return value;
}
task<int> throws_after(weft::duration wait) {
  co_await weft::sleep(wait);
  throw std::runtime_error("broken");
}
task<int> holds(flag& until, census::member) {
  co_await until.wait();
  co_return 1;
}

task<void> joins() {
  census frames;
  std::vector<task<std::unique_ptr<int>>> tasks;
  for (int i = 0; i < 100; ++i) tasks.push_back(owned_after((100 - i) * 1ms, i, frames.join()));
  auto start = weft::time::now();
  auto all = co_await weft::join_all(std::move(tasks));
  EXPECT_EQ(frames.alive(), 0);
  EXPECT_EQ(weft::time::now() - start, 100ms);
  EXPECT_EQ(all.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*all[static_cast<std::size_t>(i)], i);
  auto none = co_await weft::join_all(std::vector<task<int>>());
  EXPECT_TRUE(none.empty());
}
TEST(join_all, yields_the_values_in_the_order_of_the_operations) {
  run_paused(joins());
}

task<void> joins_operations() {
  std::vector<weft::sleep_operation> sleeps(5, weft::sleep(2ms));
  auto all = co_await weft::join_all(std::move(sleeps));
  static_assert(std::same_as<decltype(all), std::vector<weft::unit>>);
  EXPECT_EQ(all.size(), 5u);
}
TEST(join_all, takes_operations) {
  run_paused(joins_operations());
}

task<void> joins_throwing() {
  census frames;
  flag until;
  std::vector<task<int>> tasks;
  for (int i = 0; i < 40; ++i) tasks.push_back(holds(until, frames.join()));
  tasks.push_back(throws_after(1ms));
  tasks.push_back(holds(until, frames.join()));
  std::string caught;
  try {
    (void)co_await weft::join_all(std::move(tasks));
  } catch (const std::runtime_error& thrown) {
    caught = thrown.what();
  }
  EXPECT_EQ(caught, "broken");
  EXPECT_EQ(frames.alive(), 0);
}
TEST(join_all, cancels_the_others_when_one_throws) {
  run_paused(joins_throwing());
}

task<void> tries() {
  std::vector<task<result<int>>> good;
  for (int i = 0; i < 50; ++i) good.push_back(result_after(i * 1ms, i));
  auto all = co_await weft::try_join_all(std::move(good));
  EXPECT_EQ(all.value().size(), 50u);
  EXPECT_EQ(all.value()[49], 49);
  std::vector<task<result<int>>> bad;
  bad.push_back(result_after(1h, 1));
  bad.push_back(result_after(2ms, -1));
  bad.push_back(result_after(5ms, -1));
  auto start = weft::time::now();
  auto failed = co_await weft::try_join_all(std::move(bad));
  EXPECT_TRUE(failed.error() == errc::invalid_argument);
  EXPECT_EQ(weft::time::now() - start, 2ms) << "the first error cancels the others";
}
TEST(try_join_all, yields_all_values_or_the_first_error) {
  run_paused(tries());
}

task<void> selects() {
  census frames;
  flag until;
  std::vector<task<int>> tasks;
  for (int i = 0; i < 40; ++i) tasks.push_back(holds(until, frames.join()));
  tasks.push_back(after(1ms, 41));
  auto [index, value] = co_await weft::select_all(std::move(tasks));
  EXPECT_EQ(index, 40u);
  EXPECT_EQ(value, 41);
  EXPECT_EQ(frames.alive(), 0) << "the losers are destroyed";
  EXPECT_EQ(until.waiting(), 0);
}
TEST(select_all, yields_the_first_and_destroys_the_others) {
  run_paused(selects());
}

task<int> first_of_ready() {
  std::vector<task<int>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(value_task(i));
  auto [index, value] = co_await weft::select_all(std::move(tasks));
  EXPECT_EQ(static_cast<int>(index), value);
  co_return value;
}
task<void> is_fair() {
  int counts[4] = {};
  for (int i = 0; i < 1000; ++i) {
    auto first = co_await first_of_ready();
    ++counts[first];
  }
  for (int count : counts) EXPECT_GT(count, 100) << "of 1000";
}
TEST(select_all, is_fair_to_those_that_are_ready) {
  run_paused(is_fair());
}

task<void> looked_at_last() {
  std::vector<task<int>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(after(5ms, i));
  auto both = co_await weft::timeout(5ms, weft::join_all(std::move(tasks)));
  EXPECT_TRUE(both.has_value()) << "what is ready wins over a deadline that is past";
}
TEST(join_all, within_a_timeout_what_is_ready_wins) {
  run_paused(looked_at_last());
}

using select_all_death = ::testing::Test;
TEST(select_all_death, of_none_is_a_mistake) {
  EXPECT_DEATH((void)weft::select_all(std::vector<task<int>>()), "of nothing");
}

}  // namespace
