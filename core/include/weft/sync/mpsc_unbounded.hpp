// mpsc_unbounded: as mpsc, but sending never waits, and nothing limits what is sent.
#pragma once

#include <weft/detail/mpsc_operations.hpp>
#include <weft/result.hpp>
#include <weft/sync/mpsc_receiver.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace sync {

/// The end of an unbounded channel that sends. Copies send into the same channel; when the last is
/// gone, the receiver gets what was sent and then the end. Moved from, it may only be destroyed or
/// assigned to. Thread-safety: all members from any thread, also of one sender, also outside a
/// runtime.
template <class T>
class mpsc_unbounded_sender {
  using channel = detail::mpsc_channel<T>;

 public:
  mpsc_unbounded_sender(const mpsc_unbounded_sender& other) noexcept : channel_(other.channel_) {
    if (channel_) channel_->add_sender();
  }
  mpsc_unbounded_sender(mpsc_unbounded_sender&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  mpsc_unbounded_sender& operator=(mpsc_unbounded_sender other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~mpsc_unbounded_sender() {
    if (channel_) channel_->sender_goes();
  }

  /// Sends; never waits. `value` is moved from only when it was sent. Errors: `errc::closed`.
  /// Throws std::bad_alloc.
  result<void> send(T&& value) const {
    if (channel_->push_unless_closed(value)) return {};
    return std::unexpected(error(errc::closed));
  }
  result<void> send(const T& value) const
    requires std::is_copy_constructible_v<T>
  {
    return send(T(value));
  }

  /// Waits until the receiver is gone or has closed. Yields nothing. Cancel-safety: safe.
  detail::mpsc_closed_operation<T> closed() const noexcept WEFT_LIFETIMEBOUND {
    return detail::mpsc_closed_operation<T>(channel_);
  }
  /// Whether the receiver is gone or has closed. Then sending fails; else it may still fail.
  bool is_closed() const noexcept { return channel_->is_closed(); }
  /// How many values were sent and not received: what the caller has to bound.
  std::size_t len() const noexcept { return channel_->size(); }
  bool same_channel(const mpsc_unbounded_sender& other) const noexcept {
    return channel_ == other.channel_;
  }

  /// A sender that does not keep the channel open.
  basic_mpsc_weak_sender<T, mpsc_unbounded_sender> downgrade() const noexcept {
    return basic_mpsc_weak_sender<T, mpsc_unbounded_sender>(channel_);
  }
  std::size_t strong_count() const noexcept { return channel_->senders(); }
  std::size_t weak_count() const noexcept { return channel_->weak(); }

  // For mpsc_unbounded() and weak senders.
  explicit mpsc_unbounded_sender(channel* shared) noexcept : channel_(shared) {}

 private:
  channel* channel_;
};

template <class T>
using mpsc_unbounded_weak_sender = basic_mpsc_weak_sender<T, mpsc_unbounded_sender<T>>;

/// Makes a channel without a limit. It is the caller who bounds it: when values come faster than
/// they are received, memory grows until there is none. Right where something else limits them,
/// such as one answer for each request that is open; else use `mpsc`.
///
/// Throws std::bad_alloc. Cost: as of `mpsc`.
template <class T>
[[nodiscard]] std::pair<mpsc_unbounded_sender<T>, mpsc_receiver<T>> mpsc_unbounded() {
  detail::check_mpsc_value<T>();
  auto* made = detail::mpsc_channel<T>::make(detail::mpsc_channel<T>::unbounded);
  return {mpsc_unbounded_sender<T>(made), mpsc_receiver<T>(made)};
}

}  // namespace sync
}  // namespace v0
}  // namespace weft
