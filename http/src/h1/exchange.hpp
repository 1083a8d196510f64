#pragma once

#include <weft/http/detail/handler.hpp>
#include <weft/time.hpp>

#include <cstdint>
#include <memory>
#include <optional>

#include "channel_state.hpp"
#include "h1/request_parser.hpp"
#include "h1/response_encoder.hpp"

namespace weft::inline v0::http::h1 {

class connection;

/// A request and its response on a connection: what is only needed while they are under way.
/// Reused from request to request while they follow each other closely.
class exchange {
 public:
  explicit exchange(connection& on);
  exchange(const exchange&) = delete;
  auto operator=(const exchange&) -> exchange& = delete;
  ~exchange();

  static auto operator new(std::size_t size) -> void* { return weft::detail::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    weft::detail::deallocate_frame(memory, size);
  }

  [[nodiscard]] auto parser() noexcept -> request_parser& { return parser_; }

  /// The parser has a head: calls the handler.
  void begin();
  /// True: the response is encoded, and the connection may go on or not (`reusable`).
  auto poll() -> bool;
  [[nodiscard]] auto reusable() const noexcept -> bool { return reusable_; }
  /// Makes ready for the next request.
  void reset() noexcept;
  /// Counts, once a request, that the peer is gone before it has its response.
  void note_disconnect() noexcept;

 private:
  enum class stage : std::uint8_t {
    handling,    // the handler has the request
    holding,     // the peer waits for 100 (Continue), and the response's body may still ask for the
                 // request's
    responding,  // its response's body is being sent
    draining,    // what is left of the request's body is read and dropped
    done,
  };
  enum class body_read : std::uint8_t { none, unread, reading, ended };

  // Each says whether it got on; if none did, the poll is pending.
  auto pump_request() -> bool;
  auto pump_handler() -> bool;
  auto pump_response() -> bool;
  auto pump_drain() -> bool;

  auto make_body() -> body;
  auto feed_body() -> bool;
  void request_failed(error why, rejection refused);
  void start_response();
  void send_head(std::optional<std::uint64_t> size);
  auto send_frame(body_source::polled& next) -> bool;
  auto wait_for_frame() noexcept -> bool;
  void watch_peer() noexcept;
  void body_ended_early();
  void peer_is_gone() noexcept;
  void cut_response() noexcept;
  void finish_response(const header_map* trailers);
  void after_response();
  auto body_is_late() -> bool;
  void abandon() noexcept;

  connection& connection_;
  request_parser parser_;
  response_encoder encoder_;
  stage stage_ = stage::done;
  body_read body_ = body_read::none;
  bool reusable_ = true;
  bool wants_continue_ = false;
  bool was_wanted_ = false;
  bool is_head_ = false;
  bool is_disconnected_ = false;  // the peer has ended or broken the connection, and it is counted
  http::version version_ = http::version::http_1_1;
  std::uint64_t received_ = 0;  // of the body
  std::uint64_t drained_ = 0;
  time::time_point wanted_since_{};
  duration waited_{};  // for the body, before wanted_since_
  detail::channel_ptr channel_;
  header_map request_trailers_;
  body response_body_;
  std::unique_ptr<header_map> response_trailers_;
  result answer_;                               // from the handler's end until its head is encoded
  std::unique_ptr<detail::pending_call> call_;  // destroyed first: it may hold ends of the above
};

}  // namespace weft::inline v0::http::h1
