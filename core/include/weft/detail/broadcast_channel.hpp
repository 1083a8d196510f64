// What the ends of a broadcast share: a ring of the latest values.
#pragma once

#include <weft/detail/channel_ends.hpp>
#include <weft/detail/shared_value.hpp>
#include <weft/detail/wait_list.hpp>
#include <weft/sync/notify.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// Values are numbered; value n is in slot n % capacity until it is overwritten, or until all who
// were to receive it have passed it: it is destroyed then. The lock guards the ring and the number
// of receivers; no code of users runs under it, since a receiver takes a reference and copies the
// value outside.
template <class T>
class broadcast_channel : public channel_ends<broadcast_channel<T>> {
 public:
  using value_type = shared_value<T>;
  struct taken {
    value_type* value;     // a reference; null: there is none yet
    std::uint64_t missed;  // not zero: no value, but so many were overwritten
  };

  static broadcast_channel* make(std::size_t capacity) { return new broadcast_channel(capacity); }
  broadcast_channel(const broadcast_channel&) = delete;
  broadcast_channel& operator=(const broadcast_channel&) = delete;

  // How many values were sent.
  std::uint64_t sent() const noexcept { return word_.load() / one; }
  // Takes over the reference. Returns how many will receive it.
  std::size_t send(value_type* value) noexcept {
    auto word = word_.lock();
    auto& slot = ring_[word / one % capacity_];
    auto receivers = receivers_.load(std::memory_order_relaxed);
    auto* before = std::exchange(slot.value, receivers > 0 ? value : nullptr);
    slot.remaining = receivers;
    word_.unlock(word + one);
    if (before) before->release();
    if (receivers == 0) {
      value->release();
      return 0;
    }
    sent_.notify_waiters();
    return receivers;
  }
  // The value at `position`, which is then the next.
  taken take(std::uint64_t& position) noexcept {
    auto word = word_.lock();
    auto end = word / one;
    if (position == end) {
      word_.unlock(word);
      return {nullptr, 0};
    }
    if (end - position > capacity_) {
      word_.unlock(word);
      auto missed = end - capacity_ - position;
      position += missed;
      return {nullptr, missed};
    }
    auto& slot = ring_[position++ % capacity_];
    auto* value = slot.value;
    if (--slot.remaining == 0) {
      slot.value = nullptr;  // its reference is the taker's
    } else {
      value->add_reference();
    }
    word_.unlock(word);
    return {value, 0};
  }

  // The position of one more receiver.
  std::uint64_t add_receiver() noexcept {
    this->add_reference();
    auto word = word_.lock();
    receivers_.store(receivers() + 1, std::memory_order_relaxed);
    word_.unlock(word);
    return word / one;
  }
  // What it has not passed is not kept for it any longer.
  void receiver_goes(std::uint64_t position) noexcept {
    auto word = word_.lock();
    auto end = word / one;  // later ones are not for it
    bool last = receivers() == 1;
    receivers_.store(receivers() - 1, std::memory_order_release);
    for (;;) {
      value_type* dropped[batch];
      unsigned count = 0;
      if (auto now = word / one; now > capacity_) position = std::max(position, now - capacity_);
      while (position < end && count < batch) {
        auto& slot = ring_[position++ % capacity_];
        if (--slot.remaining == 0) dropped[count++] = std::exchange(slot.value, nullptr);
      }
      word_.unlock(word);
      while (count > 0) dropped[--count]->release();
      if (position >= end) break;
      word = word_.lock();
    }
    if (last) closing_.notify_waiters();
    this->release();
  }
  std::size_t receivers() const noexcept { return receivers_.load(std::memory_order_acquire); }

  std::size_t capacity() const noexcept { return capacity_; }
  sync::notify& sending() noexcept { return sent_; }
  sync::notify& closing() noexcept { return closing_; }

 private:
  friend class channel_ends<broadcast_channel>;

  static constexpr std::uint64_t one = 2;
  static constexpr unsigned batch = 32;
  struct slot {
    value_type* value = nullptr;
    std::size_t remaining = 0;  // of those who are to receive it
  };

  explicit broadcast_channel(std::size_t capacity)
      : channel_ends<broadcast_channel>(0),
        capacity_(capacity),
        ring_(std::make_unique<slot[]>(capacity)) {}
  // The last reference: no receiver is left, and what the last would have received is gone.
  ~broadcast_channel() = default;
  void destroy() noexcept { delete this; }
  void no_sender_is_left() noexcept { sent_.notify_waiters(); }

  locked_word word_{0};  // values sent << 1 | locked
  const std::size_t capacity_;
  std::unique_ptr<slot[]> ring_;
  sync::notify sent_;
  sync::notify closing_;
  std::atomic<std::size_t> receivers_{0};  // changed under the lock
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
