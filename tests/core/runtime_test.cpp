#include <weft/dump.hpp>
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
using weft::errc;
using weft::runtime;

task<void> yield_times(int times) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
}

task<void> join_both(weft::join_handle<void> first, weft::join_handle<void> second) {
  (void)co_await std::move(first);
  (void)co_await std::move(second);
}

template <class Call>
std::error_code code_thrown_by(Call call) {
  try {
    call();
  } catch (const std::system_error& thrown) {
    return thrown.code();
  }
  return {};
}

// block_on

task<void> throws() {
  co_await weft::yield_now();
  throw std::runtime_error("main task");
}
TEST(runtime, block_on_yields_the_value_or_throws_what_was_thrown) {
  on_every_runtime([](runtime& runtime) {
    EXPECT_EQ(runtime.block_on(value_task(3)), 3);
    EXPECT_EQ(*runtime.block_on(value_task(std::make_unique<int>(4))), 4);
    runtime.block_on(yield_times(3));
    runtime.block_on(weft::sleep(1ms));
    EXPECT_EQ(std::get<0>(runtime.block_on(weft::join(value_task(5), ready(6)))), 5);
    EXPECT_THROW(runtime.block_on(throws()), std::runtime_error);
    EXPECT_EQ(runtime.block_on(value_task(7)), 7) << "it goes on after an exception";
  });
}

task<std::error_code> blocks_inside(runtime& target, census::member kept) {
  co_await weft::yield_now();
  auto unused = [](census::member) -> task<void> { co_return; };
  co_return code_thrown_by([&] { target.block_on(unused(kept)); });
}
TEST(runtime, block_on_inside_a_worker_throws) {
  auto other = runtime::current_thread().build();
  on_every_runtime([&](runtime& runtime) {
    census frames;
    auto expected = weft::make_error_code(errc::would_block_runtime);
    EXPECT_EQ(runtime.block_on(blocks_inside(runtime, frames.join())), expected);
    EXPECT_EQ(runtime.block_on(blocks_inside(other, frames.join())), expected)
        << "of another runtime, too: the worker would stand still";
    EXPECT_EQ(frames.alive(), 0);
  });
}

TEST(runtime, block_on_may_be_called_by_many_threads) {
  on_every_runtime([](runtime& runtime) {
    std::vector<std::thread> threads;
    std::atomic<int> sum{0};
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int round = 0; round < 100; ++round) {
          runtime.block_on(yield_times(round % 4));
          sum.fetch_add(runtime.block_on(value_task(i)));
        }
      });
    }
    for (auto& each : threads) each.join();
    EXPECT_EQ(sum.load(), 600);
  });
}

// The one that drives a current-thread runtime leaves; the other must not be forgotten.
TEST(runtime, block_on_of_a_second_thread_ends_when_its_task_ends) {
  on_every_runtime([](runtime& runtime) {
    for (int round = 0; round < 20; ++round) {
      flag first;
      flag second;
      auto waits = [](flag& own, flag& other) -> task<void> {
        other.set();
        co_await own.wait();
      };
      // Neither can end before both are there: one thread drives while the other waits.
      std::thread beside([&] { runtime.block_on(waits(first, second)); });
      runtime.block_on(waits(second, first));
      beside.join();
    }
  });
}
TEST(runtime, block_on_of_a_second_thread_takes_over_when_the_first_leaves) {
  on_every_runtime([](runtime& runtime) {
    for (int round = 0; round < 20; ++round) {
      flag started;
      flag left;
      auto waits = [&]() -> task<void> {
        started.set();
        co_await left.wait();
      };
      std::thread beside([&] { runtime.block_on(waits()); });
      runtime.block_on(started.wait());
      left.set();  // nobody else drives the runtime from here on
      beside.join();
    }
  });
}

// Several runtimes.

task<int> asks(runtime& other, int levels, runtime& here) {
  if (levels == 0) co_return 0;
  auto below = co_await other.spawn(asks(here, levels - 1, other));
  co_return *below + 1;
}
TEST(runtime, tasks_of_several_runtimes_wait_for_each_other) {
  auto here = runtime::multi_thread().worker_threads(2).build();
  auto there = runtime::multi_thread().worker_threads(1).build();
  for (int round = 0; round < 50; ++round) EXPECT_EQ(here.block_on(asks(there, 20, here)), 20);
}

TEST(runtime, may_be_moved) {
  census frames;
  flag until;
  auto waits = [](flag& for_what, census::member) -> task<void> { co_await for_what.wait(); };
  auto first = runtime::multi_thread().worker_threads(2).build();
  auto handle = first.spawn(waits, std::ref(until), frames.join());
  auto second = std::move(first);
  until.set();
  EXPECT_TRUE(second.block_on(std::move(handle)).has_value());

  flag never_set;
  auto hung = second.spawn(waits, std::ref(never_set), frames.join());
  second = runtime::current_thread().build();
  EXPECT_TRUE(hung.is_finished()) << "assigning shuts down what was there";
  EXPECT_EQ(frames.alive(), 0);
  EXPECT_EQ(second.block_on(value_task(1)), 1);
}

