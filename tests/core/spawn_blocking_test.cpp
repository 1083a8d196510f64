#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn_blocking.hpp>

#include <gtest/gtest.h>

#include <pthread.h>

#include <atomic>
#include <latch>
#include <memory>
#include <optional>
#include <semaphore>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "net_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace net_test;
using weft::errc;
using weft::spawn_blocking;

// An environment whose threads are counted, or refused.
class counting_environment final : public weft::environment {
 public:
  std::thread start_thread(const std::string& name, std::move_only_function<void()> body) override {
    if (name == "weft-blocking") {
      if (refuse) throw std::system_error(EAGAIN, std::system_category(), "start_thread");
      ++started;
      return environment::start_thread(name, [this, run = std::move(body)]() mutable {
        run();
        ++ended;
        ended.notify_all();
      });
    }
    return environment::start_thread(name, std::move(body));
  }
  std::atomic<int> started{0};
  std::atomic<int> ended{0};
  std::atomic<bool> refuse{false};
};

task<result<void>> runs_elsewhere_and_yields_the_value() {
  auto here = std::this_thread::get_id();
  auto job = spawn_blocking([] { return std::this_thread::get_id(); });
  auto there = co_await or_return(std::move(job));
  EXPECT_NE(here, there);
  auto text = spawn_blocking([] { return std::make_unique<int>(7); });
  auto pointer = co_await or_return(std::move(text));
  EXPECT_EQ(*pointer, 7);
  auto nothing = spawn_blocking([] {});
  co_await or_return(std::move(nothing));
  co_return {};
}
TEST(spawn_blocking, runs_elsewhere_and_yields_the_value) {
  run(runs_elsewhere_and_yields_the_value());
}
TEST(spawn_blocking, runs_elsewhere_and_yields_the_value_on_one_thread) {
  run_here(runs_elsewhere_and_yields_the_value());
}

task<result<void>> a_result_is_flat() {
  auto good = spawn_blocking([]() -> result<int> { return 3; });
  auto value = co_await or_return(std::move(good));
  EXPECT_EQ(value, 3);
  auto bad = spawn_blocking([]() -> result<int> { return weft::fail(errc::not_found); });
  auto failed = co_await std::move(bad);
  EXPECT_TRUE(!failed && failed.error() == errc::not_found);
  co_return {};
}
TEST(spawn_blocking, a_result_is_flat) {
  run(a_result_is_flat());
}

task<result<void>> an_exception_is_contained() {
  auto job = spawn_blocking([]() -> int { throw std::runtime_error("oh"); });
  auto failed = co_await std::move(job);
  EXPECT_TRUE(!failed && failed.error() == errc::task_failed);
  if (!failed) {
    EXPECT_NE(failed.error().message().find("oh"), std::string::npos);
    EXPECT_NE(failed.error().get<std::exception_ptr>(), nullptr);
  }
  co_return {};
}
TEST(spawn_blocking, an_exception_is_contained) {
  run(an_exception_is_contained());
}

task<result<void>> the_threads_have_a_name() {
  auto job = spawn_blocking([] {
    char name[16];
    ::pthread_getname_np(::pthread_self(), name, sizeof name);
    return std::string(name);
  });
  auto name = co_await or_return(std::move(job));
  EXPECT_EQ(name, "weft-blocking");
  co_return {};
}
TEST(spawn_blocking, the_threads_have_a_name) {
  run(the_threads_have_a_name());
}

// Only if all of them run at once does the latch open.
task<result<void>> grows_to_as_many_threads_as_there_are_calls() {
  constexpr int calls = 40;
  std::latch together(calls);
  std::vector<weft::blocking_handle<void>> jobs;
  for (int index = 0; index < calls; ++index) {
    jobs.push_back(spawn_blocking([&together] { together.arrive_and_wait(); }));
  }
  for (auto& job : jobs) co_await or_return(std::move(job));
  co_return {};
}
TEST(spawn_blocking, grows_to_as_many_threads_as_there_are_calls) {
  run(grows_to_as_many_threads_as_there_are_calls());
}

