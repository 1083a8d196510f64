// semaphore: a number of permits, given out in the order in which they were asked for.
#pragma once

#include <weft/detail/block_thread.hpp>
#include <weft/detail/permit_queue.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace weft {
inline namespace v0 {
namespace sync {

class semaphore;

/// Permits of a semaphore; they go back when this is destroyed. Move-only; empty when moved from.
///
/// `Holder` is what keeps the semaphore: a plain pointer, and then it must outlive the permit, or a
/// shared_ptr.
/// Thread-safety: one thread at a time; giving back from any thread.
template <class Holder>
class [[nodiscard("a permit that is dropped goes back at once")]] basic_semaphore_permit {
 public:
  basic_semaphore_permit() noexcept = default;
  basic_semaphore_permit(basic_semaphore_permit&& other) noexcept
      : semaphore_(std::exchange(other.semaphore_, nullptr)),
        count_(std::exchange(other.count_, 0)) {}
  basic_semaphore_permit& operator=(basic_semaphore_permit&& other) noexcept {
    std::swap(semaphore_, other.semaphore_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~basic_semaphore_permit() { release(); }

  explicit operator bool() const noexcept { return semaphore_ != nullptr; }
  /// How many permits this is.
  std::size_t count() const noexcept { return count_; }
  /// Gives them back now.
  void release() noexcept;
  /// Takes them out of the semaphore for good.
  void forget() noexcept {
    semaphore_ = nullptr;
    count_ = 0;
  }
  /// Adds the permits of `other`, which must be of the same semaphore; empty permits may be of any.
  void merge(basic_semaphore_permit&& other) noexcept;
  /// Parts with `count` of its permits, at most with all.
  basic_semaphore_permit split(std::size_t count) noexcept;

  // For the semaphore.
  basic_semaphore_permit(Holder semaphore, std::size_t count) noexcept
      : semaphore_(std::move(semaphore)), count_(count) {}

 private:
  Holder semaphore_{};
  std::size_t count_ = 0;
};

/// Borrows the semaphore.
using semaphore_permit = basic_semaphore_permit<semaphore*>;
/// Shares it.
using owned_semaphore_permit = basic_semaphore_permit<std::shared_ptr<semaphore>>;

}  // namespace sync

namespace detail {

template <class Holder>
class acquire_awaiter : public leaf_awaiter<acquire_awaiter<Holder>> {
 public:
  acquire_awaiter(Holder&& semaphore, std::size_t permits) noexcept
      : semaphore_(std::move(semaphore)), waiter_(permits) {}
  ~acquire_awaiter();
  static constexpr const char* name = "semaphore";
  bool poll() noexcept;
  result<sync::basic_semaphore_permit<Holder>> take() noexcept {
    if (waiter_.what() == permit_waiter::refused) return std::unexpected(error(errc::closed));
    waiter_.become(permit_waiter::delivered);
    return sync::basic_semaphore_permit<Holder>(std::move(semaphore_), waiter_.needed);
  }

 private:
  Holder semaphore_;
  permit_waiter waiter_;
};

template <class Holder>
class [[nodiscard]] acquire_operation {
 public:
  acquire_operation(Holder semaphore, std::size_t permits) noexcept
      : semaphore_(std::move(semaphore)), permits_(permits) {}
  auto operator co_await() && noexcept {
    return acquire_awaiter<Holder>(std::move(semaphore_), permits_);
  }

 private:
  Holder semaphore_;
  std::size_t permits_;
};

}  // namespace detail

namespace sync {

/// A number of permits.
///
///     weft::sync::semaphore slots(10);
///     auto permit = co_await or_return(slots.acquire());    // goes back at the end of the scope
///
/// Order: strictly first come, first served. A wish for many permits holds up the smaller ones
/// behind it until there are enough. Whoever awaits gets its place when it first has to wait.
/// Ownership: neither moved nor copied. It must outlive whoever waits for it and the permits that
/// borrow it; tasks of different lives share it by a `std::shared_ptr` and `acquire_owned`. The
/// last holder of a permit may destroy it as soon as it has the permit.
/// Thread-safety: all members from any thread. All changes are in one total order, and each happens
/// before the next: what was done before a permit was given back is seen by whoever takes it next.
/// Cost: 24 bytes; no allocation; a compare-and-swap to take and one to give while nobody waits.
class semaphore {
 public:
  /// The most permits that there may be at once (2^61 - 1 on 64 bits). Going beyond ends the
  /// program.
  static constexpr std::size_t max_permits = detail::permit_queue::max_permits;

  explicit semaphore(std::size_t permits) noexcept : queue_(permits) {}

  /// Waits for a permit. Yields a `result<semaphore_permit>`. Errors: `errc::closed`.
  /// Cancel-safety: loses its place in the queue, never a permit.
  detail::acquire_operation<semaphore*> acquire() noexcept WEFT_LIFETIMEBOUND { return {this, 1}; }
  /// As `acquire`, for `permits` at once. For none it is done at once. More than there will ever
  /// be: waits for ever, as does everybody behind it.
  detail::acquire_operation<semaphore*> acquire_many(std::size_t permits) noexcept
      WEFT_LIFETIMEBOUND {
    return {this, permits};
  }
  /// As `acquire_many`, of a shared semaphore: the operation and its `owned_semaphore_permit` keep
  /// it alive.
  static detail::acquire_operation<std::shared_ptr<semaphore>> acquire_owned(
      std::shared_ptr<semaphore> shared, std::size_t permits = 1) noexcept {
    return {std::move(shared), permits};
  }

  /// As `acquire_many`, for a thread that is no worker of a runtime: on a worker it ends the
  /// program.
  result<semaphore_permit> blocking_acquire(std::size_t permits = 1) WEFT_LIFETIMEBOUND {
    return detail::block_thread(acquire_many(permits), "semaphore::blocking_acquire");
  }

  /// Permits if there are enough now and nobody waits for some. Errors: `errc::overloaded` when
  /// not; `errc::closed`.
  result<semaphore_permit> try_acquire(std::size_t permits = 1) noexcept WEFT_LIFETIMEBOUND {
    return try_acquire_by<semaphore*>(this, permits);
  }
  static result<owned_semaphore_permit> try_acquire_owned(std::shared_ptr<semaphore> shared,
                                                          std::size_t permits = 1) noexcept {
    return try_acquire_by<std::shared_ptr<semaphore>>(std::move(shared), permits);
  }

  /// Makes permits. Does not hand them to more than 32 waiters in one go: the semaphore has to stay
  /// until it returns.
  void add_permits(std::size_t permits) noexcept { queue_.give(permits); }
  /// Takes up to `permits` that are available away for good; returns how many.
  std::size_t forget_permits(std::size_t permits) noexcept { return queue_.remove(permits); }
  /// How many are there now. Those that wait for some to become enough count.
  std::size_t available_permits() const noexcept { return queue_.available(); }

  /// Gives out no more: who waits and who comes gets `errc::closed`. Permits that are out stay
  /// good. For ever; idempotent. The semaphore has to stay until it returns.
  void close() noexcept { queue_.close(); }
  bool is_closed() const noexcept { return queue_.is_closed(); }

 private:
  template <class Holder>
  friend class detail::acquire_awaiter;
  template <class Holder>
  friend class basic_semaphore_permit;

  template <class Holder>
  static result<basic_semaphore_permit<Holder>> try_acquire_by(Holder from,
                                                               std::size_t permits) noexcept {
    if (from->queue_.try_take(permits)) {
      return basic_semaphore_permit<Holder>(std::move(from), permits);
    }
    return std::unexpected(error(from->is_closed() ? errc::closed : errc::overloaded));
  }

  detail::permit_queue queue_;
};

template <class Holder>
void basic_semaphore_permit<Holder>::release() noexcept {
  if (count_ > 0) semaphore_->queue_.give(std::exchange(count_, 0));
  semaphore_ = nullptr;
}

template <class Holder>
void basic_semaphore_permit<Holder>::merge(basic_semaphore_permit&& other) noexcept {
  if (!semaphore_) semaphore_ = other.semaphore_;
  if (other.semaphore_ && other.semaphore_ != semaphore_) [[unlikely]] {
    detail::misuse("permits of different semaphores were merged");
  }
  count_ += other.count_;
  other.forget();
}

template <class Holder>
basic_semaphore_permit<Holder> basic_semaphore_permit<Holder>::split(std::size_t count) noexcept {
  auto parted = count < count_ ? count : count_;
  count_ -= parted;
  return basic_semaphore_permit(semaphore_, parted);
}

}  // namespace sync

namespace detail {

template <class Holder>
acquire_awaiter<Holder>::~acquire_awaiter() {
  if (semaphore_) semaphore_->queue_.leave(waiter_);
}

template <class Holder>
bool acquire_awaiter<Holder>::poll() noexcept {
  return semaphore_->queue_.poll(waiter_);
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
