#include <weft/runtime.hpp>

#include <algorithm>
#include <stdexcept>
#include <system_error>

#include "scheduler/scheduler.hpp"
#include "task/dump.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// In a forked child its threads do not exist and its tasks are the parent's: it is left alone.
void scheduler_deleter::operator()(scheduler* owned) const noexcept {
  if (!owned->process().forked()) delete owned;
}

scheduler& ambient_scheduler() {
  if (auto* running = scheduler::here()) return *running;
  throw std::system_error(make_error_code(errc::no_runtime),
                          "weft::spawn outside a runtime; use runtime.spawn or runtime.block_on");
}

void submit(task_header* task) noexcept {
  task->owner->submit(task);
}

void run_to_end(scheduler& owner, task_header* task) {
  if (current_execution().worker) {
    task->operations->drop(task);
    task->state.store(state::complete | state::reference, std::memory_order_relaxed);
    task->release();
    throw std::system_error(make_error_code(errc::would_block_runtime),
                            "runtime::block_on inside a task; co_await it, or spawn it");
  }
  owner.submit(task);
  owner.wait_for(task);
}

int report_failure(const error& failure) noexcept {
  try {
    std::fprintf(stderr, "error: %s\n", failure.message().c_str());
  } catch (...) {
    std::fputs("error\n", stderr);
  }
  return 1;
}

}  // namespace detail

runtime::runtime(detail::scheduler_options&& options)
    : scheduler_(new detail::scheduler(std::move(options))) {}
runtime::runtime() : runtime(detail::scheduler_options()) {}
runtime::~runtime() {
  if (scheduler_) scheduler_->shut_down(default_grace, false);
}

std::size_t runtime::shut_down(duration grace) noexcept {
  return scheduler_->shut_down(grace, false).cancelled;
}
shutdown_report runtime::shut_down_with_report(duration grace) noexcept {
  return scheduler_->shut_down(grace, true);
}

void runtime::shut_down_background() && noexcept {
  if (!scheduler_) return;
  auto* left = scheduler_.release();
  if (left->process().forked()) return;
  auto doors = left->options().environment;  // which would go with the scheduler
  try {
    doors->start_thread("weft-shutdown", [left] { delete left; }).detach();
  } catch (const std::exception&) {
    delete left;
  }
}

runtime_metrics runtime::metrics() const {
  runtime_metrics sums;
  sums.workers = scheduler_->workers().size();
  sums.alive_tasks = scheduler_->tasks().size();
  sums.spawned_tasks = scheduler_->tasks().added();
  sums.remote_schedules = scheduler_->remote_schedules();
  sums.injection_queue_depth = scheduler_->injected().size();
  for (auto& one : scheduler_->workers()) {
    auto counted = one->metrics();
    sums.polls += counted.polls;
    sums.local_schedules += counted.local_schedules;
    sums.overflows += counted.overflows;
    sums.steals += counted.steals;
    sums.stolen_tasks += counted.stolen_tasks;
    sums.parks += counted.parks;
    sums.noops += counted.noops;
    sums.budget_yields += counted.budget_yields;
    sums.io_events += counted.io_events;
    sums.busy += counted.busy;
    sums.queue_depth += counted.queue_depth;
  }
  auto pool = scheduler_->blocking().numbers();
  sums.blocking_threads = pool.threads;
  sums.idle_blocking_threads = pool.idle;
  sums.blocking_queue_depth = pool.queued;
  sums.blocking_waiters = pool.waiters;
  auto descriptors = scheduler_->io().counted();
  sums.io_registered = descriptors.adopted;
  sums.io_deregistered = descriptors.closed;
  return sums;
}

weft::worker_metrics runtime::worker_metrics(std::size_t worker) const {
  auto& workers = scheduler_->workers();
  if (worker >= workers.size()) detail::misuse("runtime::worker_metrics: there is no such worker");
  return workers[worker]->metrics();
}

void runtime::measure_poll_times(bool on) noexcept {
  scheduler_->measure_polls(on);
}

weft::poll_times runtime::poll_times() const {
  weft::poll_times all;
  for (auto& one : scheduler_->workers()) one->add_poll_times(all);
  return all;
}

std::string runtime::dump_tasks() const {
  return detail::dump(*scheduler_);
}

runtime::builder runtime::multi_thread() {
  return builder(false);
}
runtime::builder runtime::current_thread() {
  return builder(true);
}

runtime::builder::builder(bool current_thread)
    : options_(std::make_unique<detail::scheduler_options>()) {
  options_->current_thread = current_thread;
}
runtime::builder::~builder() = default;
runtime::builder::builder(builder&&) noexcept = default;

runtime::builder&& runtime::builder::worker_threads(unsigned count) && {
  options_->workers = count;
  return std::move(*this);
}
runtime::builder&& runtime::builder::thread_name(std::string name) && {
  options_->thread_name = std::move(name);
  return std::move(*this);
}
runtime::builder&& runtime::builder::start_paused(bool paused) && {
  options_->start_paused = paused;
  return std::move(*this);
}
runtime::builder&& runtime::builder::blocking_threads(unsigned most) && {
  options_->blocking.threads = std::max(1u, most);
  return std::move(*this);
}
runtime::builder&& runtime::builder::blocking_queue(std::size_t most) && {
  options_->blocking.queue = most;
  return std::move(*this);
}
runtime::builder&& runtime::builder::blocking_idle(duration wait) && {
  options_->blocking.idle =
      std::clamp<duration>(wait, duration::zero(), std::chrono::hours(24 * 365));
  return std::move(*this);
}
runtime::builder&& runtime::builder::environment(std::shared_ptr<weft::environment> doors) && {
  options_->environment = std::move(doors);
  return std::move(*this);
}

runtime::builder&& runtime::builder::on_thread_start(std::function<void()> hook) && {
  options_->hooks.thread_start = std::move(hook);
  return std::move(*this);
}
runtime::builder&& runtime::builder::on_thread_stop(std::function<void()> hook) && {
  options_->hooks.thread_stop = std::move(hook);
  return std::move(*this);
}
runtime::builder&& runtime::builder::on_thread_park(std::function<void()> hook) && {
  options_->hooks.thread_park = std::move(hook);
  return std::move(*this);
}
runtime::builder&& runtime::builder::on_thread_unpark(std::function<void()> hook) && {
  options_->hooks.thread_unpark = std::move(hook);
  return std::move(*this);
}
runtime::builder&& runtime::builder::on_task_spawn(std::function<void(const task_info&)> hook) && {
  options_->hooks.task_spawn = std::move(hook);
  return std::move(*this);
}
runtime::builder&& runtime::builder::on_task_end(std::function<void(const task_info&)> hook) && {
  options_->hooks.task_end = std::move(hook);
  return std::move(*this);
}
runtime::builder&& runtime::builder::on_before_poll(std::function<void(const task_info&)> hook) && {
  options_->hooks.before_poll = std::move(hook);
  return std::move(*this);
}
runtime::builder&& runtime::builder::on_after_poll(std::function<void(const task_info&)> hook) && {
  options_->hooks.after_poll = std::move(hook);
  return std::move(*this);
}
runtime::builder&& runtime::builder::on_unhandled_error(
    std::function<void(const task_failure&)> hook) && {
  options_->hooks.unhandled_error = std::move(hook);
  return std::move(*this);
}

runtime runtime::builder::build() && {
  if (options_->start_paused && !options_->current_thread) {
    throw std::invalid_argument(
        "runtime: only the clock of a current-thread runtime can be paused");
  }
  return runtime(std::move(*options_));
}

}  // namespace v0
}  // namespace weft
