// How a net::datagram is filled in.
#pragma once

#include <weft/net/datagram_socket.hpp>

#include <sys/socket.h>

#include <cstddef>
#include <utility>

namespace weft {
inline namespace v0 {
namespace net {

struct datagram_access {
  static void fill(datagram& into, std::size_t size, std::size_t full_size) noexcept {
    into.size_ = size;
    into.full_size_ = full_size;
    into.segment_size_ = 0;
  }
  static void set_from(datagram& into, socket_address from) noexcept {
    into.from_ = std::move(from);
  }
  static void set_segment_size(datagram& into, std::size_t size) noexcept {
    into.segment_size_ = size;
  }
};

}  // namespace net

namespace detail {

// UDP_GRO's control message: the size of the segments that were joined, or 0.
std::size_t joined_segment_size(msghdr& message) noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft
