// A transport that is owned, or that belongs to somebody else.
#pragma once

#include <weft/io/transport.hpp>

#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

class held_transport {
 public:
  explicit held_transport(io::transport& borrowed) noexcept : stream_(&borrowed.stream()) {}
  explicit held_transport(io::transport&& owned) noexcept : owned_(std::move(owned)) {
    stream_ = &owned_.stream();
  }
  io::byte_stream& stream() const noexcept { return *stream_; }
  io::transport release() noexcept { return std::move(owned_); }

 private:
  io::transport owned_;
  io::byte_stream* stream_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
