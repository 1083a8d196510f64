// Holds a suspended task still, to look at where it waits.
#pragma once

#include <weft/leaf.hpp>

#include "scheduler/scheduler.hpp"
#include "task/hub.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// Of a task that is suspended and that nobody has woken: with RUNNING set no thread runs it. A
// wake-up that comes meanwhile leaves it to us to queue it.
class frozen_task {
 public:
  explicit frozen_task(task_header* task) noexcept
      : task_(task), seen_(task->state.load(std::memory_order_acquire)) {
    constexpr auto busy = state::running | state::complete | state::notified;
    is_held_ = !(seen_ & busy) && task->state.compare_exchange_strong(seen_, seen_ | state::running,
                                                                      std::memory_order_acq_rel);
  }
  frozen_task(const frozen_task&) = delete;
  frozen_task& operator=(const frozen_task&) = delete;
  ~frozen_task() {
    if (!is_held_) return;
    auto before = task_->state.fetch_and(~state::running, std::memory_order_acq_rel);
    if (!(before & state::notified)) return;
    task_->add_reference();
    scheduler::schedule(task_);
  }

  explicit operator bool() const noexcept { return is_held_; }
  // Its state word, when it could not be held.
  std::uint64_t seen() const noexcept { return seen_; }

  // Calls `look(const branch_node*)` with each of its branches, of those of its parts too. Of one
  // that is held.
  template <class Look>
  void for_each_branch(Look&& look) const {
    visit(task_, look);
  }

 private:
  template <class Look>
  static void visit(const task_header* task, Look& look) {
    visit(&task->root, look);
    for (auto* node = task->root.next; node; node = node->next) visit(node, look);
    auto* lender = task->hubs;
    if (!lender) return;
    do {
      for (auto* node : lender->nodes) {
        if (node) visit(node, look);
      }
      lender = lender->next;
    } while (lender != task->hubs);
  }
  template <class Look>
  static void visit(const branch_node* node, Look& look) {
    look(node);
    if (!node->current) return;
    if (auto* part = node->current->part()) visit(part, look);
  }

  task_header* task_;
  std::uint64_t seen_;
  bool is_held_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
