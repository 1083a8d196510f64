#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/runtime_metrics.hpp>
#include <weft/spawn_blocking.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "manual_clock.hpp"
#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::poll_times;
using weft::runtime;

task<void> yields(int times) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
}

TEST(runtime_metrics, count_tasks_and_polls) {
  auto runtime = runtime::current_thread().build();
  for (int i = 0; i < 3; ++i) runtime.spawn(never()).detach();
  auto before = runtime.metrics();
  EXPECT_EQ(before.workers, 1u);
  EXPECT_EQ(before.alive_tasks, 3u);
  EXPECT_EQ(before.spawned_tasks, 3u);
  EXPECT_EQ(before.remote_schedules, 3u) << "spawned from outside";
  EXPECT_EQ(before.injection_queue_depth, 3u);
  EXPECT_EQ(before.polls, 0u);
  runtime.block_on(yields(10));
  auto after = runtime.metrics();
  EXPECT_EQ(after.alive_tasks, 3u);
  EXPECT_EQ(after.spawned_tasks, 4u);
  EXPECT_EQ(after.remote_schedules, 4u);
  EXPECT_EQ(after.injection_queue_depth, 0u);
  EXPECT_EQ(after.polls, 3u + 11u);
  EXPECT_GE(after.local_schedules, 10u);
}

TEST(runtime_metrics, of_workers_add_up) {
  auto runtime = runtime::multi_thread().worker_threads(3).build();
  runtime.block_on([]() -> task<void> {
    std::vector<weft::join_handle<void>> handles;
    for (int i = 0; i < 200; ++i) handles.push_back(weft::spawn(yields(20)));
    for (auto& handle : handles) (void)co_await handle;
  }());
  while (runtime.metrics().alive_tasks > 0) std::this_thread::yield();
  weft::worker_metrics sum;
  for (std::size_t worker = 0; worker < 3; ++worker) {
    auto one = runtime.worker_metrics(worker);
    sum.polls += one.polls;
    sum.local_schedules += one.local_schedules;
    EXPECT_GE(one.parks, one.noops);
    EXPECT_LE(one.steals, one.stolen_tasks);
  }
  auto all = runtime.metrics();
  EXPECT_EQ(all.polls, sum.polls) << "nothing runs any more";
  EXPECT_EQ(all.local_schedules, sum.local_schedules);
  EXPECT_GE(sum.polls, 200u * 21u);
  EXPECT_EQ(all.queue_depth, 0u);
}

TEST(runtime_metrics, count_what_overflows) {
  auto runtime = runtime::multi_thread().worker_threads(1).build();
  runtime.block_on([]() -> task<void> {
    for (int i = 0; i < 1000; ++i) weft::spawn(weft::yield_now()).detach();
    co_return;
  }());
  EXPECT_GT(runtime.metrics().overflows, 0u);
}

TEST(runtime_metrics, count_budgets_that_were_used_up) {
  auto runtime = runtime::current_thread().build();
  runtime.block_on([]() -> task<void> {
    for (int i = 0; i < 128 * 5; ++i) co_await ready(1);
  }());
  EXPECT_EQ(runtime.metrics().budget_yields, 4u);
}

TEST(runtime_metrics, tell_of_the_blocking_pool) {
  auto runtime = runtime::multi_thread().worker_threads(1).blocking_threads(2).build();
  std::atomic<bool> go_on{false};
  std::atomic<int> running{0};
  auto blocks = [&] {
    ++running;
    while (!go_on) std::this_thread::yield();
  };
  auto calls = [&]() -> task<void> {
    std::vector<weft::blocking_handle<void>> jobs;
    for (int i = 0; i < 5; ++i) jobs.push_back(weft::spawn_blocking(blocks));
    for (auto& job : jobs) (void)co_await job;
  };
  auto handle = runtime.spawn(calls());
  while (running < 2) std::this_thread::yield();
  auto busy = runtime.metrics();
  while (busy.blocking_queue_depth < 3) busy = runtime.metrics();
  EXPECT_EQ(busy.blocking_threads, 2u);
  EXPECT_EQ(busy.idle_blocking_threads, 0u);
  EXPECT_EQ(busy.blocking_queue_depth, 3u);
  go_on = true;
  (void)runtime.block_on(std::move(handle));
  while (runtime.metrics().idle_blocking_threads < 2) std::this_thread::yield();
  EXPECT_EQ(runtime.metrics().blocking_queue_depth, 0u);
}

