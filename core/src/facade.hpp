// The lock-free parts are written against these names, so that a model checker can stand in for
// them.
#pragma once

#include <sched.h>
#include <unistd.h>

#include <atomic>

#if defined(__SANITIZE_THREAD__)
#define WEFT_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT_THREAD_SANITIZER 1
#endif
#endif

namespace weft {
inline namespace v0 {
namespace detail {
namespace facade {

template <class T>
using atomic = std::atomic<T>;

inline void spin_pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}
inline void yield_thread() noexcept {
  ::sched_yield();
}

// Waits until `word` is no longer `seen`; whoever changes it notifies. ThreadSanitizer delivers
// signals only in calls that it knows to block, and a futex is none of them: the main thread would
// keep a Ctrl-C for ever.
template <class T>
void wait_for_change(const atomic<T>& word, T seen) noexcept {
#ifdef WEFT_THREAD_SANITIZER
  while (word.load(std::memory_order_acquire) == seen) ::usleep(500);
#else
  word.wait(seen, std::memory_order_acquire);
#endif
}

}  // namespace facade

// For sections of a few instructions. Yields the processor when the holder was preempted.
class spin_lock {
 public:
  void lock() noexcept {
    while (held_.exchange(true, std::memory_order_acquire)) {
      for (int spins = 0; held_.load(std::memory_order_relaxed); ++spins) {
        if (spins < 100) {
          facade::spin_pause();
        } else {
          facade::yield_thread();
        }
      }
    }
  }
  void unlock() noexcept { held_.store(false, std::memory_order_release); }
  bool try_lock() noexcept {
    return !held_.load(std::memory_order_relaxed) &&
           !held_.exchange(true, std::memory_order_acquire);
  }

 private:
  facade::atomic<bool> held_{false};
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
