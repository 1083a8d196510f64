// What a byte stream is to those who write one (a socket, TLS, a pipe in memory) or wait for
// several things on one (a protocol engine). Everybody else uses weft/io/transport.hpp.
//
// A leaf that drives a connection polls what it waits for, one after the other, in its own `poll`;
// whatever is pending has registered the running branch, so one waker bit waits for all of it:
//
//   bool poll() noexcept {
//     auto got = stream_.poll_receive_into(reading_, in_, 16384);
//     if (got.failed()) return end_with(std::move(got).error());
//     if (got.done() && got.count() == 0) return end_of_stream();
//     return got.done() || stream_.poll_peer_closed(closing_);
//   }
//
// where `reading_` is an `io::io_state{io::direction::read}` and `closing_` one of `closing`.
#pragma once

#include <weft/bytes.hpp>
#include <weft/detail/io.hpp>
#include <weft/net/address.hpp>
#include <weft/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace weft {
inline namespace v0 {
namespace io {

/// What an io_state waits for: `read`, `write`, or `closing`, the end of the peer's side.
using direction = detail::io_direction;

/// What one direction remembers between polls: `io_state reading{direction::read}`. Pinned. It
/// lives in the leaf that polls and is destroyed before the stream; its destructor takes back what
/// was registered, without losing data.
using io_state = detail::io_operation;

/// How far a poll came: not yet, a count, or an error.
class [[nodiscard]] progress {
 public:
  static progress not_yet() noexcept { return progress(not_yet_count); }
  // NOLINTNEXTLINE(google-explicit-constructor): a poll returns a count,
  progress(std::size_t count) noexcept : came_(count) {}
  // NOLINTNEXTLINE(google-explicit-constructor): or an error
  progress(weft::error failure) noexcept : came_(std::unexpect, std::move(failure)) {}

  bool pending() const noexcept { return came_.has_value() && *came_ == not_yet_count; }
  bool failed() const noexcept { return !came_.has_value(); }
  /// Neither pending nor failed.
  bool done() const noexcept { return came_.has_value() && *came_ != not_yet_count; }
  /// Of one that is done.
  std::size_t count() const noexcept { return *came_; }
  /// Of one that has failed.
  weft::error&& error() && noexcept { return std::move(came_.error()); }
  const weft::error& error() const& noexcept { return came_.error(); }
  /// Of one that is not pending.
  result<std::size_t> take() && noexcept { return std::move(came_); }

  /// From the driver's form: a count, `detail::io_pending`, or a negative errno.
  static progress from_driver(std::int64_t came) noexcept {
    if (came >= 0) return progress(static_cast<std::size_t>(came));
    if (came == detail::io_pending) return not_yet();
    return progress(weft::error::from_errno(static_cast<int>(-came)));
  }

 private:
  static constexpr std::size_t not_yet_count = static_cast<std::size_t>(-1);
  weft::result<std::size_t> came_;
};

/// A bidirectional stream of bytes, polled by leaves. Derive from it to make a transport of your
/// own.
///
/// At most one operation a direction is in progress at a time; the directions may be polled by
/// different tasks. A function that returns "pending" has registered the running branch and
/// `engage`d the state with what can take that back (`cancel`); one that is done has called
/// `state.cancel()`. None blocks or throws. The stream is not destroyed while an operation is in
/// progress. Errors: of the operating system for sockets, with the same codes from others:
/// `std::errc::broken_pipe` (the peer reads no more), `std::errc::connection_reset`.
class WEFT_API byte_stream : public detail::io_source {
 public:
  byte_stream(const byte_stream&) = delete;
  byte_stream& operator=(const byte_stream&) = delete;
  /// Closes the stream, both ways.
  virtual ~byte_stream();

  /// Reads what is there, at most `into.size()` (> 0) bytes; a count of 0 is the end of the stream.
  virtual progress poll_receive(io_state& state, std::span<std::byte> into) noexcept = 0;
  /// As above, to the end of `into`; takes memory only when there is something to read, so that an
  /// idle connection holds none. At most `limit` (> 0) bytes.
  virtual progress poll_receive_into(io_state& state, buffer& into, std::size_t limit) noexcept;
  /// Writes from the front of `pieces` what the stream takes: at least one byte of those that there
  /// are.
  virtual progress poll_send(io_state& state, std::span<const io_slice> pieces) noexcept = 0;
  /// Ends this side: the peer reads the end of the stream after what was sent. Its count is 0.
  /// Idempotent.
  virtual progress poll_shutdown(io_state& state) noexcept = 0;
  /// True once the peer has ended its side, or the connection is broken; what it sent before may
  /// still be unread.
  virtual bool poll_peer_closed(io_state& state) noexcept = 0;
  /// From now on, ending the stream breaks the connection: the peer reads
  /// `std::errc::connection_reset` and not the end of the stream, so that it does not take what it
  /// has for the whole. What was sent may be lost. Nothing but the destructor is called afterwards.
  /// A stream that cannot do so ends as ever: that is the default.
  virtual void abort() noexcept;

  /// The file descriptor below, or -1.
  virtual int native_handle() const noexcept;
  /// Of weft's own sockets and pipes; null of everything else.
  virtual detail::io_handle* socket() const noexcept;
  /// As above, and it is the caller's now; nothing but the destructor is called afterwards.
  virtual detail::io_handle* give_up() noexcept;
  /// Empty when it has none or it is not known.
  virtual net::socket_address peer_address() const;
  virtual net::socket_address local_address() const;

 protected:
  byte_stream() = default;
};

}  // namespace io
}  // namespace v0
}  // namespace weft