TEST(runtime_metrics, count_descriptors_and_events) {
  auto runtime = runtime::multi_thread().worker_threads(1).build();
  runtime.block_on([]() -> task<void> {
    auto listener = co_await weft::net::tcp_listener::bind("127.0.0.1:0");
    EXPECT_TRUE(listener.has_value());
    auto waits = co_await weft::timeout(1ms, listener->accept());
    EXPECT_FALSE(waits.has_value());
  }());
  auto counted = runtime.metrics();
  EXPECT_EQ(counted.io_registered, 1u);
  EXPECT_EQ(counted.io_deregistered, 1u);
}

TEST(runtime_metrics, tell_how_long_a_worker_is_busy) {
  auto clock = std::make_shared<manual_clock>();
  auto runtime = runtime::current_thread().environment(clock).build();
  EXPECT_EQ(runtime.metrics().busy, 0ns);
  runtime.block_on([](manual_clock& time, weft::runtime& here) -> task<void> {
    time.advance(30ms);
    EXPECT_EQ(here.metrics().busy, 30ms) << "while it is";
    co_await weft::yield_now();
    time.advance(12ms);
  }(*clock, runtime));
  EXPECT_EQ(runtime.metrics().busy, 42ms);
  clock->advance(1h);
  EXPECT_EQ(runtime.metrics().busy, 42ms) << "nobody drives it";
}

TEST(runtime_metrics, count_waits_in_vain) {
  auto runtime = runtime::multi_thread().worker_threads(1).build();
  for (int i = 0; i < 20; ++i) runtime.block_on(weft::sleep(1ms));
  auto counted = runtime.metrics();
  EXPECT_GT(counted.parks, 0u);
  EXPECT_LE(counted.noops, counted.parks);
}

task<void> takes(manual_clock& time, weft::duration wait) {
  time.advance(wait);
  co_return;
}

TEST(poll_times, are_measured_while_that_is_on) {
  auto clock = std::make_shared<manual_clock>();
  auto runtime = runtime::current_thread().environment(clock).build();
  runtime.block_on(takes(*clock, 5ms));
  EXPECT_EQ(runtime.poll_times().total(), 0u) << "off";
  EXPECT_EQ(runtime.poll_times().mean(), 0ns);
  runtime.measure_poll_times(true);
  runtime.block_on(takes(*clock, 0ns));
  runtime.block_on(takes(*clock, 1us));
  runtime.block_on(takes(*clock, 1999ns));
  runtime.block_on(takes(*clock, 1h));
  runtime.measure_poll_times(false);
  runtime.block_on(takes(*clock, 5ms));
  auto seen = runtime.poll_times();
  EXPECT_EQ(seen.total(), 4u);
  EXPECT_EQ(seen.count(0), 1u);
  EXPECT_EQ(seen.count(1), 2u);
  EXPECT_EQ(seen.count(poll_times::buckets - 1), 1u);
  EXPECT_EQ(seen.mean(), (1us + 1999ns + 1h) / 4);
}

TEST(poll_times, have_buckets_by_powers_of_two) {
  EXPECT_EQ(poll_times::bound(0), 1us);
  EXPECT_EQ(poll_times::bound(10), 1024us);
  EXPECT_EQ(poll_times::bound(poll_times::buckets - 1), std::chrono::nanoseconds::max());
  for (std::size_t bucket = 0; bucket + 1 < poll_times::buckets; ++bucket) {
    EXPECT_EQ(poll_times::bucket_of(poll_times::bound(bucket) - 1ns), bucket);
    EXPECT_EQ(poll_times::bucket_of(poll_times::bound(bucket)), bucket + 1);
  }
}

using runtime_metrics_death = ::testing::Test;
TEST(runtime_metrics_death, there_are_as_many_workers_as_there_are) {
  EXPECT_DEATH((void)runtime::current_thread().build().worker_metrics(1), "no such worker");
}

}  // namespace
