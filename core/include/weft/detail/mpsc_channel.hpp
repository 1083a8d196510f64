// What the ends of an mpsc channel share: the queue, who is there, and how much room there is.
#pragma once

#include <weft/detail/mpsc_queue.hpp>
#include <weft/detail/permit_queue.hpp>
#include <weft/sync/notify.hpp>

#include <atomic>
#include <cstddef>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// Senders count among themselves; all of them together have one reference, as the receiver and each
// weak sender have. The last reference frees the channel.
//
// Of a bounded channel, each value in the queue has a permit, which the receiver gives back when it
// takes the value; so has each place that was reserved. Nothing is there and nothing can come when
// all senders are gone and the queue is empty, or when the receiver has closed and all permits are
// back (of an unbounded one: when the queue, which is closed, is empty).
//
// The receiver registers and then looks at all of this again; whoever changes some of it then looks
// whether the receiver has registered. Those changes are seq_cst, or the look is an exchange.
template <class T>
class mpsc_channel {
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

  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    this->~mpsc_channel();
    deallocate_frame(this, sizeof(mpsc_channel));
  }

  // Senders
  void add_sender() noexcept { senders_.fetch_add(1, std::memory_order_relaxed); }
  bool add_sender_unless_gone() noexcept {
    auto seen = senders_.load(std::memory_order_relaxed);
    while (seen != 0) {
      if (senders_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  void sender_goes() noexcept {
    if (senders_.fetch_sub(1, std::memory_order_seq_cst) != 1) return;
    receiver_waits_.wake();
    release();
  }
  std::size_t senders() const noexcept { return senders_.load(std::memory_order_relaxed); }
  void add_weak() noexcept {
    weak_.fetch_add(1, std::memory_order_relaxed);
    add_reference();
  }
  void weak_goes() noexcept {
    weak_.fetch_sub(1, std::memory_order_relaxed);
    release();
  }
  std::size_t weak() const noexcept { return weak_.load(std::memory_order_relaxed); }

  bool is_bounded() const noexcept { return capacity_ != unbounded; }
  std::size_t capacity() const noexcept { return capacity_; }
  permit_queue& permits() noexcept { return permits_; }
  std::size_t free_places() const noexcept { return permits_.available(); }

  // With a permit, which goes with the value. Throws std::bad_alloc; then nothing has happened.
  void push(T& value) {
    queue_.push_always(value);
    receiver_waits_.wake_if_registered();
  }
  // False: there is no room, or it is closed.
  bool try_push(T& value) {
    if (!permits_.try_take(1)) return false;
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
    if (is_bounded()) permits_.give(1);
  }
  // Without permits, which are given by the caller.
  void drop_front() noexcept { queue_.pop_front(); }
  // No value is there, and none will come.
  bool has_ended() noexcept {
    if (senders_.load(std::memory_order_seq_cst) == 0) return !queue_.front();
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
    release();
  }

 private:
  explicit mpsc_channel(std::size_t capacity) : capacity_(capacity), permits_(capacity) {}
  ~mpsc_channel() = default;

  const std::size_t capacity_;
  permit_queue permits_;
  atomic_waker receiver_waits_;
  sync::notify closing_;
  std::atomic<std::size_t> senders_{1};
  std::atomic<std::size_t> weak_{0};
  std::atomic<std::size_t> references_{2};  // the senders', and the receiver's
  mpsc_queue<T> queue_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
