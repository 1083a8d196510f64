#include <weft/join_set.hpp>
#include <weft/runtime.hpp>
#include <weft/sync/oneshot.hpp>
#include <weft/task_info.hpp>
#include <weft/yield.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using testing::HasSubstr;
using weft::errc;
using weft::runtime;

TEST(hooks, threads_tell_of_their_start_and_end) {
  std::atomic<int> started{0};
  std::atomic<int> stopped{0};
  std::atomic<bool> inside{true};
  {
    auto runtime = runtime::multi_thread()
                       .worker_threads(3)
                       .on_thread_start([&] {
                         ++started;
                         weft::spawn(weft::yield_now()).detach();  // it is a thread of the runtime
                       })
                       .on_thread_stop([&] {
                         ++stopped;
                         if (weft::current_task()) inside = false;
                       })
                       .build();
    runtime.block_on(weft::yield_now());
  }
  EXPECT_EQ(started.load(), 3);
  EXPECT_EQ(stopped.load(), 3);
  EXPECT_TRUE(inside.load()) << "no task runs in it";
}

TEST(hooks, threads_tell_when_they_wait) {
  std::atomic<int> parked{0};
  std::atomic<int> unparked{0};
  {
    auto runtime = runtime::multi_thread()
                       .worker_threads(2)
                       .on_thread_park([&] { ++parked; })
                       .on_thread_unpark([&] { ++unparked; })
                       .build();
    for (int i = 0; i < 10; ++i) runtime.block_on(weft::sleep(1ms));
  }
  EXPECT_GT(parked.load(), 0);
  EXPECT_EQ(parked.load(), unparked.load());
}

// What a hook spawns before its thread waits must not wait with it.
TEST(hooks, may_spawn_when_a_thread_is_about_to_wait) {
  auto check = [](runtime::builder&& settings, std::atomic<bool>& armed) {
    std::optional<weft::sync::oneshot_sender<int>> sender;
    auto [sends, receives] = weft::sync::oneshot<int>();
    sender.emplace(std::move(sends));
    auto runtime = std::move(settings)
                       .on_thread_park([&] {
                         if (!armed.exchange(false)) return;
                         auto wakes = [&sender]() -> task<void> {
                           (void)std::move(*sender).send(4);
                           co_return;
                         };
                         weft::spawn(wakes).detach();
                       })
                       .build();
    auto waits = [](weft::sync::oneshot_receiver<int> from, std::atomic<bool>& arm) -> task<int> {
      arm = true;
      auto got = co_await std::move(from);
      co_return *got;
    };
    EXPECT_EQ(runtime.block_on(waits(std::move(receives), armed)), 4);
  };
  std::atomic<bool> armed{false};
  check(runtime::current_thread(), armed);
  check(runtime::multi_thread().worker_threads(1), armed);
  check(runtime::multi_thread().worker_threads(2), armed);
}

TEST(hooks, tell_of_tasks_from_their_spawn_to_their_end) {
  std::vector<std::string> story;
  auto note = [&story](std::string what) {
    return [&story, what](const weft::task_info& task) {
      if (!task.name.empty()) story.push_back(what + " " + std::string(task.name));
    };
  };
  {
    auto runtime = runtime::current_thread()
                       .on_task_spawn(note("spawn"))
                       .on_before_poll(note("before"))
                       .on_after_poll(note("after"))
                       .on_task_end(note("end"))
                       .build();
    runtime.block_on([]() -> task<void> {
      auto yields = weft::spawn_named("a", weft::yield_now());
      (void)co_await std::move(yields);
      auto aborted = weft::spawn_named("b", never());
      aborted.abort();
      (void)co_await std::move(aborted);
      weft::spawn_named("c", never()).detach();
      co_await settle();
    }());
    story.push_back("shut down");
  }
  EXPECT_EQ(story, (std::vector<std::string>{"spawn a", "before a", "after a", "before a",
                                             "after a", "end a", "spawn b", "end b", "spawn c",
                                             "before c", "after c", "shut down", "end c"}));
}

