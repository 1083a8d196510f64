// What the ends of an mpsc channel share: the queue, and how much room there is.
#pragma once

#include <weft/detail/channel_ends.hpp>
#include <weft/detail/mpsc_queue.hpp>
#include <weft/detail/permit_queue.hpp>
#include <weft/sync/notify.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// Of a bounded channel, each value in the queue has a permit, which the receiver gives back when it
// takes the value; so has each place that was reserved. Nothing is there and nothing can come when
// all senders are gone and the queue is empty, or when the receiver has closed and all permits are
// back (of an unbounded one: when the queue, which is closed, is empty).
//
// Places that the receiver empties it does not give back one by one, since senders and the receiver
// would take the permits' cache line from each other with every value. It counts them in `owed_`,
// and gives back many at once, or each one while a sender waits. A sender that lacks permits takes
// what is owed first, so that nobody notices. `owed_` is changed by read-modify-writes only, hence
// in one order: a sender queues, and then marks it and takes what is there; the receiver, adding
// after that, sees the mark and, by acquire, the sender in the queue.
//
// The receiver registers and then looks at all of this again; whoever changes some of it then looks
// whether the receiver has registered. Those changes are seq_cst, or the look is an exchange.
template <class T>
class mpsc_channel : public channel_ends<mpsc_channel<T>> {
 public:
  static constexpr std::size_t unbounded = 0;

  static mpsc_channel* make(std::size_t capacity) {
    void* memory = allocate_frame(sizeof(mpsc_channel));
    try {
      return new (memory) mpsc_channel(capacity);
    } catch (...) {
      deallocate_frame(memory, sizeof(mpsc_channel));
      throw;
    }
  }

  bool is_bounded() const noexcept { return capacity_ != unbounded; }
  std::size_t capacity() const noexcept { return capacity_; }
  // The permits first: what moves from the owed ones to them meanwhile is not counted twice.
  std::size_t free_places() const noexcept {
    auto available = permits_.available();
    return available + owed_.load(std::memory_order_acquire) / one_owed;
  }

  bool try_take(std::size_t permits) noexcept {
    return permits_.try_take(permits) || (reclaim(0) && permits_.try_take(permits));
  }
  bool poll_permits(permit_waiter& self) noexcept {
    if (self.what() == waiter::idle && permits_.available() < self.needed) (void)reclaim(0);
    if (permits_.poll(self)) return true;
    return self.what() == waiter::queued && reclaim(wanted) && self.what() != waiter::queued &&
           permits_.poll(self);
  }

  // With a permit, which goes with the value. Throws std::bad_alloc; then nothing has happened.
  void push(T& value) {
    queue_.push_always(value);
    receiver_waits_.wake_if_registered();
  }
  // False: there is no room, or it is closed.
  bool try_push(T& value) {
    if (!try_take(1)) return false;
    try {
      push(value);
    } catch (...) {
      give_back(1);
      throw;
    }
    return true;
  }
  // Unbounded. False: closed.
  bool push_unless_closed(T& value) {
    if (!queue_.push(value)) return false;
    receiver_waits_.wake_if_registered();
    return true;
  }
  // Permits that were granted and not used. A receiver that has closed may be waiting for them.
  void give_back(std::size_t permits) noexcept {
    permits_.give(permits);
    if (is_closed()) receiver_waits_.wake();
  }
  void leave(permit_waiter& leaving) noexcept {
    auto what = leaving.what();
    permits_.leave(leaving);
    // One that was queued may have been granted something meanwhile.
    bool gave_back = what == waiter::queued || what == permit_waiter::granted;
    if (gave_back && is_closed()) receiver_waits_.wake();
  }
  sync::notify& closing() noexcept { return closing_; }

  // The receiver has closed.
  bool is_closed() const noexcept { return queue_.is_closed(); }
  void close() noexcept {
    if (!queue_.close()) return;
    permits_.close();
    closing_.notify_waiters();
    receiver_waits_.wake();
  }

  // Receiver
  std::size_t size() const noexcept { return queue_.size(); }
  T* front() noexcept { return queue_.front(); }
  T* front_claimed() noexcept { return queue_.front_claimed(); }
  void pop_front() noexcept {
    queue_.pop_front();
    if (owed_limit_ > 1) {
      auto before = owed_.fetch_add(one_owed, std::memory_order_acq_rel);
      if ((before & wanted) || before / one_owed + 1 >= owed_limit_) give_owed();
    } else if (is_bounded()) {
      permits_.give(1);
    }
  }
  // Without permits, which are given by `give_emptied`.
  void drop_front() noexcept { queue_.pop_front(); }
  void give_emptied(std::size_t places) noexcept {
    if (is_bounded() && places > 0) permits_.give(places);
  }
  // No value is there, and none will come.
  bool has_ended() noexcept {
    if (this->senders() == 0) return !queue_.front();
    if (!is_closed()) return false;
    return is_bounded() ? free_places() == capacity_ : size() == 0;
  }
  // True: a value is there, or it has ended.
  bool poll_next() noexcept {
    if (queue_.front() || has_ended()) return true;
    receiver_waits_.register_current();
    return queue_.front() || has_ended();
  }
  void stop_waiting() noexcept { receiver_waits_.clear(); }
  void receiver_goes() noexcept {
    close();
    while (queue_.front()) pop_front();
    this->release();
  }

 private:
  friend class channel_ends<mpsc_channel>;

  explicit mpsc_channel(std::size_t capacity)
      : channel_ends<mpsc_channel>(1),
        capacity_(capacity),
        owed_limit_(std::min<std::size_t>(capacity / 4, 32)),
        permits_(capacity) {}
  ~mpsc_channel() = default;
  void destroy() noexcept {
    this->~mpsc_channel();
    deallocate_frame(this, sizeof(mpsc_channel));
  }
  void no_sender_is_left() noexcept { receiver_waits_.wake(); }

  // A sender: takes what is owed, and leaves `mark`. Whether there was something.
  bool reclaim(std::uint64_t mark) noexcept {
    auto owed = mark ? owed_.exchange(mark, std::memory_order_acq_rel)
                     : owed_.fetch_and(wanted, std::memory_order_acq_rel);
    if (owed < one_owed) return false;
    give_back(static_cast<std::size_t>(owed / one_owed));
    return true;
  }
  // The receiver. A mark is left for those who have to wait on.
  void give_owed() noexcept {
    auto owed = owed_.exchange(0, std::memory_order_acq_rel);
    if (owed >= one_owed) permits_.give(static_cast<std::size_t>(owed / one_owed));
    if ((owed & wanted) && permits_.has_waiters()) {
      owed_.fetch_or(wanted, std::memory_order_acq_rel);
    }
  }

  static constexpr std::uint64_t wanted = 1;
  static constexpr std::uint64_t one_owed = 2;

  const std::size_t capacity_;
  const std::size_t owed_limit_;
  permit_queue permits_;
  atomic_waker receiver_waits_;
  sync::notify closing_;
  mpsc_queue<T> queue_;
  alignas(64) std::atomic<std::uint64_t> owed_{0};  // emptied places << 1 | a sender wants them
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
