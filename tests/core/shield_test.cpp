#include <weft/shield.hpp>
#include <weft/sync/oneshot.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::result;

task<int> commit(int value, bool* committed) {
  co_await weft::sleep(10ms);
  *committed = true;
  co_return value;
}

TEST(shield, yields_the_outcome_of_its_task) {
  run_paused([]() -> task<void> {
    bool committed = false;
    auto value = co_await weft::shield(commit(3, &committed));
    EXPECT_EQ(value.value(), 3);
    EXPECT_TRUE(committed);
    result<int> flat = co_await weft::shield(value_task(result<int>(weft::fail(errc::not_found))));
    EXPECT_TRUE(flat.error() == errc::not_found);
    auto slept = co_await weft::shield(weft::sleep(1ms));
    EXPECT_TRUE(slept.has_value());
  }());
}

TEST(shield, runs_on_when_the_one_who_awaits_is_cancelled) {
  run_paused([]() -> task<void> {
    bool committed = false;
    auto late = co_await weft::timeout(1ms, weft::shield(commit(3, &committed)));
    EXPECT_TRUE(late.error() == errc::timed_out);
    EXPECT_FALSE(committed);
    co_await weft::sleep(20ms);
    EXPECT_TRUE(committed);
  }());
}

TEST(shield, starts_before_it_is_awaited) {
  run_paused([]() -> task<void> {
    bool committed = false;
    auto shielded = weft::shield(commit, 4, &committed);
    co_await weft::sleep(20ms);
    EXPECT_TRUE(committed);
    EXPECT_TRUE(shielded.is_finished());
    auto value = co_await std::move(shielded);
    EXPECT_EQ(value.value(), 4);
  }());
}

TEST(shield, owns_the_function_and_its_arguments) {
  run_paused([]() -> task<void> {
    std::string said;
    {
      std::string word = "captured";
      auto shielded = weft::shield(
          [word, &said](std::string argument) -> task<void> {
            co_await weft::yield_now();
            said = word + " " + argument;
          },
          std::string("argument"));
      std::move(shielded).detach();
    }
    co_await settle();
    EXPECT_EQ(said, "captured argument");
  }());
}

TEST(shield, contains_what_its_task_throws) {
  run_paused([]() -> task<void> {
    auto shielded = weft::shield([]() -> task<int> {
      co_await weft::yield_now();
      throw std::runtime_error("broken");
    });
    auto ended = co_await std::move(shielded);
    EXPECT_TRUE(ended.error() == errc::task_failed);
  }());
}

task<void> finish_after(int yields, std::atomic<bool>* finished) {
  for (int step = 0; step < yields; ++step) co_await weft::yield_now();
  finished->store(true);
}

TEST(shield, is_drained_by_a_shutdown) {
  on_every_runtime([](weft::runtime& runtime) {
    std::atomic<bool> finished = false;
    auto started = runtime.spawn([&finished]() -> task<void> {
      weft::shield(finish_after(500, &finished)).detach();
      co_return;
    });
    (void)runtime.block_on(std::move(started));
    EXPECT_EQ(runtime.shut_down(1h), 0u);
    EXPECT_TRUE(finished);
  });
}

TEST(shield, is_drained_also_when_nobody_waits_for_it_any_more) {
  on_every_runtime([](weft::runtime& runtime) {
    std::atomic<bool> finished = false;
    flag started;
    auto waiting = runtime.spawn([&]() -> task<void> {
      auto shielded = weft::shield(finish_after(500, &finished));
      started.set();
      (void)co_await std::move(shielded);
    });
    auto aborting = runtime.spawn([&started, abort = waiting.abort_handle()]() -> task<void> {
      co_await started.wait();
      abort.abort();
    });
    (void)runtime.block_on(std::move(waiting));
    (void)runtime.block_on(std::move(aborting));
    EXPECT_EQ(runtime.shut_down(1h), 0u);
    EXPECT_TRUE(finished);
  });
}

// A count that did not fall would make the shutdown wait for an hour.
TEST(shield, does_not_hold_up_a_shutdown_once_its_task_has_ended_in_whatever_way) {
  on_every_runtime([](weft::runtime& runtime) {
    auto all = runtime.spawn([]() -> task<void> {
      weft::shield([]() -> task<void> { throw std::runtime_error("before it started"); }).detach();
      weft::shield([]() -> task<void> {
        co_await weft::yield_now();
        throw std::runtime_error("later");
      }).detach();
      auto value = co_await weft::shield(value_task(1));
      EXPECT_TRUE(value.has_value());
    });
    (void)runtime.block_on(std::move(all));
    EXPECT_EQ(runtime.shut_down(1h), 0u);
  });
}

TEST(shield, is_cut_off_when_the_grace_is_over) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  census alive;
  auto started = runtime.spawn([&alive]() -> task<void> {
    auto stuck = [](census::member) -> task<void> { co_await never(); };
    weft::shield(stuck, alive.join()).detach();
    co_return;
  });
  (void)runtime.block_on(std::move(started));
  EXPECT_EQ(runtime.shut_down(2ms), 1u);
  EXPECT_EQ(alive.alive(), 0);
}

// What is started by a task that is destroyed in the end comes too late, and does not begin.
TEST(shield, never_starts_once_the_grace_is_over) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  bool begun = false;
  struct last_will {
    bool* begun;
    explicit last_will(bool* set) noexcept : begun(set) {}
    ~last_will() {
      auto begin = [](bool* set) -> task<void> {
        *set = true;
        co_return;
      };
      weft::shield(begin(begun)).detach();
    }
  };
  auto dying = [](bool* set) -> task<void> {
    last_will at_end(set);
    co_await never();
  };
  auto handle = runtime.spawn(dying(&begun));
  (void)runtime.block_on(settle());
  runtime.shut_down(1h);
  EXPECT_FALSE(begun);
  EXPECT_TRUE(handle.is_finished());
  std::move(handle).detach();
}

TEST(shield, outside_a_runtime_throws) {
  EXPECT_THROW((void)weft::shield(value_task(1)), std::system_error);
}

}  // namespace
