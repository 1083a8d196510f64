// Codecs for text: lines, and pieces that end with one of several characters.
#pragma once

#include <weft/io/codec.hpp>

#include <string_view>

namespace weft {
inline namespace v0 {
namespace io {

/// What a codec does with a piece that is longer than its limit. Either way it is the error
/// `errc::limit_exceeded`, as soon as that much has come.
enum class too_long : std::uint8_t {
  skip,  ///< the rest of it is dropped, and the following ones are decoded
  fail,  ///< the error stays
};

/// Pieces of at most `limit` bytes that end with one of `ends`, which is cut off; the last one may
/// lack it. What is written gets `written_end`. Errors: `errc::limit_exceeded`;
/// `errc::invalid_argument` when what is to be written has an end in it. Bounds: `limit` bytes.
class WEFT_API delimiter_codec {
 public:
  static constexpr std::size_t default_limit = 64 * 1024;
  delimiter_codec(std::string ends, std::string written_end, std::size_t limit = default_limit,
                  too_long policy = too_long::skip)
      : ends_(std::move(ends)),
        written_end_(std::move(written_end)),
        limit_(limit),
        policy_(policy) {}
  result<std::optional<bytes>> decode(buffer& in);
  result<std::optional<bytes>> decode_end(buffer& in);
  result<void> encode(std::string_view piece, buffer& out);

 private:
  result<std::optional<bytes>> exceeded(buffer& in);

  std::string ends_;
  std::string written_end_;
  std::size_t limit_;
  std::size_t scanned_ = 0;
  too_long policy_;
  bool skipping_ = false;
};

/// Lines of at most `limit` bytes, without their ends, "\n" or "\r\n"; written with "\n". For the
/// rest as `delimiter_codec`.
class WEFT_API line_codec {
 public:
  static constexpr std::size_t default_limit = delimiter_codec::default_limit;
  explicit line_codec(std::size_t limit = default_limit, too_long policy = too_long::skip)
      : lines_("\n", "\n", limit, policy) {}
  result<std::optional<bytes>> decode(buffer& in);
  result<std::optional<bytes>> decode_end(buffer& in);
  result<void> encode(std::string_view line, buffer& out) { return lines_.encode(line, out); }

 private:
  delimiter_codec lines_;
};

}  // namespace io
}  // namespace v0
}  // namespace weft
