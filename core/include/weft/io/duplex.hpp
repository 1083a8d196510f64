// duplex: two transports that are connected in memory, for tests without sockets.
//
//   auto [client, server] = weft::io::duplex();
//
// With faults, on the n-th operation or on every one, always the same way:
//
//   weft::io::duplex_script script;
//   script.first().on_every_receive(weft::io::fault::at_most(1));              // the client reads
//   byte by byte, script.second().on_send(3, weft::io::fault::fail(std::errc::broken_pipe));  //
//   the server's third write fails auto [client, server] = weft::io::duplex(script, 1024); …
//   EXPECT_EQ(script.first().counters().sends, 1U);
#pragma once

#include <weft/io/transport.hpp>
#include <weft/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace weft {
inline namespace v0 {

namespace detail {
struct duplex_state;
}  // namespace detail

namespace io {

/// What happens to an operation of a duplex.
class fault {
 public:
  /// It fails with `with`, without touching the data; the next one goes on as if nothing had been.
  static fault fail(error with) noexcept { return fault(kind::fail, 0, std::move(with)); }
  static fault fail(std::errc with) noexcept {
    return fail(error::from_errno(static_cast<int>(with)));
  }
  /// It moves no more than `bytes` (> 0).
  static fault at_most(std::size_t bytes) noexcept {
    return fault(kind::at_most, bytes, errc::unknown);
  }
  /// It is not done before `wait` has passed since it was first polled.
  static fault delay(duration wait) noexcept {
    return fault(kind::delay, static_cast<std::size_t>(wait.count()), errc::unknown);
  }
  /// It is pending once although it could be done: who polls must come back.
  static fault suspend() noexcept { return fault(kind::suspend, 0, errc::unknown); }
  /// It breaks the connection: see duplex_end::reset.
  static fault reset() noexcept { return fault(kind::reset, 0, errc::unknown); }

 private:
  friend struct detail::duplex_state;
  enum class kind : std::uint8_t { fail, at_most, delay, suspend, reset };
  fault(kind what, std::size_t amount, error with) noexcept
      : kind_(what), amount_(amount), error_(std::move(with)) {}
  kind kind_;
  std::size_t amount_;  // bytes, or nanoseconds
  error error_;
};

/// What one end of a duplex has done.
struct duplex_counters {
  std::uint64_t receives = 0;  ///< receive operations that ended, well or not
  std::uint64_t sends = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  bool shut_down = false;  ///< its writing side
  bool closed = false;
};

/// A view of one end, to plan its faults and read its counters. Valid as long as the script.
/// Thread-safety: from any thread, also while the ends are in use.
class duplex_end {
 public:
  /// Operations count from 1. Several faults on one operation all happen.
  WEFT_API duplex_end& on_receive(std::uint64_t nth, fault what);
  WEFT_API duplex_end& on_send(std::uint64_t nth, fault what);
  WEFT_API duplex_end& on_every_receive(fault what);
  WEFT_API duplex_end& on_every_send(fault what);
  /// Closing this end while it has unread data resets the connection, as TCP does.
  WEFT_API duplex_end& resets_when_closed_unread();

  WEFT_API duplex_counters counters() const;
  /// Breaks the connection now, as transport::abort() does: what is under way is lost, and every
  /// operation of both ends fails with `std::errc::connection_reset`.
  WEFT_API void reset();

 private:
  friend class duplex_script;
  duplex_end(detail::duplex_state& state, unsigned side) noexcept : state_(&state), side_(side) {}
  detail::duplex_state* state_;
  unsigned side_;
};

/// The plan of faults of one duplex, shared with its two ends.
class duplex_script {
 public:
  WEFT_API duplex_script();
  duplex_end& first() noexcept { return first_; }
  duplex_end& second() noexcept { return second_; }

 private:
  friend WEFT_API std::pair<transport, transport> duplex(duplex_script& script,
                                                         std::size_t capacity);
  std::shared_ptr<detail::duplex_state> state_;
  duplex_end first_;
  duplex_end second_;
};

/// Two ends of a connection in memory; each direction holds `capacity` (at least 1) bytes that were
/// sent and not yet received, and then pushes back. An end that is closed lets the other read what
/// was sent, then the end of the stream; the other's writes fail with `std::errc::broken_pipe`.
/// Thread-safety: the ends may be used on different threads, each as transport says.
WEFT_API std::pair<transport, transport> duplex(std::size_t capacity = 64 * 1024);
/// As above, with the faults of `script`, which is used for one duplex only.
WEFT_API std::pair<transport, transport> duplex(duplex_script& script,
                                                std::size_t capacity = 64 * 1024);

}  // namespace io
}  // namespace v0
}  // namespace weft
