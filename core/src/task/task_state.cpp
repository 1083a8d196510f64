// The life of a task: who owns its frames, who is told of its end, when its memory goes.
#include "task/task_state.hpp"

#include <weft/runtime.hpp>
#include <weft/spawn.hpp>

#include <bit>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "scheduler/scheduler.hpp"
#include "task/context_record.hpp"
#include "task/hub.hpp"
#include "task/task_info.hpp"
#include "task/thread_place.hpp"
#include "task/waiting_thread.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// A new task has three references: of the list of owned tasks, of the queue, and of the handle.
task_header::task_header(scheduler* runs_on, const task_operations* calls,
                         std::source_location where) noexcept
    : wake_target(state::notified | state::ready(0) | 3 * state::reference),
      owner(runs_on),
      operations(calls),
      origin_{where} {
  root.target = this;
}

// Acquire-release on one counter: whoever drops the last reference has seen all that the others
// did. The thread that runs a task keeps what it drops of that: the queue's reference is still
// there, so none of these is the last.
void wake_target::release(std::uint32_t count) noexcept {
  if (thread_place.task == this) {
    thread_place.spare_references += count;
    return;
  }
  auto before = state.fetch_sub(count * state::reference, std::memory_order_acq_rel);
  if ((before & state::reference_mask) != count * state::reference) return;
  switch (wake_kind_of(before)) {
    case state::hub_kind:
      return deallocate_hub(static_cast<hub*>(this));
    case state::thread_kind:
      return deallocate_waiting_thread(static_cast<waiting_thread*>(this));
    default: {
      auto* task = static_cast<task_header*>(this);
      task->operations->deallocate(task);
    }
  }
}

bool begin_running(task_header* task, std::uint64_t& before) noexcept {
  constexpr std::uint32_t prepaid =
      2;  // wakers that the task will make; most wait for one thing, or with a timer
  before = task->state.load(std::memory_order_acquire);
  std::uint64_t after;
  do {
    if (before & (state::running | state::complete)) return false;
    after = ((before & ~(state::notified | state::ready_mask)) | state::running) +
            prepaid * state::reference;
  } while (!task->state.compare_exchange_weak(before, after, std::memory_order_acq_rel,
                                              std::memory_order_acquire));
  thread_place.task = task;
  thread_place.woken = 0;
  thread_place.spare_references = prepaid;
  return true;
}

running_end stop_running(task_header* task) noexcept {
  auto& place = thread_place;
  auto woken = place.woken ? std::uint64_t{place.woken} << 32 | state::notified : 0;
  auto before = task->state.load(std::memory_order_acquire);
  for (;;) {
    if (before & state::cancelled) return running_end::cancelled;
    auto after = ((before | woken) & ~state::running) - place.spare_references * state::reference;
    bool again = after & state::notified;   // woken while it ran: the queue keeps the reference,
    if (!again) after -= state::reference;  // else the list of owned tasks still has one
    if (task->state.compare_exchange_weak(before, after, std::memory_order_acq_rel,
                                          std::memory_order_acquire)) {
      place.task = nullptr;
      return again ? running_end::again : running_end::suspended;
    }
  }
}

namespace {

// Nobody else has a reference to a task that is detached: neither a handle nor a waker, and no list
// from which one could be taken. Then the count cannot change, so that the value read is the last
// one, and by acquire all that former holders did has happened.
bool known_to_nobody(const task_header* task, std::uint32_t references) noexcept {
  auto seen = task->state.load(std::memory_order_acquire);
  return (seen & (state::reference_mask | state::detached)) ==
         (references * state::reference | state::detached);
}

// Of one that is detached, to the hook, if there is one.
void report_failure_of(task_header* task) noexcept {
  if (!task->owner->options().hooks.unhandled_error) [[likely]]
    return;
  task->operations->failure(task, [](task_header* failed, const error& what) noexcept {
    auto info = info_of(*failed);
    failed->owner->options().hooks.unhandled_error(task_failure{what, info});
  });
}

}  // namespace

// With `poll_complete`, who registers in the join slot and then looks at COMPLETE: all four are
// seq_cst, so that at least one of the two sees the other.
void complete(task_header* task, std::uint32_t references) noexcept {
  release_hubs(task);
  if (auto ambient = std::exchange(task->root.ambient, 0)) [[unlikely]]
    drop_inherited(ambient);
  thread_place.task = nullptr;
  references += std::exchange(thread_place.spare_references, 0);
  if (known_to_nobody(task, references)) {
    report_failure_of(task);
    return task->operations->deallocate(task);
  }
  auto before = task->state.fetch_xor(state::running | state::complete, std::memory_order_seq_cst);
  if (before & state::detached) {
    report_failure_of(task);
    task->operations->drop_outcome(task);
  }
  if (before & state::thread_waits) task->owner->tell_waiting_thread(task);
  if (task->join_waker.load(std::memory_order_seq_cst)) {
    waker::from_word(task->join_waker.exchange(0, std::memory_order_acq_rel)).wake();
  }
  task->release(references);
}

// Before it is complete, one change of the word gives up the handle and leaves the outcome to
// whoever completes.
void forget_task(task_header* task) noexcept {
  auto before = task->state.load(std::memory_order_acquire);
  while (!(before & state::complete)) {
    if (task->state.compare_exchange_weak(before, before + state::detached - state::reference,
                                          std::memory_order_acq_rel, std::memory_order_acquire)) {
      return;
    }
  }
  task->operations->drop_outcome(task);
  task->release();
}

void abort_task(task_header* task) noexcept {
  auto before = task->state.fetch_or(state::cancelled | state::notified, std::memory_order_acq_rel);
  if (before & (state::running | state::complete | state::notified)) return;
  task->add_reference();
  scheduler::schedule(task);
}

bool is_complete(const task_header* task) noexcept {
  return task->state.load(std::memory_order_seq_cst) & state::complete;
}

bool poll_complete(task_header* task) noexcept {
  if (is_complete(task)) return consume_budget();
  if (auto before =
          task->join_waker.exchange(waker::current().into_word(), std::memory_order_seq_cst)) {
    (void)waker::from_word(before);
  }
  return is_complete(task) && consume_budget();
}

void stop_waiting(task_header* task) noexcept {
  if (!task->join_waker.load(std::memory_order_relaxed)) return;
  (void)waker::from_word(task->join_waker.exchange(0, std::memory_order_acq_rel));
}

namespace {
std::string what_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& known) {
    return known.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}
}  // namespace

error error_of_exception(std::exception_ptr thrown) noexcept {
  std::string what;
  try {
    what = what_of(thrown);
  } catch (const std::bad_alloc&) {  // then it is told without words
  }
  return error(errc::task_failed, std::move(what)).with_payload(std::move(thrown));
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
