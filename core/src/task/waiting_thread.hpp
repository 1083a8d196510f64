// A thread that is no worker and waits for an operation by itself.
#pragma once

#include <weft/detail/execution.hpp>

namespace weft {
inline namespace v0 {
namespace detail {

// A wake target of its own. References: one by the thread, one by each waker. NOTIFIED is what the
// thread waits for, and clears before it polls again.
struct waiting_thread final : wake_target {
  waiting_thread() noexcept : wake_target(state::thread_kind | state::reference) {}
};

// Takes over the waker's reference, which keeps the target until the thread has been told.
void wake_thread(waiting_thread* target) noexcept;
void deallocate_waiting_thread(waiting_thread* unused) noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft
