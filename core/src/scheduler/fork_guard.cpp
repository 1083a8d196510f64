#include "scheduler/fork_guard.hpp"

#include <weft/task.hpp>

#include <pthread.h>

namespace weft {
inline namespace v0 {
namespace detail {

fork_guard::fork_guard() noexcept {
  static const int registered = ::pthread_atfork(
      nullptr, nullptr, [] { fork_generation.fetch_add(1, std::memory_order_relaxed); });
  (void)registered;  // it fails for want of memory only: then nobody is warned
  made_in_ = fork_generation.load(std::memory_order_relaxed);
}

void fork_guard::used_after_fork() noexcept {
  misuse(
      "a runtime was used in a child of the process that made it: fork before, or exec at once in "
      "the child");
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
