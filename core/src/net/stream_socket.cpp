#include <weft/net/stream_socket.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <new>

#include "net/socket.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// A read of nothing is the end of the stream only if nothing has broken it.
std::int64_t poll_peek(io_handle& socket, io_operation& state, std::span<std::byte> into) noexcept {
  if (into.empty()) return -EINVAL;
  auto peek = [&](int descriptor) noexcept -> std::int64_t {
    auto got = ::recv(descriptor, into.data(), into.size(), MSG_PEEK);
    if (got == 0) return socket.failure();
    return got < 0 ? -errno : got;
  };
  return socket.attempt(state, io_call(peek));
}

}  // namespace detail

namespace net {

detail::io_handle& stream_socket::handle() const noexcept {
  auto* socket = stream().socket();
  if (!socket) detail::misuse("a stream was used as a socket that was replaced by something else");
  return *socket;
}

result<std::size_t> stream_socket::try_read_some(std::span<std::byte> into) {
  if (into.empty()) return fail(errc::invalid_argument);
  auto& socket = handle();
  auto read = [&](int descriptor) noexcept -> std::int64_t {
    auto got = ::recv(descriptor, into.data(), into.size(), 0);
    if (got == 0) return socket.failure();
    return got < 0 ? -errno : got;
  };
  return detail::counted(socket.attempt_now(detail::io_direction::read, detail::io_call(read)));
}

result<std::size_t> stream_socket::try_receive_into(buffer& into) {
  auto came = try_read_some(into.prepare());
  if (came) into.commit(*came);
  if (into.empty()) into.reset();
  return came;
}

result<std::size_t> stream_socket::try_write(std::string_view data) {
  if (data.empty()) return 0;
  auto write = [&](int descriptor) noexcept -> std::int64_t {
    auto sent = ::send(descriptor, data.data(), data.size(), MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
  };
  return detail::counted(handle().attempt_now(detail::io_direction::write, detail::io_call(write)));
}

result<std::size_t> stream_socket::try_send(bytes_chain& chain) {
  if (chain.empty()) return 0;
  constexpr std::size_t pieces_per_send = 64;
  std::array<io_slice, pieces_per_send> pieces;
  msghdr message{};
  message.msg_iovlen = chain.fill(pieces);
  message.msg_iov = reinterpret_cast<iovec*>(pieces.data());
  auto write = [&](int descriptor) noexcept -> std::int64_t {
    auto sent = ::sendmsg(descriptor, &message, MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
  };
  auto came =
      detail::counted(handle().attempt_now(detail::io_direction::write, detail::io_call(write)));
  if (came) chain.consume(*came);
  return came;
}

result<void> stream_socket::take_error() {
  return detail::take_socket_error(native_handle());
}

int stream_socket::release() {
  (void)handle();
  auto descriptor = stream().give_up()->release();
  close();
  return descriptor;
}

}  // namespace net
}  // namespace v0
}  // namespace weft
