#include "scheduler/worker.hpp"

#include <weft/bytes.hpp>

#include <algorithm>
#include <climits>
#include <utility>

#include "memory/frame_pool.hpp"
#include "scheduler/scheduler.hpp"
#include "task/task_state.hpp"
#include "task/thread_place.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

worker::worker(scheduler& owner, unsigned index, std::uint64_t seed) noexcept
    : owner_(owner), index_(index), random_(seed | 1) {}

// xorshift64: enough to choose victims and the order of branches.
std::uint64_t worker::random_bits() noexcept {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_;
}

unsigned worker::random_below(unsigned bound) noexcept {
  return static_cast<unsigned>((random_bits() >> 32) * bound >> 32);
}

void worker::push(task_header* task, bool next) noexcept {
  worker_counters::count(counters_.local_schedules);
  if (next && !batching_ && !owner_.current_thread()) {
    auto* before = std::exchange(lifo_, task);
    if (!before) return;
    task = before;
  }
  if (!queue_.push(task, owner_.injected())) worker_counters::count(counters_.overflows);
  if (!batching_) owner_.wake_if_idle();
}

task_header* worker::next_task() noexcept {
  if (tick_ % injection_interval == 0) {
    if (auto* task = take_injected()) return task;
  }
  if (auto* task = std::exchange(lifo_, nullptr)) return task;
  if (auto* task = queue_.pop()) return task;
  return take_injected();
}

// A fair share of what was injected, at most half of the ring.
task_header* worker::take_injected() noexcept {
  auto waiting = owner_.injected().size();
  if (waiting == 0) return nullptr;
  auto share = waiting / owner_.workers().size() + 1;
  auto room = std::min<std::size_t>(queue_.room(), local_queue::capacity / 2);
  return owner_.injected().pop_batch(queue_, std::max<std::size_t>(1, std::min(share, room)));
}

task_header* worker::steal() noexcept {
  auto& peers = owner_.workers();
  if (peers.size() < 2) return nullptr;
  if (!searching_) {
    if (!owner_.idle().start_searching()) return nullptr;
    searching_ = true;
  }
  auto count = static_cast<unsigned>(peers.size());
  auto first = random_below(count);
  for (unsigned step = 0; step < count; ++step) {
    auto& victim = *peers[(first + step) % count];
    if (&victim == this) continue;
    if (auto* task = victim.queue_.steal_into(queue_)) {
      worker_counters::count(counters_.steals);
      worker_counters::count(counters_.stolen_tasks, queue_.size() + 1);
      return task;
    }
  }
  return take_injected();
}

void worker::run(task_header* task) noexcept {
  if (searching_) {
    searching_ = false;
    if (owner_.idle().stop_searching()) owner_.wake_if_idle();
  }
  untrimmed_ = true;
  thread_place.budget = task_budget;
  for (unsigned in_a_row = 0;; ++in_a_row) {
    worker_counters::count(counters_.polls);
    if (owner_.measures_polls()) [[unlikely]] {
      run_measured(task);
    } else {
      owner_.run(task);
    }
    if (lost()) [[unlikely]]
      return;
    // What it woke shares its budget, so that a pair of tasks cannot keep the worker to itself.
    if (!lifo_) return;
    if (in_a_row >= lifo_limit || thread_place.budget == 0) {
      if (!queue_.push(std::exchange(lifo_, nullptr), owner_.injected()))
        worker_counters::count(counters_.overflows);
      return;
    }
    task = std::exchange(lifo_, nullptr);
  }
}

void worker::loop(const task_header* until) noexcept {
  auto finished = [&] {
    return owner_.stopping() ||
           (until && (until->state.load(std::memory_order_acquire) & state::complete));
  };
  begin_to_be_busy();
  while (!finished()) {
    owner_.process().check();
    ++tick_;
    if (tick_ % driver_interval == 0) {
      look_at_driver();
      fire_timers();
      share_work();
    }
    auto* task = next_task();
    if (!task) task = steal();
    if (task) {
      run(task);
      if (lost()) [[unlikely]]
        return;
    } else {
      park();
    }
  }
  if (searching_) {
    searching_ = false;
    if (owner_.idle().stop_searching()) owner_.wake_if_idle();
  }
  stop_being_busy();
}

