#include <weft/trace/span_context.hpp>

namespace weft {
inline namespace v0 {
namespace trace {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

// Small letters only (W3C Trace Context §3.2.2).
bool read_hex(std::string_view text, std::uint8_t* bytes) noexcept {
  for (std::size_t i = 0; i < text.size(); i += 2) {
    auto high = digits.find(text[i]);
    auto low = digits.find(text[i + 1]);
    if (high == digits.npos || low == digits.npos) return false;
    bytes[i / 2] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

template <std::size_t Size>
void write_hex(std::string& out, const std::array<std::uint8_t, Size>& bytes) {
  for (auto byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

auto refuse(const char* why) noexcept {
  try {
    return fail(errc::invalid_data, why);
  } catch (...) {
    return fail(errc::invalid_data);
  }
}

}  // namespace

result<span_context> span_context::from_traceparent(std::string_view header) noexcept {
  constexpr std::size_t size = 55;
  if (header.size() < size) return refuse("traceparent: it is shorter than 55 characters");
  std::array<std::uint8_t, 1> version{};
  span_context read;
  if (!read_hex(header.substr(0, 2), version.data()) || version[0] == 0xff) {
    return refuse("traceparent: the version is not two hexadecimal digits other than ff");
  }
  if (version[0] == 0 ? header.size() != size : header.size() > size && header[size] != '-') {
    return refuse("traceparent: something follows the flags");
  }
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') {
    return refuse("traceparent: its parts are not joined by '-'");
  }
  if (!read_hex(header.substr(3, 32), read.trace_id.data()) ||
      read.trace_id == decltype(trace_id){}) {
    return refuse("traceparent: the trace's id is not 32 hexadecimal digits, not all 0");
  }
  if (!read_hex(header.substr(36, 16), read.span_id.data()) ||
      read.span_id == decltype(span_id){}) {
    return refuse("traceparent: the parent's id is not 16 hexadecimal digits, not all 0");
  }
  if (!read_hex(header.substr(53, 2), &read.flags)) {
    return refuse("traceparent: the flags are not two hexadecimal digits");
  }
  return read;
}

std::string span_context::to_traceparent() const {
  std::string header;
  if (!valid()) return header;
  header.reserve(55);
  header += "00-";
  write_hex(header, trace_id);
  header += '-';
  write_hex(header, span_id);
  header += '-';
  write_hex(header, std::array<std::uint8_t, 1>{flags});
  return header;
}

}  // namespace trace
}  // namespace v0
}  // namespace weft
