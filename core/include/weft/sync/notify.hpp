// notify: wakes one task, or all, without saying more than that something has changed.
#pragma once

#include <weft/detail/wait_list.hpp>
#include <weft/leaf.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace weft {
inline namespace v0 {
namespace sync {
class notify;
}

namespace detail {

struct notify_waiter : waiter {
  static constexpr std::uint8_t given_one = first_given;       // by notify_one: to be passed on
  static constexpr std::uint8_t given_last = first_given + 1;  // by notify_last
  static constexpr std::uint8_t given_all = first_given + 2;   // by notify_waiters
  static constexpr std::uint8_t delivered = first_given + 3;

  explicit notify_waiter(std::uint64_t made_in) noexcept : generation(made_in) {}
  const std::uint64_t generation;  // of the notify when the operation was made
};

template <class Holder>
class notified_awaiter;
template <class Holder>
class notified_operation;

}  // namespace detail

namespace sync {

/// A stored wake-up. The usual way to wait for a condition that others change:
///
///     while (true) {
///       auto changed = notify.notified();       // from here on nothing is missed
///       if (condition()) break;
///       co_await std::move(changed);
///     }
///
/// `notify_one` wakes the one that has waited longest; when nobody waits it leaves a permit, at
/// most one, that the next who waits takes at once. `notify_waiters` wakes all whose operation had
/// been made, also when they have not awaited it yet, and leaves nothing.
///
/// Ownership: neither moved nor copied. It must outlive whoever waits for it; tasks of different
/// lives share it by a `std::shared_ptr` and `notified_owned`. Whoever was woken by `notify_one` or
/// `notify_last` may destroy it.
/// Thread-safety: all members from any thread. What was done before notifying is seen by whoever
/// was notified.
/// Cost: 24 bytes; no allocation; a compare-and-swap to notify while nobody waits.
class notify {
 public:
  notify() noexcept = default;

  /// Waits for a notification. Yields nothing. Waiters are served in the order in which they were
  /// first awaited.
  /// Cancel-safety: loses its place in the queue; a `notify_one` that it had been given goes to the
  /// next.
  detail::notified_operation<notify*> notified() noexcept WEFT_LIFETIMEBOUND;
  /// As `notified`, of a shared notify: the operation keeps it alive.
  static detail::notified_operation<std::shared_ptr<notify>> notified_owned(
      std::shared_ptr<notify> shared) noexcept;

  /// Wakes the one that has waited longest, or leaves a permit.
  void notify_one() noexcept {
    if (!leave_permit()) wake_first(detail::notify_waiter::given_one);
  }
  /// As `notify_one`, of the one that came last.
  void notify_last() noexcept {
    if (!leave_permit()) wake_first(detail::notify_waiter::given_last);
  }
  /// Wakes all. The notify has to stay until it returns.
  void notify_waiters() noexcept {
    auto seen = word_.load();
    while (!(seen & (detail::locked_word::locked | waiting))) {
      if (word_.exchange_unlocked(seen, seen + one_generation)) return;
    }
    wake_all();
  }

 private:
  template <class Holder>
  friend class detail::notified_awaiter;
  template <class Holder>
  friend class detail::notified_operation;

  // One word: generation << 3 | permit | waiting | locked (see locked_word). `waiting` is set while
  // somebody queues, and then there is no permit. The generation counts the calls of
  // `notify_waiters`.
  static constexpr std::uint64_t waiting = 2;
  static constexpr std::uint64_t permit = 4;
  static constexpr std::uint64_t one_generation = 8;
  static constexpr std::uint64_t generation(std::uint64_t word) noexcept {
    return word / one_generation;
  }

  // Also a change when there is one already: what was done before is to be seen by whoever takes
  // it.
  bool leave_permit() noexcept {
    auto seen = word_.load();
    while (!(seen & (detail::locked_word::locked | waiting))) {
      if (word_.exchange_unlocked(seen, seen | permit)) return true;
    }
    return false;
  }
  bool poll(detail::notify_waiter& self) noexcept {
    auto what = self.what();
    if (what >= detail::waiter::first_given) {
      word_.await_unlocked();
      return detail::consume_budget();
    }
    if (what == detail::waiter::queued) return requeue(self);
    auto seen = word_.load();
    if (generation(seen) != self.generation) {
      self.become(detail::notify_waiter::given_all);
      return detail::consume_budget();
    }
    if ((seen & permit) && !(seen & detail::locked_word::locked) &&
        word_.exchange_unlocked(seen, seen & ~permit)) {
      self.become(detail::notify_waiter::given_one);
      return detail::consume_budget();
    }
    return poll_slowly(self);
  }
  void leave(detail::notify_waiter& self) noexcept {
    auto what = self.what();
    if (what != detail::waiter::idle && what < detail::notify_waiter::given_all) leave_slowly(self);
  }

  WEFT_API bool poll_slowly(detail::notify_waiter& self) noexcept;
  WEFT_API bool requeue(detail::notify_waiter& self) noexcept;
  WEFT_API void leave_slowly(detail::notify_waiter& self) noexcept;
  WEFT_API void wake_first(std::uint8_t how) noexcept;
  WEFT_API void wake_all() noexcept;
  std::uint64_t pass(std::uint64_t word, std::uint8_t how, waker& woken) noexcept;

  detail::locked_word word_{0};
  detail::wait_list waiters_;
};

}  // namespace sync

namespace detail {

template <class Holder>
class notified_awaiter : public leaf_awaiter<notified_awaiter<Holder>> {
 public:
  notified_awaiter(Holder&& notify, std::uint64_t generation) noexcept
      : notify_(std::move(notify)), waiter_(generation) {}
  ~notified_awaiter() { notify_->leave(waiter_); }
  static constexpr const char* name = "notify";
  bool poll() noexcept { return notify_->poll(waiter_); }
  void take() noexcept { waiter_.become(notify_waiter::delivered); }

 private:
  Holder notify_;
  notify_waiter waiter_;
};

template <class Holder>
class [[nodiscard]] notified_operation {
 public:
  explicit notified_operation(Holder notify) noexcept
      : notify_(std::move(notify)), generation_(sync::notify::generation(notify_->word_.load())) {}
  auto operator co_await() && noexcept {
    return notified_awaiter<Holder>(std::move(notify_), generation_);
  }

 private:
  Holder notify_;
  std::uint64_t generation_;
};

}  // namespace detail

namespace sync {

inline detail::notified_operation<notify*> notify::notified() noexcept {
  return detail::notified_operation<notify*>(this);
}
inline detail::notified_operation<std::shared_ptr<notify>> notify::notified_owned(
    std::shared_ptr<notify> shared) noexcept {
  return detail::notified_operation<std::shared_ptr<notify>>(std::move(shared));
}

}  // namespace sync
}  // namespace v0
}  // namespace weft
