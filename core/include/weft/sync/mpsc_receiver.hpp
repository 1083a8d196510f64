// The receiving end of an mpsc channel, and senders that do not keep one open.
#pragma once

#include <weft/detail/block_thread.hpp>
#include <weft/detail/mpsc_operations.hpp>

#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace weft {
inline namespace v0 {
namespace sync {

/// The end that receives, of a bounded channel or an unbounded one; a stream of values. Move-only;
/// moved from, it may only be destroyed or assigned to. Destroyed, it closes the channel, and
/// destroys what was not received.
/// Thread-safety: one thread at a time, any thread; one `next` at a time.
template <class T>
class [[nodiscard]] mpsc_receiver {
  using channel = detail::mpsc_channel<T>;

 public:
  mpsc_receiver(mpsc_receiver&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  mpsc_receiver& operator=(mpsc_receiver&& other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~mpsc_receiver() {
    if (channel_) channel_->receiver_goes();
  }

  /// Waits for the next value. Yields a `std::optional<T>`: nothing at the end, that is once all
  /// senders are gone, or this was closed, and everything that was sent has been received. Values
  /// of one sender come in the order in which it sent them. Cancel-safety: safe.
  detail::mpsc_next_operation<T> next() noexcept WEFT_LIFETIMEBOUND {
    return detail::mpsc_next_operation<T>(channel_);
  }
  /// Waits for a value and appends it to `into`, with those that are there too, at most `limit` in
  /// all. Yields how many; 0 at the end, or when `limit` is 0. What memory is lacking for (it
  /// throws std::bad_alloc) stays in the channel. Cancel-safety: safe.
  detail::mpsc_next_many_operation<T> next_many(std::vector<T>& into WEFT_LIFETIMEBOUND,
                                                std::size_t limit) noexcept WEFT_LIFETIMEBOUND {
    return {channel_, into, limit};
  }
  /// The next value if it is there now. Whether there may be one later says `has_ended`.
  std::optional<T> try_next() noexcept {
    auto* first = channel_->front_claimed();
    if (!first) return std::nullopt;
    std::optional<T> taken(std::move(*first));
    channel_->pop_front();
    return taken;
  }
  /// As `next`, for a thread that is no worker of a runtime: on a worker it ends the program.
  std::optional<T> blocking_next() {
    return detail::block_thread(next(), "mpsc_receiver::blocking_next");
  }
  /// As `next_many`, for such a thread.
  std::size_t blocking_next_many(std::vector<T>& into, std::size_t limit) {
    return detail::block_thread(next_many(into, limit), "mpsc_receiver::blocking_next_many");
  }

  /// Lets nothing more be sent, but by permits that are out. What was sent, and what is sent by
  /// those, may still be received; when all of it was, there is the end. Idempotent.
  void close() noexcept { channel_->close(); }
  /// Whether this was closed, or all senders are gone. There may be values yet.
  bool is_closed() const noexcept { return channel_->is_closed() || channel_->senders() == 0; }
  /// Whether `next` would yield the end now.
  bool has_ended() const noexcept { return channel_->has_ended(); }

  /// How many values are there, those included that are being sent right now.
  std::size_t len() const noexcept { return channel_->size(); }
  bool is_empty() const noexcept { return len() == 0; }
  /// As of a sender. Of an unbounded channel: the largest number.
  std::size_t capacity() const noexcept {
    return channel_->is_bounded() ? channel_->free_places() : no_limit;
  }
  std::size_t max_capacity() const noexcept {
    return channel_->is_bounded() ? channel_->capacity() : no_limit;
  }
  std::size_t sender_strong_count() const noexcept { return channel_->senders(); }
  std::size_t sender_weak_count() const noexcept { return channel_->weak(); }

  // For mpsc().
  explicit mpsc_receiver(channel* shared) noexcept : channel_(shared) {}

 private:
  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
  channel* channel_;
};

/// A sender that does not keep the channel open: for those who send rarely, and for cycles.
/// Copyable. Moved from, it may only be destroyed or assigned to. Thread-safety: all members from
/// any thread.
template <class T, class Sender>
class basic_mpsc_weak_sender {
  using channel = detail::mpsc_channel<T>;

 public:
  basic_mpsc_weak_sender(const basic_mpsc_weak_sender& other) noexcept
      : basic_mpsc_weak_sender(other.channel_) {}
  basic_mpsc_weak_sender(basic_mpsc_weak_sender&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  basic_mpsc_weak_sender& operator=(basic_mpsc_weak_sender other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~basic_mpsc_weak_sender() {
    if (channel_) channel_->weak_goes();
  }

  /// A sender; nothing when all senders are gone.
  std::optional<Sender> upgrade() const noexcept {
    if (!channel_->add_sender_unless_gone()) return std::nullopt;
    return std::optional<Sender>(std::in_place, channel_);
  }
  std::size_t strong_count() const noexcept { return channel_->senders(); }
  std::size_t weak_count() const noexcept { return channel_->weak(); }

  // For senders.
  explicit basic_mpsc_weak_sender(channel* shared) noexcept : channel_(shared) {
    if (channel_) channel_->add_weak();
  }

 private:
  channel* channel_;
};

}  // namespace sync
}  // namespace v0
}  // namespace weft
