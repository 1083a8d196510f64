// broadcast: every receiver gets every value; who is too slow is told what it missed.
#pragma once

#include <weft/detail/block_thread.hpp>
#include <weft/detail/broadcast_channel.hpp>
#include <weft/detail/notify_wait.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace weft {
inline namespace v0 {
namespace sync {

template <class T>
class broadcast_receiver;
template <class T>
class broadcast_weak_sender;

/// What an `errc::lagged` has as its payload: `error.get<broadcast_lag>()->missed` values were
/// overwritten before they were received.
struct broadcast_lag {
  std::uint64_t missed;
};

}  // namespace sync

namespace detail {

template <class T>
class broadcast_next_awaiter : public leaf_awaiter<broadcast_next_awaiter<T>> {
 public:
  explicit broadcast_next_awaiter(sync::broadcast_receiver<T>& receiver) noexcept
      : receiver_(receiver), wait_(receiver.channel_->sending()) {}
  static constexpr const char* name = "broadcast receiver";
  bool poll() noexcept {
    return wait_.poll([this] { return !receiver_.is_empty() || receiver_.is_closed(); });
  }
  result<std::optional<T>> take() { return receiver_.try_next(); }

 private:
  sync::broadcast_receiver<T>& receiver_;
  notify_wait wait_;
};

template <class T>
class [[nodiscard]] broadcast_next_operation {
 public:
  explicit broadcast_next_operation(sync::broadcast_receiver<T>& receiver) noexcept
      : receiver_(&receiver) {}
  auto operator co_await() && noexcept { return broadcast_next_awaiter<T>(*receiver_); }

 private:
  sync::broadcast_receiver<T>* receiver_;
};

template <class T>
class broadcast_closed_awaiter : public leaf_awaiter<broadcast_closed_awaiter<T>> {
 public:
  explicit broadcast_closed_awaiter(broadcast_channel<T>* of) noexcept
      : of_(of), wait_(of->closing()) {}
  static constexpr const char* name = "broadcast sender: closed";
  bool poll() noexcept {
    return wait_.poll([this] { return of_->receivers() == 0; });
  }
  void take() noexcept {}

 private:
  broadcast_channel<T>* of_;
  notify_wait wait_;
};

template <class T>
class [[nodiscard]] broadcast_closed_operation {
 public:
  explicit broadcast_closed_operation(broadcast_channel<T>* of) noexcept : of_(of) {}
  auto operator co_await() && noexcept { return broadcast_closed_awaiter<T>(of_); }

 private:
  broadcast_channel<T>* of_;
};

}  // namespace detail

namespace sync {

/// One that receives all that is sent from when it was made. A stream of copies; the last to
/// receive a value gets the value itself. Move-only; moved from, it may only be destroyed or
/// assigned to. Thread-safety: one thread at a time, any thread; one `next` at a time.
template <class T>
class [[nodiscard]] broadcast_receiver {
  using channel = detail::broadcast_channel<T>;

 public:
  broadcast_receiver(broadcast_receiver&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)), position_(other.position_) {}
  broadcast_receiver& operator=(broadcast_receiver&& other) noexcept {
    std::swap(channel_, other.channel_);
    std::swap(position_, other.position_);
    return *this;
  }
  ~broadcast_receiver() {
    if (channel_) channel_->receiver_goes(position_);
  }

  /// Waits for the next value. Yields a `result<std::optional<T>>`: nothing at the end, that is
  /// once all senders are gone and everything has been received. Errors: `errc::lagged` when values
  /// were overwritten that this had not received; its payload is a `broadcast_lag`, and the next
  /// call goes on with the oldest that is kept. Throws what copying a T throws; then that value is
  /// lost. Cancel-safety: safe.
  detail::broadcast_next_operation<T> next() noexcept WEFT_LIFETIMEBOUND {
    return detail::broadcast_next_operation<T>(*this);
  }
  /// As `next`, but nothing also when there is no value now; whether one may come says `is_closed`.
  result<std::optional<T>> try_next() {
    auto taken = channel_->take(position_);
    if (taken.missed > 0) {
      return std::unexpected(error(errc::lagged).with_payload(broadcast_lag{taken.missed}));
    }
    if (!taken.value) return std::optional<T>();
    struct releasing {
      detail::shared_value<T>* value;
      ~releasing() { value->release(); }
    } at_end{taken.value};
    if (taken.value->is_last()) return std::optional<T>(std::move(taken.value->value()));
    return std::optional<T>(std::as_const(taken.value->value()));
  }
  /// As `next`, for a thread that is no worker of a runtime: on a worker it ends the program.
  result<std::optional<T>> blocking_next() {
    return detail::block_thread(next(), "broadcast_receiver::blocking_next");
  }

  /// One more receiver, of what is sent from now on.
  broadcast_receiver resubscribe() const noexcept { return broadcast_receiver(channel_); }
  /// How many values were sent and not received, those included that are overwritten.
  std::uint64_t len() const noexcept { return channel_->sent() - position_; }
  bool is_empty() const noexcept { return len() == 0; }
  /// Whether all senders are gone. There may be values yet.
  bool is_closed() const noexcept { return channel_->senders() == 0; }
  bool same_channel(const broadcast_receiver& other) const noexcept {
    return channel_ == other.channel_;
  }
  std::size_t sender_strong_count() const noexcept { return channel_->senders(); }
  std::size_t sender_weak_count() const noexcept { return channel_->weak(); }

  // For senders.
  explicit broadcast_receiver(channel* shared) noexcept
      : channel_(shared), position_(shared->add_receiver()) {}

 private:
  template <class>
  friend class detail::broadcast_next_awaiter;

  channel* channel_;
  std::uint64_t position_;
};

/// The end that sends. Copies send into the same channel; when the last is gone, receivers get what
/// was sent and then the end. Moved from, it may only be destroyed or assigned to. Thread-safety:
/// all members from any thread, also of one sender, also outside a runtime.
template <class T>
class broadcast_sender {
  using channel = detail::broadcast_channel<T>;

 public:
  broadcast_sender(const broadcast_sender& other) noexcept : channel_(other.channel_) {
    if (channel_) channel_->add_sender();
  }
  broadcast_sender(broadcast_sender&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  broadcast_sender& operator=(broadcast_sender other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~broadcast_sender() {
    if (channel_) channel_->sender_goes();
  }

  /// Sends; never waits. Returns how many receivers there were: each gets it, or is told that it
  /// was too slow. 0: the last went meanwhile, and so has the value. Errors: `errc::closed` without
  /// a receiver; then `value` is as it was. Throws std::bad_alloc, or what moving the value throws;
  /// then nothing was sent.
  result<std::size_t> send(T&& value) const {
    if (is_closed()) return std::unexpected(error(errc::closed));
    return channel_->send(detail::shared_value<T>::make(std::move(value)));
  }
  result<std::size_t> send(const T& value) const { return send(T(value)); }

  /// One more receiver, of what is sent from now on.
  broadcast_receiver<T> subscribe() const noexcept { return broadcast_receiver<T>(channel_); }
  /// Waits until there is no receiver. Yields nothing. Cancel-safety: safe.
  detail::broadcast_closed_operation<T> closed() const noexcept WEFT_LIFETIMEBOUND {
    return detail::broadcast_closed_operation<T>(channel_);
  }
  /// Whether there is no receiver now. `subscribe` makes one.
  bool is_closed() const noexcept { return channel_->receivers() == 0; }
  std::size_t receiver_count() const noexcept { return channel_->receivers(); }
  bool same_channel(const broadcast_sender& other) const noexcept {
    return channel_ == other.channel_;
  }

  /// A sender that does not keep the channel open.
  broadcast_weak_sender<T> downgrade() const noexcept { return broadcast_weak_sender<T>(channel_); }
  std::size_t strong_count() const noexcept { return channel_->senders(); }
  std::size_t weak_count() const noexcept { return channel_->weak(); }

  // For broadcast() and weak senders.
  explicit broadcast_sender(channel* shared) noexcept : channel_(shared) {}

 private:
  channel* channel_;
};

/// A sender that does not keep the channel open. Copyable. Moved from, it may only be destroyed or
/// assigned to. Thread-safety: all members from any thread.
template <class T>
class broadcast_weak_sender {
  using channel = detail::broadcast_channel<T>;

 public:
  broadcast_weak_sender(const broadcast_weak_sender& other) noexcept
      : broadcast_weak_sender(other.channel_) {}
  broadcast_weak_sender(broadcast_weak_sender&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  broadcast_weak_sender& operator=(broadcast_weak_sender other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~broadcast_weak_sender() {
    if (channel_) channel_->weak_goes();
  }

  /// A sender; nothing when all senders are gone.
  std::optional<broadcast_sender<T>> upgrade() const noexcept {
    if (!channel_->add_sender_unless_gone()) return std::nullopt;
    return std::optional<broadcast_sender<T>>(std::in_place, channel_);
  }
  std::size_t strong_count() const noexcept { return channel_->senders(); }
  std::size_t weak_count() const noexcept { return channel_->weak(); }

  // For senders.
  explicit broadcast_weak_sender(channel* shared) noexcept : channel_(shared) {
    if (channel_) channel_->add_weak();
  }

 private:
  channel* channel_;
};

/// Makes a channel that keeps the last `capacity` values for each of its receivers:
///
///     auto [tx, rx] = weft::sync::broadcast<event>(64);
///     auto other = tx.subscribe();
///     (void)tx.send(event(7));                                     // never waits
///     while (auto next = co_await or_return(rx.next())) handle(*next);
///
/// A capacity of 0 ends the program. Throws std::bad_alloc. Cost: 16 bytes for each of `capacity`,
/// and an allocation for each value, from the frame pool; a value that all have received is gone.
template <class T>
[[nodiscard]] std::pair<broadcast_sender<T>, broadcast_receiver<T>> broadcast(
    std::size_t capacity) {
  static_assert(std::copy_constructible<T>,
                "broadcast<T>: every receiver gets a copy; send a std::shared_ptr<const T>");
  if (capacity == 0) [[unlikely]] {
    detail::misuse("a broadcast channel needs a capacity of at least 1");
  }
  broadcast_sender<T> sender(detail::broadcast_channel<T>::make(capacity));
  auto receiver = sender.subscribe();
  return {std::move(sender), std::move(receiver)};
}

}  // namespace sync
}  // namespace v0
}  // namespace weft
