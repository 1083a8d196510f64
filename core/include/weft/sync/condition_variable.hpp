// condition_variable: gives a mutex's lock up until something has changed.
#pragma once

#include <weft/leaf.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/notify.hpp>
#include <weft/task.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace weft {
inline namespace v0 {
namespace sync {
class condition_variable;
}

namespace detail {

// Takes its place at the notify while it has the lock, so that nothing is missed in between. A
// notification counts as delivered only when the lock is had again: before, it goes on to the next.
template <class T, class Holder>
class condition_awaiter : public leaf_awaiter<condition_awaiter<T, Holder>> {
  using guard = sync::basic_mutex_guard<T, Holder>;
  using locking = lock_awaiter<T, Holder>;

 public:
  condition_awaiter(sync::notify& changed, guard& held) noexcept
      : held_(held), changed_(changed.notified().operator co_await()) {
    if (!held) [[unlikely]] {
      misuse("a condition_variable was waited for without the lock");
    }
  }
  ~condition_awaiter() {
    if (stage_ == stage::locks) std::destroy_at(&lock_);
  }
  static constexpr const char* name = "condition_variable";
  bool poll() noexcept {
    if (stage_ == stage::begins) {
      mutex_ = held_.mutex_;
      stage_ = stage::waits;
      bool at_once = changed_.poll();
      held_.unlock();
      if (!at_once) return false;
      notified_ = true;
    }
    if (stage_ == stage::waits) {
      if (!notified_ && !changed_.poll()) return false;
      ::new (&lock_) locking(std::move(mutex_));
      stage_ = stage::locks;
    }
    return lock_.poll();
  }
  void take() noexcept {
    held_ = lock_.take();
    changed_.take();
  }

 private:
  enum class stage : std::uint8_t { begins, waits, locks };
  guard& held_;
  Holder mutex_{};
  stage stage_ = stage::begins;
  bool notified_ = false;
  notified_awaiter<sync::notify*> changed_;
  union {
    locking lock_;
  };
};

template <class T, class Holder>
class [[nodiscard]] condition_operation {
 public:
  condition_operation(sync::notify& changed, sync::basic_mutex_guard<T, Holder>& held) noexcept
      : changed_(&changed), held_(&held) {}
  auto operator co_await() && noexcept { return condition_awaiter<T, Holder>(*changed_, *held_); }

 private:
  sync::notify* changed_;
  sync::basic_mutex_guard<T, Holder>* held_;
};

}  // namespace detail

namespace sync {

/// Waits for a change of what a `mutex<T>` guards.
///
///     auto held = co_await queue.lock();
///     auto filled = [](const jobs& all) { return !all.empty(); };
///     co_await changed.wait(held, filled);            // the lock is given up meanwhile
///
///     held->push_back(next);                          // elsewhere, with the lock
///     changed.notify_one();
///
/// All who wait at one must use one mutex. Often a channel, or a `watch`, says it better.
/// Ownership: neither moved nor copied; it must outlive whoever waits at it. Thread-safety: all
/// members from any thread. Cost: 24 bytes; no allocation, but a frame for a wait with a predicate.
class condition_variable {
 public:
  condition_variable() noexcept = default;

  /// Gives the lock of `held` up, waits to be notified, and locks again, into `held`. Yields
  /// nothing. It may also be done without a reason, so look at the condition again. Without the
  /// lock it ends the program. Cancel-safety: `held` is empty then; a notification that it had been
  /// given goes to the next.
  template <class T, class Holder>
  detail::condition_operation<T, Holder> wait(
      basic_mutex_guard<T, Holder>& held WEFT_LIFETIMEBOUND) noexcept WEFT_LIFETIMEBOUND {
    return detail::condition_operation<T, Holder>(changed_, held);
  }
  /// Waits until `predicate(T&)` is true, looked at with the lock, at first at once. What it throws
  /// comes out, with the lock held. Cancel-safety: as above.
  template <class T, class Holder, std::predicate<T&> Predicate>
  task<void> wait(basic_mutex_guard<T, Holder>& held WEFT_LIFETIMEBOUND,
                  Predicate predicate) WEFT_LIFETIMEBOUND {
    while (!predicate(*held)) co_await wait(held);
  }

  /// Lets the one go on that has waited longest. When nobody waits, the next who comes may find
  /// itself notified, without a reason.
  void notify_one() noexcept { changed_.notify_one(); }
  /// Lets all go on, one after the other, as they get the lock. It has to stay until this returns.
  void notify_all() noexcept { changed_.notify_waiters(); }

 private:
  notify changed_;
};

}  // namespace sync
}  // namespace v0
}  // namespace weft