// A wake-up is meant for a worker that waits. Kept here, it would leave its token behind, and with
// it a "searching" worker that does not exist: nobody would be woken ever again. So it is passed
// on, unless the token was taken meanwhile by one that came out of its wait by itself. And while a
// worker is on its way out it brings the events along: to look would only be to snatch its wake-up
// and to pass that on, again and again until it gets a processor.
void worker::look_at_driver() noexcept {
  if (owner_.idle().wake_pending()) return;
  if (turn_driver(0).woken && owner_.idle().wake_pending()) owner_.wake_worker();
}

// Tasks that become ready here go to the queue's tail; one peer is woken for all of them, by
// share_work.
driver::turn worker::turn_driver(int timeout_ms) noexcept {
  batching_ = true;
  auto seen = owner_.io().wait(timeout_ms);
  batching_ = false;
  if (seen.events > 0)
    worker_counters::count(counters_.io_events, seen.events - (seen.woken ? 1 : 0));
  return seen;
}

void worker::fire_timers() noexcept {
  if (earliest_tick() == timer_wheel::none) return;
  auto now = owner_.now_ns() / timer_wheel::tick_ns;
  batching_ = true;
  timers_.advance(now);
  for (auto& peer : owner_.workers()) {
    if (peer.get() == this) continue;
    auto next = peer->timers_.next_tick();
    if (next != timer_wheel::none && next + rescue_ms <= now) peer->timers_.advance(now);
  }
  batching_ = false;
}

void worker::share_work() noexcept {
  if (queue_.size() > 1) owner_.wake_if_idle();
}

// Of its own timers, and of those of others that it would come to rescue.
std::uint64_t worker::earliest_tick() const noexcept {
  auto earliest = timers_.next_tick();
  for (auto& peer : owner_.workers()) {
    if (peer.get() == this) continue;
    auto next = peer->timers_.next_tick();
    if (next != timer_wheel::none) earliest = std::min(earliest, next + rescue_ms);
  }
  return earliest;
}

int worker::park_timeout() noexcept {
  auto earliest = earliest_tick();
  if (earliest == timer_wheel::none) return -1;
  if (owner_.clock().paused()) {
    if (owner_.blocking().busy()) return -1;  // its end wakes us
    // Nothing else to do: time jumps to the next timer. Whoever woke us from outside comes first.
    if (turn_driver(0).events > 0 || owner_.injected().size() > 0 || queue_.size() > 0) return 0;
    auto exactly = timers_.earliest();
    if (exactly == timer_wheel::none) return -1;
    owner_.clock().advance_to(exactly * timer_wheel::tick_ns);
    return 0;
  }
  auto now = owner_.now_ns();
  auto at = earliest > now / timer_wheel::tick_ns + INT_MAX / 2
                ? INT_MAX / 2
                : static_cast<std::int64_t>((earliest * timer_wheel::tick_ns -
                                             std::min(now, earliest * timer_wheel::tick_ns) +
                                             timer_wheel::tick_ns - 1) /
                                            timer_wheel::tick_ns);
  return static_cast<int>(at);
}

void worker::park() noexcept {
  auto was_searching = std::exchange(searching_, false);
  // Unless others search: looks again, now that whoever pushes sees it parked (idle.hpp).
  if (owner_.idle().park(was_searching) && owner_.work_pending()) owner_.wake_if_idle();
  if (!owner_.stopping() && !hook_left_work()) {
    auto ran = counters_.polls.load(std::memory_order_relaxed);
    if (counters_.parks.load(std::memory_order_relaxed) > 0 && ran == polls_when_woken_)
      worker_counters::count(counters_.noops);
    polls_when_woken_ = ran;
    worker_counters::count(counters_.parks);
    stop_being_busy();
    wait(park_timeout());
    begin_to_be_busy();
  }
  if (owner_.options().hooks.thread_unpark) owner_.options().hooks.thread_unpark();
  searching_ = owner_.idle().unpark();
  fire_timers();
  share_work();
}

