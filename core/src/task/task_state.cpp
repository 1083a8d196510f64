// The life of a task: who owns its frames, who is told of its end, when its memory goes.
#include <weft/spawn.hpp>

#include <bit>
#include <exception>
#include <string>
#include <system_error>

#include "scheduler/scheduler.hpp"
#include "task/hub.hpp"
#include "task/task_state.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {
// In a task's join slot once it is complete.
constexpr std::uintptr_t join_closed = 1;
}  // namespace

// A new task has three references: of the list of owned tasks, of the queue, and of the handle.
task_header::task_header(scheduler* runs_on, const task_operations* calls, std::source_location where) noexcept
    : wake_target(state::notified | state::ready(0) | 3 * state::reference),
      owner(runs_on),
      operations(calls),
      spawned_at(where) {
  root.target = this;
}

// Acquire-release on one counter: whoever drops the last reference has seen all that the others did.
void wake_target::release() noexcept {
  auto before = state.fetch_sub(state::reference, std::memory_order_acq_rel);
  if ((before & state::reference_mask) != state::reference) return;
  if (before & state::is_hub) {
    deallocate_hub(static_cast<hub*>(this));
  } else {
    auto* task = static_cast<task_header*>(this);
    task->operations->deallocate(task);
  }
}

bool begin_running(task_header* task, std::uint64_t& before) noexcept {
  before = task->state.load(std::memory_order_acquire);
  for (;;) {
    if (before & (state::running | state::complete)) return false;
    auto after = (before & ~(state::notified | state::ready_mask)) | state::running;
    if (task->state.compare_exchange_weak(before, after, std::memory_order_acq_rel,
                                          std::memory_order_acquire)) {
      return true;
    }
  }
}

running_end stop_running(task_header* task) noexcept {
  auto before = task->state.load(std::memory_order_acquire);
  for (;;) {
    if (before & state::cancelled) return running_end::cancelled;
    if (before & state::notified) {  // woken while it ran: the queue keeps the reference
      if (task->state.compare_exchange_weak(before, before & ~state::running, std::memory_order_acq_rel,
                                            std::memory_order_acquire)) {
        return running_end::again;
      }
    } else if (task->state.compare_exchange_weak(before, (before & ~state::running) - state::reference,
                                                 std::memory_order_acq_rel, std::memory_order_acquire)) {
      return running_end::suspended;  // the list of owned tasks still has it
    }
  }
}

void complete(task_header* task) noexcept {
  release_hubs(task);
  auto before = task->state.fetch_xor(state::running | state::complete, std::memory_order_acq_rel);
  if (before & state::detached) task->operations->drop_outcome(task);
  if (before & state::thread_waits) task->owner->tell_waiting_thread(task);
  auto waiting = task->join_waker.exchange(join_closed, std::memory_order_acq_rel);
  if (waiting) waker::from_word(waiting).wake();
}

void forget_task(task_header* task) noexcept {
  auto before = task->state.fetch_or(state::detached, std::memory_order_acq_rel);
  if (before & state::complete) task->operations->drop_outcome(task);
  task->release();
}

void abort_task(task_header* task) noexcept {
  auto before = task->state.fetch_or(state::cancelled | state::notified, std::memory_order_acq_rel);
  if (before & (state::running | state::complete | state::notified)) return;
  task->add_reference();
  scheduler::schedule(task);
}

bool is_complete(const task_header* task) noexcept {
  return task->state.load(std::memory_order_acquire) & state::complete;
}

bool poll_complete(task_header* task) noexcept {
  auto registered = task->join_waker.load(std::memory_order_acquire);
  if (registered == join_closed) return consume_budget();
  auto mine = waker::current();
  for (;;) {
    if (registered == join_closed) return consume_budget();
    auto word = mine.into_word();
    if (registered == word) {
      mine = waker::from_word(word);
      return false;
    }
    if (task->join_waker.compare_exchange_weak(registered, word, std::memory_order_acq_rel,
                                               std::memory_order_acquire)) {
      if (registered) (void)waker::from_word(registered);
      return false;
    }
    mine = waker::from_word(word);
  }
}

void stop_waiting(task_header* task) noexcept {
  auto registered = task->join_waker.load(std::memory_order_relaxed);
  while (registered && registered != join_closed) {
    if (task->join_waker.compare_exchange_weak(registered, 0, std::memory_order_acq_rel,
                                               std::memory_order_relaxed)) {
      (void)waker::from_word(registered);
      return;
    }
  }
}

error error_of_exception(std::exception_ptr thrown) noexcept {
  std::string what;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& known) {
    what = known.what();
  } catch (...) {
    what = "an exception that is no std::exception";
  }
  return error(errc::task_failed, std::move(what)).with_payload(std::move(thrown));
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
