#pragma once

#include <weft/error.hpp>

#include <expected>
#include <string>
#include <type_traits>
#include <utility>

// What fallible operations return: a value or an error.
//
//   auto parse_port(std::string_view text) -> weft::result<std::uint16_t> {
//     if (text.empty()) return weft::fail(weft::errc::invalid_argument, "the port is empty");
//     ...
//   }

namespace weft::inline v0 {

/// A value of type T, or the error that stands in its place. `.value()` throws for those who want
/// an exception at the edge.
template <class T>
using result = std::expected<T, error>;

/// A value that says nothing, where a void must be a regular type.
struct unit {
  friend auto operator==(unit, unit) noexcept -> bool = default;
};

template <class T>
inline constexpr bool is_result_v = false;

template <class T>
inline constexpr bool is_result_v<std::expected<T, error>> = true;

/// Converts to any result<T> that failed with `cause`.
[[nodiscard]] inline auto fail(error cause) noexcept -> std::unexpected<error> {
  return std::unexpected<error>(std::move(cause));
}

template <detail::error_code_enum E>
[[nodiscard]] auto fail(E code) noexcept -> std::unexpected<error> {
  return std::unexpected<error>(error(code));
}

/// With a sentence on what was being done. Allocates the sentence.
template <detail::error_code_enum E>
[[nodiscard]] auto fail(E code, std::string context) noexcept -> std::unexpected<error> {
  return std::unexpected<error>(error(code, std::move(context)));
}

}  // namespace weft::inline v0
