#include <weft/io/length_codec.hpp>
#include <weft/io/line_codec.hpp>

#include <new>

namespace weft {
inline namespace v0 {

namespace detail {

error at_frame(error failure, std::uint64_t offset) noexcept {
  try {
    return std::move(failure).with_context("frame at byte " + std::to_string(offset));
  } catch (const std::bad_alloc&) {  // then it is told without where
    return failure;
  }
}

}  // namespace detail

namespace io {

// ---- pieces with ends

result<std::optional<bytes>> delimiter_codec::exceeded(buffer& in) {
  if (policy_ == too_long::skip) {
    skipping_ = true;
    scanned_ = 0;
    in.clear();
  }
  return fail(errc::limit_exceeded);
}

result<std::optional<bytes>> delimiter_codec::decode(buffer& in) {
  while (true) {
    auto at = in.view().find_first_of(ends_, scanned_);
    if (at == std::string_view::npos) {
      if (skipping_) {
        in.clear();
        return std::nullopt;
      }
      if (in.size() > limit_) return exceeded(in);
      scanned_ = in.size();
      return std::nullopt;
    }
    if (skipping_) {
      skipping_ = false;
      in.consume(at + 1);
      continue;
    }
    if (at > limit_) {
      if (policy_ == too_long::skip) {
        scanned_ = 0;
        in.consume(at + 1);
      }
      return fail(errc::limit_exceeded);
    }
    scanned_ = 0;
    auto piece = in.split_to(at + 1);
    piece.remove_suffix(1);
    return piece;
  }
}

result<std::optional<bytes>> delimiter_codec::decode_end(buffer& in) {
  auto piece = decode(in);
  if (!piece || *piece || in.empty()) return piece;
  scanned_ = 0;
  return in.split();
}

result<void> delimiter_codec::encode(std::string_view piece, buffer& out) {
  if (piece.find_first_of(ends_) != std::string_view::npos)
    return fail(errc::invalid_argument, "the end of a piece within a piece");
  out.append(piece);
  out.append(written_end_);
  return {};
}

namespace {
result<std::optional<bytes>> without_return(result<std::optional<bytes>> line) {
  if (line && *line && (*line)->view().ends_with('\r')) (*line)->remove_suffix(1);
  return line;
}
}  // namespace

result<std::optional<bytes>> line_codec::decode(buffer& in) {
  return without_return(lines_.decode(in));
}
result<std::optional<bytes>> line_codec::decode_end(buffer& in) {
  return without_return(lines_.decode_end(in));
}

// ---- lengths

std::uint64_t length_codec::read_length(const buffer& in) const noexcept {
  auto field = in.view().substr(offset_, size_);
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    auto octet = static_cast<unsigned char>(field[big_endian_ ? i : size_ - 1 - i]);
    length = length << 8 | octet;
  }
  return length;
}

result<std::optional<bytes>> length_codec::decode(buffer& in) {
  auto head = std::max<std::size_t>(offset_ + size_, skip_);
  if (in.size() < head) return std::nullopt;
  auto length = read_length(in);
  if (length > limit_) return fail(errc::limit_exceeded);
  auto adjusted = static_cast<std::int64_t>(length) + adjustment_;
  if (adjusted < 0) return fail(errc::invalid_data);
  auto frame = static_cast<std::uint64_t>(adjusted);
  if (frame > limit_) return fail(errc::limit_exceeded);
  auto whole = skip_ + static_cast<std::size_t>(frame);
  if (in.size() < whole) {
    in.reserve(whole - in.size());
    return std::nullopt;
  }
  in.consume(skip_);
  return in.split_to(whole - skip_);
}

result<void> length_codec::encode(std::string_view frame, buffer& out) {
  if (offset_ != 0 || skip_ != size_) return fail(errc::unsupported);
  auto length = static_cast<std::int64_t>(frame.size()) - adjustment_;
  if (length < 0) return fail(errc::invalid_argument);
  auto value = static_cast<std::uint64_t>(length);
  auto fits = size_ == 8 || value >> (8 * size_) == 0;
  if (frame.size() > limit_ || value > limit_ || !fits) return fail(errc::limit_exceeded);
  out.reserve(size_ + frame.size());
  for (std::size_t i = 0; i < size_; ++i) {
    auto shift = 8 * (big_endian_ ? size_ - 1 - i : i);
    out.append(static_cast<char>(value >> shift & 0xff));
  }
  out.append(frame);
  return {};
}

}  // namespace io
}  // namespace v0
}  // namespace weft
