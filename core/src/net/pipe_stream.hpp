// An end of a pipe as a byte_stream.
#pragma once

#include <weft/io/stream.hpp>

#include "driver/driver.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

enum class pipe_end : std::uint8_t { sender, receiver };

class pipe_stream final : public io::byte_stream {
 public:
  // Takes over the handle.
  pipe_stream(io_handle& handle, pipe_end end) noexcept : handle_(&handle), end_(end) {}
  ~pipe_stream() override {
    if (handle_) handle_->close();
  }

  io::progress poll_receive(io::io_state& state, std::span<std::byte> into) noexcept override;
  io::progress poll_send(io::io_state& state, std::span<const io_slice> pieces) noexcept override;
  // Closes a sender; a receiver has no side to end.
  io::progress poll_shutdown(io::io_state& state) noexcept override;
  bool poll_peer_closed(io::io_state& state) noexcept override;
  int native_handle() const noexcept override { return handle_ ? handle_->descriptor() : -1; }
  io_handle* socket() const noexcept override { return handle_; }
  io_handle* give_up() noexcept override { return std::exchange(handle_, nullptr); }
  // The handle engages itself.
  void cancel(io_operation& state) noexcept override { handle_->cancel(state); }

 private:
  io_handle* handle_;  // null: shut down
  pipe_end end_;
};

// System calls on pipes, which return a count or a negative errno. Writing raises no SIGPIPE.
std::int64_t read_pipe(int descriptor, std::span<std::byte> into) noexcept;
std::int64_t write_pipe(int descriptor, std::span<const io_slice> pieces) noexcept;
// How it does so with kernels that offer no better: the signal is blocked for this thread
// meanwhile, and taken if the write has raised it.
std::int64_t write_with_signal_blocked(int descriptor, std::span<const io_slice> pieces) noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft
