#include "scheduler/scheduler.hpp"

#include <weft/leaf.hpp>
#include <weft/runtime.hpp>
#include <weft/shield.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>

#include <algorithm>
#include <bit>
#include <iterator>
#include <new>
#include <string_view>

#include "task/context_record.hpp"
#include "task/hub.hpp"
#include "task/task_info.hpp"
#include "task/task_state.hpp"
#include "task/thread_place.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

scheduler_options completed(scheduler_options options) {
  if (!options.environment) options.environment = std::make_shared<environment>();
  if (options.workers == 0) options.workers = std::max(1u, std::thread::hardware_concurrency());
  if (options.current_thread) options.workers = 1;
  return options;
}

worker* worker_here() noexcept {
  return static_cast<worker*>(thread_place.worker);
}

// The references that a task has from its start, besides its handle's.
constexpr std::uint32_t list_and_queue = 2;

// Done when no shielded task is left.
class unshielded : public leaf_awaiter<unshielded> {
 public:
  explicit unshielded(scheduler& owner) noexcept : owner_(owner) {}
  static constexpr const char* name = "the end of shielded tasks";
  bool poll() noexcept { return owner_.poll_unshielded(); }
  void take() noexcept {}

 private:
  scheduler& owner_;
};
struct until_unshielded {
  scheduler& owner;
  explicit until_unshielded(scheduler& from) noexcept : owner(from) {}
  auto operator co_await() && noexcept { return unshielded(owner); }
};

task<void> drain_shielded(scheduler& owner, duration grace) {
  (void)co_await timeout(grace, until_unshielded(owner));
}

}  // namespace

scheduler::scheduler(scheduler_options options)
    : options_(completed(std::move(options))),
      clock_(*options_.environment),
      driver_(make_epoll_driver()),
      blocking_(std::make_shared<blocking_pool>(options_.environment, options_.blocking, *this)),
      idle_(options_.workers) {
  if (options_.start_paused) clock_.pause();
  auto seed = options_.environment->random_seed();
  for (unsigned index = 0; index < options_.workers; ++index) {
    workers_.push_back(
        std::make_unique<worker>(*this, index, seed + index * 0x9e3779b97f4a7c15ull));
  }
  if (options_.current_thread) return;
  try {
    for (auto& started : workers_) {
      auto* self = started.get();
      started->thread = options_.environment->start_thread(options_.thread_name, [this, self] {
        entered_scheduler inside(*this, self);
        if (options_.hooks.thread_start) options_.hooks.thread_start();
        self->loop(nullptr);
        if (options_.hooks.thread_stop) options_.hooks.thread_stop();
        driver_->wake_one();  // the next one hears of the end, too
      });
    }
  } catch (...) {
    stop_workers();
    throw;
  }
}

scheduler::~scheduler() {
  shut_down(duration::zero(), false);
}

void scheduler::schedule(task_header* task) noexcept {
  auto& current = thread_place;
  auto* owner = task->owner;
  if (current.worker && current.current_scheduler == owner) {
    return static_cast<worker*>(current.worker)->push(task, current.task != task);
  }
  // This thread does not belong to the runtime, which may end meanwhile. Until the task is in the
  // queue, cancel_rest waits for it; from then on it waits for the visitor.
  owner->visitors_.fetch_add(one_visit + 1, std::memory_order_relaxed);
  owner->injected_.push(task);
  owner->wake_if_idle();
  owner->visitors_.fetch_sub(1, std::memory_order_release);
}

void scheduler::submit(task_header* task) noexcept {
  process_.check();
  auto& current = thread_place;
  if (auto ambient = current.branch ? current.branch->ambient : current.ambient;
      ambient && !task->root.ambient) [[unlikely]] {
    task->root.ambient = inherit_context(ambient);
  }
  auto* mine = current.current_scheduler == this ? static_cast<worker*>(current.worker) : nullptr;
  auto hint =
      mine ? mine->index_ : static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(&current) >> 12);
  if (tasks_.add(task, hint)) {
    if (options_.hooks.task_spawn) options_.hooks.task_spawn(info_of(*task));
    return schedule(task);
  }
  // Shut down: it is cancelled before it ran. Nobody else has it, but whoever holds the handle that
  // is being made.
  entered_scheduler inside(*this, nullptr);
  std::uint64_t before;
  begin_running(task, before);
  task->operations->drop(task);
  complete(task, list_and_queue);
}

