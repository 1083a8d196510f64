// One worker: a thread's queue, timers and loop.
#pragma once

#include <weft/detail/execution.hpp>
#include <weft/runtime_metrics.hpp>

#include <array>
#include <cstdint>
#include <thread>

#include "driver/driver.hpp"
#include "facade.hpp"
#include "scheduler/local_queue.hpp"
#include "scheduler/parking.hpp"
#include "time/timer_wheel.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

class scheduler;

// Counted by the worker alone, read by anybody.
struct worker_counters {
  using counter = facade::atomic<std::uint64_t>;
  counter polls{0};
  counter local_schedules{0};
  counter overflows{0};
  counter steals{0};
  counter stolen_tasks{0};
  counter parks{0};
  counter noops{0};
  counter budget_yields{0};
  counter io_events{0};
  counter busy_ns{0};
  counter busy_since_ns{0};  // zero while it waits
  counter measured_ns{0};
  std::array<counter, poll_times::buckets> measured{};
  static void count(counter& one, std::uint64_t by = 1) noexcept {
    one.store(one.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
};

class alignas(64) worker {
 public:
  worker(scheduler& owner, unsigned index, std::uint64_t seed) noexcept;

  // Runs tasks until the scheduler stops, or until `until` is complete.
  void loop(const task_header* until) noexcept;

  // From the worker's own thread: a task was woken. `next`: run it right after the present one.
  void push(task_header* task, bool next) noexcept;
  // It is about to go on in another thread; or this one keeps it after all.
  void prepare_hand_over() noexcept;
  void take_back() noexcept;
  // Wakes whose time has come.
  void fire_timers() noexcept;
  std::uint64_t random_bits() noexcept;
  unsigned random_below(unsigned bound) noexcept;
  timer_wheel& timers() noexcept { return timers_; }
  local_queue& queue() noexcept { return queue_; }
  worker_counters& counters() noexcept { return counters_; }
  worker_metrics metrics() const noexcept;
  void add_poll_times(poll_times& to) const noexcept;
  std::thread thread;

 private:
  friend class scheduler;
  static constexpr unsigned driver_interval =
      61;  // tasks between looks at the driver and the timers
  static constexpr unsigned injection_interval = 31;  // tasks between looks at the injection queue
  static constexpr unsigned lifo_limit = 3;           // tasks in a row from the LIFO slot
  static constexpr unsigned task_budget = 128;        // operations of a task before it must yield
  // How late a parked worker fires the timers of another one that is busy.
  static constexpr std::uint64_t rescue_ms = 8;
  static constexpr int trim_after_ms = 1000;

  task_header* next_task() noexcept;
  task_header* take_injected() noexcept;
  task_header* steal() noexcept;
  void run(task_header* task) noexcept;
  bool lost() const noexcept;
  void run_measured(task_header* task) noexcept;
  void stop_being_busy() noexcept;
  void begin_to_be_busy() noexcept;
  void park() noexcept;
  bool hook_left_work() noexcept;
  void wait(int timeout_ms) noexcept;
  bool wait_once(int timeout_ms) noexcept;
  driver::turn turn_driver(int timeout_ms) noexcept;
  void look_at_driver() noexcept;
  void share_work() noexcept;
  std::uint64_t earliest_tick() const noexcept;
  int park_timeout() noexcept;
  void drain() noexcept;

  scheduler& owner_;
  const unsigned index_;
  std::uint32_t tick_ = 0;
  bool searching_ = false;
  bool untrimmed_ = false;  // ran tasks since memory was last given back
  bool batching_ =
      false;  // the driver or the timers are waking tasks: wake a peer once, afterwards
  task_header* lifo_ = nullptr;
  std::uint64_t random_;
  std::uint64_t polls_when_woken_ = 0;
  worker_counters counters_;
  parking::place place_;
  timer_wheel timers_;
  local_queue queue_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
