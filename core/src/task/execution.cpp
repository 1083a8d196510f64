// Where a thread stands, and how it goes on with a branch.
#include <weft/detail/composite.hpp>
#include <weft/detail/execution.hpp>
#include <weft/leaf.hpp>
#include <weft/task.hpp>

#include <cstdio>
#include <cstdlib>

#include "scheduler/scheduler.hpp"
#include "task/hub.hpp"
#include "task/thread_place.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

constinit thread_local execution thread_place;

// Never inlined: after a suspension a coroutine may be on another thread, and must not keep the
// address.
[[gnu::noinline]] execution& current_execution() noexcept {
  return thread_place;
}

void resume(std::coroutine_handle<> handle) noexcept {
  auto& current = thread_place;
  for (current.next = handle; current.next;) std::exchange(current.next, {}).resume();
}

void continue_branch(branch_node* node) noexcept {
  if (auto waiting = node->current->waiting()) {
    thread_place.branch = node;
    resume(waiting);
  }
  node->after(node);
}

void poll_branch(branch_node* node) noexcept {
  thread_place.branch = node;
  if (node->current->poll_leaf()) continue_branch(node);
}

bool consume_budget() noexcept {
  if (thread_place.budget > 0) {
    --thread_place.budget;
    return true;
  }
  if (auto* mine = static_cast<worker*>(thread_place.worker))
    worker_counters::count(mine->counters().budget_yields);
  wake_current();
  return false;
}

void wake_current() noexcept {
  auto* node = thread_place.branch;
  if (node->target == thread_place.task) {
    thread_place.woken |= 1u << node->bit;  // stop_running will see it, and the task be queued
  } else {
    waker::current().wake();
  }
}

unsigned random_below(unsigned bound) noexcept {
  auto* mine = static_cast<worker*>(thread_place.worker);
  return mine ? mine->random_below(bound) : 0;
}

void misuse(const char* what) noexcept {
  std::fprintf(stderr, "weft: %s\n", what);
  std::abort();
}

}  // namespace detail

std::uintptr_t waker::current_word() noexcept {
  auto* node = detail::thread_place.branch;
  return reinterpret_cast<std::uintptr_t>(node->target) | node->bit;
}

waker waker::current() noexcept {
  auto& place = detail::thread_place;
  auto* node = place.branch;
  if (node->target == place.task && place.spare_references > 0) {
    --place.spare_references;
  } else {
    node->target->add_reference();
  }
  return waker(reinterpret_cast<std::uintptr_t>(node->target) | node->bit);
}

void waker::wake() noexcept {
  if (!word_) return;
  auto* woken = target();
  auto bit = static_cast<unsigned>(word_ & bit_mask);
  word_ = 0;
  detail::notify_and_release(woken, bit);
}

}  // namespace v0
}  // namespace weft