void scheduler::run(task_header* task) noexcept {
  std::uint64_t before;
  if (!begin_running(task, before)) return task->release();
  auto& current = thread_place;
  if (task->timed) [[unlikely]]
    current.running_since_ns = now_ns();
  if (before & state::cancelled) {
    cancel(task);
  } else {
    if (options_.hooks.before_poll) options_.hooks.before_poll(info_of(*task));
    auto ready = static_cast<std::uint32_t>(before >> 32);
    task->fresh_bits = 0;
    for (; ready && !task->finished; ready &= ~task->fresh_bits) {
      auto bit = static_cast<unsigned>(std::countr_zero(ready));
      ready &= ready - 1;
      grant_late_budget(current);
      if (bit == 0) {
        current.branch = &task->root;
        if (task->root.current) {
          poll_branch(&task->root);
        } else {
          task->operations->start(task);
        }
      } else if (bit == hub_bit) {
        poll_woken_hubs(task);
      } else {
        auto* node = task->root.next;
        while (node && node->bit != bit) node = node->next;
        if (node) poll_branch(node);
      }
    }
    if (options_.hooks.after_poll) options_.hooks.after_poll(info_of(*task));
    if (task->finished) {
      finish(task);
    } else {
      if (task->timed) [[unlikely]]
        task->busy_ns += now_ns() - current.running_since_ns;
      switch (stop_running(task)) {
        case running_end::suspended:
          break;
        case running_end::cancelled:
          cancel(task);
          break;
        case running_end::again:
          schedule_again(task);
          break;
      }
    }
  }
  current.branch = nullptr;
}

// Woken while it ran: behind all others, so that yielding is fair.
void scheduler::schedule_again(task_header* task) noexcept {
  if (auto* mine = worker_here()) return mine->push(task, false);
  schedule(task);  // the worker was handed over
}

void scheduler::cancel(task_header* task) noexcept {
  thread_place.branch = &task->root;
  task->operations->drop(task);
  finish(task);
}

void scheduler::finish(task_header* task) noexcept {
  if (options_.hooks.task_end) options_.hooks.task_end(info_of(*task));
  tasks_.remove(task);
  complete(task, list_and_queue);
}

bool scheduler::work_pending() const noexcept {
  if (injected_.size() > 0) return true;
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const auto& one) { return one->queue_.size() > 0; });
}

unsigned scheduler::random_below(unsigned bound) noexcept {
  auto* mine = worker_here();
  return mine ? mine->random_below(bound) : 0;
}

void scheduler::wait_for(task_header* task) {
  process_.check();
  if (options_.current_thread) return drive_until_complete(task);
  auto seen = task->state.fetch_or(state::thread_waits, std::memory_order_acq_rel);
  while (!(seen & state::complete)) {
    facade::wait_for_change(task->state, seen);
    seen = task->state.load(std::memory_order_acquire);
  }
}

bool begin_shielded(scheduler& owner) noexcept {
  return owner.begin_shielded();
}
void end_shielded(scheduler& owner) noexcept {
  owner.end_shielded();
}

// One of the threads that wait drives the runtime; when it leaves, another one takes over.
void scheduler::drive_until_complete(task_header* task) {
  std::unique_lock held(driving_);
  while (
      !(task->state.fetch_or(state::thread_waits, std::memory_order_acq_rel) & state::complete)) {
    if (driven_ || stopping()) {
      driving_changed_.wait(held);
      continue;
    }
    driven_ = true;
    held.unlock();
    {
      entered_scheduler inside(*this, workers_.front().get());
      workers_.front()->loop(task);
    }
    held.lock();
    driven_ = false;
    driving_changed_.notify_all();
  }
}

void scheduler::tell_waiting_thread(task_header* task) noexcept {
  if (!options_.current_thread) return task->state.notify_all();
  std::lock_guard held(driving_);
  driving_changed_.notify_all();
}

bool scheduler::begin_shielded() noexcept {
  auto seen = shielded_.load(std::memory_order_relaxed);
  while (!(seen & no_more_shields)) {
    if (shielded_.compare_exchange_weak(seen, seen + one_shield, std::memory_order_relaxed))
      return true;
  }
  return false;
}

