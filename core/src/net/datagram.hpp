// How a net::datagram is filled in.
#pragma once

#include <weft/net/datagram_socket.hpp>
#include <weft/net/udp.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
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
  // Of a batch: where the datagram goes, what came there, and how many came.
  static std::span<char> room(datagram_batch& batch, std::size_t index) noexcept {
    return std::span(batch.memory_).subspan(index * batch.room_, batch.room_);
  }
  static void fill(datagram_batch& batch, std::size_t index, std::size_t full_size,
                   socket_address from, std::size_t segment_size) noexcept {
    auto& one = batch.datagrams_[index];
    fill(one, std::min(full_size, batch.room_), full_size);
    set_from(one, std::move(from));
    set_segment_size(one, segment_size);
  }
  static void set_received(datagram_batch& batch, std::size_t count) noexcept {
    batch.received_ = count;
  }
};

}  // namespace net

namespace detail {

// Room for one number. Control messages are aligned as their headers are; GCC 12 ignores alignas on
// arrays of char.
using segment_control = std::array<std::uint64_t, (CMSG_SPACE(sizeof(int)) + 7) / 8>;

// Waits for it, or, without an operation, does not.
inline std::int64_t attempt_call(io_handle& socket, io_operation* state, io_direction direction,
                                 io_call call) noexcept {
  return state ? socket.attempt(*state, call) : socket.attempt_now(direction, call);
}

// UDP_GRO's control message: the size of the segments that were joined, or 0.
std::size_t joined_segment_size(msghdr& message) noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft
