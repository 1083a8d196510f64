// What the ends of a rendezvous share: the senders that wait, each with its value.
#pragma once

#include <weft/detail/wait_list.hpp>
#include <weft/sync/notify.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// A value stays in its sender's awaiter until the receiver takes it from there. The receiver
// unlinks the sender under the lock, and moves the value outside it, so that no code of users runs
// under it. Meanwhile the sender is `taking`; if it is destroyed then, its destructor waits for the
// end of that move.
template <class T>
struct rendezvous_waiter : waiter {
  static constexpr std::uint8_t taking = first_given;
  static constexpr std::uint8_t taken = first_given + 1;
  static constexpr std::uint8_t refused = first_given + 2;

  explicit rendezvous_waiter(T&& sent) noexcept : value(std::move(sent)) {}
  T value;
};

template <class T>
class rendezvous_channel {
 public:
  using sender = rendezvous_waiter<T>;

  rendezvous_channel() noexcept = default;
  rendezvous_channel(const rendezvous_channel&) = delete;
  rendezvous_channel& operator=(const rendezvous_channel&) = delete;

  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  // Senders count among themselves; all of them together have one reference.
  void add_sender() noexcept { senders_.fetch_add(1, std::memory_order_relaxed); }
  void sender_goes() noexcept {
    if (senders_.fetch_sub(1, std::memory_order_seq_cst) != 1) return;
    receiver_waits_.wake();
    release();
  }
  std::size_t senders() const noexcept { return senders_.load(std::memory_order_seq_cst); }

  // True: the value was taken or refused.
  bool poll_send(sender& self) noexcept {
    auto what = self.what();
    if (what >= sender::taken) return consume_budget();
    auto mine = waker::current();
    auto word = word_.lock();
    if (self.what() != waiter::idle) {
      // Being polled again: perhaps by another branch than before. One that is just being taken is
      // woken by its first waker or, if that was moved out, polled once more.
      bool queued = self.what() == waiter::queued;
      if (queued) std::swap(self.to_wake, mine);
      word_.unlock(word);
      if (queued) return false;
      wait_until_taken(self);
      return consume_budget();
    }
    if (word & closed) {
      word_.unlock(word);
      self.become(sender::refused);
      return consume_budget();
    }
    senders_waiting_.push_back(self, std::move(mine));
    word_.unlock(word | waiting);
    receiver_waits_.wake();
    return false;
  }
  void leave(sender& self) noexcept {
    auto what = self.what();
    if (what == waiter::idle || what >= sender::taken) return;
    waker dropped;
    auto word = word_.lock();
    if (self.what() == waiter::queued) {
      wait_list::unlink(self);
      dropped = std::move(self.to_wake);
      self.become(waiter::idle);
      if (senders_waiting_.empty()) word &= ~waiting;
    }
    word_.unlock(word);
    if (self.what() != waiter::idle) wait_until_taken(self);
  }

  // The receiver.
  bool has_sender() const noexcept { return word_.load() & waiting; }
  std::optional<T> take() noexcept {
    std::optional<T> got;
    auto word = word_.lock();
    if (senders_waiting_.empty()) {
      word_.unlock(word);
      return got;
    }
    auto& first = static_cast<sender&>(senders_waiting_.front());
    auto to_wake = wait_list::give(first, sender::taking);
    if (senders_waiting_.empty()) word &= ~waiting;
    word_.unlock(word);
    got.emplace(std::move(first.value));
    first.state.store(sender::taken, std::memory_order_release);  // the last touch of it
    to_wake.wake();
    return got;
  }
  // The running branch waits until there may be something to take, or the end.
  bool poll_sender() noexcept {
    if (has_sender() || has_ended()) return true;
    receiver_waits_.register_current();
    return has_sender() || has_ended();
  }
  void stop_waiting() noexcept { receiver_waits_.clear(); }
  bool is_closed() const noexcept { return word_.load() & closed; }
  bool has_ended() const noexcept { return (is_closed() || senders() == 0) && !has_sender(); }
  void close() noexcept {
    auto word = word_.lock();
    if (word & closed) return word_.unlock(word);
    for (word |= closed;;) {
      waker_batch woken;
      while (!senders_waiting_.empty() && !woken.full()) {
        woken.add(wait_list::give(senders_waiting_.front(), sender::refused));
      }
      if (senders_waiting_.empty()) word &= ~waiting;
      bool more = word & waiting;
      word_.unlock(word);
      if (!more) break;
      woken.wake();
      word = word_.lock();
    }
    closing_.notify_waiters();
    receiver_waits_.wake();
  }
  sync::notify& closing() noexcept { return closing_; }

 private:
  static constexpr std::uint64_t waiting = 2;
  static constexpr std::uint64_t closed = 4;

  static void wait_until_taken(const sender& self) noexcept {
    for (unsigned tries = 0; self.what() == sender::taking; ++tries) wait_a_moment(tries);
  }

  // `waiting` is set while a sender queues. It is changed before the receiver's slot is looked at,
  // by an exchange: see atomic_waker.
  locked_word word_{0};
  wait_list senders_waiting_;
  atomic_waker receiver_waits_;
  sync::notify closing_;
  std::atomic<std::size_t> senders_{1};
  std::atomic<std::size_t> references_{2};  // the senders', and the receiver's
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