TEST(runtime, made_and_destroyed_many_times) {
  for (unsigned round = 0; round < 100; ++round) {
    auto made = runtime::multi_thread().worker_threads(1 + round % 4).build();
    if (round % 2) made.spawn(yield_times(3)).detach();
  }
}

// A worker that looked at the driver while it was busy took the wake-up that was meant for one that
// slept. From then on the runtime believed that somebody searched for work, and woke nobody again.
TEST(runtime, a_wake_up_is_not_lost_when_a_busy_worker_receives_it) {
  on_every_runtime([](weft::runtime& runtime) {
    for (int round = 0; round < 4000; ++round) {
      auto first = runtime.spawn(yield_times(70 + round % 100));
      auto second = runtime.spawn(yield_times(round % 90));
      runtime.block_on(join_both(std::move(first), std::move(second)));
    }
  });
}

// Every worker may be asleep when a task is woken from outside.
TEST(runtime, wakes_up_for_what_comes_from_outside) {
  on_every_runtime([](runtime& runtime) {
    for (int round = 0; round < 500; ++round) {
      flag until;
      auto waits = [&until]() -> task<void> { co_await until.wait(); };
      auto handle = runtime.spawn(waits());
      std::thread setter([&until] { until.set(); });
      runtime.block_on(join_both(std::move(handle), runtime.spawn(yield_times(round % 3))));
      setter.join();
    }
  });
}

// A task that does not suspend must not keep others that are ready: whoever is idle takes them. It
// spins until one of them has run.
task<void> hogs_until_another_runs(int others) {
  std::atomic<int> ran{0};
  std::vector<weft::join_handle<void>> all;
  auto counts = [&ran]() -> task<void> {
    ran.fetch_add(1);
    co_return;
  };
  for (int i = 0; i < others; ++i) all.push_back(weft::spawn(counts));
  // All but the last, which is next on this worker.
  while (ran.load() < others - 1) std::this_thread::yield();
  for (auto& each : all) (void)co_await std::move(each);
}
TEST(runtime, tasks_behind_one_that_hogs_its_worker_are_stolen) {
  for (unsigned workers = 2; workers <= 4; ++workers) {
    auto runtime = runtime::multi_thread().worker_threads(workers).build();
    for (int others : {2, 3, 10, 600}) runtime.block_on(hogs_until_another_runs(others));
  }
}

// Of the current-thread runtime.

task<void> appends(std::string& story, char letter, int times) {
  for (int i = 0; i < times; ++i) {
    story += letter;
    co_await weft::yield_now();
  }
}
TEST(current_thread, runs_tasks_only_inside_block_on) {
  std::string story;
  auto runtime = runtime::current_thread().build();
  auto first = runtime.spawn(appends(story, 'a', 1));
  EXPECT_EQ(story, "");
  runtime.block_on(yield_times(2));
  EXPECT_EQ(story, "a");
  EXPECT_TRUE(first.is_finished());
}

TEST(current_thread, runs_tasks_in_the_order_in_which_they_were_woken) {
  std::string story;
  auto runtime = runtime::current_thread().build();
  for (char letter : {'a', 'b', 'c', 'd'}) runtime.spawn(appends(story, letter, 3)).detach();
  runtime.block_on(yield_times(4));
  EXPECT_EQ(story, "abcdabcdabcd");
}

task<void> spawns_in_order(std::string& story) {
  auto first = weft::spawn(appends(story, 'a', 2));
  auto second = weft::spawn(appends(story, 'b', 2));
  auto third = weft::spawn(appends(story, 'c', 2));
  story += '|';
  co_await weft::yield_now();
  story += '|';
  (void)co_await std::move(first);
  (void)co_await std::move(second);
  (void)co_await std::move(third);
}
TEST(current_thread, runs_spawned_tasks_in_order_after_the_spawner) {
  std::string story;
  auto runtime = runtime::current_thread().build();
  runtime.block_on(spawns_in_order(story));
  EXPECT_EQ(story, "|abc|abc");
}

TEST(current_thread, goes_on_with_what_is_left_in_the_next_block_on) {
  std::string story;
  flag until;
  auto waits = [&]() -> task<void> {
    story += "waits ";
    co_await until.wait();
    co_await yield_times(1000);
    story += "ends";
  };
  auto runtime = runtime::current_thread().build();
  auto handle = runtime.spawn(waits());
  runtime.block_on(yield_times(1));
  EXPECT_EQ(story, "waits ");
  until.set();
  runtime.block_on(yield_times(1));
  EXPECT_EQ(story, "waits ") << "it has 1000 turns to wait, or so";
  runtime.block_on(std::move(handle));
  EXPECT_EQ(story, "waits ends");
}

