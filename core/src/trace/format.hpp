// Values, times and names as text.
#pragma once

#include <weft/trace/field.hpp>
#include <weft/trace/span_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft {
inline namespace v0 {
namespace detail {

// As it is: numbers in the shortest form that reads back the same, durations as 1.5ms.
void append_value(std::string& out, const trace::value& of);
// RFC 3339, UTC, microseconds.
void append_time(std::string& out, std::chrono::nanoseconds since_1970);
void append_hex(std::string& out, const std::uint8_t* bytes, std::size_t count);

// The length of the well-formed sequence at the beginning; 0: there is none (RFC 3629 §4).
std::size_t utf8_length(std::string_view text) noexcept;

// Control characters as \u{…}; text that has a blank or a quote in it, in quotes.
void append_readable(std::string& out, std::string_view text);
void append_readable_value(std::string& out, const trace::value& of);

// RFC 8259, with the quotes.
void append_json(std::string& out, std::string_view text);
void append_json_value(std::string& out, const trace::value& of);

}  // namespace detail
}  // namespace v0
}  // namespace weft
