// block_in_place: this thread blocks, and the worker's tasks go on.
#include <weft/block_in_place.hpp>
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/spawn_blocking.hpp>
#include <weft/sync/oneshot.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "task_support.hpp"

namespace {

using namespace std::chrono_literals;
using weft::block_in_place;
using weft::or_return;
using weft::runtime;
using weft::task;

void wait_for(const std::atomic<int>& reached, int value) {
  while (reached < value) std::this_thread::yield();
}

task<void> counts(std::atomic<int>& to) {
  co_await weft::yield_now();
  ++to;
}

TEST(block_in_place, returns_what_the_function_returns) {
  auto one = runtime::multi_thread().worker_threads(1).build();
  auto outcome = one.block_on([]() -> task<std::string> {
    std::string text = "a value";
    auto& same = block_in_place([&]() -> std::string& { return text; });
    EXPECT_EQ(&same, &text);
    auto kept = block_in_place([&] { return std::make_unique<int>(7); });
    EXPECT_EQ(*kept, 7);
    block_in_place([&] { text += ", and more"; });
    co_return text;
  }());
  EXPECT_EQ(outcome, "a value, and more");
}

TEST(block_in_place, lets_exceptions_pass) {
  auto one = runtime::multi_thread().worker_threads(1).build();
  one.block_on([]() -> task<void> {
    EXPECT_THROW(block_in_place([] { throw std::runtime_error("of the function"); }),
                 std::runtime_error);
    co_await weft::yield_now();
  }());
}

// With one worker: what it waits for happens only if another thread took that over.
task<void> blocks_until_others_ran(std::atomic<int>& ran, int others) {
  for (int i = 0; i < others; ++i) weft::spawn(counts(ran)).detach();
  block_in_place([&] { wait_for(ran, others); });
  co_return;
}

TEST(block_in_place, tasks_of_the_same_worker_go_on) {
  auto one = runtime::multi_thread().worker_threads(1).build();
  for (int others : {1, 2, 3, 600}) {
    std::atomic<int> ran{0};
    one.block_on(blocks_until_others_ran(ran, others));
    EXPECT_EQ(ran, others);
  }
}

task<void> sets_after(weft::duration wait, std::atomic<int>& to) {
  co_await weft::sleep(wait);
  ++to;
}

TEST(block_in_place, timers_of_the_same_worker_fire) {
  auto one = runtime::multi_thread().worker_threads(1).build();
  one.block_on([]() -> task<void> {
    std::atomic<int> fired{0};
    auto sleeper = weft::spawn(sets_after(3ms, fired));
    co_await weft::yield_now();
    block_in_place([&] { wait_for(fired, 1); });
    EXPECT_TRUE((co_await std::move(sleeper)).has_value());
  }());
}

TEST(block_in_place, the_task_goes_on_as_any_other) {
  auto one = runtime::multi_thread().worker_threads(1).build();
  one.block_on([]() -> task<void> {
    for (int round = 0; round < 50; ++round) {
      std::atomic<int> ran{0};
      auto first = weft::spawn(counts(ran));
      block_in_place([&] { wait_for(ran, 1); });
      auto second = weft::spawn(counts(ran));  // from a thread that is no worker now
      if (round % 3 == 0) co_await weft::sleep(1ms);
      if (round % 3 == 1) co_await weft::yield_now();
      EXPECT_TRUE((co_await std::move(first)).has_value());
      EXPECT_TRUE((co_await std::move(second)).has_value());
      EXPECT_EQ(ran, 2);
    }
  }());
}

TEST(block_in_place, may_be_nested_and_may_drive_others) {
  auto two = runtime::multi_thread().worker_threads(2).build();
  auto sum = two.block_on([](runtime& on) -> task<int> {
    auto inner = [&] {
      return block_in_place([&] { return on.block_on([]() -> task<int> { co_return 4; }()); });
    };
    auto outer = block_in_place([&] { return inner() + 3; });
    co_return outer;
  }(two));
  EXPECT_EQ(sum, 7);
}

TEST(block_in_place, other_branches_of_the_task_stand_still) {
  auto one = runtime::multi_thread().worker_threads(1).build();
  one.block_on([]() -> task<void> {
    std::atomic<int> elsewhere{0};
    int here = 0;
    auto blocking = [](std::atomic<int>& others, int& branch) -> task<void> {
      co_await weft::yield_now();
      weft::spawn(counts(others)).detach();
      auto before = branch;
      block_in_place([&] { wait_for(others, 1); });
      EXPECT_EQ(branch, before);
    };
    auto counting = [](int& branch) -> task<void> {
      for (int i = 0; i < 100; ++i) {
        ++branch;
        co_await weft::yield_now();
      }
    };
    co_await weft::join(blocking(elsewhere, here), counting(here));
    EXPECT_EQ(here, 100);
  }());
}

TEST(block_in_place, only_calls_the_function_outside_a_runtime_and_on_the_blocking_pool) {
  EXPECT_EQ(block_in_place([] { return 1; }), 1);
  auto one = runtime::multi_thread().worker_threads(1).build();
  auto outcome = one.block_on([]() -> task<weft::result<int>> {
    auto job = weft::spawn_blocking([] { return block_in_place([] { return 2; }); });
    co_return co_await std::move(job);
  }());
  EXPECT_EQ(outcome, 2);
}

// The pool's only thread is busy until the end, so that nobody takes the worker over.
TEST(block_in_place, without_a_thread_peers_take_the_tasks) {
  auto two = runtime::multi_thread().worker_threads(2).blocking_threads(1).build();
  two.block_on([]() -> task<void> {
    std::atomic<int> release{0};
    auto occupies = weft::spawn_blocking([&] { wait_for(release, 1); });
    std::atomic<int> ran{0};
    co_await weft::spawn(blocks_until_others_ran(ran, 10));
    release = 1;
    EXPECT_TRUE((co_await std::move(occupies)).has_value());
    co_await weft::yield_now();
    EXPECT_EQ(ran, 10);
  }());
}

TEST(block_in_place, without_a_thread_the_worker_goes_on_afterwards) {
  auto one = runtime::multi_thread().worker_threads(1).blocking_threads(1).build();
  one.block_on([]() -> task<void> {
    std::atomic<int> release{0};
    auto occupies = weft::spawn_blocking([&] { wait_for(release, 1); });
    std::atomic<int> ran{0};
    weft::spawn(counts(ran)).detach();
    block_in_place([&] { EXPECT_EQ(ran, 0); });
    while (ran == 0) co_await weft::yield_now();
    release = 1;
    EXPECT_TRUE((co_await std::move(occupies)).has_value());
  }());
}

TEST(block_in_place, an_abort_takes_effect_afterwards) {
  auto one = runtime::multi_thread().worker_threads(1).build();
  std::atomic<int> stage{0};
  bool came_back = false;
  auto blocking = one.spawn([](std::atomic<int>& at, bool& back) -> task<void> {
    block_in_place([&] {
      at = 1;
      wait_for(at, 2);
    });
    back = true;
    co_await weft::sleep(1h);
    ADD_FAILURE() << "it was aborted";
  }(stage, came_back));
  wait_for(stage, 1);
  blocking.abort();
  stage = 2;
  auto outcome = one.block_on(std::move(blocking));
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), make_error_code(weft::errc::task_aborted));
  EXPECT_TRUE(came_back);
}

