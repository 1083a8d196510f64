// Transports that are made of nothing, or of other ones: empty, sink, repeat, take, chain; and
// reading without a buffer: read_exact, read_to_end.
//
//   auto head = weft::io::take(std::move(connection), 1024);     // at most 1 KiB of it
//   weft::io::unfilled rest(header);
//   co_await or_return(weft::io::read_exact(connection, rest));  // to be taken up again if
//   cancelled
#pragma once

#include <weft/io/transport.hpp>

#include <cstdint>

namespace weft {
inline namespace v0 {
namespace io {

/// A transport from which nothing comes, and which takes all that is written and forgets it.
[[nodiscard]] WEFT_API transport empty();
/// The same: for those who write.
[[nodiscard]] inline transport sink() {
  return empty();
}
/// A transport from which `octet` comes for ever; it takes what is written and forgets it.
[[nodiscard]] WEFT_API transport repeat(std::byte octet);
/// The first `limit` bytes that come from `from`, then the end of the stream; the rest stays
/// unread. Writing goes to `from`.
[[nodiscard]] WEFT_API transport take(transport from, std::uint64_t limit);
/// What comes from `first`, and after its end what comes from `second`. Writing goes to `first`.
[[nodiscard]] WEFT_API transport chain(transport first, transport second);

/// What of a piece of memory is still to be read into: `read_exact` takes it off as it fills, so
/// that one that was cancelled is taken up where it stopped. Refers to the memory.
class unfilled {
 public:
  explicit unfilled(std::span<std::byte> into) noexcept : rest_(into) {}
  template <writable_bytes Range>
  explicit unfilled(Range& into) noexcept
      : rest_(reinterpret_cast<std::byte*>(std::ranges::data(into)), std::ranges::size(into)) {}
  std::span<std::byte> span() const noexcept { return rest_; }
  std::size_t size() const noexcept { return rest_.size(); }
  bool empty() const noexcept { return rest_.empty(); }
  void consume(std::size_t count) noexcept {
    rest_ = rest_.subspan(count < rest_.size() ? count : rest_.size());
  }

 private:
  std::span<std::byte> rest_;
};

}  // namespace io

namespace detail {

WEFT_API io::progress poll_read_exact(io::byte_stream& stream, io::io_state& state,
                                      io::unfilled& rest) noexcept;
WEFT_API io::progress poll_read_to_end(io::byte_stream& stream, io::io_state& state, buffer& into,
                                       std::size_t limit) noexcept;

struct transport_read_exact_step {
  static constexpr const char* name = "read_exact";
  static constexpr auto waits_for = io_direction::read;
  io::unfilled own;
  io::unfilled* rest;  // null: our own
  explicit transport_read_exact_step(std::span<std::byte> into) noexcept
      : own(into), rest(nullptr) {}
  explicit transport_read_exact_step(io::unfilled& into) noexcept
      : own(std::span<std::byte>()), rest(&into) {}
  io::progress poll(io::byte_stream& stream, io_operation& state) noexcept {
    return poll_read_exact(stream, state, rest ? *rest : own);
  }
  result<void> take(result<std::size_t>&& came) {
    if (!came) return fail(std::move(came).error());
    return {};
  }
};

struct transport_read_to_end_step {
  static constexpr const char* name = "read_to_end";
  static constexpr auto waits_for = io_direction::read;
  buffer* into;
  std::size_t limit;
  transport_read_to_end_step(buffer& target, std::size_t most) noexcept
      : into(&target), limit(most) {}
  io::progress poll(io::byte_stream& stream, io_operation& state) noexcept {
    return poll_read_to_end(stream, state, *into, limit);
  }
  result<void> take(result<std::size_t>&& came) {
    if (!came) return fail(std::move(came).error());
    return {};
  }
};

}  // namespace detail

namespace io {

/// Fills `into`. Errors: `errc::end_of_stream` when it ends before; of the transport.
/// Cancel-safety: how much was read is lost; use the form with `unfilled`.
inline auto read_exact(transport& from, std::span<std::byte> into) {
  return detail::stream_operation<detail::transport_read_exact_step>(
      from.stream(), detail::transport_read_exact_step(into));
}
/// As above, taking off `rest` what was filled. Cancel-safety: safe; await it again with the same
/// `rest`.
inline auto read_exact(transport& from, unfilled& rest) {
  return detail::stream_operation<detail::transport_read_exact_step>(
      from.stream(), detail::transport_read_exact_step(rest));
}
/// Appends all that comes until the end of the stream to `into`. Errors: `errc::limit_exceeded`
/// when `into` would grow beyond `limit` bytes; `errc::out_of_memory`; of the transport. What came
/// is in `into`. Cancel-safety: safe; await it again.
inline auto read_to_end(transport& from, buffer& into, std::size_t limit) {
  return detail::stream_operation<detail::transport_read_to_end_step>(
      from.stream(), detail::transport_read_to_end_step(into, limit));
}

}  // namespace io
}  // namespace v0
}  // namespace weft
