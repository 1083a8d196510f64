// block_in_place: runs what blocks right here, while another thread goes on with this worker's
// tasks.
//
//   auto hash = weft::block_in_place([&] { return slow_hash(password, salt); });
//
// For a call that has to use what the task holds by reference, or has to stay on this thread. Else
// spawn_blocking is better: it can be awaited together with other things, and does not stop the
// other branches of the task.
#pragma once

#include <weft/detail/execution.hpp>

#include <concepts>
#include <functional>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

struct handed_worker;

// While it lives, the worker whose thread this is, if any, belongs to a thread of the blocking
// pool. Afterwards it comes back, unless that thread has begun; then this one leaves it when its
// task suspends.
class worker_hand_over {
 public:
  WEFT_API worker_hand_over() noexcept;
  worker_hand_over(const worker_hand_over&) = delete;
  worker_hand_over& operator=(const worker_hand_over&) = delete;
  WEFT_API ~worker_hand_over();

 private:
  handed_worker* handed_ = nullptr;
};

}  // namespace detail

/// Calls `function` on this thread, and returns what it returns. Exceptions pass through. Meanwhile
/// a thread of the blocking pool takes over the worker that this thread was: its queue, its timers,
/// its part in I/O. The running task stands still as a whole, with all its branches of `join`,
/// `select` and `scope`; others do not notice.
///
/// When the pool has no thread left (`runtime::builder::blocking_threads`), the worker waits for
/// one; other workers steal its tasks, and it goes on after `function`. In a task, `block_on` is
/// allowed inside. From a call on the blocking pool, within another block_in_place, or outside a
/// runtime it only calls `function`.
///
/// On a current-thread runtime nobody could take over: that ends the program, with a message. A
/// timer that the task sets between this and its next suspension may be up to 8 ms late.
/// Cancellation: as any code of a task, it runs to its end; an abort takes effect when the task
/// suspends next. Thread-safety: any thread. Source: Tokio's `task::block_in_place`.
template <std::invocable Function>
decltype(auto) block_in_place(Function&& function) {
  detail::worker_hand_over away;
  return std::invoke(std::forward<Function>(function));
}

}  // namespace v0
}  // namespace weft
