#pragma once

#include <weft/bytes.hpp>
#include <weft/http/header_map.hpp>

#include <cstddef>
#include <cstdint>

#include "h1/guard.hpp"
#include "h1/limits.hpp"
#include "h1/rejection.hpp"

namespace weft::inline v0::http::h1 {

/// Decodes a chunked body (RFC 9112, section 7.1), strictly: hexadecimal digits, an optional
/// extension, CR LF, the data, CR LF; no white space, no lone CR or LF, at most 16 digits.
///
/// It reads every byte once, in order, and consumes it, so a chunk's line may arrive in any pieces
/// and needs no room in the buffer. Only the trailer section is collected there before it is
/// parsed.
class chunk_decoder {
 public:
  enum class step : std::uint8_t { need_more, data, trailers, end, refused };

  /// Begins a body of at most `body_limit` bytes.
  void start(std::uint64_t body_limit) noexcept {
    *this = chunk_decoder();
    body_limit_ = body_limit;
  }

  /// Goes on with what `in` holds, to the next slice of data or the end. `slice` shares the block
  /// of `in`; `trailers` is filled before step::trailers, after which comes step::end.
  auto advance(buffer& in, const limits& within, bytes& slice, header_map& trailers) -> step;

  [[nodiscard]] auto why() const noexcept -> rejection { return why_; }

 private:
  enum class place : std::uint8_t {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailers,
    done,
  };

  place place_ = place::size;
  rejection why_ = rejection::none;
  std::uint8_t digits_ = 0;
  std::uint64_t size_ = 0;  // of this chunk; while in its data, what is left of it
  std::uint64_t body_limit_ = 0;
  std::uint64_t body_ = 0;      // of all chunks so far
  std::size_t extension_ = 0;   // bytes in this chunk's extension
  std::size_t extensions_ = 0;  // bytes in all extensions
  std::size_t overhead_ = 0;    // what the lines took beyond their fair share
  guard guard_;

  auto read_framing(std::string_view text, const limits& within) noexcept -> std::size_t;
  auto take(char c, const limits& within) noexcept -> bool;
  auto take_size(char c) noexcept -> bool;
  auto take_extension(char c, const limits& within) noexcept -> bool;
  auto end_of_line(const limits& within) noexcept -> bool;
  auto read_trailers(buffer& in, header_map& trailers) -> step;
  auto refuse(rejection why) noexcept -> bool;
};

}  // namespace weft::inline v0::http::h1