TEST(hooks, tell_the_id_and_the_place) {
  std::vector<weft::task_info> seen;
  auto runtime = runtime::current_thread()
                     .on_task_spawn([&](const weft::task_info& task) { seen.push_back(task); })
                     .build();
  auto handle = runtime.spawn(weft::yield_now());
  auto line = static_cast<unsigned>(__LINE__ - 1);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].id, handle.id());
  EXPECT_EQ(seen[0].spawned_at.line(), line);
  (void)runtime.block_on(std::move(handle));
}

// Who hears of failures.

class failures {
 public:
  auto hook() {
    return [this](const weft::task_failure& failed) {
      std::lock_guard held(lock_);
      seen_.push_back(std::string(failed.task.name) + ": " + failed.what.message());
    };
  }
  std::vector<std::string> seen() {
    std::lock_guard held(lock_);
    return seen_;
  }

 private:
  std::mutex lock_;
  std::vector<std::string> seen_;
};

task<int> throws() {
  co_await weft::yield_now();
  throw std::runtime_error("broken");
}
task<weft::result<int>> fails() {
  co_await weft::yield_now();
  co_return weft::fail(errc::not_found, "row 7");
}
task<void> many_ends() {
  weft::spawn_named("throws", throws()).detach();
  weft::spawn_named("fails", fails()).detach();
  weft::spawn_named("fine", value_task(1)).detach();
  {
    auto dropped = weft::spawn_named("dropped", fails());
  }
  auto aborted = weft::spawn_named("aborted", never());
  aborted.abort();
  std::move(aborted).detach();
  auto heard = co_await weft::spawn_named("heard", fails());
  EXPECT_FALSE(heard.has_value());
  weft::join_set<int> set;
  set.spawn(throws);
  set.spawn(fails);
  while (auto done = co_await set.join_next()) EXPECT_FALSE(done->has_value());
  co_await settle();
}
TEST(hooks, tell_of_failures_that_nobody_waits_for) {
  failures unheard;
  auto runtime = runtime::current_thread().on_unhandled_error(unheard.hook()).build();
  runtime.block_on(many_ends());
  auto seen = unheard.seen();
  ASSERT_EQ(seen.size(), 3u) << testing::PrintToString(seen);
  EXPECT_THAT(seen[0], HasSubstr("throws: "));
  EXPECT_THAT(seen[0], HasSubstr("broken"));
  EXPECT_THAT(seen[1], HasSubstr("fails: row 7"));
  EXPECT_THAT(seen[2], HasSubstr("dropped: row 7"));
}

TEST(hooks, hand_over_the_exception) {
  std::string what;
  auto runtime = runtime::current_thread()
                     .on_unhandled_error([&](const weft::task_failure& failed) {
                       try {
                         std::rethrow_exception(*failed.what.get<std::exception_ptr>());
                       } catch (const std::runtime_error& thrown) {
                         what = thrown.what();
                       }
                     })
                     .build();
  runtime.block_on([]() -> task<void> {
    weft::spawn(throws()).detach();
    co_await settle();
  }());
  EXPECT_EQ(what, "broken");
}

TEST(hooks, hear_each_failure_once_from_many_workers) {
  failures unheard;
  {
    auto runtime =
        runtime::multi_thread().worker_threads(3).on_unhandled_error(unheard.hook()).build();
    runtime.block_on([]() -> task<void> {
      weft::join_set<int> heard;
      for (int i = 0; i < 500; ++i) {
        weft::spawn(throws()).detach();
        heard.spawn(throws);
      }
      (void)co_await heard.join_all();
    }());
    while (runtime.metrics().alive_tasks > 0) std::this_thread::yield();
  }
  EXPECT_EQ(unheard.seen().size(), 500u);
}

// How it ends.

