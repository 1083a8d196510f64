#include <weft/dump.hpp>
#include <weft/task_info.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using testing::HasSubstr;
using testing::Not;

task<weft::task_info> tells() {
  co_await weft::yield_now();
  co_return *weft::current_task();
}

task<void> ids() {
  auto handle = weft::spawn(tells());
  auto id = handle.id();
  auto told = co_await std::move(handle);
  EXPECT_EQ(told->id, id);
  EXPECT_NE(weft::task_id(), id);
  EXPECT_EQ(weft::task_id(), weft::try_task_id());
  EXPECT_TRUE(told->name.empty());
}
TEST(task_info, tells_the_id_of_the_task_that_runs) {
  EXPECT_FALSE(weft::try_task_id().has_value());
  EXPECT_FALSE(weft::current_task().has_value());
  on_every_runtime([](weft::runtime& runtime) { runtime.block_on(ids()); });
  EXPECT_FALSE(weft::current_task().has_value());
}

using task_info_death = ::testing::Test;
TEST(task_info_death, there_is_no_id_outside_a_task) {
  EXPECT_DEATH((void)weft::task_id(), "there is no task here");
}

task<std::string> named() {
  co_await weft::yield_now();
  co_return std::string(weft::current_task()->name);
}
task<std::string> concatenated(std::string left, std::unique_ptr<int> right) {
  co_return left + std::to_string(*right) + " " + std::string(weft::current_task()->name);
}
task<void> names() {
  auto first = weft::spawn_named("first", named());
  auto line = static_cast<unsigned>(__LINE__ - 1);
  auto second = weft::spawn_named(std::string("second"), named);
  auto third =
      weft::spawn_named("third", concatenated, std::string("of "), std::make_unique<int>(3));
  auto waits = weft::spawn_named("waiter", weft::sleep(1h));
  co_await weft::yield_now();
  auto dump = weft::dump_tasks();
  EXPECT_THAT(dump, HasSubstr("\"waiter\" spawned at " + std::string(__FILE__) + ":" +
                              std::to_string(line + 5)));
  waits.abort();
  auto one = co_await std::move(first);
  auto two = co_await std::move(second);
  auto three = co_await std::move(third);
  EXPECT_EQ(one.value(), "first");
  EXPECT_EQ(two.value(), "second");
  EXPECT_EQ(three.value(), "of 3 third");
}
TEST(spawn_named, names_its_task) {
  run_paused(names());
}

task<void> long_names() {
  auto name = co_await weft::spawn_named(std::string(1000, 'x'), named());
  EXPECT_EQ(name.value(), std::string(weft::task_name::max_size, 'x'));
  auto empty = co_await weft::spawn_named("", named());
  EXPECT_EQ(empty.value(), "");
}
TEST(spawn_named, cuts_names_that_are_long) {
  run_paused(long_names());
}

task<void> takes(auto...) {
  co_await never();
}
task<void> places() {
  auto zero = weft::spawn([] { return takes(); });
  auto base = static_cast<unsigned>(__LINE__ - 1);
  auto one = weft::spawn([](int a) { return takes(a); }, 1);
  auto two = weft::spawn([](int a, int b) { return takes(a, b); }, 1, 2);
  auto three = weft::spawn([](int a, int b, int c) { return takes(a, b, c); }, 1, 2, 3);
  auto four = weft::spawn([](int a, int b, int c, int) { return takes(a, b, c); }, 1, 2, 3, 4);
  auto five = weft::spawn([](int a, int b, int, int, int) { return takes(a, b); }, 1, 2, 3, 4, 5);
  co_await weft::yield_now();
  auto dump = weft::dump_tasks();
  for (unsigned step : {0u, 2u, 3u, 4u, 5u}) {
    EXPECT_THAT(
        dump, HasSubstr("spawned at " + std::string(__FILE__) + ":" + std::to_string(base + step)));
  }
  EXPECT_THAT(dump, Not(HasSubstr(":" + std::to_string(base + 6) + ":")));
  for (auto* each : {&zero, &one, &two, &three, &four, &five}) each->abort();
  for (auto* each : {&zero, &one, &two, &three, &four, &five}) (void)co_await *each;
}
TEST(spawn, tells_dumps_where_functions_with_arguments_were_spawned) {
  run_paused(places());
}

}  // namespace
