// The scheduler: workers, their queues and timers, the driver, and all tasks.
#pragma once

#include <weft/detail/execution.hpp>
#include <weft/environment.hpp>
#include <weft/waker.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "blocking/blocking_pool.hpp"
#include "driver/driver.hpp"
#include "scheduler/fork_guard.hpp"
#include "scheduler/idle.hpp"
#include "scheduler/injection_queue.hpp"
#include "scheduler/owned_tasks.hpp"
#include "scheduler/parking.hpp"
#include "scheduler/worker.hpp"
#include "task/thread_place.hpp"
#include "time/runtime_clock.hpp"

namespace weft {
inline namespace v0 {

struct shutdown_report;
struct task_failure;
struct task_info;

namespace detail {

// Called where they are set; see runtime::builder.
struct runtime_hooks {
  std::function<void()> thread_start;
  std::function<void()> thread_stop;
  std::function<void()> thread_park;
  std::function<void()> thread_unpark;
  std::function<void(const task_info&)> task_spawn;
  std::function<void(const task_info&)> task_end;
  std::function<void(const task_info&)> before_poll;
  std::function<void(const task_info&)> after_poll;
  std::function<void(const task_failure&)> unhandled_error;
};

struct scheduler_options {
  bool current_thread = false;
  unsigned workers = 0;  // 0: as many as processors
  bool start_paused = false;
  std::string thread_name = "weft-worker";
  std::shared_ptr<weft::environment> environment;
  blocking_limits blocking;
  runtime_hooks hooks;
};

// With threads of its own, or (current_thread) run by whoever calls block_on.
class scheduler {
 public:
  explicit scheduler(scheduler_options options);
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;
  // Cancels every task that is left. Not from a worker of its own.
  ~scheduler();

  static scheduler* here() noexcept { return thread_place.current_scheduler; }
  // Puts a task that was notified into a queue; the reference of the caller moves there.
  static void schedule(task_header* task) noexcept;

  void submit(task_header* task) noexcept;
  // Waits on this thread until the task is complete; runs it when there are no other threads.
  void wait_for(task_header* task);
  // Lets tasks that are shielded end, then stops the workers, cancels the rest, and lets calls on
  // the blocking pool end: for at most `grace`, all together. Tells what was cancelled; by place
  // only when that is asked for.
  shutdown_report shut_down(std::chrono::nanoseconds grace, bool by_place) noexcept;

  void wake_if_idle() noexcept {
    if (idle_.claim_wake()) wake_worker();
  }
  // One that waits; when none does, the next that will.
  void wake_worker() noexcept {
    if (!parking_.wake_one()) driver_->wake_one();
  }
  // On a thread of the blocking pool, in place of one that blocks (block_in_place).
  void run_handed_over(worker& one) noexcept;
  void note_handed_over(int change) noexcept;
  // A thread waits for this task, which is complete.
  void tell_waiting_thread(task_header* task) noexcept;
  // A shielded task is counted from before it starts until its frames are gone. False: the grace
  // for such is over, and it must not start. So each either is given the grace or never begins.
  bool begin_shielded() noexcept;
  void end_shielded() noexcept;
  // True: there are none, and there will be none.
  bool poll_unshielded() noexcept;
  unsigned random_below(unsigned bound) noexcept;
  std::uint64_t now_ns() noexcept { return clock_.now_ns(); }

  runtime_clock& clock() noexcept { return clock_; }
  driver& io() noexcept { return *driver_; }
  const fork_guard& process() const noexcept { return process_; }
  blocking_pool& blocking() noexcept { return *blocking_; }
  weft::environment& environment() noexcept { return *options_.environment; }
  idle_state& idle() noexcept { return idle_; }
  parking& idle_workers() noexcept { return parking_; }
  injection_queue& injected() noexcept { return injected_; }
  owned_tasks& tasks() noexcept { return tasks_; }
  std::vector<std::unique_ptr<worker>>& workers() noexcept { return workers_; }
  // Tasks that were queued by threads of others.
  std::uint64_t remote_schedules() const noexcept {
    return visitors_.load(std::memory_order_relaxed) / one_visit;
  }
  bool measures_polls() const noexcept { return measures_polls_.load(std::memory_order_relaxed); }
  void measure_polls(bool on) noexcept { measures_polls_.store(on, std::memory_order_relaxed); }
  bool stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }
  const facade::atomic<bool>& stop_flag() const noexcept { return stopping_; }
  bool current_thread() const noexcept { return options_.current_thread; }
  const scheduler_options& options() const noexcept { return options_; }

  // Runs one task until it suspends, and what follows from that.
  void run(task_header* task) noexcept;
  bool work_pending() const noexcept;

 private:
  void drive_until_complete(task_header* task);
  void finish(task_header* task) noexcept;
  void cancel(task_header* task) noexcept;
  void schedule_again(task_header* task) noexcept;
  bool close_unshielded() noexcept;
  void cancel_rest(shutdown_report& into, bool by_place) noexcept;
  void stop_workers() noexcept;

  const fork_guard process_;
  scheduler_options options_;
  runtime_clock clock_;
  driver_reference driver_;
  std::shared_ptr<blocking_pool> blocking_;
  idle_state idle_;
  parking parking_;
  injection_queue injected_;
  owned_tasks tasks_;
  std::vector<std::unique_ptr<worker>> workers_;
  facade::atomic<bool> stopping_{false};
  static constexpr unsigned no_more_shields = 1;
  static constexpr unsigned one_shield = 2;
  facade::atomic<unsigned> shielded_{0};
  // Threads of others that are queueing a task, in the low 16 bits; above, how many ever did.
  facade::atomic<std::uint64_t> visitors_{0};
  static constexpr std::uint64_t one_visit = 1 << 16;
  static constexpr std::uint64_t visiting_mask = one_visit - 1;
  facade::atomic<bool> measures_polls_{false};
  // Of a current-thread runtime: whether a thread drives it.
  std::mutex driving_;
  std::condition_variable driving_changed_;
  bool driven_ = false;
  int handed_over_ = 0;  // workers that threads of the blocking pool run, or will; guarded as well
  atomic_waker unshielded_;
  facade::atomic<bool> shut_down_{false};
};

// Makes `owner` (and its worker, if it is one of its threads) the place where this thread stands.
class entered_scheduler {
 public:
  entered_scheduler(scheduler& owner, worker* as) noexcept : before_(thread_place) {
    thread_place = execution{};
    thread_place.current_scheduler = &owner;
    thread_place.worker = as;
  }
  entered_scheduler(const entered_scheduler&) = delete;
  entered_scheduler& operator=(const entered_scheduler&) = delete;
  ~entered_scheduler() { thread_place = before_; }

 private:
  execution before_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
