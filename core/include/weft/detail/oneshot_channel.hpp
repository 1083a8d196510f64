// What the two ends of a oneshot share: a value, and the word in which they agree.
#pragma once

#include <weft/detail/outcome.hpp>
#include <weft/waker.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// How the two ends agree. All that the sender does, and that the receiver does about its waiting,
// is one change of `word_`:
//
//   empty ---- the receiver waits ----> its waker (replaced when it is polled by another branch)
//   empty, a waker ---- send ----> sent           ---- the sender goes ----> sender_gone
//   empty, a waker ---- close ---> closed         ---- the sender goes ----> sender_gone
//   empty, a waker, closed ---- the receiver goes ----> receiver_gone
//
// Who makes the last move frees the channel: the sender when it finds receiver_gone, the receiver
// when it finds sent or sender_gone. After its own last change an end touches the channel no more.
//
// Memory orders. Each change is an acq_rel read-modify-write of the one word, so they are totally
// ordered, and each end sees what the other did before its change: the value before `sent`, the
// task behind a waker. A load that finds `sent` or `sender_gone` is an acquire: nothing follows
// these, so no read-modify-write is needed.
class oneshot_channel_base {
 public:
  static constexpr std::uintptr_t empty = 0;
  static constexpr std::uintptr_t sent = 1;
  static constexpr std::uintptr_t sender_gone = 2;
  static constexpr std::uintptr_t closed = 3;
  static constexpr std::uintptr_t receiver_gone = 4;

  std::uintptr_t look() const noexcept { return word_.load(std::memory_order_acquire); }

  // Sender. False: nobody wants it; the sender has still to go. True: it is gone.
  bool send() noexcept {
    auto seen = look();
    do {
      if (refused(seen)) return false;
    } while (!change(seen, sent));
    wake(seen);
    return true;
  }
  // Sender. True: the channel is to be freed.
  [[nodiscard]] bool sender_goes() noexcept {
    auto seen = look();
    do {
      if (seen == receiver_gone) return true;
    } while (!change(seen, sender_gone));
    wake(seen);
    return false;
  }
  bool refuses() const noexcept { return refused(look()); }
  // The running branch waits until it refuses.
  bool poll_refuses() noexcept {
    if (refuses()) return true;
    refusal_waiter_.register_current();
    return refuses();
  }
  void stop_waiting_for_refusal() noexcept { refusal_waiter_.clear(); }

  // Receiver. True: look() tells how it ended.
  bool has_ended() const noexcept { return is_end(look()); }
  // As above; the running branch waits for it.
  bool poll_ended() noexcept {
    auto seen = look();
    if (is_end(seen)) return true;
    auto mine = waker::current();
    auto word = mine.into_word();
    while (!is_end(seen)) {
      if (seen == word) break;
      if (change(seen, word)) {
        (void)waker::from_word(seen);  // ours, of another branch
        return false;
      }
    }
    (void)waker::from_word(word);
    return is_end(seen);
  }
  void stop_waiting() noexcept {
    auto seen = look();
    while (is_waker(seen)) {
      if (change(seen, empty)) return (void)waker::from_word(seen);
    }
  }
  void close() noexcept {
    auto seen = look();
    do {
      if (is_end(seen)) return;
    } while (!change(seen, closed));
    (void)waker::from_word(seen);
    refusal_waiter_.wake();
  }
  // Receiver, who is not waiting. `sent`: the channel is to be freed, and the value in it
  // destroyed. `sender_gone`: the channel is to be freed. Else that is the sender's.
  [[nodiscard]] std::uintptr_t receiver_goes() noexcept {
    if (auto seen = look(); seen == sent || seen == sender_gone) return seen;
    close();  // the sender is told while the channel is surely there
    return word_.exchange(receiver_gone, std::memory_order_acq_rel);
  }

 private:
  static bool is_waker(std::uintptr_t word) noexcept { return word > receiver_gone; }
  static bool is_end(std::uintptr_t word) noexcept { return word != empty && !is_waker(word); }
  static bool refused(std::uintptr_t word) noexcept {
    return word == closed || word == receiver_gone;
  }
  static void wake(std::uintptr_t word) noexcept {
    if (is_waker(word)) waker::from_word(word).wake();
  }
  bool change(std::uintptr_t& seen, std::uintptr_t to) noexcept {
    return word_.compare_exchange_weak(seen, to, std::memory_order_acq_rel,
                                       std::memory_order_acquire);
  }

  std::atomic<std::uintptr_t> word_{empty};
  atomic_waker refusal_waiter_;  // the sender's
};

template <class T>
class oneshot_channel final : public oneshot_channel_base {
 public:
  using value_type = value_or_unit<T>;
  static_assert(alignof(value_type) <= 64,
                "oneshot<T>: blocks are 64-byte aligned; send a std::unique_ptr");

  static oneshot_channel* make() {
    return new (allocate_frame(sizeof(oneshot_channel))) oneshot_channel;
  }
  static void free(oneshot_channel* unused) noexcept {
    unused->~oneshot_channel();
    deallocate_frame(unused, sizeof(oneshot_channel));
  }

  // Between the sender's emplace and the end of whoever took it out: there while the word is
  // `sent`.
  template <class... Arguments>
  void emplace(Arguments&&... arguments) {
    std::construct_at(&value_, std::forward<Arguments>(arguments)...);
  }
  value_type& value() noexcept { return value_; }
  void destroy_value() noexcept { std::destroy_at(&value_); }

 private:
  oneshot_channel() noexcept {}
  ~oneshot_channel() {}
  union {
    value_type value_;
  };
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
