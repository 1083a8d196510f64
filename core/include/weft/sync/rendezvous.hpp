// rendezvous: a channel without room: sending is done when the receiver has taken the value.
#pragma once

#include <weft/detail/block_thread.hpp>
#include <weft/detail/notify_wait.hpp>
#include <weft/detail/rendezvous_channel.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

template <class T>
class rendezvous_send_awaiter : public leaf_awaiter<rendezvous_send_awaiter<T>> {
 public:
  rendezvous_send_awaiter(rendezvous_channel<T>* to, T&& value) noexcept
      : to_(to), waiter_(std::move(value)) {}
  ~rendezvous_send_awaiter() { to_->leave(waiter_); }
  static constexpr const char* name = "rendezvous sender";
  bool poll() noexcept { return to_->poll_send(waiter_); }
  result<void> take() noexcept {
    if (waiter_.what() == rendezvous_waiter<T>::refused) {
      return std::unexpected(error(errc::closed));
    }
    return {};
  }

 private:
  rendezvous_channel<T>* to_;
  rendezvous_waiter<T> waiter_;
};

template <class T>
class [[nodiscard]] rendezvous_send_operation {
 public:
  rendezvous_send_operation(rendezvous_channel<T>* to, T&& value) noexcept
      : to_(to), value_(std::move(value)) {}
  auto operator co_await() && noexcept {
    return rendezvous_send_awaiter<T>(to_, std::move(value_));
  }

 private:
  rendezvous_channel<T>* to_;
  T value_;
};

// What it has taken in `poll` it delivers at once: it takes only when the budget allows.
template <class T>
class rendezvous_next_awaiter : public leaf_awaiter<rendezvous_next_awaiter<T>> {
 public:
  explicit rendezvous_next_awaiter(rendezvous_channel<T>* of) noexcept : of_(of) {}
  ~rendezvous_next_awaiter() { of_->stop_waiting(); }
  static constexpr const char* name = "rendezvous receiver";
  bool poll() noexcept {
    while (of_->poll_sender()) {
      if (!consume_budget()) return false;
      if (auto got = of_->take()) taken_.emplace(std::move(*got));
      if (taken_ || of_->has_ended()) return true;
    }
    return false;
  }
  std::optional<T> take() noexcept { return std::move(taken_); }

 private:
  rendezvous_channel<T>* of_;
  std::optional<T> taken_;
};

template <class T>
class [[nodiscard]] rendezvous_next_operation {
 public:
  explicit rendezvous_next_operation(rendezvous_channel<T>* of) noexcept : of_(of) {}
  auto operator co_await() && noexcept { return rendezvous_next_awaiter<T>(of_); }

 private:
  rendezvous_channel<T>* of_;
};

template <class T>
class rendezvous_closed_awaiter : public leaf_awaiter<rendezvous_closed_awaiter<T>> {
 public:
  explicit rendezvous_closed_awaiter(rendezvous_channel<T>* of) noexcept
      : of_(of), wait_(of->closing()) {}
  static constexpr const char* name = "rendezvous sender: closed";
  bool poll() noexcept {
    return wait_.poll([this] { return of_->is_closed(); });
  }
  void take() noexcept {}

 private:
  rendezvous_channel<T>* of_;
  notify_wait wait_;
};

template <class T>
class [[nodiscard]] rendezvous_closed_operation {
 public:
  explicit rendezvous_closed_operation(rendezvous_channel<T>* of) noexcept : of_(of) {}
  auto operator co_await() && noexcept { return rendezvous_closed_awaiter<T>(of_); }

 private:
  rendezvous_channel<T>* of_;
};

}  // namespace detail

namespace sync {

/// The end that sends. Copies send into the same channel. Moved from, it may only be destroyed or
/// assigned to. Senders are served strictly in the order in which they came. Thread-safety: all
/// members from any thread, also of one sender.
template <class T>
class rendezvous_sender {
  using channel = detail::rendezvous_channel<T>;

