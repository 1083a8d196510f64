// Where a thread stands, and how it goes on with a branch.
#include <weft/detail/composite.hpp>
#include <weft/detail/execution.hpp>
#include <weft/leaf.hpp>
#include <weft/task.hpp>

#include <cstdio>
#include <cstdlib>

#include "scheduler/scheduler.hpp"
#include "task/hub.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {
constinit thread_local execution here;
}  // namespace

// Never inlined: after a suspension a coroutine may be on another thread, and must not keep the address.
[[gnu::noinline]] execution& current_execution() noexcept { return here; }

void resume(std::coroutine_handle<> handle) noexcept {
  auto& current = here;
  for (current.next = handle; current.next;) std::exchange(current.next, {}).resume();
}

void continue_branch(branch_node* node) noexcept {
  if (auto waiting = node->current->waiting()) {
    here.branch = node;
    resume(waiting);
  }
  node->after(node);
}

void poll_branch(branch_node* node) noexcept {
  here.branch = node;
  if (node->current->poll_leaf()) continue_branch(node);
}

bool consume_budget() noexcept {
  if (here.budget > 0) {
    --here.budget;
    return true;
  }
  wake_current();
  return false;
}

void wake_current() noexcept {
  auto* node = here.branch;
  // The task is running: it will see the bits when it stops, and queue itself.
  if (node->target->state.load(std::memory_order_relaxed) & state::is_hub) {
    waker::current().wake();
  } else {
    node->target->state.fetch_or(state::notified | state::ready(node->bit), std::memory_order_acq_rel);
  }
}

unsigned random_below(unsigned bound) noexcept {
  return scheduler::here() ? scheduler::here()->random_below(bound) : 0;
}

void misuse(const char* what) noexcept {
  std::fprintf(stderr, "weft: %s\n", what);
  std::abort();
}

}  // namespace detail

std::uintptr_t waker::current_word() noexcept {
  auto* node = detail::here.branch;
  return reinterpret_cast<std::uintptr_t>(node->target) | node->bit;
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