// The LIFO slot cannot be stolen from.
void worker::prepare_hand_over() noexcept {
  stop_being_busy();
  if (!lifo_) return;
  if (!queue_.push(std::exchange(lifo_, nullptr), owner_.injected()))
    worker_counters::count(counters_.overflows);
  owner_.wake_if_idle();
}

void worker::take_back() noexcept {
  begin_to_be_busy();
}

// block_in_place gave it to another thread: this one must not touch it any more.
bool worker::lost() const noexcept {
  return thread_place.worker != this;
}

void worker::begin_to_be_busy() noexcept {
  counters_.busy_since_ns.store(owner_.environment().monotonic_ns(), std::memory_order_relaxed);
}

void worker::stop_being_busy() noexcept {
  auto since = counters_.busy_since_ns.load(std::memory_order_relaxed);
  counters_.busy_since_ns.store(0, std::memory_order_relaxed);
  worker_counters::count(counters_.busy_ns, owner_.environment().monotonic_ns() - since);
}

void worker::run_measured(task_header* task) noexcept {
  auto start = owner_.environment().monotonic_ns();
  owner_.run(task);
  if (lost()) return;  // the time of another thread begins there
  auto took = owner_.environment().monotonic_ns() - start;
  worker_counters::count(counters_.measured_ns, took);
  worker_counters::count(counters_.measured[poll_times::bucket_of(std::chrono::nanoseconds(took))]);
}

worker_metrics worker::metrics() const noexcept {
  auto read = [](const worker_counters::counter& one) {
    return one.load(std::memory_order_relaxed);
  };
  worker_metrics seen;
  seen.polls = read(counters_.polls);
  seen.local_schedules = read(counters_.local_schedules);
  seen.overflows = read(counters_.overflows);
  seen.steals = read(counters_.steals);
  seen.stolen_tasks = read(counters_.stolen_tasks);
  seen.parks = read(counters_.parks);
  seen.noops = read(counters_.noops);
  seen.budget_yields = read(counters_.budget_yields);
  seen.io_events = read(counters_.io_events);
  auto busy = read(counters_.busy_ns);
  auto since = read(counters_.busy_since_ns);
  auto now = owner_.environment().monotonic_ns();
  if (since > 0 && now > since) busy += now - since;
  seen.busy = std::chrono::nanoseconds(busy);
  seen.queue_depth = queue_.size();
  return seen;
}

void worker::add_poll_times(poll_times& to) const noexcept {
  for (std::size_t bucket = 0; bucket < poll_times::buckets; ++bucket)
    to.add(bucket, counters_.measured[bucket].load(std::memory_order_relaxed));
  to.add_sum(counters_.measured_ns.load(std::memory_order_relaxed));
}

// What the hook makes ready goes to the queue: the LIFO slot would be slept on.
bool worker::hook_left_work() noexcept {
  if (!owner_.options().hooks.thread_park) return false;
  batching_ = true;
  owner_.options().hooks.thread_park();
  batching_ = false;
  return queue_.size() > 0;
}

// A worker that stays idle gives memory back, by half each second, until there is no more.
void worker::wait(int timeout_ms) noexcept {
  while (untrimmed_ && (timeout_ms < 0 || timeout_ms > trim_after_ms)) {
    if (wait_once(trim_after_ms)) return;
    untrimmed_ = trim_frames();
    trim_block_cache();
    if (timeout_ms > 0) timeout_ms -= trim_after_ms;
  }
  wait_once(timeout_ms);
}

// True: something happened.
bool worker::wait_once(int timeout_ms) noexcept {
  if (owner_.workers().size() == 1) return turn_driver(timeout_ms).events > 0;
  auto& others = owner_.idle_workers();
  if (others.take_seat()) {
    auto seen = turn_driver(timeout_ms);
    others.leave_seat();
    return seen.events > 0;
  }
  return others.wait(place_, timeout_ms, owner_.idle(), owner_.stop_flag()) !=
         parking::ending::late;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
