#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::inline v0::http::h1 {

/// What a peer may make us hold or do. In bytes, unless they say otherwise. Every trip of one ends
/// the connection with the status that its rejection names.
struct limits {
  std::size_t head = 32 * 1024;              ///< request line and fields together
  std::size_t fields = 100;                  ///< fields in a head
  std::size_t target = 8 * 1024;             ///< the request's target
  std::uint64_t body = 64 * 1024 * 1024;     ///< payload, without chunk framing
  std::size_t chunk_extension = 1024;        ///< in one chunk
  std::size_t chunk_extensions = 16 * 1024;  ///< in one body
  /// Framing beyond a fair share: of every chunk's line, 16 bytes and twice its data are free.
  std::size_t chunk_overhead = 16 * 1024;
  std::size_t trailers = 8 * 1024;  ///< the trailer section
  std::size_t trailer_fields = 32;
  bool allow_connect = false;  ///< else CONNECT is answered with 405
};

}  // namespace weft::inline v0::http::h1
