// Pipes: bytes in one direction, within a process, to a child, or through a FIFO of the file
// system.
//
//   auto [sender, receiver] = co_await or_return(weft::net::pipe());
//   co_await or_return(sender.write_all("hello"));
//   auto data = co_await or_return(receiver.receive());
//
//   auto commands = co_await or_return(weft::net::pipe_receiver::open("/run/app.fifo"));
//
// Each end is a transport (see weft/io/transport.hpp) of which only one direction works: the other
// fails with `std::errc::bad_file_descriptor`.
#pragma once

#include <weft/io/transport.hpp>
#include <weft/net/readiness.hpp>
#include <weft/result.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weft {
inline namespace v0 {
namespace net {

class pipe_sender;
class pipe_receiver;

/// The two ends of a new pipe. Errors: of the operating system; `errc::no_runtime` outside a task.
/// Bounds: the kernel holds 64 KiB that nobody has read.
WEFT_API result<std::pair<pipe_sender, pipe_receiver>> pipe();

/// How a FIFO is opened.
class fifo_options {
 public:
  constexpr fifo_options() noexcept {}
  /// Opens it for both directions, though only one is used: a receiver then never reads the end of
  /// the stream when the last sender closes, and a sender can be opened before there is a receiver,
  /// and is not told when there is none any more. Default off.
  constexpr fifo_options& read_write(bool on) noexcept { return read_write_ = on, *this; }
  constexpr bool read_write() const noexcept { return read_write_; }

 private:
  bool read_write_ = false;
};

/// The end that is written to. Writing when nobody can read any more is an error
/// (`std::errc::broken_pipe`), never a signal. `shutdown` closes it; `peer_closed` is done when
/// nobody can read any more. It turns into an `io::transport` by a move.
/// Thread-safety: as transport; `try_` functions may be called from any thread at any time.
class pipe_sender : public io::transport {
 public:
  /// Without a pipe; only good for being assigned to.
  pipe_sender() noexcept = default;

  /// Of a FIFO. Errors: of the operating system, with the path
  /// (`std::errc::no_such_device_or_address`: nobody has it open to read); `errc::invalid_argument`
  /// when it is no FIFO; `errc::no_runtime` outside a task.
  WEFT_API static result<pipe_sender> open(const std::string& path, fifo_options options = {});
  /// Takes over a descriptor, also when that fails. Errors: `errc::invalid_argument` when it is no
  /// pipe, or cannot be written to; of the operating system; `errc::no_runtime` outside a task.
  WEFT_API static result<pipe_sender> from_native(int descriptor);
  /// The descriptor, open and non-blocking, which is the caller's now. No operation may be in
  /// progress.
  WEFT_API int into_native() &&;
  /// As above, for a child process that knows nothing of non-blocking descriptors. Errors: of the
  /// operating system, and then it is closed.
  WEFT_API result<int> into_blocking() &&;

  /// Done when a write need not block, also because it would fail. Yields a `readiness`.
  /// Cancel-safety: safe.
  auto writable() { return detail::ready_operation(handle(), interest::writable); }
  /// Writes what the pipe takes now. Yields how many bytes. Errors:
  /// `std::errc::operation_would_block` when it takes none; as `write`.
  WEFT_API result<std::size_t> try_write(std::string_view data);

  io::transport into_transport() && noexcept { return std::move(*this); }

 private:
  friend WEFT_API result<std::pair<pipe_sender, pipe_receiver>> pipe();
  explicit pipe_sender(std::unique_ptr<io::byte_stream> end) noexcept
      : io::transport(std::move(end)) {}
  WEFT_API detail::io_handle& handle() const noexcept;
};

/// The end that is read from. When the last sender has closed, what it sent is still read, and then
/// the end of the stream; a FIFO that is opened to write again may be read on. `peer_closed` is
/// done when there is no sender any more, and stays so. It turns into an `io::transport` by a move.
/// Thread-safety: as pipe_sender.
class pipe_receiver : public io::transport {
 public:
  /// Without a pipe; only good for being assigned to.
  pipe_receiver() noexcept = default;

  /// Of a FIFO, also while nobody has it open to write; then the end of the stream is read at once
  /// (see `fifo_options::read_write`). Errors: as of pipe_sender.
  WEFT_API static result<pipe_receiver> open(const std::string& path, fifo_options options = {});
  /// As those of pipe_sender.
  WEFT_API static result<pipe_receiver> from_native(int descriptor);
  WEFT_API int into_native() &&;
  WEFT_API result<int> into_blocking() &&;

  /// Done when a read need not block. Yields a `readiness`. Cancel-safety: safe.
  auto readable() { return detail::ready_operation(handle(), interest::readable); }
  /// What `read` would read, without waiting. Yields how many bytes; 0 is the end of the stream.
  /// Errors: `std::errc::operation_would_block` when there is nothing; as `read`.
  template <io::writable_bytes Range>
  result<std::size_t> try_read(Range&& into) {
    return try_read_some(std::as_writable_bytes(std::span(into)));
  }

  io::transport into_transport() && noexcept { return std::move(*this); }

 private:
  friend WEFT_API result<std::pair<pipe_sender, pipe_receiver>> pipe();
  explicit pipe_receiver(std::unique_ptr<io::byte_stream> end) noexcept
      : io::transport(std::move(end)) {}
  WEFT_API detail::io_handle& handle() const noexcept;
  WEFT_API result<std::size_t> try_read_some(std::span<std::byte> into);
};

}  // namespace net
}  // namespace v0
}  // namespace weft
