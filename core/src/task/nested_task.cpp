#include <weft/detail/nested_task.hpp>
#include <weft/leaf.hpp>

#include <bit>
#include <new>

#include "task/context_record.hpp"
#include "task/hub.hpp"
#include "task/task_state.hpp"
#include "task/thread_place.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

void deallocate_nested(task_header* unused) noexcept {
  auto* part = static_cast<nested_task*>(unused);
  part->~nested_task();
  deallocate_frame(part, sizeof(nested_task));
}

// Nobody schedules it, so that only its memory is ever asked for.
constexpr task_operations nested_operations{nullptr, nullptr, nullptr, nullptr, &deallocate_nested};

// What runs in the part sees the context of whoever polls it, and its own scopes. Those refer to
// what they are in, which whoever polls it may have left the next time: so that is kept, and stays
// while a scope is open.
void renew_context(nested_task* part, context_word around) noexcept {
  if (part->root.ambient != owned_context(part->base)) return;
  auto* record = record_in(around);
  if (record == part->base) return;
  if (record) retain_context(record);
  if (part->base) release_context(part->base);
  part->base = record;
  part->root.ambient = owned_context(record);
}

// This thread stands in the part for as long as this lives.
class entered {
 public:
  explicit entered(nested_task* part) noexcept
      : part_(part),
        task_(thread_place.task),
        branch_(thread_place.branch),
        woken_(thread_place.woken),
        spare_references_(thread_place.spare_references),
        running_since_ns_(thread_place.running_since_ns) {
    part->owner = task_->owner;
    part->id = task_->id;
    part->part_of = task_;
    if (branch_->ambient || part->root.ambient) [[unlikely]]
      renew_context(part, branch_->ambient);
    if (part->timed) [[unlikely]]
      thread_place.running_since_ns = now_ns();
    thread_place.task = part;
    thread_place.branch = &part->root;
    thread_place.woken = 0;
    thread_place.spare_references = part->spare_kept;
  }
  entered(const entered&) = delete;
  entered& operator=(const entered&) = delete;
  // Branches that woke themselves are looked at when the part is polled again, so that yielding
  // lets others run. `suspend` sees to it.
  ~entered() {
    auto& place = thread_place;
    if (place.woken) {
      part_->state.fetch_or(std::uint64_t{place.woken} << 32 | state::notified,
                            std::memory_order_acq_rel);
    }
    if (part_->timed) [[unlikely]]
      part_->busy_ns += now_ns() - place.running_since_ns;
    part_->spare_kept = place.spare_references;
    part_->part_of = nullptr;
    place.running_since_ns = running_since_ns_;
    place.task = task_;
    place.branch = branch_;
    place.woken = woken_;
    place.spare_references = spare_references_;
  }

 private:
  nested_task* part_;
  task_header* task_;
  branch_node* branch_;
  std::uint32_t woken_;
  std::uint32_t spare_references_;
  std::uint64_t running_since_ns_;
};

void poll_bit(nested_task* part, unsigned bit) noexcept {
  if (bit == 0) {
    if (part->on_leaf()) poll_branch(&part->root);
  } else if (bit == hub_bit) {
    poll_woken_hubs(part);
  } else {
    auto* node = part->root.next;
    while (node && node->bit != bit) node = node->next;
    if (node) poll_branch(node);
  }
}

}  // namespace

nested_task::nested_task() noexcept : task_header(nullptr, &nested_operations, {}) {
  state.store(state::nested_kind | state::reference, std::memory_order_relaxed);
  root.after = [](branch_node*) noexcept {};
}

nested_task* make_nested() {
  return new (allocate_frame(sizeof(nested_task))) nested_task();
}

void retire_nested(nested_task* part) noexcept {
  release_hubs(part);
  part->state.fetch_or(state::complete, std::memory_order_acq_rel);
  part->outer.clear();
  if (part->base) release_context(std::exchange(part->base, nullptr));
  part->release(1 + std::exchange(part->spare_kept, 0));
}

// Either this sees whom `suspend` has registered, or `suspend` sees the bit that was set before:
// both exchange the slot, and whoever does so second has seen what the first did before.
void notify_outer(nested_task* part) noexcept {
  part->outer.wake();
  part->release();
}

void owned_nested::enter_and_run(nested_task* part, std::coroutine_handle<> body) noexcept {
  entered inside(part);
  resume(body);
}

void owned_nested::enter_and_poll(nested_task* part) noexcept {
  auto before =
      part->state.fetch_and(~(state::notified | state::ready_mask), std::memory_order_acq_rel);
  auto ready = static_cast<std::uint32_t>(before >> 32);
  if (!ready) return;
  entered inside(part);
  part->fresh_bits = 0;
  auto first = true;
  for (; ready; ready &= ~part->fresh_bits) {
    auto bit = static_cast<unsigned>(std::countr_zero(ready));
    ready &= ready - 1;
    if (!std::exchange(first, false)) grant_late_budget(thread_place);
    poll_bit(part, bit);
  }
}

// Once a poll and no more: what is always woken again must let others run.
bool owned_nested::suspend_in(nested_task* part) noexcept {
  part->outer.register_current();
  if (part->state.load(std::memory_order_acquire) & state::ready_mask) wake_current();
  return false;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
