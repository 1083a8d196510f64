#pragma once

#include <weft/http/method.hpp>
#include <weft/http/version.hpp>

#include <cstddef>
#include <string_view>

#include "h1/limits.hpp"
#include "h1/rejection.hpp"

namespace weft::inline v0::http::h1 {

/// A request line in its parts (RFC 9112, section 3): the target as a position in the line.
struct request_line {
  http::method method;
  http::version version = http::version::http_1_1;
  std::size_t target = 0;
  std::size_t target_size = 0;
};

/// What the request line may take on the wire, for the guard: the longest target, and more than the
/// longest method and the version need.
constexpr auto request_line_bound(const limits& within) noexcept -> std::size_t {
  return within.target + 64;
}

/// Splits `line`, without its CR LF: METHOD SP TARGET SP VERSION, with single spaces. The target's
/// characters are checked when its text is parsed (http::target).
auto parse_request_line(std::string_view line, const limits& within, request_line& into)
    -> rejection;

}  // namespace weft::inline v0::http::h1
