// The lines of a connection, as a stream.
//
//   auto lines = weft::io::lines(connection) | weft::filter(not_empty) | weft::take(10);
//   while (auto line = co_await or_return(lines.next())) use(*line);
#pragma once

#include <weft/io/buffered_reader.hpp>

namespace weft {
inline namespace v0 {
namespace io {

/// A stream of `bytes`: see `lines`.
class line_stream {
 public:
  line_stream(buffered_reader&& from, std::size_t limit) noexcept
      : reader_(std::move(from)), limit_(limit) {}
  /// Yields a `result<std::optional<bytes>>`: a line without its end, or no value at the end of the
  /// stream. Errors and cancel-safety: as `buffered_reader::read_line`.
  [[nodiscard]] auto next() { return reader_.read_line(limit_); }
  /// With what was read behind the last line.
  buffered_reader release() && noexcept { return std::move(reader_); }

 private:
  buffered_reader reader_;
  std::size_t limit_;
};

/// The lines of `from`, without their ends, "\n" or "\r\n". A transport that is given up is owned;
/// one that has a name is referred to. Bounds: a line of more than `limit` bytes with its end is
/// the error `errc::limit_exceeded`, at which the stream stays. For one that skips such lines see
/// `line_codec` (weft/io/codec.hpp). A line shares the memory that it was read into: copy what is
/// kept for long.
inline auto lines(transport& from, std::size_t limit = default_piece_limit) {
  return line_stream(buffered_reader(from), limit);
}
inline auto lines(transport&& from, std::size_t limit = default_piece_limit) {
  return line_stream(buffered_reader(std::move(from)), limit);
}

}  // namespace io
}  // namespace v0
}  // namespace weft