 public:
  rendezvous_sender(const rendezvous_sender& other) noexcept : channel_(other.channel_) {
    if (channel_) channel_->add_sender();
  }
  rendezvous_sender(rendezvous_sender&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  rendezvous_sender& operator=(rendezvous_sender other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~rendezvous_sender() {
    if (channel_) channel_->sender_goes();
  }

  /// Waits until the receiver has taken `value`. Yields a `result<void>`. Errors: `errc::closed`;
  /// then nobody took it, and it is destroyed.
  /// Cancel-safety: loses its place in the queue, and the value; the receiver may have taken it
  /// just before.
  detail::rendezvous_send_operation<T> send(T value) const noexcept WEFT_LIFETIMEBOUND {
    return detail::rendezvous_send_operation<T>(channel_, std::move(value));
  }
  /// As `send`, for a thread that is no worker of a runtime: on a worker it ends the program.
  result<void> blocking_send(T value) const {
    return detail::block_thread(send(std::move(value)), "rendezvous_sender::blocking_send");
  }

  /// Waits until the receiver is gone or has closed. Yields nothing. Cancel-safety: safe.
  detail::rendezvous_closed_operation<T> closed() const noexcept WEFT_LIFETIMEBOUND {
    return detail::rendezvous_closed_operation<T>(channel_);
  }
  bool is_closed() const noexcept { return channel_->is_closed(); }
  bool same_channel(const rendezvous_sender& other) const noexcept {
    return channel_ == other.channel_;
  }

  // For rendezvous().
  explicit rendezvous_sender(channel* shared) noexcept : channel_(shared) {}

 private:
  channel* channel_;
};

/// The end that receives; a stream. Move-only; moved from, it may only be destroyed or assigned to.
/// Destroyed, it closes the channel. Thread-safety: one thread at a time, any thread; one `next` at
/// a time.
template <class T>
class [[nodiscard]] rendezvous_receiver {
  using channel = detail::rendezvous_channel<T>;

 public:
  rendezvous_receiver(rendezvous_receiver&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  rendezvous_receiver& operator=(rendezvous_receiver&& other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~rendezvous_receiver() {
    if (!channel_) return;
    channel_->close();
    channel_->release();
  }

  /// Waits for a sender and takes its value. Yields a `std::optional<T>`: nothing at the end, when
  /// all senders are gone or this was closed. Cancel-safety: safe.
  detail::rendezvous_next_operation<T> next() noexcept WEFT_LIFETIMEBOUND {
    return detail::rendezvous_next_operation<T>(channel_);
  }
  /// The value of a sender that waits now.
  std::optional<T> try_next() noexcept { return channel_->take(); }
  /// As `next`, for a thread that is no worker of a runtime: on a worker it ends the program.
  std::optional<T> blocking_next() {
    return detail::block_thread(next(), "rendezvous_receiver::blocking_next");
  }
  /// Takes nothing more: who sends gets `errc::closed`. Idempotent.
  void close() noexcept { channel_->close(); }
  /// Whether `next` would yield the end now.
  bool has_ended() const noexcept { return channel_->has_ended(); }

  // For rendezvous().
  explicit rendezvous_receiver(channel* shared) noexcept : channel_(shared) {}

 private:
  channel* channel_;
};

/// Makes a channel in which nothing is kept: a sender and the receiver meet.
///
///     auto [tx, rx] = weft::sync::rendezvous<job>();
///     co_await or_return(tx.send(job(7)));                      // done: it was taken
///     while (auto next = co_await rx.next()) work(*next);       // elsewhere
///
/// Throws std::bad_alloc. Cost: one allocation; none to send.
template <class T>
[[nodiscard]] std::pair<rendezvous_sender<T>, rendezvous_receiver<T>> rendezvous() {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "rendezvous<T>: moving a T must not throw (mark its move constructor noexcept); "
                "or send a std::unique_ptr<T>");
  auto* made = new detail::rendezvous_channel<T>;
  return {rendezvous_sender<T>(made), rendezvous_receiver<T>(made)};
}

}  // namespace sync
}  // namespace v0
}  // namespace weft
