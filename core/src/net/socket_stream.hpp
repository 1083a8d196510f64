// A connected socket as a byte_stream.
#pragma once

#include <weft/io/stream.hpp>

#include "driver/driver.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

class socket_stream final : public io::byte_stream {
 public:
  // Takes over the handle.
  socket_stream(io_handle& handle, net::socket_address peer) noexcept
      : handle_(&handle), peer_(std::move(peer)) {}
  ~socket_stream() override {
    if (handle_) handle_->close();
  }

  io::progress poll_receive(io::io_state& state, std::span<std::byte> into) noexcept override;
  io::progress poll_receive_into(io::io_state& state, buffer& into,
                                 std::size_t limit) noexcept override;
  io::progress poll_send(io::io_state& state, std::span<const io_slice> pieces) noexcept override;
  io::progress poll_shutdown(io::io_state& state) noexcept override;
  bool poll_peer_closed(io::io_state& state) noexcept override;
  void abort() noexcept override;
  int native_handle() const noexcept override { return handle_->descriptor(); }
  io_handle* socket() const noexcept override { return handle_; }
  io_handle* give_up() noexcept override { return std::exchange(handle_, nullptr); }
  net::socket_address peer_address() const override { return peer_; }
  net::socket_address local_address() const override;
  // The handle engages itself.
  void cancel(io_operation& state) noexcept override { handle_->cancel(state); }

 private:
  io_handle* handle_;
  net::socket_address peer_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
