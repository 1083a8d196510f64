#pragma once

#include <weft/http/body.hpp>
#include <weft/waker.hpp>

#include <cstddef>
#include <memory>
#include <utility>

// A body that is written by one task while another one, or the connection, reads it.
//
//   auto [sender, body] = http::body_channel();
//   auto writer = weft::spawn(write_report(std::move(sender)));
//   co_return http::response(http::status::ok, std::move(body));

namespace weft::inline v0::http {

namespace detail {
class channel_state;
struct release_channel {
  WEFT_API void operator()(channel_state* state) const noexcept;
};
using channel_ptr = std::unique_ptr<channel_state, release_channel>;
}  // namespace detail

/// The writing end of a body. Move-only. Dropping it without `finish` ends the body with an error,
/// so that the reader never takes a half for the whole. Thread-safety: one thread at a time; the
/// reader may be on another one.
class body_sender {
 public:
  class ready_operation;

  /// How much is queued before ready() waits: 64 KiB.
  static constexpr std::size_t default_capacity = 64 * 1024;

  body_sender(body_sender&&) noexcept = default;
  auto operator=(body_sender&&) noexcept -> body_sender& = default;
  WEFT_API ~body_sender();

  /// Waits until there is room, then queues `data`. Yields a `weft::result<void>`. Errors:
  /// errc::closed when the reader is gone. Cancel-safety: `data` is lost with the operation; use
  /// ready() and try_send where that matters.
  [[nodiscard]] WEFT_API auto send(bytes data) -> task<weft::result<void>>;
  /// Waits until there is room. Cancel-safety: safe.
  [[nodiscard]] auto ready() noexcept -> ready_operation;
  /// Queues `data` without waiting. Errors: errc::closed; errc::overloaded when there is no room,
  /// and then `data` is kept.
  WEFT_API auto try_send(bytes& data) -> weft::result<void>;
  /// Ends the body, with trailers if there are any.
  WEFT_API void finish(header_map trailers = {}) &&;
  /// Ends the body with an error; a response in transit is cut off.
  WEFT_API void fail(error why) && noexcept;

  explicit body_sender(detail::channel_ptr state) noexcept : state_(std::move(state)) {}
  WEFT_API auto poll_ready(weft::result<void>& into) noexcept -> bool;

 private:
  detail::channel_ptr state_;
};

class body_sender::ready_operation {
 public:
  explicit ready_operation(body_sender& from) noexcept : from_(&from) {}
  class awaiter : public leaf_awaiter<awaiter> {
   public:
    explicit awaiter(body_sender& from) noexcept : from_(from) {}
    static constexpr const char* name = "room in a body";
    auto poll() noexcept -> bool { return from_.poll_ready(got_); }
    auto take() -> weft::result<void> { return std::move(got_); }

   private:
    body_sender& from_;
    weft::result<void> got_;
  };
  auto operator co_await() && noexcept { return awaiter(*from_); }

 private:
  body_sender* from_;
};

inline auto body_sender::ready() noexcept -> ready_operation {
  return ready_operation(*this);
}

/// Both ends of a body. At most `capacity` bytes are queued, and one part more.
[[nodiscard]] WEFT_API auto body_channel(std::size_t capacity = body_sender::default_capacity)
    -> std::pair<body_sender, body>;

}  // namespace weft::inline v0::http
