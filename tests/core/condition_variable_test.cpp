#include <weft/sync/condition_variable.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "sync_stress.hpp"

namespace {

using namespace task_test;
using weft::sync::condition_variable;
using weft::sync::mutex;

bool positive(const int& value) {
  return value > 0;
}

/// Waits for one and takes it.
task<void> consume(mutex<int>& stock, condition_variable& changed, arrivals& went,
                   std::string name) {
  auto held = co_await stock.lock();
  co_await changed.wait(held, positive);
  EXPECT_TRUE(held);
  *held -= 1;
  went.add(name);
}

task<void> produce(mutex<int>& stock, int count) {
  auto held = co_await stock.lock();
  *held += count;
}

TEST(condition_variable, gives_the_lock_up_while_it_waits) {
  run_paused([]() -> task<void> {
    mutex<int> stock(0);
    condition_variable changed;
    arrivals went;
    auto one = weft::spawn(consume(stock, changed, went, "a"));
    co_await settle();
    EXPECT_FALSE(stock.is_locked());
    {
      auto held = co_await stock.lock();
      *held = 1;
      changed.notify_one();
      co_await settle();
      EXPECT_EQ(went.text(), "") << "it has to lock again first";
    }
    (void)co_await std::move(one);
    EXPECT_EQ(went.text(), "a");
    EXPECT_EQ(*stock.try_lock(), 0);
  }());
}

TEST(condition_variable, who_has_waited_longest_goes_first) {
  run_paused([]() -> task<void> {
    mutex<int> stock(0);
    condition_variable changed;
    arrivals went;
    std::vector<weft::join_handle<void>> all;
    for (auto name : {"a", "b", "c"}) {
      all.push_back(weft::spawn(consume(stock, changed, went, name)));
      co_await settle();
    }
    co_await produce(stock, 1);
    changed.notify_one();
    co_await settle();
    EXPECT_EQ(went.text(), "a");
    co_await produce(stock, 1);
    changed.notify_all();
    co_await settle();
    EXPECT_EQ(went.text(), "a b") << "the other found nothing, and waits again";
    co_await produce(stock, 1);
    changed.notify_one();
    for (auto& one : all) (void)co_await one;
    EXPECT_EQ(went.text(), "a b c");
  }());
}

TEST(condition_variable, a_condition_that_holds_is_not_waited_for) {
  run_paused([]() -> task<void> {
    mutex<int> stock(1);
    condition_variable changed;
    auto held = co_await stock.lock();
    co_await changed.wait(held, positive);
    EXPECT_EQ(*held, 1);
  }());
}

TEST(condition_variable, who_gives_up_has_not_the_lock) {
  run_paused([]() -> task<void> {
    mutex<int> stock(0);
    condition_variable changed;
    auto held = co_await stock.lock();
    auto [woken, late] = co_await weft::select(changed.wait(held), weft::sleep(1ms));
    EXPECT_FALSE(woken);
    EXPECT_FALSE(held);
    EXPECT_TRUE(stock.try_lock());
  }());
}

TEST(condition_variable, a_notification_that_was_not_received_goes_on) {
  run_paused([]() -> task<void> {
    mutex<int> stock(0);
    condition_variable changed;
    arrivals went;
    auto first = weft::spawn(consume(stock, changed, went, "a"));
    co_await settle();
    auto second = weft::spawn(consume(stock, changed, went, "b"));
    co_await settle();
    {
      auto held = co_await stock.lock();
      *held = 1;
      changed.notify_one();
      co_await settle();  // the first is notified and waits for the lock,
      first.abort();      // and does not live to have it
      (void)co_await std::move(first);
    }
    (void)co_await std::move(second);
    EXPECT_EQ(went.text(), "b");
  }());
}

TEST(condition_variable, owned_guards_wait_too) {
  run_paused([]() -> task<void> {
    auto stock = std::make_shared<mutex<int>>(0);
    condition_variable changed;
    auto add =
        weft::spawn([](std::shared_ptr<mutex<int>> to, condition_variable& of) -> task<void> {
          co_await weft::sleep(1ms);
          auto held = co_await to->lock();
          *held = 1;
          of.notify_all();
        }(stock, changed));
    auto held = co_await mutex<int>::lock_owned(stock);
    co_await changed.wait(held, positive);
    EXPECT_EQ(*held, 1);
    (void)co_await std::move(add);
  }());
}

TEST(condition_variable, what_the_predicate_throws_comes_out) {
  run_paused([]() -> task<void> {
    mutex<int> stock(0);
    condition_variable changed;
    auto held = co_await stock.lock();
    auto refuse = [](int&) -> bool { throw std::runtime_error("no"); };
    EXPECT_THROW(co_await changed.wait(held, refuse), std::runtime_error);
    EXPECT_TRUE(held);
  }());
}

TEST(stress_condition_variable, everything_is_consumed) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto rounds = [](stress_time time) -> task<void> {
    constexpr int count = 200;
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      mutex<int> stock(0);
      condition_variable changed;
      std::atomic<int> left{count};
      auto take = [](mutex<int>& from, condition_variable& of, std::atomic<int>& rest,
                     dice luck) -> task<void> {
        while (rest.load() > 0) {
          auto held = co_await from.lock();
          auto [woken, other] = co_await weft::select(of.wait(held, positive), distraction(luck));
          if (!woken) continue;
          *held -= 1;
          rest.fetch_sub(1);
        }
      };
      std::vector<weft::join_handle<void>> all;
      for (std::uint64_t index = 0; index < 8; ++index) {
        all.push_back(weft::spawn(take(stock, changed, left, dice(seed * 100 + index))));
      }
      for (int made = 0; made < count; ++made) {
        co_await produce(stock, 1);
        changed.notify_one();
      }
      for (auto& one : all) (void)co_await one;
      EXPECT_EQ(left, 0);
      EXPECT_EQ(*stock.try_lock(), 0);
    }
  };
  runtime.block_on(rounds(stress_time(3)));
}

using condition_variable_death = testing::Test;

TEST(condition_variable_death, the_lock_is_needed) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 condition_variable changed;
                 auto held = weft::sync::mutex_guard<int>();
                 co_await changed.wait(held);
               }()),
               "without the lock");
}

}  // namespace