void scheduler::end_shielded() noexcept {
  if (shielded_.fetch_sub(one_shield, std::memory_order_seq_cst) == one_shield) unshielded_.wake();
}

bool scheduler::close_unshielded() noexcept {
  unsigned none = 0;
  return shielded_.compare_exchange_strong(none, no_more_shields, std::memory_order_seq_cst) ||
         none == no_more_shields;
}

bool scheduler::poll_unshielded() noexcept {
  if (close_unshielded()) return true;
  unshielded_.register_current();
  return close_unshielded();
}

void scheduler::stop_workers() noexcept {
  stopping_.store(true, std::memory_order_seq_cst);
  while (parking_.wake_one()) {
  }
  driver_->wake_one();
  for (auto& one : workers_) {
    if (one->thread.joinable()) one->thread.join();
  }
  std::unique_lock held(driving_);
  while (driven_ || handed_over_ > 0) driving_changed_.wait(held);
}

shutdown_report scheduler::shut_down(duration grace, bool by_place) noexcept {
  shutdown_report report;
  if (worker_here() && here() == this)
    misuse("a runtime was shut down or destroyed by one of its own tasks");
  if (process_.forked() || shut_down_.exchange(true)) return report;
  auto start = std::chrono::steady_clock::now();
  if (!close_unshielded() && grace > duration::zero()) {
    try {
      auto* draining = make_cell<task_cell<void>>(*this, drain_shielded(*this, grace),
                                                  std::source_location::current());
      submit(draining);
      wait_for(draining);
      forget_task(draining);
    } catch (const std::bad_alloc&) {  // then without grace
    }
  }
  shielded_.fetch_or(no_more_shields, std::memory_order_relaxed);
  stop_workers();
  blocking_->close();  // first: it must not wake what is being cancelled
  cancel_rest(report, by_place);
  auto passed = std::chrono::steady_clock::now() - start;
  report.blocking_calls = blocking_->join(std::max(grace - passed, duration::zero()));
  return report;
}

namespace {

void note_place(shutdown_report& into, const task_info& task) noexcept {
  auto same = [&](const shutdown_report::place& one) {
    return one.spawned_at.line() == task.spawned_at.line() &&
           std::string_view(one.spawned_at.file_name()) == task.spawned_at.file_name() &&
           one.name == task.name;
  };
  try {
    auto found = std::find_if(into.places.begin(), into.places.end(), same);
    if (found == into.places.end()) {
      into.places.emplace_back(task.name, task.spawned_at);
      found = std::prev(into.places.end());
    }
    ++found->tasks;
  } catch (const std::bad_alloc&) {  // then without that one
  }
}

}  // namespace

// The workers are gone: this thread owns every task.
void scheduler::cancel_rest(shutdown_report& into, bool by_place) noexcept {
  entered_scheduler inside(*this, nullptr);
  tasks_.close();
  std::size_t queued = 0;  // each task that is notified is in a queue, or on its way there
  while (auto* task = tasks_.any()) {
    std::uint64_t before;
    if (begin_running(task, before)) {
      if (before & state::notified) ++queued;
      thread_place.branch = &task->root;
      if (by_place) note_place(into, info_of(*task));
      task->operations->drop(task);
      if (options_.hooks.task_end) options_.hooks.task_end(info_of(*task));
      tasks_.remove(task);
      complete(task, 2);  // of the list, and of this thread
      ++into.cancelled;
    } else {
      facade::yield_thread();  // a dump on another thread holds it for a moment
      task->release();
    }
  }
  // All of them are complete; only the references remain. Who was about to queue one (a waker on
  // another thread) must be done with this scheduler before it goes.
  for (auto& one : workers_) {
    if (auto* task = std::exchange(one->lifo_, nullptr)) task->release(), --queued;
    while (auto* task = one->queue_.pop()) task->release(), --queued;
  }
  while (queued > 0) {
    if (auto* task = injected_.pop()) {
      task->release();
      --queued;
    } else {
      facade::yield_thread();
    }
  }
  while (visitors_.load(std::memory_order_acquire) & visiting_mask) facade::yield_thread();
  std::sort(into.places.begin(), into.places.end(),
            [](auto& left, auto& right) { return left.tasks > right.tasks; });
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
