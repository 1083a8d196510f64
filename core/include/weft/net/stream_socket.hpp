// stream_socket: what the connections of TCP and of Unix sockets have in common.
//
// A transport (see weft/io/transport.hpp), and what only a socket can do: peek, try without
// waiting, give its descriptor away.
#pragma once

#include <weft/detail/socket.hpp>
#include <weft/io/transport.hpp>
#include <weft/net/readiness.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

WEFT_API std::int64_t poll_peek(io_handle& socket, io_operation& state,
                                std::span<std::byte> into) noexcept;

struct peek_step {
  static constexpr const char* name = "peek";
  static constexpr auto waits_for = io_direction::read;
  std::span<std::byte> into;
  explicit peek_step(std::span<std::byte> target) noexcept : into(target) {}
  std::int64_t poll(io_handle& socket, io_operation& state) noexcept {
    return poll_peek(socket, state, into);
  }
  result<std::size_t> take(std::int64_t came) { return counted(came); }
};

}  // namespace detail

namespace net {

/// The base of tcp_stream and unix_stream. Nobody makes one.
/// Thread-safety: as transport; the `try_` functions may be called from any thread at any time.
class stream_socket : public io::transport {
 public:
  /// Done when a read, a write, or either need not block, also because the stream has ended or
  /// broken. Yields a `readiness`. It counts as an operation in each direction that it waits for.
  /// Cancel-safety: safe.
  auto ready(interest wanted) { return detail::ready_operation(handle(), wanted); }
  auto readable() { return ready(interest::readable); }
  auto writable() { return ready(interest::writable); }

  /// What `read` would read, without waiting. Yields how many bytes; 0 is the end of the stream.
  /// Errors: `std::errc::operation_would_block` when there is nothing; as `read`.
  template <io::writable_bytes Range>
  result<std::size_t> try_read(Range&& into) {
    return try_read_some(std::as_writable_bytes(std::span(into)));
  }
  /// As `receive_into`, without waiting. Errors: as `try_read`.
  WEFT_API result<std::size_t> try_receive_into(buffer& into);
  /// Writes what the socket takes now. Yields how many bytes. Errors:
  /// `std::errc::operation_would_block` when it takes none; as `write`.
  WEFT_API result<std::size_t> try_write(std::string_view data);
  result<std::size_t> try_write(std::span<const std::byte> data) {
    return try_write(std::string_view(reinterpret_cast<const char*>(data.data()), data.size()));
  }
  /// One gathering write; what was written is taken off `chain`. Errors: as `try_write`.
  WEFT_API result<std::size_t> try_send(bytes_chain& chain);

  /// Reads into `into`, which is not empty, what stays in the socket to be read again. Yields how
  /// many bytes; 0 is the end of the stream. Errors: as `read`. Cancel-safety: safe.
  template <io::writable_bytes Range>
  auto peek(Range&& into) {
    return detail::handle_operation<detail::peek_step>(
        handle(), detail::peek_step(std::as_writable_bytes(std::span(into))));
  }

  /// The error that is pending in the socket (SO_ERROR), which is thereby taken; success when there
  /// is none.
  WEFT_API result<void> take_error();

 protected:
  stream_socket() noexcept = default;
  explicit stream_socket(std::unique_ptr<io::byte_stream> socket) noexcept
      : io::transport(std::move(socket)) {}

  WEFT_API detail::io_handle& handle() const noexcept;
  // The descriptor, open and non-blocking, taken out of the runtime.
  WEFT_API int release();

 private:
  WEFT_API result<std::size_t> try_read_some(std::span<std::byte> into);
};

}  // namespace net
}  // namespace v0
}  // namespace weft
