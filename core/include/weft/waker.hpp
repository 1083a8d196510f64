// Wakers: how whatever a task waits for tells it to look again.
#pragma once

#include <weft/detail/execution.hpp>

#include <utility>

namespace weft {
inline namespace v0 {

class deadline;

/// Wakes one branch of one task. One word; move-only (see `clone`). It holds a reference to the
/// task, never to a frame, so it may outlive what it was made for: waking then has no effect.
/// Thread-safety: a waker object belongs to one thread at a time; waking is safe from any thread.
class waker {
 public:
  waker() noexcept = default;
  waker(waker&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  waker& operator=(waker&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  ~waker() {
    if (word_) target()->release();
  }

  /// The branch that this thread is running. Call it in a leaf's `poll` only.
  [[nodiscard]] WEFT_API static waker current() noexcept;
  /// Whether this is the waker of the branch that is running: then there is no need to register
  /// anew.
  [[nodiscard]] bool wakes_current() const noexcept { return word_ == current_word(); }
  [[nodiscard]] waker clone() const noexcept {
    if (word_) target()->add_reference();
    return waker(word_);
  }
  explicit operator bool() const noexcept { return word_ != 0; }

  /// Makes the task run and poll this branch. Never blocks; any thread. The waker is empty
  /// afterwards.
  WEFT_API void wake() noexcept;

  /// The word itself, for storing a waker in an atomic. `from_word` takes the reference back.
  [[nodiscard]] std::uintptr_t into_word() noexcept { return std::exchange(word_, 0); }
  [[nodiscard]] static waker from_word(std::uintptr_t word) noexcept { return waker(word); }

 private:
  static constexpr std::uintptr_t bit_mask = 31;
  explicit waker(std::uintptr_t word) noexcept : word_(word) {}
  WEFT_API static std::uintptr_t current_word() noexcept;
  detail::wake_target* target() const noexcept {
    return reinterpret_cast<detail::wake_target*>(word_ & ~bit_mask);
  }
  friend class atomic_waker;
  friend class deadline;
  std::uintptr_t word_ = 0;
};

/// A slot for one waiter, registered and woken from any threads. The waiter registers and then
/// looks at its condition once more; the waking side changes the condition and then wakes. Either
/// order is safe: both sides exchange the slot, and the exchanges are totally ordered, so that one
/// of them sees the other.
class atomic_waker {
 public:
  atomic_waker() noexcept = default;
  atomic_waker(const atomic_waker&) = delete;
  atomic_waker& operator=(const atomic_waker&) = delete;
  ~atomic_waker() { clear(); }

  /// Registers the running branch, in place of whoever was there.
  void register_current() noexcept {
    if (slot_.load(std::memory_order_relaxed) == waker::current_word()) {
      // A waker may be taking the slot right now: a read-modify-write puts us before or after it.
      if (slot_.fetch_or(0, std::memory_order_seq_cst) == waker::current_word()) return;
    }
    (void)waker::from_word(slot_.exchange(waker::current().into_word(), std::memory_order_seq_cst));
  }
  void wake() noexcept { take().wake(); }
  /// Empties the slot; the waker is the caller's, to be woken outside a lock.
  [[nodiscard]] waker take() noexcept {
    return waker::from_word(slot_.exchange(0, std::memory_order_seq_cst));
  }
  void clear() noexcept {
    if (slot_.load(std::memory_order_relaxed)) (void)take();
  }
  /// As `wake`, cheaper where most often nobody waits. The caller's change must be seq_cst.
  void wake_if_registered() noexcept {
    if (slot_.load(std::memory_order_seq_cst)) wake();
  }

 private:
  std::atomic<std::uintptr_t> slot_{0};
};

}  // namespace v0
}  // namespace weft
