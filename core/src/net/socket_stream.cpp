#include "net/socket_stream.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "net/socket_address.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

io::progress socket_stream::poll_receive(io::io_state& state, std::span<std::byte> into) noexcept {
  // A read of nothing would look like the end of the stream.
  if (into.empty()) return error(errc::invalid_argument);
  return io::progress::from_driver(handle_->receive(state, into));
}

io::progress socket_stream::poll_receive_into(io::io_state& state, buffer& into,
                                              std::size_t limit) noexcept {
  if (limit == 0) return error(errc::invalid_argument);
  return io::progress::from_driver(handle_->receive_into(state, into, limit));
}

io::progress socket_stream::poll_send(io::io_state& state,
                                      std::span<const io_slice> pieces) noexcept {
  return io::progress::from_driver(handle_->send(state, pieces));
}

io::progress socket_stream::poll_shutdown(io::io_state&) noexcept {
  auto came = handle_->shutdown(io_direction::write);
  // The peer may have reset the connection: then this side has ended already.
  return came == -ENOTCONN ? io::progress(0) : io::progress::from_driver(came);
}

bool socket_stream::poll_peer_closed(io::io_state& state) noexcept {
  return handle_->peer_closed(state) != io_pending;
}

// Closing sends a reset then, whatever is still to be sent or read. It fails only for a descriptor
// that is no socket.
void socket_stream::abort() noexcept {
  linger at_once{1, 0};
  (void)::setsockopt(handle_->descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

net::socket_address socket_stream::local_address() const {
  return local_address_of(handle_->descriptor());
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
