// oneshot: one value, once, from one task to another.
#pragma once

#include <weft/detail/block_thread.hpp>
#include <weft/detail/oneshot_channel.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <expected>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace sync {

template <class T>
class oneshot_sender;
template <class T>
class oneshot_receiver;

}  // namespace sync

namespace detail {

template <class T>
class oneshot_closed_operation;
template <class T>
class oneshot_closed_awaiter;
template <class T, class Receiver>
class receive_awaiter;
template <class T>
class receive_operation;

}  // namespace detail

namespace sync {

/// The end that sends. Move-only; empty once it has sent or was moved from. Destroyed without
/// sending, it closes the channel. Thread-safety: one thread at a time, any thread, also outside a
/// runtime.
template <class T>
class [[nodiscard]] oneshot_sender {
  using channel = detail::oneshot_channel<T>;

 public:
  oneshot_sender(oneshot_sender&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  oneshot_sender& operator=(oneshot_sender&& other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~oneshot_sender() {
    if (channel_) go();
  }

  /// Sends `value`, and is empty then. Never blocks. Nothing, or `value` back when the receiver is
  /// gone or closed, or this is empty. If moving the value throws, nothing was sent and this is as
  /// before.
  template <class U = T>
    requires(!std::is_void_v<T> && std::is_constructible_v<T, U &&>)
  std::expected<void, T> send(U&& value) {
    if (!channel_ || channel_->refuses()) {
      return std::unexpected<T>(std::in_place, std::forward<U>(value));
    }
    channel_->emplace(std::forward<U>(value));
    if (channel_->send()) {
      channel_ = nullptr;
      return {};
    }
    struct taking_back {
      oneshot_sender* self;
      ~taking_back() {
        self->channel_->destroy_value();
        self->go();
      }
    } at_end{this};
    return std::unexpected<T>(std::in_place, std::move(channel_->value()));
  }
  /// As above, for a channel that only says "now". Whether the receiver was there.
  bool send()
    requires std::is_void_v<T>
  {
    if (!channel_) return false;
    channel_->emplace();
    if (channel_->send()) {
      channel_ = nullptr;
      return true;
    }
    go();
    return false;
  }

  /// Whether the receiver takes nothing any more. Then `send` fails; else it may still fail.
  bool is_closed() const noexcept { return !channel_ || channel_->refuses(); }
  /// Waits until the receiver is gone or closed. Borrows this; one at a time. Yields nothing.
  /// Cancel-safety: safe.
  detail::oneshot_closed_operation<T> closed() noexcept WEFT_LIFETIMEBOUND {
    return detail::oneshot_closed_operation<T>(*this);
  }
  /// False once it has sent or was moved from.
  explicit operator bool() const noexcept { return channel_ != nullptr; }

  // For oneshot().
  explicit oneshot_sender(channel* shared) noexcept : channel_(shared) {}

 private:
  template <class>
  friend class detail::oneshot_closed_awaiter;

  void go() noexcept {
    auto* left = std::exchange(channel_, nullptr);
    if (left->sender_goes()) channel::free(left);
  }
  channel* channel_;
};

/// The end that receives. Move-only; empty once it has received or was moved from.
///
/// `co_await std::move(receiver)` yields a `result<T>`, flat when T is a result itself: the value,
/// or `errc::closed` when the sender is gone without having sent. `co_await receiver` and
/// `receiver.receive()` borrow it, so that it may be taken up again after a lost `select`.
/// Cancel-safety: borrowed, safe; given up, what had been sent is destroyed with it.
/// Thread-safety: one thread at a time, any thread.
template <class T>
class [[nodiscard]] oneshot_receiver {
  using channel = detail::oneshot_channel<T>;
  using flat = detail::flat_result_t<T>;

 public:
  oneshot_receiver(oneshot_receiver&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  oneshot_receiver& operator=(oneshot_receiver&& other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~oneshot_receiver() {
    if (channel_) go();
  }

  auto operator co_await() && noexcept {
    return detail::receive_awaiter<T, oneshot_receiver>(std::move(*this));
  }
  auto operator co_await() & noexcept {
    return detail::receive_awaiter<T, oneshot_receiver&>(*this);
  }
  /// Waits for the value and borrows this; one at a time. Yields a `result<T>`. Errors:
  /// `errc::closed`; `errc::invalid_state` when this is empty. Cancel-safety: safe.
  detail::receive_operation<T> receive() noexcept WEFT_LIFETIMEBOUND {
    return detail::receive_operation<T>(*this);
  }

  /// As `receive`, for a thread that is no worker of a runtime: on a worker it ends the program.
  flat blocking_receive() {
    return detail::block_thread(receive(), "oneshot_receiver::blocking_receive");
  }
  /// What `receive` would yield at once, or nothing when it would wait.
  std::optional<flat> try_receive() {
    if (channel_ && !channel_->has_ended()) return std::nullopt;
    return take();
  }

  /// Lets the sender know that nothing is wanted. What was sent before may still be received.
  /// Idempotent.
  void close() noexcept {
    if (channel_) channel_->close();
  }
  /// False once it has received or was moved from.
  explicit operator bool() const noexcept { return channel_ != nullptr; }

  // For oneshot().
  explicit oneshot_receiver(channel* shared) noexcept : channel_(shared) {}

 private:
  template <class, class>
  friend class detail::receive_awaiter;

  // Of one that has ended.
  flat take() {
    if (!channel_) return std::unexpected(error(errc::invalid_state));
    if (channel_->look() == channel::sent) return take_value();
    go();
    return std::unexpected(error(errc::closed));
  }
  // The sender is gone: the channel is ours alone.
  flat take_value() {
    struct freeing {
      channel* done;
      ~freeing() {
        done->destroy_value();
        channel::free(done);
      }
    } at_end{std::exchange(channel_, nullptr)};
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return flat(std::move(at_end.done->value()));
    }
  }
  void go() noexcept {
    auto* left = std::exchange(channel_, nullptr);
    auto last = left->receiver_goes();
    if (last == channel::sent) left->destroy_value();
    if (last == channel::sent || last == channel::sender_gone) channel::free(left);
  }
  channel* channel_;
};

}  // namespace sync

namespace detail {

// `Receiver` is one, or a reference to one.
template <class T, class Receiver>
class receive_awaiter : public leaf_awaiter<receive_awaiter<T, Receiver>> {
 public:
  explicit receive_awaiter(Receiver&& receiver) noexcept
      : receiver_(std::forward<Receiver>(receiver)) {}
  ~receive_awaiter() {
    if (receiver_.channel_) receiver_.channel_->stop_waiting();
  }
  static constexpr const char* name = "oneshot receiver";
  bool poll() noexcept {
    return (!receiver_.channel_ || receiver_.channel_->poll_ended()) && consume_budget();
  }
  flat_result_t<T> take() { return receiver_.take(); }

 private:
  Receiver receiver_;
};

template <class T>
class [[nodiscard]] receive_operation {
 public:
  explicit receive_operation(sync::oneshot_receiver<T>& from) noexcept : from_(&from) {}
  auto operator co_await() && noexcept {
    return receive_awaiter<T, sync::oneshot_receiver<T>&>(*from_);
  }

 private:
  sync::oneshot_receiver<T>* from_;
};

// Goes through the sender, since the channel may be gone once that has sent.
template <class T>
class oneshot_closed_awaiter : public leaf_awaiter<oneshot_closed_awaiter<T>> {
 public:
  explicit oneshot_closed_awaiter(sync::oneshot_sender<T>& sender) noexcept : sender_(sender) {}
  ~oneshot_closed_awaiter() {
    if (sender_.channel_) sender_.channel_->stop_waiting_for_refusal();
  }
  static constexpr const char* name = "oneshot sender: closed";
  bool poll() noexcept {
    return (!sender_.channel_ || sender_.channel_->poll_refuses()) && consume_budget();
  }
  void take() noexcept {}

 private:
  sync::oneshot_sender<T>& sender_;
};

template <class T>
class [[nodiscard]] oneshot_closed_operation {
 public:
  explicit oneshot_closed_operation(sync::oneshot_sender<T>& sender) noexcept : sender_(&sender) {}
  auto operator co_await() && noexcept { return oneshot_closed_awaiter<T>(*sender_); }

 private:
  sync::oneshot_sender<T>* sender_;
};

}  // namespace detail

namespace sync {

/// Makes a channel for one value:
///
///     auto [sender, receiver] = weft::sync::oneshot<int>();
///     (void)sender.send(7);
///     auto received = co_await std::move(receiver);      // result<int>
///
/// One allocation, from the frame pool, freed by the end that is used last.
template <class T = void>
[[nodiscard]] std::pair<oneshot_sender<T>, oneshot_receiver<T>> oneshot() {
  auto* made = detail::oneshot_channel<T>::make();
  return {oneshot_sender<T>(made), oneshot_receiver<T>(made)};
}

}  // namespace sync
}  // namespace v0
}  // namespace weft
