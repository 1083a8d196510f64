// Tokio's spawn, rt_current_thread and remote_spawn, and of rt_multi_threaded what spawns from
// outside: by the thread that blocks, while the workers are idle or busy, and by several threads at
// once. An operation is one task; for spawn and spawn10, one block_on.
#include <weft/spawn.hpp>
#include <weft/yield.hpp>

#include <atomic>
#include <barrier>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "bench.hpp"

namespace bench {

namespace {

using handles = std::vector<weft::join_handle<void>>;

weft::task<std::size_t> work() {
  std::size_t value = 1;
  keep(value);
  ++value;
  co_await weft::yield_now();
  co_return value;
}

weft::task<void> nothing() {
  co_return;
}

weft::task<void> spawn_one() {
  auto value = co_await weft::spawn(work());
  check(value == 2, "a task gave another value");
}

weft::task<void> spawn_ten() {
  std::vector<weft::join_handle<std::size_t>> spawned;
  spawned.reserve(10);
  for (int i = 0; i < 10; ++i) spawned.push_back(weft::spawn(work()));
  for (auto& one : spawned) {
    auto value = co_await std::move(one);
    check(value == 2, "a task gave another value");
  }
}

weft::task<void> join(handles& spawned) {
  for (auto& one : spawned) {
    auto ended = co_await std::move(one);
    check(ended.has_value(), "a task failed");
  }
  spawned.clear();
}

void spawn_remotely(weft::runtime& runtime, std::size_t times, std::size_t tasks) {
  handles spawned;
  spawned.reserve(tasks);
  for (std::size_t time = 0; time < times; ++time) {
    for (std::size_t i = 0; i < tasks; ++i) spawned.push_back(runtime.spawn(nothing()));
    runtime.block_on(join(spawned));
  }
}

weft::task<void> spawn_locally(std::size_t tasks) {
  handles spawned;
  spawned.reserve(tasks);
  for (std::size_t i = 0; i < tasks; ++i) spawned.push_back(weft::spawn(nothing()));
  co_await join(spawned);
}

void stall() {
  auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(10);
  while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

// True until it is destroyed; then waits for those who look at it.
class busy {
 public:
  explicit busy(std::size_t tasks)
      : on_(std::make_shared<std::atomic<bool>>(true)),
        left_(std::make_shared<std::atomic<std::size_t>>(tasks)) {}
  busy(const busy&) = delete;
  ~busy() {
    on_->store(false);
    while (left_->load() > 0) std::this_thread::yield();
  }

  std::shared_ptr<std::atomic<bool>> on() const { return on_; }
  std::shared_ptr<std::atomic<std::size_t>> left() const { return left_; }

 private:
  std::shared_ptr<std::atomic<bool>> on_;
  std::shared_ptr<std::atomic<std::size_t>> left_;
};

weft::task<void> stall_and_yield(std::shared_ptr<std::atomic<bool>> on,
                                 std::shared_ptr<std::atomic<std::size_t>> left) {
  while (on->load(std::memory_order_relaxed)) {
    co_await weft::yield_now();
    stall();
  }
  left->fetch_sub(1);
}

weft::task<void> stall_and_spawn(std::shared_ptr<std::atomic<bool>> on,
                                 std::shared_ptr<std::atomic<std::size_t>> left) {
  if (on->load(std::memory_order_relaxed)) {
    stall();
    weft::spawn(stall_and_spawn(std::move(on), std::move(left))).detach();
  } else {
    left->fetch_sub(1);
  }
  co_return;
}

weft::task<void> spawn_again_and_again(bool on) {
  if (on) weft::spawn(spawn_again_and_again(on)).detach();
  co_return;
}

void run_block_on(runner& bench) {
  auto run = [&](const char* name, threads on, std::size_t n, auto made) {
    bench.run_prepared(name, n, on, [=](weft::runtime&) {
      return [=](weft::runtime& runtime) {
        for (std::size_t i = 0; i < n; ++i) runtime.block_on(made());
      };
    });
  };
  auto n = bench.scaled(200'000);
  auto crossings = bench.scaled(10'000);
  run("basic_scheduler_spawn", threads::current_thread, n, spawn_one);
  run("basic_scheduler_spawn10", threads::current_thread, n / 4 + 1, spawn_ten);
  run("threaded_scheduler_spawn", threads::one_worker, crossings, spawn_one);
  run("threaded_scheduler_spawn10", threads::one_worker, crossings, spawn_ten);
  // No bench of Tokio's: what its others have in them, and these leave out (see main.cpp).
  run("threaded_scheduler_block_on", threads::one_worker, crossings, nothing);
}

void run_current_thread(runner& bench) {
  constexpr std::size_t tasks = 1000;
  auto times = bench.scaled(200);
  auto n = times * tasks;
  bench.run_prepared("current_thread_spawn_many_local", n, threads::current_thread,
                     [times](weft::runtime&) {
                       return [times](weft::runtime& runtime) {
                         for (std::size_t i = 0; i < times; ++i)
                           runtime.block_on(spawn_locally(tasks));
                       };
                     });
  auto remotely = [times](weft::runtime& runtime) { spawn_remotely(runtime, times, tasks); };
  bench.run_prepared("current_thread_spawn_many_remote_idle", n, threads::current_thread,
                     [remotely](weft::runtime&) { return remotely; });
  bench.run_prepared("current_thread_spawn_many_remote_busy", n, threads::current_thread,
                     [remotely](weft::runtime& runtime) {
                       runtime.spawn(spawn_again_and_again(true)).detach();
                       return remotely;
                     });
}

void run_remote(runner& bench) {
  constexpr std::size_t tasks = 10'000;
  auto times = bench.scaled(20);
  bench.run("spawn_many_remote_idle", times * tasks,
            [times](weft::runtime& runtime) { spawn_remotely(runtime, times, tasks); });

  auto run_busy = [&](const char* name, std::size_t stalling, std::size_t repeated,
                      std::size_t spawned, auto work) {
    bench.run_prepared(name, repeated * spawned, threads::workers, [=](weft::runtime& runtime) {
      auto others = std::make_shared<busy>(stalling);
      for (std::size_t i = 0; i < stalling; ++i) {
        runtime.spawn(work(others->on(), others->left())).detach();
      }
      return [=](weft::runtime& on_it) {
        keep(others);
        spawn_remotely(on_it, repeated, spawned);
      };
    });
  };
  run_busy("spawn_many_remote_busy1", 2 * bench.workers(), bench.scaled(1), tasks, stall_and_yield);
  run_busy("spawn_many_remote_busy2", bench.workers(), bench.scaled(1), 1000, stall_and_spawn);
}

void run_several_threads(runner& bench) {
  constexpr std::size_t tasks = 12'800;
  auto times = bench.scaled(20);
  for (std::size_t spawners : {1uz, 2uz}) {
    bench.run("remote_spawn_threads_" + std::to_string(spawners), times * tasks,
              [=](weft::runtime& runtime) {
                for (std::size_t time = 0; time < times; ++time) {
                  std::barrier<> together(static_cast<std::ptrdiff_t>(spawners));
                  std::vector<handles> spawned(spawners);
                  std::vector<std::jthread> running;
                  for (auto& own : spawned) {
                    running.emplace_back([&] {
                      own.reserve(tasks / spawners);
                      together.arrive_and_wait();
                      for (std::size_t i = 0; i < tasks / spawners; ++i)
                        own.push_back(runtime.spawn(nothing()));
                    });
                  }
                  running.clear();
                  for (auto& own : spawned) runtime.block_on(join(own));
                }
              });
  }
}

}  // namespace

void run_spawn(runner& bench) {
  run_block_on(bench);
  run_current_thread(bench);
  run_remote(bench);
  run_several_threads(bench);
}

}  // namespace bench
