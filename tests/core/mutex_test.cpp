#include <weft/join.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::result;
using weft::sync::mutex;

task<void> append(mutex<std::string>& text, std::string what) {
  auto held = co_await text.lock();
  auto before = *held;
  co_await weft::yield_now();  // others want the lock now
  *held = before + what;
}

TEST(mutex, guards_its_value_across_an_await) {
  run_paused([]() -> task<void> {
    mutex<std::string> text("-");
    (void)co_await weft::join(append(text, "a"), append(text, "b"), append(text, "c"));
    auto held = co_await text.lock();
    EXPECT_EQ(*held, "-abc");
    EXPECT_EQ(held->size(), 4u);
  }());
}

TEST(mutex, hands_the_lock_over_in_the_order_of_asking) {
  run_paused([]() -> task<void> {
    mutex<std::string> text("");
    auto held = co_await text.lock();
    std::vector<weft::join_handle<void>> asking;
    for (auto name : {"a", "b", "c"}) asking.push_back(weft::spawn(append(text, name)));
    co_await settle();
    EXPECT_TRUE(text.is_locked());
    held.unlock();
    EXPECT_FALSE(held);
    EXPECT_FALSE(text.try_lock()) << "the lock went to the first who waits, nobody may overtake";
    for (auto& one : asking) (void)co_await one;
    auto ended = co_await text.lock();
    EXPECT_EQ(*ended, "abc");
  }());
}

TEST(mutex, try_lock_takes_it_when_it_is_free) {
  mutex<int> number(3);
  {
    auto held = number.try_lock();
    ASSERT_TRUE(held);
    EXPECT_EQ(*held, 3);
    EXPECT_FALSE(number.try_lock());
    auto moved = std::move(held);
    EXPECT_FALSE(held);  // NOLINT(bugprone-use-after-move): a guard that was moved from is empty
    *moved = 4;
  }
  EXPECT_EQ(*number.try_lock(), 4);
}

TEST(mutex, who_gives_up_loses_its_place_only) {
  run_paused([]() -> task<void> {
    mutex<std::string> text("");
    auto held = co_await text.lock();
    auto first = weft::spawn(append(text, "a"));
    auto second = weft::spawn(append(text, "b"));
    co_await settle();
    first.abort();
    (void)co_await std::move(first);
    held.unlock();
    (void)co_await std::move(second);
    EXPECT_EQ(*text.try_lock(), "b");
  }());
}

TEST(mutex, a_lock_that_was_handed_over_but_not_received_goes_on) {
  run_paused([]() -> task<void> {
    mutex<std::string> text("");
    auto held = co_await text.lock();
    auto first = weft::spawn(append(text, "a"));
    auto second = weft::spawn(append(text, "b"));
    co_await settle();
    held.unlock();
    first.abort();
    (void)co_await std::move(second);
    (void)co_await std::move(first);
    EXPECT_EQ(*text.try_lock(), "b");
  }());
}

TEST(mutex, a_lost_select_does_not_keep_the_lock) {
  run_paused([]() -> task<void> {
    mutex<int> number(0);
    auto held = co_await number.lock();
    auto [locked, late] = co_await weft::select(number.lock(), weft::sleep(5ms));
    EXPECT_FALSE(locked);
    held.unlock();
    EXPECT_TRUE(number.try_lock());
  }());
}

TEST(mutex, an_exception_unlocks) {
  run_paused([]() -> task<void> {
    mutex<int> number(0);
    auto failing = weft::spawn([&number]() -> task<void> {
      auto held = co_await number.lock();
      *held = 1;
      throw std::runtime_error("broken");
    });
    auto ended = co_await std::move(failing);
    EXPECT_TRUE(ended.error() == errc::task_failed);
    EXPECT_EQ(*number.try_lock(), 1);
  }());
}

task<result<void>> fail_with_the_lock(mutex<int>& number) {
  auto held = co_await number.lock();
  co_await weft::yield_now();
  co_await weft::or_return(weft::fail(errc::not_found));
  co_return result<void>();
}

task<bool> lock_within_an_hour(mutex<int>& number) {
  co_await weft::yield_now();
  auto held = co_await weft::timeout(1h, number.lock());
  co_return held.has_value();
}

// A finished branch is destroyed when it ends, not when its slower sibling does; so is a frame that
// or_return leaves.
TEST(mutex, a_branch_that_failed_does_not_hold_it_while_its_sibling_runs) {
  run_paused([]() -> task<void> {
    mutex<int> number(0);
    auto [failed, locked] =
        co_await weft::join(fail_with_the_lock(number), lock_within_an_hour(number));
    EXPECT_TRUE(failed.error() == errc::not_found);
    EXPECT_TRUE(locked);
  }());
}

TEST(mutex, owned_guards_keep_it_alive) {
  run_paused([]() -> task<void> {
    auto shared = std::make_shared<mutex<int>>(1);
    std::weak_ptr<mutex<int>> watched = shared;
    auto held = co_await mutex<int>::lock_owned(shared);
    EXPECT_FALSE(mutex<int>::try_lock_owned(shared));
    shared.reset();
    EXPECT_EQ(*held, 1);
    held.unlock();
    EXPECT_TRUE(watched.expired());
  }());
}

TEST(mutex, gives_its_value_up_in_the_end) {
  mutex<std::unique_ptr<int>> owner(std::make_unique<int>(8));
  auto value = std::move(owner).into_inner();
  EXPECT_EQ(*value, 8);
}

TEST(mutex, may_guard_nothing) {
  run_paused([]() -> task<void> {
    mutex<> turn;
    auto held = co_await turn.lock();
    EXPECT_FALSE(turn.try_lock());
  }());
}

TEST(mutex, threads_outside_a_runtime_lock_it) {
  auto number = std::make_shared<mutex<int>>(0);
  std::vector<std::thread> threads;
  for (int index = 0; index < 3; ++index) {
    threads.emplace_back([number] {
      for (int round = 0; round < 100; ++round) {
        *number->blocking_lock() += 1;
        *mutex<int>::blocking_lock_owned(number) += 1;
      }
    });
  }
  for (auto& one : threads) one.join();
  EXPECT_EQ(*number->try_lock(), 600);
}

using mutex_death = testing::Test;

TEST(mutex_death, a_worker_is_not_blocked) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 mutex<int> number(0);
                 (void)number.blocking_lock();
                 co_return;
               }()),
               "mutex::blocking_lock was called on a worker of a runtime");
}

}  // namespace
