#include "task/waiting_thread.hpp"

#include <weft/detail/block_thread.hpp>

#include <cstdio>
#include <limits>
#include <utility>

#include "facade.hpp"
#include "task/thread_place.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

void wake_thread(waiting_thread* target) noexcept {
  target->state.notify_one();
  target->release();
}

void deallocate_waiting_thread(waiting_thread* unused) noexcept {
  unused->~waiting_thread();
  deallocate_frame(unused, sizeof(waiting_thread));
}

void refuse_to_block(const char* call) noexcept {
  char sentence[160];
  std::snprintf(sentence, sizeof sentence,
                "%s was called on a worker of a runtime, which it would block; await the operation",
                call);
  misuse(sentence);
}

thread_wait::thread_wait(const char* call) {
  if (thread_place.worker) [[unlikely]] {
    refuse_to_block(call);
  }
  node_.target = new (allocate_frame(sizeof(waiting_thread))) waiting_thread;
  outer_ = std::exchange(thread_place.branch, &node_);
  outer_budget_ = std::exchange(thread_place.budget, std::numeric_limits<std::uint32_t>::max());
}

thread_wait::~thread_wait() {
  thread_place.branch = outer_;
  thread_place.budget = outer_budget_;
  node_.target->release();
}

// Acquire: sees what was done before waking.
void thread_wait::park() noexcept {
  auto& word = node_.target->state;
  for (auto seen = word.load(std::memory_order_acquire); !(seen & state::notified);
       seen = word.load(std::memory_order_acquire)) {
    facade::wait_for_change(word, seen);
  }
  word.fetch_and(~(state::notified | state::ready_mask), std::memory_order_acq_rel);
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
