// Waits for a condition that others change before they call `notify_waiters`.
#pragma once

#include <weft/sync/notify.hpp>

#include <memory>
#include <new>

namespace weft {
inline namespace v0 {
namespace detail {

// For awaiters, to be polled from their `poll`. It takes its place at the notify before it looks,
// so that a change in between is not missed, and takes a new one when it was notified in vain.
class notify_wait {
 public:
  explicit notify_wait(sync::notify& of) noexcept : of_(of) {}
  notify_wait(const notify_wait&) = delete;
  notify_wait& operator=(const notify_wait&) = delete;
  ~notify_wait() { leave(); }

  template <class Condition>
  bool poll(Condition&& holds) noexcept {
    for (;;) {
      if (!waits_) {
        ::new (&waiter_) waiter_type(of_.notified().operator co_await());
        waits_ = true;
      }
      if (holds()) return consume_budget();
      if (!waiter_.poll()) return false;
      leave();
    }
  }

 private:
  using waiter_type = notified_awaiter<sync::notify*>;

  void leave() noexcept {
    if (!waits_) return;
    waits_ = false;
    std::destroy_at(&waiter_);
  }
  sync::notify& of_;
  bool waits_ = false;
  union {
    waiter_type waiter_;
  };
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