TEST(shut_down_with_report, tells_what_was_cancelled_by_its_place) {
  auto runtime = runtime::current_thread().build();
  for (int i = 0; i < 3; ++i) runtime.spawn(never()).detach();
  auto line = static_cast<unsigned>(__LINE__ - 1);
  runtime.spawn_named("sleeper", weft::sleep(1h)).detach();
  runtime.block_on([]() -> task<void> {
    for (int i = 0; i < 5; ++i) weft::spawn_named("waiter", never()).detach();
    co_await settle();
  }());
  auto report = runtime.shut_down_with_report();
  EXPECT_EQ(report.cancelled, 9u);
  ASSERT_EQ(report.places.size(), 3u);
  EXPECT_EQ(report.places[0].name, "waiter");
  EXPECT_EQ(report.places[0].tasks, 5u);
  EXPECT_EQ(report.places[1].spawned_at.line(), line);
  EXPECT_EQ(report.places[1].tasks, 3u);
  EXPECT_EQ(report.places[2].name, "sleeper");
  EXPECT_EQ(report.places[2].tasks, 1u);
  EXPECT_EQ(report.blocking_calls, 0u);
  auto again = runtime.shut_down_with_report();
  EXPECT_EQ(again.cancelled, 0u);
}

TEST(shut_down_with_report, tells_how_many_blocking_calls_run_on) {
  auto runtime = runtime::current_thread().build();
  auto go_on = std::make_shared<std::atomic<bool>>(false);
  auto running = std::make_shared<std::atomic<bool>>(false);
  auto blocks = [go_on, running] {
    *running = true;
    while (!*go_on) std::this_thread::yield();
  };
  auto starts = [&]() -> task<void> {
    weft::spawn_blocking(blocks).detach();
    co_return;
  };
  runtime.block_on(starts());
  while (!*running) std::this_thread::yield();
  auto report = runtime.shut_down_with_report(0s);
  EXPECT_EQ(report.blocking_calls, 1u);
  *go_on = true;
}

/// A task that does not suspend until it is told to.
TEST(shut_down_background, does_not_wait_for_a_task_that_runs) {
  auto go_on = std::make_shared<std::atomic<bool>>(false);
  auto running = std::make_shared<std::atomic<bool>>(false);
  auto gone = std::make_shared<std::atomic<bool>>(false);
  auto ended = std::make_shared<std::atomic<bool>>(false);
  auto runtime =
      runtime::multi_thread().worker_threads(1).on_thread_stop([ended] { *ended = true; }).build();
  struct tells {
    std::shared_ptr<std::atomic<bool>> flag;
    ~tells() { *flag = true; }
  };
  auto hogs = [](std::shared_ptr<std::atomic<bool>> tell, std::shared_ptr<std::atomic<bool>> until,
                 std::shared_ptr<std::atomic<bool>> at_end) -> task<void> {
    tells last{at_end};
    *tell = true;
    while (!*until) std::this_thread::yield();
    co_await never();
  };
  runtime.spawn(hogs, running, go_on, gone).detach();
  while (!*running) std::this_thread::yield();
  std::move(runtime).shut_down_background();
  EXPECT_FALSE(ended->load()) << "it returned while the task ran";
  *go_on = true;
  while (!*gone) std::this_thread::yield();  // and the task is destroyed all the same
}

TEST(shut_down_background, may_be_asked_for_by_one_of_its_own_tasks) {
  auto gone = std::make_shared<std::atomic<bool>>(false);
  auto holder = std::make_shared<std::optional<runtime>>(
      runtime::multi_thread().worker_threads(1).on_thread_stop([gone] { *gone = true; }).build());
  auto asks = [](std::shared_ptr<std::optional<runtime>> mine) -> task<void> {
    auto leaving = std::move(**mine);
    mine.reset();
    std::move(leaving).shut_down_background();
    co_await never();
  };
  auto& runs = **holder;
  runs.spawn(asks, std::move(holder)).detach();
  while (!*gone) std::this_thread::yield();
}

}  // namespace
