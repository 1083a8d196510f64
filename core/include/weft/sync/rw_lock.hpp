// rw_lock<T>: a value that many may read at a time, or one may change, also across a co_await.
#pragma once

#include <weft/detail/block_thread.hpp>
#include <weft/detail/permit_queue.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>

namespace weft {
inline namespace v0 {
namespace sync {

template <class T>
class rw_lock;

/// The right to read the value of an `rw_lock<T>`, until it is destroyed. Move-only; empty when
/// moved from.
///
/// `Holder` is what keeps the lock: a plain pointer, and then it must outlive the guard, or a
/// shared_ptr. Thread-safety: one thread at a time; it may be given up on another thread than it
/// was taken on.
template <class T, class Holder>
class [[nodiscard("a guard that is dropped unlocks at once")]] basic_read_guard {
 public:
  basic_read_guard() noexcept = default;
  basic_read_guard(basic_read_guard&& other) noexcept
      : lock_(std::exchange(other.lock_, nullptr)) {}
  basic_read_guard& operator=(basic_read_guard&& other) noexcept {
    std::swap(lock_, other.lock_);
    return *this;
  }
  ~basic_read_guard() { unlock(); }

  /// Whether it holds the lock: not when `try_read` failed, nor when it was moved from or unlocked.
  explicit operator bool() const noexcept { return lock_ != nullptr; }
  const T& operator*() const noexcept { return lock_->value_; }
  const T* operator->() const noexcept { return &lock_->value_; }
  void unlock() noexcept {
    if (auto held = std::exchange(lock_, nullptr)) held->queue_.give(1);
  }

  // For the lock.
  explicit basic_read_guard(Holder locked) noexcept : lock_(std::move(locked)) {}

 private:
  Holder lock_{};
};

/// The right to change the value of an `rw_lock<T>`; else as `basic_read_guard`.
template <class T, class Holder>
class [[nodiscard("a guard that is dropped unlocks at once")]] basic_write_guard {
 public:
  basic_write_guard() noexcept = default;
  basic_write_guard(basic_write_guard&& other) noexcept
      : lock_(std::exchange(other.lock_, nullptr)) {}
  basic_write_guard& operator=(basic_write_guard&& other) noexcept {
    std::swap(lock_, other.lock_);
    return *this;
  }
  ~basic_write_guard() { unlock(); }

  /// Whether it holds the lock: not when `try_write` failed, nor when it was moved from or
  /// unlocked.
  explicit operator bool() const noexcept { return lock_ != nullptr; }
  T& operator*() const noexcept { return lock_->value_; }
  T* operator->() const noexcept { return &lock_->value_; }
  void unlock() noexcept {
    if (auto held = std::exchange(lock_, nullptr)) held->queue_.give(held->max_readers_);
  }
  /// Goes on as a reader: nobody writes in between. Other readers may come at once.
  basic_read_guard<T, Holder> downgrade() && noexcept {
    auto held = std::exchange(lock_, nullptr);
    if (held && held->max_readers_ > 1) held->queue_.give(held->max_readers_ - 1);
    return basic_read_guard<T, Holder>(std::move(held));
  }

  // For the lock.
  explicit basic_write_guard(Holder locked) noexcept : lock_(std::move(locked)) {}

 private:
  Holder lock_{};
};

template <class T>
using read_guard = basic_read_guard<T, rw_lock<T>*>;
template <class T>
using write_guard = basic_write_guard<T, rw_lock<T>*>;
/// Share the lock.
template <class T>
using owned_read_guard = basic_read_guard<T, std::shared_ptr<rw_lock<T>>>;
template <class T>
using owned_write_guard = basic_write_guard<T, std::shared_ptr<rw_lock<T>>>;

}  // namespace sync

namespace detail {

// `Guard` says for what.
template <class Guard, class Holder>
class rw_lock_awaiter : public leaf_awaiter<rw_lock_awaiter<Guard, Holder>> {
 public:
  rw_lock_awaiter(Holder&& lock, std::size_t permits) noexcept
      : lock_(std::move(lock)), waiter_(permits) {}
  ~rw_lock_awaiter() {
    if (lock_) lock_->queue_.leave(waiter_);
  }
  static constexpr const char* name = "rw_lock";
  bool poll() noexcept { return lock_->queue_.poll(waiter_); }
  Guard take() noexcept {
    waiter_.become(permit_waiter::delivered);
    return Guard(std::move(lock_));
  }

 private:
  Holder lock_;
  permit_waiter waiter_;
};

template <class Guard, class Holder>
class [[nodiscard]] rw_lock_operation {
 public:
  rw_lock_operation(Holder lock, std::size_t permits) noexcept
      : lock_(std::move(lock)), permits_(permits) {}
  auto operator co_await() && noexcept {
    return rw_lock_awaiter<Guard, Holder>(std::move(lock_), permits_);
  }

 private:
  Holder lock_;
  std::size_t permits_;
};

}  // namespace detail

namespace sync {

/// A value that is reached through its lock only, by many who read or by one who writes.
///
///     weft::sync::rw_lock<routes> table;
///     auto shared = co_await table.read();
///     auto target = shared->find(name);     // until `shared` is destroyed; co_await is fine
///
/// Order: strictly first come, first served. A writer that waits is not overtaken by readers that
/// come later, so that it is not starved; hence who reads, and reads once more while a writer waits
/// in between, waits for itself. No poisoning: an exception that passes a guard unlocks.
/// Ownership: neither moved nor copied. It must outlive whoever waits for it and the guards that
/// borrow it; tasks of different lives share it by a `std::shared_ptr` and the `_owned` functions.
/// Thread-safety: all members from any thread. What was done under the lock is seen by the next
/// holder. The value is read by several threads at once.
/// Cost: 32 bytes and the value; no allocation; a compare-and-swap to lock and one to unlock while
/// nobody waits. Where nothing is awaited under the lock and it is held for moments, a mutex is as
/// good.
template <class T = unit>
class rw_lock {
 public:
  /// How many may read at a time, unless said otherwise.
  static constexpr std::size_t default_max_readers = (1u << 29) - 1;

  /// Makes the value of the arguments.
  template <class... Arguments>
    requires std::constructible_from<T, Arguments...>
  explicit rw_lock(Arguments&&... arguments)
      : max_readers_(default_max_readers), value_(std::forward<Arguments>(arguments)...) {}
  /// With room for so many readers at a time; others wait. At least 1, else it ends the program.
  template <class... Arguments>
    requires std::constructible_from<T, Arguments...>
  static std::unique_ptr<rw_lock> with_max_readers(std::size_t most, Arguments&&... arguments) {
    if (most == 0) [[unlikely]] {
      detail::misuse("an rw_lock needs room for at least 1 reader");
    }
    return std::unique_ptr<rw_lock>(
        new rw_lock(limit{most}, std::forward<Arguments>(arguments)...));
  }
  rw_lock(const rw_lock&) = delete;
  rw_lock& operator=(const rw_lock&) = delete;

  /// Waits for the right to read. Yields a `read_guard<T>`. Cancel-safety: loses its place in the
  /// queue, never the lock.
  auto read() noexcept WEFT_LIFETIMEBOUND {
    return detail::rw_lock_operation<read_guard<T>, rw_lock*>(this, 1);
  }
  /// Waits for the right to write. Yields a `write_guard<T>`. Cancel-safety: as `read`.
  auto write() noexcept WEFT_LIFETIMEBOUND {
    return detail::rw_lock_operation<write_guard<T>, rw_lock*>(this, max_readers_);
  }
  /// As `read` and `write`, of a shared lock: the operation and its guard keep it alive.
  static auto read_owned(std::shared_ptr<rw_lock> shared) noexcept {
    return detail::rw_lock_operation<owned_read_guard<T>, std::shared_ptr<rw_lock>>(
        std::move(shared), 1);
  }
  static auto write_owned(std::shared_ptr<rw_lock> shared) noexcept {
    auto permits = shared->max_readers_;
    return detail::rw_lock_operation<owned_write_guard<T>, std::shared_ptr<rw_lock>>(
        std::move(shared), permits);
  }

  /// The right if it can be had now and nobody waits; else an empty guard.
  read_guard<T> try_read() noexcept WEFT_LIFETIMEBOUND {
    return read_guard<T>(queue_.try_take(1) ? this : nullptr);
  }
  write_guard<T> try_write() noexcept WEFT_LIFETIMEBOUND {
    return write_guard<T>(queue_.try_take(max_readers_) ? this : nullptr);
  }
  static owned_read_guard<T> try_read_owned(std::shared_ptr<rw_lock> shared) noexcept {
    if (!shared->queue_.try_take(1)) shared = nullptr;
    return owned_read_guard<T>(std::move(shared));
  }
  static owned_write_guard<T> try_write_owned(std::shared_ptr<rw_lock> shared) noexcept {
    if (!shared->queue_.try_take(shared->max_readers_)) shared = nullptr;
    return owned_write_guard<T>(std::move(shared));
  }

  /// As `read` and `write`, for a thread that is no worker of a runtime: on a worker they end the
  /// program.
  read_guard<T> blocking_read() WEFT_LIFETIMEBOUND {
    return detail::block_thread(read(), "rw_lock::blocking_read");
  }
  write_guard<T> blocking_write() WEFT_LIFETIMEBOUND {
    return detail::block_thread(write(), "rw_lock::blocking_write");
  }

  std::size_t max_readers() const noexcept { return max_readers_; }
  /// The value, of a lock that nobody else knows any more.
  T into_inner() && { return std::move(value_); }

 private:
  template <class, class>
  friend class basic_read_guard;
  template <class, class>
  friend class basic_write_guard;
  template <class, class>
  friend class detail::rw_lock_awaiter;

  struct limit {
    std::size_t readers;
  };
  template <class... Arguments>
  explicit rw_lock(limit most, Arguments&&... arguments)
      : queue_(most.readers),
        max_readers_(most.readers),
        value_(std::forward<Arguments>(arguments)...) {}

  // A reader has one permit, a writer has all.
  detail::permit_queue queue_{default_max_readers};
  const std::size_t max_readers_;
  T value_;
};

}  // namespace sync
}  // namespace v0
}  // namespace weft
