#include "h1/chunked.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "h1/fields.hpp"
#include "h1/semantics.hpp"
#include "text.hpp"

namespace weft::inline v0::http::h1 {

namespace {

constexpr std::uint8_t max_chunk_digits = 16;
constexpr auto max_chunk_size =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

auto hex_value(char c) noexcept -> int {
  if (detail::is_digit(c)) return c - '0';
  const auto letter = detail::lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

}  // namespace

auto chunk_decoder::refuse(rejection why) noexcept -> bool {
  why_ = why;
  return false;
}

auto chunk_decoder::take_size(char c) noexcept -> bool {
  if (const auto digit = hex_value(c); digit >= 0) {
    if (++digits_ > max_chunk_digits || size_ > (max_chunk_size >> 4)) {
      return refuse(rejection::bad_chunk);
    }
    size_ = size_ * 16 + static_cast<std::uint64_t>(digit);
    return true;
  }
  if (digits_ == 0 || (c != '\r' && c != ';')) return refuse(rejection::bad_chunk);
  place_ = c == '\r' ? place::size_lf : place::extension;
  extension_ = 0;
  return true;
}

auto chunk_decoder::take_extension(char c, const limits& within) noexcept -> bool {
  if (c == '\r') {
    place_ = place::size_lf;
    return true;
  }
  if (!detail::has_class(c, detail::char_class::value)) return refuse(rejection::bad_chunk);
  if (++extension_ > within.chunk_extension || ++extensions_ > within.chunk_extensions) {
    return refuse(rejection::chunk_extensions_too_large);
  }
  return true;
}

// The line of a chunk is complete: its size may be judged.
auto chunk_decoder::end_of_line(const limits& within) noexcept -> bool {
  if (size_ > body_limit_ || body_ > body_limit_ - size_) {
    return refuse(rejection::body_too_large);
  }
  const std::size_t line = digits_ + extension_ + 2;
  const auto fair_share = 16 + 2 * std::min<std::uint64_t>(size_, 1 << 20);
  overhead_ += line;
  overhead_ -= static_cast<std::size_t>(std::min<std::uint64_t>(overhead_, fair_share));
  if (overhead_ > within.chunk_overhead) return refuse(rejection::chunk_overhead_too_large);
  body_ += size_;
  digits_ = 0;
  extension_ = 0;
  if (size_ != 0) {
    place_ = place::data;
  } else {
    place_ = place::trailers;
    guard_.start_trailers({0, within.trailers, within.trailer_fields});
  }
  return true;
}

auto chunk_decoder::take(char c, const limits& within) noexcept -> bool {
  switch (place_) {
    case place::size:
      return take_size(c);
    case place::extension:
      return take_extension(c, within);
    case place::size_lf:
      return c == '\n' ? end_of_line(within) : refuse(rejection::bad_chunk);
    case place::data_cr:
      place_ = place::data_lf;
      return c == '\r' || refuse(rejection::bad_chunk);
    case place::data_lf:
      place_ = place::size;
      return c == '\n' || refuse(rejection::bad_chunk);
    case place::data:
    case place::trailers:
    case place::done:
      break;
  }
  return false;
}

// Reads what is neither data nor trailers; returns how many bytes that were.
auto chunk_decoder::read_framing(std::string_view text, const limits& within) noexcept
    -> std::size_t {
  std::size_t read = 0;
  while (read < text.size() && place_ != place::data && place_ != place::trailers &&
         take(text[read], within)) {
    ++read;
  }
  return read;
}

auto chunk_decoder::read_trailers(buffer& in, header_map& trailers) -> step {
  switch (guard_.scan(in.view())) {
    case guard::verdict::need_more:
      return step::need_more;
    case guard::verdict::refused: {
      const auto why = guard_.why();
      const bool too_large = why == rejection::head_too_large || why == rejection::too_many_fields;
      refuse(too_large ? rejection::trailers_too_large : rejection::bad_trailer);
      return step::refused;
    }
    case guard::verdict::complete:
      break;
  }
  place_ = place::done;
  auto section = in.split_to(guard_.size());
  if (guard_.fields() == 0) return step::end;
  if (parse_fields(std::move(section), 0, guard_.fields(), trailers) != rejection::none) {
    refuse(rejection::bad_trailer);
    return step::refused;
  }
  for (const auto& field : trailers) {
    if (is_forbidden_trailer(field.known)) {
      refuse(rejection::forbidden_trailer);
      return step::refused;
    }
  }
  return step::trailers;
}

auto chunk_decoder::advance(buffer& in, const limits& within, bytes& slice, header_map& trailers)
    -> step {
  if (why_ != rejection::none) return step::refused;
  if (place_ == place::done) return step::end;
  if (place_ != place::data && place_ != place::trailers) {
    in.consume(read_framing(in.view(), within));
    if (why_ != rejection::none) return step::refused;
  }
  if (place_ == place::trailers) return read_trailers(in, trailers);
  if (place_ != place::data || in.empty()) return step::need_more;
  slice = in.split_to(static_cast<std::size_t>(std::min<std::uint64_t>(size_, in.size())));
  size_ -= slice.size();
  if (size_ == 0) place_ = place::data_cr;
  return step::data;
}

}  // namespace weft::inline v0::http::h1
