#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// The characters and small grammars that HTTP is made of (RFC 9110, section 5.6).

namespace weft::inline v0::http::detail {

namespace char_class {
inline constexpr std::uint8_t token = 1;   // tchar
inline constexpr std::uint8_t value = 2;   // what a field value may hold
inline constexpr std::uint8_t target = 4;  // what a request target may hold: visible ASCII but '#'
inline constexpr std::uint8_t host = 8;    // reg-name, without '%' (RFC 3986, section 3.2.2)
inline constexpr std::uint8_t hex = 16;
}  // namespace char_class

inline constexpr auto char_classes = [] {
  std::array<std::uint8_t, 256> table{};
  auto mark = [&table](std::string_view chars, int of) {
    for (const char c : chars) {
      auto& entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | of);
    }
  };
  mark("0123456789ABCDEFabcdef", char_class::hex);
  mark("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
       char_class::token | char_class::host);
  mark("!#$%&'*+-.^_`|~", char_class::token);
  mark("-._~!$&'()*+,;=", char_class::host);
  for (std::size_t c = 0x21; c < 0x7f; ++c) {
    table[c] = static_cast<std::uint8_t>(table[c] | char_class::target | char_class::value);
  }
  for (std::size_t c = 0x80; c < 0x100; ++c) table[c] = char_class::value;
  mark(" \t", char_class::value);
  table['#'] = static_cast<std::uint8_t>(table['#'] & ~char_class::target);
  return table;
}();

inline auto has_class(char c, std::uint8_t of) noexcept -> bool {
  return (char_classes[static_cast<unsigned char>(c)] & of) != 0;
}

inline auto all_of_class(std::string_view text, std::uint8_t of) noexcept -> bool {
  for (const char c : text) {
    if (!has_class(c, of)) return false;
  }
  return true;
}

inline auto is_token(std::string_view text) noexcept -> bool {
  return !text.empty() && all_of_class(text, char_class::token);
}

inline auto is_digit(char c) noexcept -> bool {
  return c >= '0' && c <= '9';
}

inline auto lower(char c) noexcept -> char {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Eight letters at once; other bytes stay as they are.
inline auto lower(std::uint64_t word) noexcept -> std::uint64_t {
  constexpr auto every = 0x0101'0101'0101'0101U;
  const auto low7 = word & (0x7f * every);
  const auto from_a = low7 + (0x80 - 'A') * every;       // bit 7 set where a byte is >= 'A'
  const auto after_z = low7 + (0x80 - 'Z' - 1) * every;  // ... > 'Z'
  const auto upper = (from_a ^ after_z) & ~word & (0x80 * every);
  return word | (upper >> 2);
}

inline auto load64(const char* from) noexcept -> std::uint64_t {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

inline auto same_ignoring_case(std::string_view left, std::string_view right) noexcept -> bool {
  const auto size = left.size();
  if (size != right.size()) return false;
  if (size < 8) {
    for (std::size_t i = 0; i < size; ++i) {
      if (lower(left[i]) != lower(right[i])) return false;
    }
    return true;
  }
  for (std::size_t i = 0; i + 8 < size; i += 8) {
    if (lower(load64(left.data() + i)) != lower(load64(right.data() + i))) return false;
  }
  const auto last = size - 8;
  return lower(load64(left.data() + last)) == lower(load64(right.data() + last));
}

/// Without spaces and tabs around it.
inline auto trimmed(std::string_view text) noexcept -> std::string_view {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Calls `each` with every element of a comma-separated list, trimmed, empty ones included, until
/// it returns false; tells whether it never did.
template <class Each>
auto for_each_element(std::string_view list, Each&& each) -> bool {
  for (;;) {
    const auto comma = list.find(',');
    if (!each(trimmed(list.substr(0, comma)))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace weft::inline v0::http::detail
