// A part of a task that may move to another task while it is suspended: what a stream does between
// two items.
#pragma once

#include <weft/waker.hpp>

#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// Leaves remember the branch that polled them first: its address, its bit, its waker. So whatever
// is suspended when the branch that runs it goes away (a `next()` that lost a select) needs
// branches of its own. This is a task header with 32 bits that no scheduler knows: waking it wakes
// whichever branch polls it now. The thread that polls it stands in it, instead of in the task that
// it is a part of.
//
// Ownership: by its references, as a task; `owned_nested` is the one of whoever polls it. All but
// the state and the slot is touched by one thread at a time: the one that runs the task which it is
// a part of.
struct nested_task final : task_header {
  atomic_waker outer;              // the branch that polled it last
  std::uint32_t spare_kept = 0;    // execution::spare_references, while no thread stands in it
  task_header* part_of = nullptr;  // while one does
  const context_record* base = nullptr;  // owned: the context in which its own scopes are

  nested_task() noexcept;
  bool on_leaf() const noexcept { return root.current != nullptr; }
};

// Throws std::bad_alloc.
WEFT_API nested_task* make_nested();
// What ran in it has been destroyed. Wakers may outlive it; waking them has no effect from now on.
WEFT_API void retire_nested(nested_task* part) noexcept;
// Wakes whoever polls it; takes over one reference.
void notify_outer(nested_task* part) noexcept;

class owned_nested {
 public:
  explicit owned_nested(nested_task* part) noexcept : part_(part) {}
  owned_nested(owned_nested&& other) noexcept : part_(std::exchange(other.part_, nullptr)) {}
  owned_nested& operator=(owned_nested&& other) noexcept {
    reset();
    part_ = std::exchange(other.part_, nullptr);
    return *this;
  }
  ~owned_nested() { reset(); }
  // Of one in which nothing runs any more.
  void reset() noexcept {
    if (auto* part = std::exchange(part_, nullptr)) retire_nested(part);
  }
  nested_task* operator->() const noexcept { return part_; }
  const task_header* header() const noexcept { return part_; }

  // Runs `body` in it, from its start or from where it suspended itself (not at a leaf).
  void run(std::coroutine_handle<> body) noexcept { enter_and_run(part_, body); }
  // Polls the branches that were woken since.
  void poll_woken() noexcept { enter_and_poll(part_); }
  // It is pending: has the running branch woken when one of its branches is. Always false.
  bool suspend() noexcept { return suspend_in(part_); }
  // Nobody polls it for now.
  void leave() noexcept { part_->outer.clear(); }

 private:
  WEFT_API static void enter_and_run(nested_task* part, std::coroutine_handle<> body) noexcept;
  WEFT_API static void enter_and_poll(nested_task* part) noexcept;
  WEFT_API static bool suspend_in(nested_task* part) noexcept;
  nested_task* part_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
