// `./dev bench growth`: what a task or a timer costs among N of them, from one to a million. Each
// workload is to run in a process of its own, else the memory of an earlier one is used again.
#include <weft/spawn.hpp>
#include <weft/sync/notify.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include "bench.hpp"

namespace bench {

namespace {

using namespace std::chrono_literals;
using weft::sync::notify;

constexpr std::size_t smallest_run = 100'000;

std::size_t resident_bytes() {
  std::size_t size = 0, resident = 0;
  auto* file = std::fopen("/proc/self/statm", "r");
  check(file && std::fscanf(file, "%zu %zu", &size, &resident) == 2, "/proc/self/statm is strange");
  std::fclose(file);
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// How much the process has grown at its first full round.
class grown {
 public:
  void start() {
    if (before_ == 0) before_ = resident_bytes();
  }
  void full() {
    if (bytes_ == 0) bytes_ = std::max<std::size_t>(1, resident_bytes() - before_);
  }
  std::string field(std::size_t count) const {
    char text[64];
    std::snprintf(text, sizeof text, ",\"bytes_per_op\":%.1f",
                  static_cast<double>(bytes_) / static_cast<double>(count));
    return text;
  }

 private:
  std::size_t before_ = 0;
  std::size_t bytes_ = 0;
};

struct crowd {
  std::size_t size;
  std::atomic<std::size_t> arrived{0};
  notify all_arrived;
  notify leave;

  explicit crowd(std::size_t tasks) : size(tasks) {}
};

weft::task<void> stay(std::shared_ptr<crowd> in) {
  auto leaving = in->leave.notified();
  if (in->arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == in->size) {
    in->all_arrived.notify_one();
  }
  co_await std::move(leaving);
}

// Spawns N tasks, waits until all of them wait, wakes all and joins each.
weft::task<void> hold_tasks(std::size_t tasks, std::size_t times, grown& memory) {
  auto in = std::make_shared<crowd>(tasks);
  std::vector<weft::join_handle<void>> spawned;
  memory.start();
  for (std::size_t time = 0; time < times; ++time) {
    in->arrived.store(0, std::memory_order_relaxed);
    spawned.reserve(tasks);
    for (std::size_t i = 0; i < tasks; ++i) spawned.push_back(weft::spawn(stay(in)));
    co_await in->all_arrived.notified();
    memory.full();
    in->leave.notify_waiters();
    for (auto& one : spawned) {
      auto ended = co_await std::move(one);
      check(ended.has_value(), "a task failed");
    }
    spawned.clear();
  }
}

using sleeping = decltype(weft::sleep(1s).operator co_await());

// Polls a sleep, which registers it, and goes on.
class start_sleep : public weft::leaf_awaiter<start_sleep> {
 public:
  explicit start_sleep(sleeping& sleep) noexcept : sleep_(sleep) {}
  bool poll() noexcept {
    waits_ = !sleep_.poll();
    return true;
  }
  bool take() noexcept { return waits_; }

 private:
  sleeping& sleep_;
  bool waits_ = false;
};
class start_operation {
 public:
  explicit start_operation(sleeping& sleep) noexcept : sleep_(sleep) {}
  auto operator co_await() && noexcept { return start_sleep(sleep_); }

 private:
  sleeping& sleep_;
};

// Registers N sleeps of 10 to 110 s, and cancels them. An earlier one is known to the driver all
// the time: without, Tokio would wake its driver for each.
weft::task<void> cancel_timers(std::size_t timers, std::size_t times, grown& memory) {
  std::vector<std::unique_ptr<sleeping>> pending;
  sleeping earlier(weft::sleep(9s).operator co_await());
  auto starts = co_await start_operation(earlier);
  check(starts, "a sleep of 9 s was over at once");
  for (int i = 0; i < 4; ++i) co_await weft::yield_now();
  memory.start();
  for (std::size_t time = 0; time < times; ++time) {
    pending.reserve(timers);
    for (std::size_t i = 0; i < timers; ++i) {
      auto wait = 10s + std::chrono::milliseconds((i * 7919) % 100'000);
      pending.emplace_back(new sleeping(weft::sleep(wait).operator co_await()));
      auto waits = co_await start_operation(*pending.back());
      check(waits, "a sleep of 10 s was over at once");
    }
    memory.full();
    pending.clear();
  }
}

weft::task<void> sleep_once(weft::duration wait) {
  auto due = weft::time::now() + wait;
  co_await weft::sleep(wait);
  check(weft::time::now() >= due, "a sleep was over too early");
}

// N tasks with a sleep of 10 to 100 ms each.
weft::task<void> fire_timers(std::size_t timers, std::size_t times, grown& memory) {
  std::vector<weft::join_handle<void>> spawned;
  memory.start();
  for (std::size_t time = 0; time < times; ++time) {
    spawned.reserve(timers);
    for (std::size_t i = 0; i < timers; ++i) {
      spawned.push_back(weft::spawn(sleep_once(std::chrono::milliseconds(10 + (i * 7919) % 91))));
    }
    memory.full();
    for (auto& one : spawned) {
      auto ended = co_await std::move(one);
      check(ended.has_value(), "a task failed");
    }
    spawned.clear();
  }
}

}  // namespace

void run_growth(runner& bench) {
  auto run = [&](const char* name, std::size_t most_times, auto work) {
    for (std::size_t count = 1; count <= 1'000'000; count *= 10) {
      auto times = std::clamp<std::size_t>(bench.scaled(smallest_run) / count, 1, most_times);
      auto memory = std::make_shared<grown>();
      bench.run_with_extra(name + std::to_string(count), count * times,
                           [=](weft::runtime& runtime) {
                             runtime.block_on(work(count, times, *memory));
                             return memory->field(count);
                           });
    }
  };
  run("tasks_held_", smallest_run, hold_tasks);
  run("timers_cancelled_", smallest_run, cancel_timers);
  run("timers_fired_", 5, fire_timers);
}

}  // namespace bench
