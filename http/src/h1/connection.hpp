#pragma once

#include <weft/bytes.hpp>
#include <weft/deadline.hpp>
#include <weft/io/transport.hpp>
#include <weft/leaf.hpp>
#include <weft/task.hpp>

#include <cstdint>
#include <memory>

#include "h1/exchange.hpp"
#include "h1/output.hpp"
#include "h1/rejection.hpp"
#include "server/server_state.hpp"

namespace weft::inline v0::http::h1 {

/// One HTTP/1 connection of a server: requests are read, handled and answered one after the other.
///
/// Everything that the connection waits for (bytes, room to write, the handler, a deadline, the
/// shutdown) is polled by one leaf at a time, on one waker bit of the connection's task. Only that
/// task touches the parser and the socket. Once it has been idle for a second it holds no buffer
/// and no parser.
class connection : private registered_connection {
 public:
  connection(admission admitted, io::transport stream);

  /// The connection's life. To be run as a task that owns the connection.
  auto run() -> task<void>;

 private:
  friend class exchange;

  /// What the deadline of reading stands for. Writing has one of its own: a peer that trickles in
  /// one direction must not extend what it has in the other.
  enum class waiting : std::uint8_t { nothing, idle, idle_for_long, head, body, linger };

  // The steps of run(), each polled until it is done.
  auto poll_request() noexcept -> bool;
  auto poll_exchange() noexcept -> bool;
  auto poll_goodbye() noexcept -> bool;
  template <auto Step>
  class step;

  auto receive_more(bool& pending) noexcept -> bool;
  auto deadline_passed() noexcept -> bool;
  void wait_until(waiting what, duration from_now) noexcept;
  void stop_waiting() noexcept { waiting_ = waiting::nothing; }
  void refuse(rejection why) noexcept;
  void refuse_slow_head() noexcept;
  auto begin_exchange() noexcept -> bool;
  void end_exchange() noexcept;
  /// Writes what is pending. False: not everything is written, either since the peer is slow
  /// (watched by limits::write_stall), or since the connection broke.
  auto flush() noexcept -> bool;
  void close_quietly() noexcept { open_ = false; }
  void close_after_flush() noexcept {
    open_ = false;
    say_goodbye_ = true;
  }

  io::transport stream_;
  io::io_state reading_{io::direction::read};
  io::io_state writing_{io::direction::write};
  io::io_state closing_{io::direction::closing};
  buffer in_;
  output out_;
  deadline deadline_;  // of what is read
  deadline write_deadline_;
  waiting waiting_ = waiting::nothing;
  bool stalled_ = false;      // a write waits for the peer, and its deadline runs
  bool open_ = true;          // another request may come
  bool broken_ = false;       // nothing can be written any more
  bool say_goodbye_ = false;  // what is pending is to be written, and the end to be awaited
  bool write_ended_ = false;
  std::size_t lingered_ = 0;
  std::unique_ptr<exchange> exchange_;  // while there are bytes of a request, or a response
};

/// Makes the task of a connection.
auto serve_connection(admission admitted, io::transport stream) -> task<void>;

}  // namespace weft::inline v0::http::h1
