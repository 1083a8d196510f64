// A codec for frames that say how long they are.
//
//   auto codec = weft::io::length_codec().length_size(2).little_endian().limit(1024);
#pragma once

#include <weft/io/codec.hpp>

#include <limits>

namespace weft {
inline namespace v0 {
namespace io {

/// Frames behind their length; by default 4 bytes, the most significant one first, and at most
/// 8 MiB of frame.
///
/// A frame on the wire: `length_offset` bytes of something else, `length_size` bytes of length, and
/// then what is left of it. Of that, `skip` bytes are dropped (all up to the length and with it,
/// unless it is said otherwise), and the `length + adjustment` bytes that follow are what is
/// decoded. Errors: `errc::limit_exceeded`, told from the length, before memory is taken for the
/// frame; `errc::invalid_data` when length and adjustment are negative together; the decoder stays
/// at either. Written: as long as nothing stands before the length and just that is skipped, else
/// `errc::unsupported`; `errc::limit_exceeded` also when the length does not fit.
class WEFT_API length_codec {
 public:
  static constexpr std::uint64_t default_limit = 8 * 1024 * 1024;
  length_codec() noexcept = default;

  length_codec& length_offset(std::size_t bytes) noexcept {
    offset_ = bytes;
    if (!skip_set_) skip_ = offset_ + size_;
    return *this;
  }
  /// 1 to 8 bytes; anything else ends the program.
  length_codec& length_size(std::size_t bytes) noexcept {
    if (bytes < 1 || bytes > 8) detail::misuse("length_codec: a length has 1 to 8 bytes");
    size_ = bytes;
    if (!skip_set_) skip_ = offset_ + size_;
    return *this;
  }
  length_codec& adjustment(std::int32_t added) noexcept {
    adjustment_ = added;
    return *this;
  }
  length_codec& skip(std::size_t bytes) noexcept {
    skip_ = bytes;
    skip_set_ = true;
    return *this;
  }
  length_codec& big_endian() noexcept {
    big_endian_ = true;
    return *this;
  }
  length_codec& little_endian() noexcept {
    big_endian_ = false;
    return *this;
  }
  /// Of the length as it is written, and of the frame; at most 2 GiB - 1.
  length_codec& limit(std::uint64_t bytes) noexcept {
    limit_ = std::min(bytes, std::uint64_t{std::numeric_limits<std::int32_t>::max()});
    return *this;
  }

  result<std::optional<bytes>> decode(buffer& in);
  result<void> encode(std::string_view frame, buffer& out);

 private:
  std::uint64_t read_length(const buffer& in) const noexcept;

  std::size_t offset_ = 0;
  std::size_t size_ = 4;
  std::size_t skip_ = 4;
  std::int64_t adjustment_ = 0;
  std::uint64_t limit_ = default_limit;
  bool big_endian_ = true;
  bool skip_set_ = false;
};

}  // namespace io
}  // namespace v0
}  // namespace weft
