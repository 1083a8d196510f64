#include <weft/scoped_handle.hpp>
#include <weft/select.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::abort_on_drop;
using weft::errc;

task<int> holds(flag& until, census::member) {
  co_await until.wait();
  co_return 7;
}

task<void> dropped() {
  census frames;
  flag until;
  {
    auto handle = abort_on_drop(weft::spawn(holds(until, frames.join())));
    co_await settle();
    EXPECT_EQ(until.waiting(), 1);
    EXPECT_FALSE(handle.is_finished());
  }
  co_await settle();
  EXPECT_EQ(frames.alive(), 0);
}
TEST(scoped_handle, aborts_its_task_when_it_is_dropped) {
  run_paused(dropped());
}

task<void> awaited() {
  census frames;
  flag until;
  auto handle = abort_on_drop(weft::spawn(holds(until, frames.join())));
  auto id = handle.id();
  EXPECT_EQ(handle.abort_handle().id(), id);
  until.set();
  auto value = co_await std::move(handle);
  EXPECT_EQ(value.value(), 7);
  auto aborted = abort_on_drop(weft::spawn(never()));
  aborted.abort();
  auto ended = co_await aborted;
  EXPECT_TRUE(ended.error() == errc::task_aborted);
}
TEST(scoped_handle, yields_what_the_task_yields) {
  run_paused(awaited());
}

task<void> given_up() {
  census frames;
  flag until;
  auto given = abort_on_drop(weft::spawn(holds(until, frames.join())));
  auto late = co_await weft::timeout(1ms, std::move(given));
  EXPECT_TRUE(late.error() == errc::timed_out);
  co_await settle();
  EXPECT_EQ(frames.alive(), 0) << "given up by value";
  flag second;
  auto kept = abort_on_drop(weft::spawn(holds(second, frames.join())));
  auto waits = [&kept]() -> task<int> {
    auto value = co_await kept;
    co_return *value;
  };
  auto waiting = waits();
  auto [first, time_up] = co_await weft::select(std::move(waiting), weft::sleep(1ms));
  EXPECT_TRUE(time_up.has_value());
  co_await settle();
  EXPECT_EQ(second.waiting(), 1) << "it runs on while the handle is there";
  second.set();
  auto value = co_await kept;
  EXPECT_EQ(value.value(), 7);
}
TEST(scoped_handle, aborts_when_the_await_that_owns_it_is_given_up) {
  run_paused(given_up());
}

task<void> moved() {
  census frames;
  flag first;
  flag second;
  auto one = abort_on_drop(weft::spawn(holds(first, frames.join())));
  auto other = abort_on_drop(weft::spawn(holds(second, frames.join())));
  co_await settle();
  auto moved = std::move(one);
  moved = std::move(other);
  co_await settle();
  EXPECT_EQ(first.waiting(), 0) << "assigned to: aborted";
  EXPECT_EQ(second.waiting(), 1);
  auto plain = std::move(moved).release();
  {
    auto gone = std::move(moved);
  }
  co_await settle();
  EXPECT_EQ(second.waiting(), 1) << "released: nothing aborts it";
  second.set();
  auto value = co_await std::move(plain);
  EXPECT_EQ(value.value(), 7);
}
TEST(scoped_handle, moves_and_gives_the_task_back) {
  run_paused(moved());
}

}  // namespace
