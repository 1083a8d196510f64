// mpsc: many senders, one receiver, in order; bounded, so that who is too fast waits.
#pragma once

#include <weft/detail/block_thread.hpp>
#include <weft/detail/mpsc_operations.hpp>
#include <weft/result.hpp>
#include <weft/sync/mpsc_receiver.hpp>

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace sync {

/// Places in a bounded channel that are kept for whoever has this: sending cannot fail for want of
/// room. What was not used goes back when this is destroyed. Move-only; empty when moved from.
///
/// `Holder` is what keeps the channel: a plain pointer, and then the sender must outlive the
/// permit, or a sender. Thread-safety: one thread at a time, any thread.
template <class T, class Holder>
class [[nodiscard("a permit that is dropped gives its place back at once")]] basic_mpsc_permit {
 public:
  basic_mpsc_permit() noexcept = default;
  basic_mpsc_permit(basic_mpsc_permit&& other) noexcept
      : in_(std::exchange(other.in_, Holder())), count_(std::exchange(other.count_, 0)) {}
  basic_mpsc_permit& operator=(basic_mpsc_permit&& other) noexcept {
    std::swap(in_, other.in_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~basic_mpsc_permit() { release(); }

  /// How many values it can send yet.
  std::size_t count() const noexcept { return count_; }
  explicit operator bool() const noexcept { return count_ > 0; }

  /// Sends `value`, into a place of this. Never waits. A value that is sent after the receiver has
  /// gone is destroyed with the channel. With no place left it ends the program. Throws
  /// std::bad_alloc; then nothing was sent and the place is still kept.
  void send(T value) {
    if (count_ == 0) [[unlikely]] {
      detail::misuse("an mpsc permit was used up, or moved from, and asked to send");
    }
    detail::mpsc_channel_of<T>(in_)->push(value);
    --count_;
  }
  /// Gives back what is left, now.
  void release() noexcept {
    if (auto left = std::exchange(count_, 0)) detail::mpsc_channel_of<T>(in_)->give_back(left);
  }
  /// Gives back what is left, and the sender that an owned permit has kept.
  mpsc_sender<T> into_sender() &&
    requires std::is_same_v<Holder, mpsc_sender<T>>
  {
    release();
    return std::exchange(in_, Holder());
  }

  // For the sender.
  basic_mpsc_permit(Holder in, std::size_t count) noexcept : in_(std::move(in)), count_(count) {}

 private:
  Holder in_{};
  std::size_t count_ = 0;
};

/// Borrows the sender.
template <class T>
using mpsc_permit = basic_mpsc_permit<T, detail::mpsc_channel<T>*>;
/// Keeps a sender.
template <class T>
using owned_mpsc_permit = basic_mpsc_permit<T, mpsc_sender<T>>;

/// The end of a bounded channel that sends. Copies send into the same channel; when the last is
/// gone, the receiver gets what was sent and then the end. Moved from, it may only be destroyed or
/// assigned to.
///
/// Waiting senders are served strictly in the order in which they came.
/// Thread-safety: all members from any thread, also of one sender; `try_send`, permits and the
/// `blocking_` functions also outside a runtime.
template <class T>
class mpsc_sender {
  using channel = detail::mpsc_channel<T>;

 public:
  mpsc_sender(const mpsc_sender& other) noexcept : channel_(other.channel_) {
    if (channel_) channel_->add_sender();
  }
  mpsc_sender(mpsc_sender&& other) noexcept : channel_(std::exchange(other.channel_, nullptr)) {}
  mpsc_sender& operator=(mpsc_sender other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~mpsc_sender() {
    if (channel_) channel_->sender_goes();
  }

  /// Waits for room and sends. Yields a `result<void>`. Errors: `errc::closed`; then, as when it is
  /// cancelled, `value` was not sent and is destroyed: to keep it, `reserve` first.
  /// Cancel-safety: not sent; loses its place in the queue.
  detail::mpsc_send_operation<T> send(T value) const noexcept WEFT_LIFETIMEBOUND {
    return detail::mpsc_send_operation<T>(channel_, std::move(value));
  }
  /// Sends when there is room and nobody waits for some. `value` is moved from only when it was
  /// sent. Errors: `errc::overloaded` when there is no room; `errc::closed`. Throws std::bad_alloc.
  result<void> try_send(T&& value) const {
    if (channel_->try_push(value)) return {};
    return std::unexpected(error(channel_->is_closed() ? errc::closed : errc::overloaded));
  }
  result<void> try_send(const T& value) const
    requires std::is_copy_constructible_v<T>
  {
    return try_send(T(value));
  }
  /// As `send`, for a thread that is no worker of a runtime: on a worker it ends the program.
  result<void> blocking_send(T value) const {
    return detail::block_thread(send(std::move(value)), "mpsc_sender::blocking_send");
  }

  /// Waits for room and keeps it. Yields a `result<mpsc_permit<T>>`, whose `send` cannot fail.
  /// Errors: `errc::closed`. Cancel-safety: loses its place in the queue, never a place of the
  /// channel.
  auto reserve() const noexcept WEFT_LIFETIMEBOUND { return reserve_many(1); }
  /// As `reserve`, for `places` at once. Errors: also `errc::invalid_argument` when the channel has
  /// not as many.
  detail::mpsc_reserve_operation<T, channel*> reserve_many(std::size_t places) const noexcept
      WEFT_LIFETIMEBOUND {
    return {channel_, places};
  }
  /// As `reserve_many`; the operation and its `owned_mpsc_permit<T>` keep a sender.
  detail::mpsc_reserve_operation<T, mpsc_sender> reserve_owned(
      std::size_t places = 1) const& noexcept {
    return {*this, places};
  }
  detail::mpsc_reserve_operation<T, mpsc_sender> reserve_owned(std::size_t places = 1) && noexcept {
    return {std::move(*this), places};
  }
  /// Places, when there are enough and nobody waits for some. Errors: `errc::overloaded` when not;
  /// `errc::closed`; `errc::invalid_argument` when the channel has not as many.
  result<mpsc_permit<T>> try_reserve(std::size_t places = 1) const noexcept WEFT_LIFETIMEBOUND {
    return try_reserve_by<channel*>(channel_, places);
  }
  result<owned_mpsc_permit<T>> try_reserve_owned(std::size_t places = 1) const noexcept {
    return try_reserve_by<mpsc_sender>(*this, places);
  }

  /// Waits until the receiver is gone or has closed. Yields nothing. Cancel-safety: safe.
  detail::mpsc_closed_operation<T> closed() const noexcept WEFT_LIFETIMEBOUND {
    return detail::mpsc_closed_operation<T>(channel_);
  }
  /// Whether the receiver is gone or has closed. Then sending fails; else it may still fail.
  bool is_closed() const noexcept { return channel_->is_closed(); }

  /// How many places are free now; those that wait for several to become enough count. While others
  /// take or give some it may be too small.
  std::size_t capacity() const noexcept { return channel_->free_places(); }
  /// How many the channel was made with.
  std::size_t max_capacity() const noexcept { return channel_->capacity(); }
  bool same_channel(const mpsc_sender& other) const noexcept { return channel_ == other.channel_; }

  /// A sender that does not keep the channel open.
  basic_mpsc_weak_sender<T, mpsc_sender> downgrade() const noexcept {
    return basic_mpsc_weak_sender<T, mpsc_sender>(channel_);
  }
  std::size_t strong_count() const noexcept { return channel_->senders(); }
  std::size_t weak_count() const noexcept { return channel_->weak(); }

  // For mpsc(), weak senders and permits.
  explicit mpsc_sender(channel* shared) noexcept : channel_(shared) {}

 private:
  template <class U>
  friend detail::mpsc_channel<U>* detail::mpsc_channel_of(const mpsc_sender<U>&) noexcept;
  template <class, class>
  friend class basic_mpsc_permit;

  mpsc_sender() noexcept : channel_(nullptr) {}
  template <class Holder>
  static result<basic_mpsc_permit<T, Holder>> try_reserve_by(Holder in,
                                                             std::size_t places) noexcept {
    auto* from = detail::mpsc_channel_of<T>(in);
    if (from->try_take(places)) {
      return basic_mpsc_permit<T, Holder>(std::move(in), places);
    }
    if (from->is_closed()) return std::unexpected(error(errc::closed));
    return std::unexpected(
        error(places > from->capacity() ? errc::invalid_argument : errc::overloaded));
  }
  channel* channel_;
};

template <class T>
using mpsc_weak_sender = basic_mpsc_weak_sender<T, mpsc_sender<T>>;

/// Makes a channel for at most `capacity` values that were sent and not received:
///
///     auto [tx, rx] = weft::sync::mpsc<event>(128);
///     co_await or_return(tx.send(event(7)));                    // waits while there is no room
///     while (auto next = co_await rx.next()) handle(*next);     // to the end: all senders are
///     gone
///
/// A capacity of 0 ends the program. Throws std::bad_alloc.
/// Cost: an allocation for the channel and one for every 32 values that are in it at once (fewer,
/// where they are large); none in a steady state.
template <class T>
[[nodiscard]] std::pair<mpsc_sender<T>, mpsc_receiver<T>> mpsc(std::size_t capacity) {
  detail::check_mpsc_value<T>();
  if (capacity == 0) [[unlikely]] {
    detail::misuse("an mpsc channel needs a capacity of at least 1");
  }
  auto* made = detail::mpsc_channel<T>::make(capacity);
  return {mpsc_sender<T>(made), mpsc_receiver<T>(made)};
}

}  // namespace sync
}  // namespace v0
}  // namespace weft
