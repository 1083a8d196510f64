#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::inline v0::http::h1 {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7), always 29 characters.
inline constexpr std::size_t date_size = 29;

/// Writes the date of `unix_seconds`, a time between the years 1 and 9999, to `out`.
void format_date(std::int64_t unix_seconds, char* out) noexcept;

/// Parts of responses that change once a second: they are formatted when the second changes, and
/// copied in between. One for each thread is kept by second_cache::at().
class second_cache {
 public:
  /// The calling thread's, brought up to `unix_seconds`. Valid until the next call in this thread.
  static auto at(std::int64_t unix_seconds) noexcept -> const second_cache&;

  /// "Date: …" CR LF
  [[nodiscard]] auto date_line() const noexcept -> std::string_view {
    return {text_.data() + status_line.size(), date_line_size};
  }
  /// "HTTP/1.1 200 OK" CR LF "Date: …" CR LF
  [[nodiscard]] auto ok_with_date() const noexcept -> std::string_view {
    return {text_.data(), text_.size()};
  }

 private:
  static constexpr std::string_view status_line = "HTTP/1.1 200 OK\r\n";
  static constexpr std::string_view date_name = "Date: ";
  static constexpr std::size_t date_line_size = date_name.size() + date_size + 2;

  std::int64_t second_ = -1;
  std::array<char, status_line.size() + date_line_size> text_{};

  void refresh(std::int64_t unix_seconds) noexcept;
};

}  // namespace weft::inline v0::http::h1