TEST(block_in_place, the_end_of_a_runtime_waits_for_it) {
  std::atomic<int> stage{0};
  bool came_back = false;
  std::thread releases([&] {
    wait_for(stage, 1);
    stage = 2;
  });
  {
    auto one = runtime::multi_thread().worker_threads(1).build();
    one.spawn([](std::atomic<int>& at, bool& back) -> task<void> {
         block_in_place([&] {
           at = 1;
           wait_for(at, 2);
         });
         back = true;
         co_await weft::sleep(1h);
       }(stage, came_back))
        .detach();
    wait_for(stage, 1);
  }
  EXPECT_TRUE(came_back);
  releases.join();
}

// Workers that change their threads all the time, with work for them from everywhere.
TEST(block_in_place, stress) {
  auto two = runtime::multi_thread().worker_threads(2).blocking_threads(32).build();
  constexpr int tasks = 16;
  constexpr int rounds = 200;
  auto total = two.block_on([]() -> task<int> {
    auto blocks = [](int seed) -> task<int> {
      int done = 0;
      for (int round = 0; round < rounds; ++round) {
        done += block_in_place([&] {
          if ((round + seed) % 7 == 0) std::this_thread::yield();
          return 1;
        });
        if ((round + seed) % 5 == 0) co_await weft::sleep(1ms);
        std::atomic<int> ran{0};
        auto other = weft::spawn(counts(ran));
        if (round % 2 == 0) block_in_place([&] { wait_for(ran, 1); });
        EXPECT_TRUE((co_await std::move(other)).has_value());
      }
      co_return done;
    };
    std::vector<weft::join_handle<int>> all;
    for (int i = 0; i < tasks; ++i) all.push_back(weft::spawn(blocks(i)));
    int sum = 0;
    for (auto& one : all) {
      auto done = co_await std::move(one);
      sum += done.value_or(0);
    }
    co_return sum;
  }());
  EXPECT_EQ(total, tasks * rounds);
}

using block_in_place_death = testing::Test;

TEST_F(block_in_place_death, on_a_current_thread_runtime) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto alone = runtime::current_thread().build();
        alone.block_on([]() -> task<void> {
          block_in_place([] {});
          co_return;
        }());
      },
      "block_in_place on a current-thread runtime");
}

}  // namespace