// What is always ready suspends by the budget, and then it is the others' turn.
task<void> ready_for_ever(std::atomic<bool>& stop) {
  while (!stop.load()) co_await ready(1);
}
task<void> stops(std::atomic<bool>& stop) {
  stop.store(true);
  co_return;
}
TEST(budget, a_task_that_is_always_ready_does_not_starve_the_others) {
  std::atomic<bool> stop{false};
  auto here = runtime::current_thread().build();
  auto first = here.spawn(ready_for_ever(stop));
  here.spawn(stops(stop)).detach();
  here.block_on(std::move(first));

  stop.store(false);
  auto there = runtime::multi_thread().worker_threads(1).build();
  auto second = there.spawn(ready_for_ever(stop));
  there.spawn(stops(stop)).detach();
  there.block_on(std::move(second));
}

// A pair that wakes each other shares a budget: it must not keep the only worker to itself.
task<void> ping(flag* flags, std::size_t first, std::atomic<bool>& stop) {
  for (std::size_t i = first; i + 1 < 100'000 && !stop.load(); i += 2) {
    co_await flags[i].wait();
    flags[i + 1].set();
  }
  stop.store(true);
}
TEST(budget, two_tasks_that_wake_each_other_do_not_starve_a_third) {
  auto flags = std::make_unique<flag[]>(100'001);
  std::atomic<bool> stop{false};
  std::atomic<bool> third_ran{false};
  auto only = runtime::multi_thread().worker_threads(1).build();
  auto third = [&]() -> task<void> {
    for (int i = 0; i < 100; ++i) co_await weft::yield_now();
    third_ran.store(true);
    stop.store(true);
  };
  auto main = [&]() -> task<void> {
    auto first = weft::spawn(ping(flags.get(), 0, stop));
    auto second = weft::spawn(ping(flags.get(), 1, stop));
    auto last = weft::spawn(third());
    flags[0].set();
    (void)co_await std::move(last);
    first.abort();
    second.abort();
    (void)co_await std::move(first);
    (void)co_await std::move(second);
  };
  only.block_on(main());
  EXPECT_TRUE(third_ran.load());
}

// Settings.

class watched : public weft::environment {
 public:
  explicit watched(unsigned fails_at) : fails_at_(fails_at) {}
  std::thread start_thread(const std::string& name, std::move_only_function<void()> body) override {
    if (names_.size() == fails_at_) {
      throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    }
    names_.push_back(name);
    return environment::start_thread(name, std::move(body));
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  unsigned fails_at_;
  std::vector<std::string> names_;
};
TEST(builder, starts_its_threads_through_the_environment) {
  auto doors = std::make_shared<watched>(99u);
  {
    auto made =
        runtime::multi_thread().worker_threads(3).thread_name("mine").environment(doors).build();
    EXPECT_EQ(made.metrics().workers, 3u);
    made.block_on(yield_times(1));
  }
  EXPECT_EQ(doors->names(), std::vector<std::string>(3, "mine"));
}

TEST(builder, throws_when_a_thread_cannot_be_had) {
  for (unsigned fails_at : {0u, 1u, 3u}) {
    auto doors = std::make_shared<watched>(fails_at);
    EXPECT_THROW((void)runtime::multi_thread().worker_threads(4).environment(doors).build(),
                 std::system_error);
    EXPECT_EQ(doors->names().size(), fails_at) << "those that had started were stopped";
  }
}

TEST(runtime, counts_what_it_does) {
  auto runtime = runtime::multi_thread().worker_threads(2).build();
  flag until;
  auto waits = [&until]() -> task<void> { co_await until.wait(); };
  auto handle = runtime.spawn(waits());
  EXPECT_EQ(runtime.metrics().alive_tasks, 1u);
  until.set();
  runtime.block_on(std::move(handle));
  runtime.block_on(yield_times(100));
  auto counted = runtime.metrics();
  EXPECT_EQ(counted.alive_tasks, 0u);
  EXPECT_EQ(counted.injection_queue_depth, 0u);
  EXPECT_GE(counted.polls, 101u);
}

// run

task<weft::result<void>> main_of(bool good) {
  if (!good) co_return weft::fail(errc::not_found, "the config");
  co_return {};
}
task<weft::result<int>> main_of_status(int status) {
  co_return status;
}
TEST(run, returns_the_exit_status_of_the_main_task) {
  EXPECT_EQ(weft::run(yield_times(1)), 0);
  EXPECT_EQ(weft::run(value_task(3)), 3);
  EXPECT_EQ(weft::run(main_of(true)), 0);
  EXPECT_EQ(weft::run(main_of_status(4)), 4);
  testing::internal::CaptureStderr();
  EXPECT_EQ(weft::run(main_of(false)), 1);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("the config"), std::string::npos);
}

}  // namespace
