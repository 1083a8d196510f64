#include <weft/join.hpp>
#include <weft/sync/once_cell.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "sync_stress.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::result;
using weft::sync::once_cell;

TEST(once_cell, is_made_by_the_first_who_comes) {
  run_paused([]() -> task<void> {
    once_cell<std::string> cell;
    EXPECT_EQ(cell.get(), nullptr);
    int made = 0;
    auto make = [&made]() -> task<std::string> {
      ++made;
      co_await weft::sleep(5ms);
      co_return "made";
    };
    auto [one, two, three] =
        co_await weft::join(cell.get_or_init(make), cell.get_or_init(make), cell.get_or_init(make));
    EXPECT_EQ(made, 1);
    EXPECT_EQ(*one, "made");
    EXPECT_EQ(one, two);
    EXPECT_EQ(one, three);
    EXPECT_EQ(cell.get(), one);
    EXPECT_TRUE(cell.is_set());
  }());
}

TEST(once_cell, who_is_cancelled_passes_the_turn_on) {
  run_paused([]() -> task<void> {
    once_cell<int> cell;
    auto never_made = []() -> task<int> {
      co_await never();
      co_return 1;
    };
    auto made = []() -> task<int> { co_return 2; };
    auto first = weft::spawn(cell.get_or_init(never_made));
    auto second = weft::spawn(cell.get_or_init(made));
    co_await settle();
    EXPECT_FALSE(second.is_finished());
    EXPECT_EQ(cell.set(3).error(), errc::invalid_state);
    first.abort();
    auto value = co_await std::move(second);
    EXPECT_EQ(**value, 2);
    (void)co_await std::move(first);
  }());
}

TEST(once_cell, what_making_throws_comes_out_and_the_next_has_its_turn) {
  run_paused([]() -> task<void> {
    once_cell<int> cell;
    auto fails = []() -> task<int> {
      co_await weft::yield_now();
      throw std::runtime_error("no");
    };
    auto made = []() -> task<int> { co_return 2; };
    auto first = weft::spawn(cell.get_or_init(fails));
    auto second = weft::spawn(cell.get_or_init(made));
    auto failed = co_await std::move(first);
    EXPECT_EQ(failed.error(), errc::task_failed);
    auto value = co_await std::move(second);
    EXPECT_EQ(**value, 2);
  }());
}

TEST(once_cell, an_error_leaves_it_as_it_was) {
  run_paused([]() -> task<void> {
    once_cell<std::unique_ptr<int>> cell;
    auto fails = []() -> task<result<std::unique_ptr<int>>> {
      co_return weft::fail(errc::not_found);
    };
    auto failed = co_await cell.get_or_try_init(fails);
    EXPECT_EQ(failed.error(), errc::not_found);
    EXPECT_FALSE(cell.is_set());
    auto makes = []() -> task<result<std::unique_ptr<int>>> { co_return std::make_unique<int>(4); };
    auto made = co_await cell.get_or_try_init(makes);
    EXPECT_EQ(***made, 4);
    auto again = co_await cell.get_or_try_init(fails);
    EXPECT_EQ(*again, *made);
  }());
}

TEST(once_cell, is_set_once) {
  once_cell<std::unique_ptr<int>> cell;
  EXPECT_TRUE(cell.set(std::make_unique<int>(1)));
  auto value = std::make_unique<int>(2);
  EXPECT_EQ(cell.set(std::move(value)).error(), errc::already_exists);
  ASSERT_TRUE(value) << "it was not moved from";
  EXPECT_EQ(**cell.get(), 1);
  once_cell<int> there(7);
  EXPECT_EQ(*there.get(), 7);
}

TEST(once_cell, is_waited_for_without_being_made) {
  run_paused([]() -> task<void> {
    once_cell<int> cell;
    auto wait = [](const once_cell<int>& of) -> task<int> {
      const int* value = co_await of.wait();
      co_return *value;
    };
    std::vector<weft::join_handle<int>> waiting;
    for (int index = 0; index < 3; ++index) waiting.push_back(weft::spawn(wait(cell)));
    auto [early, late] = co_await weft::select(cell.wait(), weft::sleep(1ms));
    EXPECT_FALSE(early);
    waiting[1].abort();
    EXPECT_TRUE(cell.set(5));
    EXPECT_EQ(*co_await waiting[0], 5);
    EXPECT_EQ(*co_await waiting[2], 5);
    (void)co_await waiting[1];
    EXPECT_EQ(*co_await cell.wait(), 5);
  }());
}

TEST(once_cell, gives_its_value_up_and_is_as_new) {
  census alive;
  once_cell<census::member> cell;
  EXPECT_FALSE(cell.take());
  EXPECT_TRUE(cell.set(alive.join()));
  {
    auto taken = cell.take();
    EXPECT_TRUE(taken);
    EXPECT_EQ(alive.alive(), 1);
  }
  EXPECT_FALSE(cell.is_set());
  EXPECT_TRUE(cell.set(alive.join()));
}

TEST(once_cell, threads_outside_a_runtime_wait) {
  once_cell<int> cell;
  std::thread other([&cell] { EXPECT_EQ(*cell.blocking_wait(), 3); });
  EXPECT_TRUE(cell.set(3));
  other.join();
}

TEST(stress_once_cell, is_made_once_whoever_gives_up) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto rounds = [](stress_time time) -> task<void> {
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      dice chance(seed);
      once_cell<int> cell;
      std::atomic<int> made{0};
      auto get = [](once_cell<int>& from, std::atomic<int>& count, dice luck) -> task<void> {
        auto make = [&count, &luck]() -> task<result<int>> {
          co_await distraction(luck);
          if (luck.below(3) == 0) co_return weft::fail(errc::not_found);
          co_return 1 + count.fetch_add(1);
        };
        for (;;) {
          auto [value, other] =
              co_await weft::select(from.get_or_try_init(make), distraction(luck));
          if (value && *value) {
            EXPECT_EQ(***value, 1);
            co_return;
          }
        }
      };
      std::vector<weft::join_handle<void>> all;
      for (std::uint64_t index = 0; index < 10; ++index) {
        all.push_back(weft::spawn(get(cell, made, dice(seed * 100 + index))));
      }
      auto wait = [](once_cell<int>& of) -> task<void> { EXPECT_EQ(*co_await of.wait(), 1); };
      for (int index = 0; index < 5; ++index) all.push_back(weft::spawn(wait(cell)));
      for (std::size_t index = 0; index < 10; index += 4) all[index].abort();
      for (auto& one : all) (void)co_await one;
      EXPECT_EQ(made, 1);
    }
  };
  runtime.block_on(rounds(stress_time(3)));
}

using once_cell_death = testing::Test;

TEST(once_cell_death, a_worker_is_not_blocked) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 once_cell<int> cell(1);
                 (void)cell.blocking_wait();
                 co_return;
               }()),
               "once_cell::blocking_wait was called on a worker of a runtime");
}

}  // namespace
