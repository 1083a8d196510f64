#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "net/datagram.hpp"
#include "net/socket.hpp"
#include "net/socket_address.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

std::size_t joined_segment_size(msghdr& message) noexcept {
  for (auto* one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_UDP || one->cmsg_type != UDP_GRO) continue;
    int size = 0;
    std::memcpy(&size, CMSG_DATA(one), sizeof size);
    return static_cast<std::size_t>(size);
  }
  return 0;
}

// Descriptors that a Unix socket is sent are closed by the kernel: there is no room for them.
std::int64_t receive_datagram(io_handle& socket, io_operation* state, std::span<std::byte> into,
                              receive_mode mode, net::datagram& got) noexcept {
  socket_address from;
  segment_control control;
  iovec piece{into.data(), into.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  auto receive = [&](int descriptor) noexcept -> std::int64_t {
    message.msg_name = mode.address ? from.get() : nullptr;
    message.msg_namelen = mode.address ? sizeof from.storage : 0;
    message.msg_control = mode.segments ? control.data() : nullptr;
    message.msg_controllen = mode.segments ? sizeof control : 0;
    auto size = ::recvmsg(descriptor, &message, MSG_TRUNC | (mode.peek ? MSG_PEEK : 0));
    return size < 0 ? -errno : size;
  };
  auto came = attempt_call(socket, state, io_direction::read, io_call(receive));
  if (came < 0) return came;  // or pending
  auto full_size = static_cast<std::size_t>(came);
  net::datagram_access::fill(got, std::min(full_size, into.size()), full_size);
  if (mode.segments) net::datagram_access::set_segment_size(got, joined_segment_size(message));
  if (mode.address) {
    from.length = message.msg_namelen;
    try {
      net::datagram_access::set_from(got, from_native(from));
    } catch (const std::bad_alloc&) {  // the path of a Unix socket
      return -ENOMEM;
    }
  }
  return 0;
}

std::int64_t send_datagram(io_handle& socket, io_operation* state, std::string_view data,
                           const net::socket_address* to, std::uint16_t segment) noexcept {
  if (to && !*to) return -EINVAL;
  socket_address native;
  if (to) native = to_native(*to);
  segment_control control{};
  iovec piece{const_cast<char*>(data.data()), data.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_name = to ? native.get() : nullptr;
  message.msg_namelen = native.length;
  if (segment > 0) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof segment);
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof segment);
    std::memcpy(CMSG_DATA(header), &segment, sizeof segment);
  }
  auto send = [&](int descriptor) noexcept -> std::int64_t {
    return ::sendmsg(descriptor, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
  };
  return attempt_call(socket, state, io_direction::write, io_call(send));
}

}  // namespace detail

namespace net {

result<datagram> datagram_socket::receive_now(std::span<std::byte> into,
                                              detail::receive_mode mode) {
  datagram got;
  auto came = detail::receive_datagram(handle(), nullptr, into, mode, got);
  if (came < 0) return fail(error::from_errno(static_cast<int>(-came)));
  return got;
}

result<void> datagram_socket::try_send(std::string_view data) {
  return detail::succeeded(detail::send_datagram(handle(), nullptr, data, nullptr));
}
result<void> datagram_socket::try_send_to(std::string_view data, const socket_address& to) {
  return detail::succeeded(detail::send_datagram(handle(), nullptr, data, &to));
}

result<void> datagram_socket::take_error() {
  return detail::take_socket_error(native_handle());
}
socket_address datagram_socket::local_address() const {
  return detail::local_address_of(native_handle());
}
socket_address datagram_socket::peer_address() const {
  return detail::peer_address_of(native_handle());
}
int datagram_socket::native_handle() const noexcept {
  return handle().descriptor();
}

int datagram_socket::release() {
  (void)handle();
  return handle_.give_up()->release();
}

result<void> datagram_socket::connect_to(const socket_address& address) {
  auto native = detail::to_native(address);
  if (::connect(native_handle(), native.get(), native.length) < 0) {
    return fail(detail::socket_error(errno, "connecting to ", address));
  }
  return {};
}

}  // namespace net
}  // namespace v0
}  // namespace weft
