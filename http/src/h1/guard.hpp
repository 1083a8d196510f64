#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "h1/rejection.hpp"

namespace weft::inline v0::http::h1 {

/// The first look at a head or a trailer section, before any parser sees it.
///
/// It finds where the section ends (CR LF CR LF), and refuses on the way what parsers have been
/// confused with: LF without CR, CR without LF, folded lines, lines that begin with a colon, and
/// sections that are too large or have too many lines. The parser behind it is then only ever fed
/// with a whole section.
///
/// It reads every byte once, in order, however the bytes arrive: scan() is called with the section
/// from its first byte to what has arrived so far, and goes on where it stopped. What it decides
/// depends on the bytes alone and never on how they were split.
class guard {
 public:
  struct bounds {
    std::size_t first_line = 0;  ///< what the request line may take; 0 when fields come at once
    std::size_t section = 0;
    std::size_t fields = 0;
  };
  enum class verdict : std::uint8_t { need_more, complete, refused };

  /// For a head: a request line, then fields.
  void start_head(const bounds& within) noexcept;
  /// For a trailer section: fields, or the empty line at once.
  void start_trailers(const bounds& within) noexcept;

  /// `section` begins with the section's first byte and has at least the bytes of the call before.
  auto scan(std::string_view section) noexcept -> verdict;

  /// The size of the section with its empty line, once it is complete.
  [[nodiscard]] auto size() const noexcept -> std::size_t { return position_; }
  /// The size of the request line with its CR LF, once that has arrived; else 0.
  [[nodiscard]] auto first_line() const noexcept -> std::size_t { return first_line_; }
  [[nodiscard]] auto fields() const noexcept -> std::size_t { return fields_; }
  [[nodiscard]] auto why() const noexcept -> rejection { return why_; }

 private:
  enum class place : std::uint8_t { line_start, in_line, after_cr };

  bounds bounds_;
  std::size_t position_ = 0;
  std::size_t first_line_ = 0;
  std::size_t fields_ = 0;
  place place_ = place::in_line;
  bool in_first_line_ = true;
  bool line_is_empty_ = false;
  rejection why_ = rejection::none;

  auto begin_line(char first) noexcept -> bool;
  auto refuse(rejection why) noexcept -> verdict;
};

/// The index of the first CR or LF in `text` at or after `from`, or its size.
/// find_line_end uses SSE2 where there is SSE2; find_line_end_portable never does, and is there to
/// compare with.
auto find_line_end(std::string_view text, std::size_t from) noexcept -> std::size_t;
auto find_line_end_portable(std::string_view text, std::size_t from) noexcept -> std::size_t;

}  // namespace weft::inline v0::http::h1
