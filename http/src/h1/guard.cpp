#include "h1/guard.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace weft::inline v0::http::h1 {

auto find_line_end_portable(std::string_view text, std::size_t from) noexcept -> std::size_t {
  while (from < text.size() && text[from] != '\r' && text[from] != '\n') ++from;
  return from;
}

#ifdef __SSE2__

namespace {

// One bit for each of the 16 bytes at `from` that is CR or LF.
auto line_ends_in_block(const char* from) noexcept -> unsigned {
  const auto block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  const auto found = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('\r')),
                                  _mm_cmpeq_epi8(block, _mm_set1_epi8('\n')));
  return static_cast<unsigned>(_mm_movemask_epi8(found));
}

}  // namespace

auto find_line_end(std::string_view text, std::size_t from) noexcept -> std::size_t {
  constexpr std::size_t block = 16;
  const auto size = text.size();
  if (size < block) return find_line_end_portable(text, from);
  for (; from + block <= size; from += block) {
    if (const auto found = line_ends_in_block(text.data() + from); found != 0) {
      return from + static_cast<std::size_t>(std::countr_zero(found));
    }
  }
  // The last block overlaps what was seen already.
  const auto last = size - block;
  const auto unseen = line_ends_in_block(text.data() + last) >> (from - last);
  return unseen != 0 ? from + static_cast<std::size_t>(std::countr_zero(unseen)) : size;
}

#else

auto find_line_end(std::string_view text, std::size_t from) noexcept -> std::size_t {
  return find_line_end_portable(text, from);
}

#endif

void guard::start_head(const bounds& within) noexcept {
  *this = guard();
  bounds_ = within;
}

void guard::start_trailers(const bounds& within) noexcept {
  *this = guard();
  bounds_ = within;
  place_ = place::line_start;
  in_first_line_ = false;
}

auto guard::refuse(rejection why) noexcept -> verdict {
  why_ = why;
  return verdict::refused;
}

// Looks at the first byte of a line. A lone LF is left for what looks for line endings.
auto guard::begin_line(char first) noexcept -> bool {
  line_is_empty_ = first == '\r';
  if (line_is_empty_ || first == '\n') return true;
  if (first == ' ' || first == '\t') {
    why_ = rejection::folded_field;
  } else if (first == ':') {
    why_ = rejection::empty_field_name;
  } else if (++fields_ > bounds_.fields) {
    why_ = rejection::too_many_fields;
  }
  return why_ == rejection::none;
}

auto guard::scan(std::string_view section) noexcept -> verdict {
  for (;;) {
    // Bytes beyond a limit are not looked at: the limit is what refuses them.
    const auto limit =
        in_first_line_ ? std::min(bounds_.first_line, bounds_.section) : bounds_.section;
    const auto seen = section.substr(0, limit);
    if (position_ >= seen.size()) {
      if (position_ < limit) return verdict::need_more;
      return refuse(in_first_line_ && limit < bounds_.section ? rejection::target_too_long
                                                              : rejection::head_too_large);
    }
    switch (place_) {
      case place::line_start:
        if (!begin_line(seen[position_])) return verdict::refused;
        place_ = place::in_line;
        [[fallthrough]];
      case place::in_line:
        position_ = find_line_end(seen, position_);
        if (position_ == seen.size()) break;
        if (seen[position_] == '\n') return refuse(rejection::bad_line_ending);
        ++position_;
        place_ = place::after_cr;
        if (position_ == seen.size()) break;
        [[fallthrough]];
      case place::after_cr:
        if (seen[position_] != '\n') return refuse(rejection::bad_line_ending);
        ++position_;
        if (line_is_empty_) return verdict::complete;
        if (in_first_line_) first_line_ = position_;
        in_first_line_ = false;
        place_ = place::line_start;
        break;
    }
  }
}

}  // namespace weft::inline v0::http::h1
