// mutex<T>: a value that one task at a time may touch, also across a co_await.
#pragma once

#include <weft/detail/block_thread.hpp>
#include <weft/detail/permit_queue.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <concepts>
#include <memory>
#include <utility>

namespace weft {
inline namespace v0 {
namespace sync {

template <class T>
class mutex;

}  // namespace sync

namespace detail {
template <class T, class Holder>
class condition_awaiter;
}

namespace sync {

/// The right to touch the value of a `mutex<T>`, until it is destroyed. Move-only; empty when moved
/// from.
///
/// `Holder` is what keeps the mutex: a plain pointer, and then it must outlive the guard, or a
/// shared_ptr.
/// Thread-safety: one thread at a time; it may be given up on another thread than it was taken on.
template <class T, class Holder>
class [[nodiscard("a guard that is dropped unlocks at once")]] basic_mutex_guard {
 public:
  basic_mutex_guard() noexcept = default;
  basic_mutex_guard(basic_mutex_guard&& other) noexcept
      : mutex_(std::exchange(other.mutex_, nullptr)) {}
  basic_mutex_guard& operator=(basic_mutex_guard&& other) noexcept {
    std::swap(mutex_, other.mutex_);
    return *this;
  }
  ~basic_mutex_guard() { unlock(); }

  /// Whether it holds the lock: not when `try_lock` failed, nor when it was moved from or unlocked.
  explicit operator bool() const noexcept { return mutex_ != nullptr; }
  T& operator*() const noexcept { return mutex_->value_; }
  T* operator->() const noexcept { return &mutex_->value_; }
  void unlock() noexcept {
    // The mutex may be gone as soon as it is unlocked, but for the reference that an owning guard
    // still has.
    if (auto held = std::exchange(mutex_, nullptr)) held->queue_.give(1);
  }

  // For the mutex.
  explicit basic_mutex_guard(Holder locked) noexcept : mutex_(std::move(locked)) {}

 private:
  template <class, class>
  friend class detail::condition_awaiter;
  Holder mutex_{};
};

template <class T>
using mutex_guard = basic_mutex_guard<T, mutex<T>*>;
/// Shares the mutex.
template <class T>
using owned_mutex_guard = basic_mutex_guard<T, std::shared_ptr<mutex<T>>>;

}  // namespace sync

namespace detail {

template <class T, class Holder>
class lock_awaiter : public leaf_awaiter<lock_awaiter<T, Holder>> {
 public:
  explicit lock_awaiter(Holder&& mutex) noexcept : mutex_(std::move(mutex)) {}
  ~lock_awaiter() {
    if (mutex_) mutex_->queue_.leave(waiter_);
  }
  static constexpr const char* name = "mutex";
  bool poll() noexcept { return mutex_->queue_.poll(waiter_); }
  sync::basic_mutex_guard<T, Holder> take() noexcept {
    waiter_.become(permit_waiter::delivered);
    return sync::basic_mutex_guard<T, Holder>(std::move(mutex_));
  }

 private:
  Holder mutex_;
  permit_waiter waiter_{1};
};

template <class T, class Holder>
class [[nodiscard]] lock_operation {
 public:
  explicit lock_operation(Holder mutex) noexcept : mutex_(std::move(mutex)) {}
  auto operator co_await() && noexcept { return lock_awaiter<T, Holder>(std::move(mutex_)); }

 private:
  Holder mutex_;
};

}  // namespace detail

namespace sync {

/// A value that is reached through its lock only. Without a type it guards nothing but what the
/// user thinks of.
///
///     weft::sync::mutex<std::vector<job>> queue;
///     auto held = co_await queue.lock();
///     held->push_back(next);          // until `held` is destroyed; co_await in between is fine
///
/// The value is inside, so that it cannot be touched without the lock: a guard that is given up
/// between two awaits cannot be forgotten. Where nothing is awaited under the lock a std::mutex is
/// cheaper.
///
/// Order: strictly first come, first served; unlocking hands the lock to the first who waits. Not
/// recursive: a task that locks twice waits for itself. No poisoning: an exception that passes a
/// guard unlocks.
/// Ownership: neither moved nor copied. It must outlive whoever waits for it and the guards that
/// borrow it; tasks of different lives share it by a `std::shared_ptr` and `lock_owned`. The last
/// holder of the lock may destroy it.
/// Thread-safety: all members from any thread. What is done under the lock is seen by the next
/// holder.
/// Cost: 24 bytes and the value; no allocation; a compare-and-swap to lock and one to unlock while
/// nobody waits.
template <class T = unit>
class mutex {
 public:
  /// Makes the value of the arguments.
  template <class... Arguments>
    requires std::constructible_from<T, Arguments...>
  explicit mutex(Arguments&&... arguments) : value_(std::forward<Arguments>(arguments)...) {}
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  /// Waits for the lock. Yields a `mutex_guard<T>`. Cancel-safety: loses its place in the queue,
  /// never the lock.
  auto lock() noexcept WEFT_LIFETIMEBOUND { return detail::lock_operation<T, mutex*>(this); }
  /// As `lock`, of a shared mutex: the operation and its `owned_mutex_guard<T>` keep it alive.
  static auto lock_owned(std::shared_ptr<mutex> shared) noexcept {
    return detail::lock_operation<T, std::shared_ptr<mutex>>(std::move(shared));
  }
  /// The lock if nobody has it or waits for it; else an empty guard.
  mutex_guard<T> try_lock() noexcept WEFT_LIFETIMEBOUND {
    return mutex_guard<T>(queue_.try_take(1) ? this : nullptr);
  }
  static owned_mutex_guard<T> try_lock_owned(std::shared_ptr<mutex> shared) noexcept {
    if (!shared->queue_.try_take(1)) shared = nullptr;
    return owned_mutex_guard<T>(std::move(shared));
  }
  /// As `lock`, for a thread that is no worker of a runtime: on a worker it ends the program.
  mutex_guard<T> blocking_lock() WEFT_LIFETIMEBOUND {
    return detail::block_thread(lock(), "mutex::blocking_lock");
  }
  static owned_mutex_guard<T> blocking_lock_owned(std::shared_ptr<mutex> shared) {
    return detail::block_thread(lock_owned(std::move(shared)), "mutex::blocking_lock_owned");
  }
  bool is_locked() const noexcept { return queue_.available() == 0; }

  /// The value, of a mutex that nobody else knows any more.
  T into_inner() && { return std::move(value_); }

 private:
  template <class, class>
  friend class basic_mutex_guard;
  template <class, class>
  friend class detail::lock_awaiter;

  detail::permit_queue queue_{1};
  T value_;
};

}  // namespace sync
}  // namespace v0
}  // namespace weft
