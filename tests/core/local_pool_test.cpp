#include <weft/local_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::local_pool;

/// Aborts the test when it is touched, or destroyed, by another thread.
class bound_to_thread {
 public:
  void touch() const { EXPECT_EQ(std::this_thread::get_id(), owner_); }
  ~bound_to_thread() { touch(); }

 private:
  std::thread::id owner_ = std::this_thread::get_id();
};

task<std::thread::id> stays(int yields) {
  bound_to_thread here;
  for (int i = 0; i < yields; ++i) {
    co_await weft::yield_now();
    here.touch();
    if (i % 8 == 0) co_await weft::sleep(1ms);
    here.touch();
  }
  co_return std::this_thread::get_id();
}

task<void> uses(local_pool& pool) {
  std::vector<weft::join_handle<std::thread::id>> handles;
  for (int i = 0; i < 40; ++i) handles.push_back(pool.spawn_pinned(stays, 20));
  std::set<std::thread::id> seen;
  for (auto& handle : handles) {
    auto where = co_await handle;
    seen.insert(*where);
  }
  EXPECT_EQ(seen.size(), 3u) << "the one with the fewest tasks takes the next";
}
TEST(local_pool, keeps_each_task_on_one_thread) {
  local_pool pool(3);
  EXPECT_EQ(pool.threads(), 3u);
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  runtime.block_on(uses(pool));
}

task<bool> spawns_more() {
  auto here = std::this_thread::get_id();
  auto shared = std::make_shared<int>(0);  // no lock: all of them are on this thread
  for (int i = 0; i < 10; ++i) {
    auto adds = [](std::shared_ptr<int> to) -> task<std::thread::id> {
      co_await weft::yield_now();
      ++*to;
      co_return std::this_thread::get_id();
    };
    auto where = co_await weft::spawn_local(adds, shared);
    EXPECT_EQ(*where, here);
  }
  auto from_operation = co_await weft::spawn_local(weft::yield_now());
  EXPECT_TRUE(from_operation.has_value());
  auto from_function = co_await weft::spawn_local([] { return value_task(1); });
  EXPECT_TRUE(from_function.has_value());
  co_return *shared == 10;
}
TEST(spawn_local, stays_on_the_thread) {
  EXPECT_TRUE(run_paused(spawns_more()));
  local_pool pool(2);
  auto pinned = pool.spawn_pinned_on(1, spawns_more);
  auto runtime = weft::runtime::current_thread().build();
  EXPECT_TRUE(runtime.block_on(std::move(pinned)).value());
}

task<bool> is_refused() {
  try {
    (void)weft::spawn_local(weft::yield_now());
  } catch (const std::system_error& thrown) {
    co_return thrown.code() == errc::unsupported;
  }
  co_return false;
}
TEST(spawn_local, needs_a_runtime_of_one_thread) {
  auto runtime = weft::runtime::multi_thread().worker_threads(1).build();
  EXPECT_TRUE(runtime.block_on(is_refused()));
  try {
    (void)weft::spawn_local(weft::yield_now());
    FAIL() << "there is no runtime";
  } catch (const std::system_error& thrown) {
    EXPECT_EQ(thrown.code(), errc::no_runtime);
  }
}

task<void> holds(std::atomic<int>& alive) {
  struct counted : bound_to_thread {
    std::atomic<int>& of;
    explicit counted(std::atomic<int>& counter) : of(counter) { ++of; }
    ~counted() { --of; }
  };
  counted here(alive);
  co_await never();
}
TEST(local_pool, destroys_what_is_left_on_its_thread) {
  std::atomic<int> alive{0};
  {
    local_pool pool(2);
    for (std::size_t i = 0; i < 6; ++i)
      pool.spawn_pinned_on(i % 2, holds, std::ref(alive)).detach();
    while (alive < 6) std::this_thread::yield();
    EXPECT_EQ(pool.tasks(0), 3u);
    EXPECT_EQ(pool.tasks(1), 3u);
    auto moved = std::move(pool);
    EXPECT_EQ(moved.threads(), 2u);
  }
  EXPECT_EQ(alive.load(), 0);
}

TEST(local_pool, aborts_on_the_thread) {
  std::atomic<int> alive{0};
  local_pool pool(1);
  auto handle = pool.spawn_pinned(holds, std::ref(alive));
  while (alive < 1) std::this_thread::yield();
  handle.abort();
  auto runtime = weft::runtime::current_thread().build();
  auto ended = runtime.block_on(std::move(handle));
  EXPECT_TRUE(ended.error() == errc::task_aborted);
  EXPECT_EQ(alive.load(), 0);
}

task<int> throws(std::unique_ptr<int> given) {
  if (*given == 1) throw std::runtime_error("broken");
  co_return *given;
}
TEST(local_pool, yields_values_and_exceptions) {
  local_pool pool(1);
  auto good = pool.spawn_pinned(throws, std::make_unique<int>(5));
  auto bad = pool.spawn_pinned(throws, std::make_unique<int>(1));
  auto runtime = weft::runtime::current_thread().build();
  EXPECT_EQ(runtime.block_on(std::move(good)).value(), 5);
  EXPECT_TRUE(runtime.block_on(std::move(bad)).error() == errc::task_failed);
}

using local_pool_death = ::testing::Test;
TEST(local_pool_death, has_as_many_threads_as_it_has) {
  EXPECT_DEATH(
      {
        local_pool pool(1);
        (void)pool.tasks(1);
      },
      "no such thread");
}

}  // namespace
