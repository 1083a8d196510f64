#include "trace/format.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

template <class Number>
void append_number(std::string& out, Number of) {
  std::array<char, 64> text;
  auto end = std::to_chars(text.data(), text.data() + text.size(), of).ptr;
  out.append(text.data(), end);
}

void append_padded(std::string& out, unsigned number, std::size_t width) {
  std::array<char, 16> text;
  auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  auto size = static_cast<std::size_t>(end - text.data());
  if (size < width) out.append(width - size, '0');
  out.append(text.data(), size);
}

void append_duration(std::string& out, std::int64_t ns) {
  struct unit {
    double size;
    std::string_view name;
  };
  constexpr std::array<unit, 4> units{{{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}}};
  for (const auto& [size, name] : units) {
    if (std::abs(static_cast<double>(ns)) < size && size > 1) continue;
    append_number(out, static_cast<double>(ns) / size);
    out += name;
    return;
  }
}

}  // namespace

std::size_t utf8_length(std::string_view text) noexcept {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  auto first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !follows(1)) return 0;
  if (first < 0xe0) return 2;
  auto second = byte(1);
  if (first < 0xf0) {
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
    return follows(2) ? 3 : 0;
  }
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return follows(2) && follows(3) ? 4 : 0;
}

namespace {

bool is_plain(char c) noexcept {
  return c >= ' ' && c < 0x7f;
}

// Whether it is a control character of ISO 6429 in UTF-8: U+0080 to U+009F.
bool is_c1(std::string_view sequence) noexcept {
  return sequence.size() == 2 && static_cast<unsigned char>(sequence[0]) == 0xc2 &&
         static_cast<unsigned char>(sequence[1]) < 0xa0;
}

void append_escape(std::string& out, unsigned char byte) {
  out += "\\u{";
  if (byte >= 16) out += digits[byte >> 4];
  out += digits[byte & 15];
  out += '}';
}

}  // namespace

void append_value(std::string& out, const trace::value& of) {
  using enum trace::value::kind;
  switch (of.what()) {
    case boolean:
      out += of.boolean() ? "true" : "false";
      return;
    case integer:
      return append_number(out, of.integer());
    case natural:
      return append_number(out, of.natural());
    case real:
      return append_number(out, of.real());
    case text:
      out += of.text();
      return;
    case duration:
      return append_duration(out, of.integer());
    case failure:
      out += of.failure().message();
      return;
  }
}

void append_time(std::string& out, std::chrono::nanoseconds since_1970) {
  auto seconds = static_cast<std::time_t>(since_1970.count() / 1'000'000'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  append_padded(out, static_cast<unsigned>(parts.tm_year + 1900), 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(parts.tm_mon + 1), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(parts.tm_mday), 2);
  out += 'T';
  append_padded(out, static_cast<unsigned>(parts.tm_hour), 2);
  out += ':';
  append_padded(out, static_cast<unsigned>(parts.tm_min), 2);
  out += ':';
  append_padded(out, static_cast<unsigned>(parts.tm_sec), 2);
  out += '.';
  append_padded(out, static_cast<unsigned>(since_1970.count() / 1000 % 1'000'000), 6);
  out += 'Z';
}

void append_hex(std::string& out, const std::uint8_t* bytes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
}

void append_readable(std::string& out, std::string_view text) {
  while (!text.empty()) {
    auto length = utf8_length(text);
    auto sequence = text.substr(0, length ? length : 1);
    if (length == 1 ? is_plain(text[0]) : length > 1 && !is_c1(sequence)) {
      out += sequence;
    } else {
      append_escape(out, static_cast<unsigned char>(sequence.back()));
    }
    text.remove_prefix(sequence.size());
  }
}

void append_readable_value(std::string& out, const trace::value& of) {
  std::string plain;
  append_value(plain, of);
  bool is_word = of.what() != trace::value::kind::text && of.what() != trace::value::kind::failure;
  if (is_word || (!plain.empty() && plain.find_first_of(" \"={},") == plain.npos)) {
    return append_readable(out, plain);
  }
  out += '"';
  for (std::size_t begin = 0; begin <= plain.size();) {
    auto quote = plain.find('"', begin);
    append_readable(out, std::string_view(plain).substr(begin, quote - begin));
    if (quote == plain.npos) break;
    out += "\\\"";
    begin = quote + 1;
  }
  out += '"';
}

void append_json(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    auto length = utf8_length(text);
    auto sequence = text.substr(0, length ? length : 1);
    auto first = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (first == '"' || first == '\\') {
      out += '\\';
      out += text[0];
    } else if (first < ' ') {
      out += "\\u00";
      out += digits[first >> 4];
      out += digits[first & 15];
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  out += '"';
}

void append_json_value(std::string& out, const trace::value& of) {
  using enum trace::value::kind;
  switch (of.what()) {
    case text:
      return append_json(out, of.text());
    case failure:
      return append_json(out, of.failure().message());
    case duration:
      return append_number(out, of.integer());
    case real:
      if (!std::isfinite(of.real())) {
        out += "null";
        return;
      }
      return append_number(out, of.real());
    default:
      return append_value(out, of);
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
