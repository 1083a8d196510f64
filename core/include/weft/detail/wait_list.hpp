// What the waiting primitives share: a word that is its own lock, a queue of waiters, wakers to be
// woken later.
#pragma once

#include <weft/waker.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// What a thread does between two looks at something that another thread is about to finish: a
// pause, and after a hundred of them it lets that thread run.
WEFT_API void wait_a_moment(unsigned tries) noexcept;

// A word whose lowest bit is a spin lock, for sections of a few instructions.
//
// While the bit is set nobody else changes the word, so the holder works on a copy and gives it
// back, changed, by a plain store. Whoever finds the bit clear may change the word by one
// compare-and-swap, without locking. So everything that is in the word changes in one total order.
//
// Memory orders. Taking the lock is a CAS with acquire; giving it back is a store with release.
// CASes from unlocked to unlocked are acq_rel. They and the lock's CAS are read-modify-writes and
// continue the release sequence of the store before them, hence each change of the word sees all
// that was done before an earlier one.
//
// Giving the word back is the holder's last touch of the object. A waiter that was handed something
// under the lock may therefore destroy the object as soon as it has seen the lock released; see
// `await_unlocked`.
class locked_word {
 public:
  static constexpr std::uint64_t locked = 1;

  explicit locked_word(std::uint64_t initial) noexcept : word_(initial) {}

  // Takes the lock; returns the word without the bit.
  [[nodiscard]] std::uint64_t lock() noexcept {
    auto seen = word_.load(std::memory_order_relaxed);
    if (!(seen & locked) &&
        word_.compare_exchange_weak(seen, seen | locked, std::memory_order_acquire,
                                    std::memory_order_relaxed)) {
      return seen;
    }
    return lock_slowly();
  }
  void unlock(std::uint64_t changed) noexcept { word_.store(changed, std::memory_order_release); }

  // May have the bit.
  [[nodiscard]] std::uint64_t load() const noexcept {
    return word_.load(std::memory_order_acquire);
  }
  // Of a word that was seen unlocked. `seen` is what is there, when it fails.
  [[nodiscard]] bool exchange_unlocked(std::uint64_t& seen, std::uint64_t changed) noexcept {
    return word_.compare_exchange_weak(seen, changed, std::memory_order_acq_rel,
                                       std::memory_order_acquire);
  }

  // Returns once whoever marked a waiter under the lock, as the caller has seen with acquire, is
  // out of the object. Its lock happened before that mark, so this load sees the lock or something
  // later: when the bit is clear, the release of that lock or of a later one, and all that its
  // holder did.
  void await_unlocked() noexcept {
    if (word_.load(std::memory_order_acquire) & locked) unlock(lock());
  }

 private:
  WEFT_API std::uint64_t lock_slowly() noexcept;
  std::atomic<std::uint64_t> word_;
};

struct wait_link {
  wait_link* next;
  wait_link* previous;
};

// One waiter, living in its awaiter.
//
// `state` is `idle` until its poll queues it, then `queued`, then what it was given: a value of the
// primitive's own, from `first_given` on. The links and the waker belong to the owner's lock while
// it is queued. Who gives does so under the lock: unlinks, moves the waker out, and stores the
// state with release as the last touch; the waiter may be gone from then on. The waiter reads the
// state with acquire: what it is given needs no lock.
struct waiter : wait_link {
  static constexpr std::uint8_t idle = 0;
  static constexpr std::uint8_t queued = 1;
  static constexpr std::uint8_t first_given = 2;

  waiter() noexcept : wait_link{nullptr, nullptr} {}
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  std::uint8_t what() const noexcept { return state.load(std::memory_order_acquire); }
  // Of one that is not queued: nobody else looks.
  void become(std::uint8_t changed) noexcept { state.store(changed, std::memory_order_relaxed); }

  waker to_wake;
  std::atomic<std::uint8_t> state{idle};
};

class wait_list;

// Whether dump_locks() is to know who waits.
WEFT_API extern constinit std::atomic<bool> waits_are_tracked;
WEFT_API void track_wait(const wait_list& at, const waiter& one) noexcept;
WEFT_API void forget_wait(const waiter& one) noexcept;

// A queue of waiters, guarded by its owner's lock. A ring with the list itself as one member, so
// that a waiter leaves whatever list it is in without knowing which.
class wait_list {
 public:
  wait_list() noexcept : ring_{&ring_, &ring_} {}
  wait_list(const wait_list&) = delete;
  wait_list& operator=(const wait_list&) = delete;
  // Nobody may be waiting: what waits would come back to an object that is gone.
  ~wait_list() {
    if (!empty()) [[unlikely]] {
      destroyed_in_use();
    }
  }

  bool empty() const noexcept { return ring_.next == &ring_; }
  waiter& front() noexcept { return static_cast<waiter&>(*ring_.next); }
  waiter& back() noexcept { return static_cast<waiter&>(*ring_.previous); }

  // Queues it for the running branch.
  void push_back(waiter& last, waker&& to_wake) noexcept {
    last.to_wake = std::move(to_wake);
    last.previous = ring_.previous;
    last.next = &ring_;
    ring_.previous->next = &last;
    ring_.previous = &last;
    last.become(waiter::queued);
    if (waits_are_tracked.load(std::memory_order_relaxed)) [[unlikely]] {
      track_wait(*this, last);
    }
  }
  static void unlink(waiter& one) noexcept {
    one.previous->next = one.next;
    one.next->previous = one.previous;
    if (waits_are_tracked.load(std::memory_order_relaxed)) [[unlikely]] {
      forget_wait(one);
    }
  }
  // Unlinks it and marks what it was given. The last touch; the waker is to be woken outside the
  // lock.
  [[nodiscard]] static waker give(waiter& one, std::uint8_t given) noexcept {
    unlink(one);
    auto to_wake = std::move(one.to_wake);
    one.state.store(given, std::memory_order_release);
    return to_wake;
  }
  // Takes over all that `other` has; this one is empty.
  void take_all(wait_list& other) noexcept {
    if (other.empty()) return;
    ring_ = other.ring_;
    ring_.next->previous = &ring_;
    ring_.previous->next = &ring_;
    other.ring_ = {&other.ring_, &other.ring_};
  }

 private:
  [[noreturn]] WEFT_API static void destroyed_in_use() noexcept;
  wait_link ring_;
};

// Wakers that were collected under a lock, to be woken outside it.
class waker_batch {
 public:
  waker_batch() noexcept {}
  waker_batch(const waker_batch&) = delete;
  waker_batch& operator=(const waker_batch&) = delete;
  ~waker_batch() { wake(); }

  bool full() const noexcept { return count_ == capacity; }
  void add(waker&& one) noexcept { words_[count_++] = one.into_word(); }
  void wake() noexcept {
    for (unsigned index = 0; index < count_; ++index) waker::from_word(words_[index]).wake();
    count_ = 0;
  }

 private:
  static constexpr unsigned capacity = 32;
  unsigned count_ = 0;
  std::uintptr_t words_[capacity];  // the first `count_` of them
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