task<result<void>> refuses_what_does_not_fit() {
  std::latch started(1);
  std::latch go(1);
  auto running = spawn_blocking([&] {
    started.count_down();
    go.wait();
    return 1;
  });
  started.wait();
  auto first = spawn_blocking([] { return 2; });
  auto second = spawn_blocking([] { return 3; });
  auto token = std::make_shared<int>(0);
  auto third = spawn_blocking([token] { return 4; });
  EXPECT_TRUE(third.is_finished());
  EXPECT_EQ(token.use_count(), 1);  // what it captured is gone at once
  auto refused = co_await std::move(third);
  EXPECT_TRUE(!refused && refused.error() == errc::overloaded);
  go.count_down();
  auto one = co_await or_return(std::move(running));
  auto two = co_await or_return(std::move(first));
  auto three = co_await or_return(std::move(second));
  EXPECT_EQ(one + two + three, 6);
  auto again = spawn_blocking([] { return 5; });
  auto five = co_await or_return(std::move(again));
  EXPECT_EQ(five, 5);
  co_return {};
}
TEST(spawn_blocking, refuses_what_does_not_fit) {
  auto runtime =
      weft::runtime::multi_thread().worker_threads(2).blocking_threads(1).blocking_queue(2).build();
  auto ended = runtime.block_on(refuses_what_does_not_fit());
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> one_that_has_not_started_is_taken_back() {
  std::latch started(1);
  std::latch go(1);
  auto running = spawn_blocking([&] {
    started.count_down();
    go.wait();
  });
  started.wait();
  auto called = std::make_shared<std::atomic<bool>>(false);
  auto waiting = spawn_blocking([called] { *called = true; });
  waiting.abort();
  EXPECT_EQ(called.use_count(), 1);
  auto aborted = co_await std::move(waiting);
  EXPECT_TRUE(!aborted && aborted.error() == errc::task_aborted);
  running.abort();  // runs: no effect
  go.count_down();
  co_await or_return(std::move(running));
  EXPECT_FALSE(*called);
  co_return {};
}
TEST(spawn_blocking, one_that_has_not_started_is_taken_back) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).blocking_threads(1).build();
  auto ended = runtime.block_on(one_that_has_not_started_is_taken_back());
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> giving_up_the_await_keeps_the_value() {
  std::latch go(1);
  auto job = spawn_blocking([&] {
    go.wait();
    return 9;
  });
  auto wait = [](weft::blocking_handle<int>& for_what) -> task<result<int>> {
    co_return co_await for_what;
  };
  auto late = co_await weft::timeout(0ms, wait(job));
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  go.count_down();
  auto value = co_await or_return(std::move(job));
  EXPECT_EQ(value, 9);
  co_return {};
}
TEST(spawn_blocking, giving_up_the_await_keeps_the_value) {
  run(giving_up_the_await_keeps_the_value());
}

task<result<void>> a_given_up_call_is_not_started() {
  std::latch started(1);
  std::latch go(1);
  auto running = spawn_blocking([&] {
    started.count_down();
    go.wait();
  });
  started.wait();
  auto called = std::make_shared<std::atomic<bool>>(false);
  auto call = weft::detail::run_blocking([called] { *called = true; });
  auto late = co_await weft::timeout(0ms, std::move(call));
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  EXPECT_EQ(called.use_count(), 1);
  go.count_down();
  co_await or_return(std::move(running));
  auto direct = weft::detail::run_blocking([] { return std::string("done"); });
  auto done = co_await or_return(std::move(direct));
  EXPECT_EQ(done, "done");
  co_return {};
}
TEST(spawn_blocking, a_given_up_call_is_not_started) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).blocking_threads(1).build();
  auto ended = runtime.block_on(a_given_up_call_is_not_started());
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

