// Waits for an operation on a thread that is no worker: what the `blocking_` functions do.
#pragma once

#include <weft/detail/execution.hpp>
#include <weft/leaf.hpp>

#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// While it exists, wakers that are made on this thread wake it from `park`. On a worker it ends the
// program with a sentence that names `call`.
class thread_wait {
 public:
  WEFT_API explicit thread_wait(const char* call);
  thread_wait(const thread_wait&) = delete;
  thread_wait& operator=(const thread_wait&) = delete;
  WEFT_API ~thread_wait();

  // Until woken; a wake-up that came before counts.
  WEFT_API void park() noexcept;

 private:
  branch_node node_;
  branch_node* outer_;
  std::uint32_t outer_budget_;
};

// Of an operation that needs nothing of a runtime but wakers: one of weft::sync.
template <awaitable Operation>
await_result_t<Operation> block_thread(Operation operation, const char* call) {
  thread_wait here(call);
  auto&& awaiter = static_cast<Operation&&>(operation).operator co_await();
  while (!awaiter.await_ready()) here.park();
  return awaiter.await_resume();
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