task<result<void>> call_once() {
  auto job = spawn_blocking([] { return 1; });
  co_await or_return(std::move(job));
  co_return {};
}
TEST(spawn_blocking, threads_go_when_there_is_no_work) {
  auto doors = std::make_shared<counting_environment>();
  auto runtime =
      weft::runtime::multi_thread().worker_threads(1).blocking_idle(1ms).environment(doors).build();
  ASSERT_TRUE(runtime.block_on(call_once()).has_value());
  doors->ended.wait(0);
  EXPECT_EQ(doors->started, 1);
  ASSERT_TRUE(runtime.block_on(call_once()).has_value());  // and come again
  EXPECT_EQ(doors->started, 2);
}

task<result<void>> call_in_turn() {
  for (int round = 0; round < 50; ++round) {
    auto job = spawn_blocking([] {});
    co_await or_return(std::move(job));
  }
  co_return {};
}
TEST(spawn_blocking, an_idle_thread_is_used_again) {
  auto doors = std::make_shared<counting_environment>();
  auto runtime = weft::runtime::multi_thread().worker_threads(1).environment(doors).build();
  ASSERT_TRUE(runtime.block_on(call_in_turn()).has_value());
  // A thread may still be on its way back to idleness when the next call comes.
  EXPECT_LT(doors->started, 10);
}

// The start of its first thread takes so long that meanwhile the thread has work, and more comes.
class slow_to_start final : public weft::environment {
 public:
  std::thread start_thread(const std::string& name, std::move_only_function<void()> body) override {
    auto started = environment::start_thread(name, std::move(body));
    if (name == "weft-blocking" && !std::exchange(once_, true)) {
      first_runs.wait();
      second.emplace(spawn_blocking([this] { second_runs.release(); }));
    }
    return started;
  }
  std::latch first_runs{1};
  std::binary_semaphore second_runs{0};
  std::optional<weft::blocking_handle<void>> second;

 private:
  bool once_ = false;
};
task<result<void>> a_thread_that_has_work_is_not_expected_to_take_more(slow_to_start& doors) {
  auto first = spawn_blocking([&] {
    doors.first_runs.count_down();
    return doors.second_runs.try_acquire_for(10s);
  });
  auto seen = co_await or_return(std::move(first));
  EXPECT_TRUE(seen) << "the second call waited for the first one's thread";
  auto second = std::move(*doors.second);
  co_return co_await std::move(second);
}
TEST(spawn_blocking, a_thread_that_has_work_is_not_expected_to_take_more) {
  auto doors = std::make_shared<slow_to_start>();
  auto runtime = weft::runtime::multi_thread().worker_threads(1).environment(doors).build();
  auto ended = runtime.block_on(a_thread_that_has_work_is_not_expected_to_take_more(*doors));
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

TEST(spawn_blocking, without_threads_a_call_fails_with_the_reason) {
  auto doors = std::make_shared<counting_environment>();
  auto runtime = weft::runtime::multi_thread().worker_threads(1).environment(doors).build();
  doors->refuse = true;
  auto ended = runtime.block_on(call_once());
  EXPECT_TRUE(!ended && ended.error() == std::errc::resource_unavailable_try_again);
  doors->refuse = false;
  EXPECT_TRUE(runtime.block_on(call_once()).has_value());
}

TEST(spawn_blocking, outside_a_runtime_throws) {
  EXPECT_THROW((void)spawn_blocking([] {}), std::system_error);
}

// The clock jumps to the next timer when there is nothing to do; a call under way is something to
// do.
task<result<void>> a_paused_clock_waits_for_calls() {
  std::latch go(1);
  auto start = weft::time::now();
  auto job = spawn_blocking([&] { go.wait(); });
  auto release = [](std::latch& gate) -> task<void> {
    gate.count_down();
    co_return;
  };
  auto [called, released] = co_await weft::join(weft::timeout(1h, std::move(job)), release(go));
  EXPECT_TRUE(called.has_value());
  EXPECT_LT(weft::time::now() - start, 1h);
  spawn_blocking([] {}).detach();
  co_await weft::sleep(1h);  // and does not wait for ever
  EXPECT_GE(weft::time::now() - start, 1h);
  co_return {};
}
TEST(spawn_blocking, a_paused_clock_waits_for_calls) {
  for (int round = 0; round < 50; ++round) {
    auto runtime = weft::runtime::current_thread().start_paused(true).build();
    auto ended = runtime.block_on(a_paused_clock_waits_for_calls());
    EXPECT_TRUE(ended.has_value()) << ended.error().message();
  }
}

task<result<void>> leave_running(std::shared_ptr<std::latch> started,
                                 std::shared_ptr<std::latch> go,
                                 std::shared_ptr<std::atomic<int>> ended) {
  auto job = spawn_blocking([=] {
    started->count_down();
    go->wait();
    ++*ended;
    ended->notify_all();
  });
  started->wait();
  std::move(job).detach();
  co_return {};
}
TEST(spawn_blocking, shutdown_waits_for_calls_that_run) {
  auto started = std::make_shared<std::latch>(1);
  auto go = std::make_shared<std::latch>(1);
  auto ended = std::make_shared<std::atomic<int>>(0);
  auto runtime = weft::runtime::multi_thread().worker_threads(1).build();
  ASSERT_TRUE(runtime.block_on(leave_running(started, go, ended)).has_value());
  std::thread opener([&] { go->count_down(); });
  runtime.shut_down(1h);
  EXPECT_EQ(*ended, 1);
  opener.join();
}
TEST(spawn_blocking, shutdown_does_not_count_idle_threads) {
  auto runtime = weft::runtime::multi_thread().worker_threads(1).build();
  ASSERT_TRUE(runtime.block_on(call_once()).has_value());
  EXPECT_EQ(runtime.shut_down_with_report(0s).blocking_calls, 0u);
}
TEST(spawn_blocking, shutdown_leaves_calls_that_hang) {
  auto started = std::make_shared<std::latch>(1);
  auto go = std::make_shared<std::latch>(1);
  auto ended = std::make_shared<std::atomic<int>>(0);
  auto doors = std::make_shared<counting_environment>();
  {
    auto runtime = weft::runtime::multi_thread().worker_threads(1).environment(doors).build();
    ASSERT_TRUE(runtime.block_on(leave_running(started, go, ended)).has_value());
    EXPECT_EQ(runtime.shut_down_with_report(0s).blocking_calls, 1u);
    EXPECT_EQ(*ended, 0);
  }
  go->count_down();  // it ends after its runtime has gone, and touches nothing of it
  ended->wait(0);
  doors->ended.wait(0);
}

task<result<void>> await_a_call(std::shared_ptr<std::latch> started,
                                std::shared_ptr<std::latch> go) {
  auto job = spawn_blocking([=] {
    started->count_down();
    go->wait();
  });
  co_await or_return(std::move(job));
  co_return {};
}
TEST(spawn_blocking, shutdown_cancels_who_waits_for_a_call) {
  for (int round = 0; round < 50; ++round) {
    auto started = std::make_shared<std::latch>(1);
    auto go = std::make_shared<std::latch>(1);
    auto runtime = weft::runtime::multi_thread().worker_threads(1).build();
    auto waiting = runtime.spawn(await_a_call, started, go);
    started->wait();
    std::thread opener([&] {
      go->count_down();
    });  // the call may end before, while, or after the task is cancelled
    runtime.shut_down(1h);
    opener.join();
    EXPECT_TRUE(waiting.is_finished());
    std::move(waiting).detach();
  }
}

task<result<void>> many_from_many_tasks() {
  std::vector<weft::join_handle<result<void>>> tasks;
  for (int index = 0; index < 50; ++index) tasks.push_back(weft::spawn(call_in_turn()));
  for (auto& one : tasks) co_await or_return(std::move(one));
  co_return {};
}
TEST(spawn_blocking, serves_many_tasks) {
  run(many_from_many_tasks());
}

}  // namespace
