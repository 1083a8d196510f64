#pragma once

#include <cstdint>
#include <string_view>

namespace weft::inline v0::http {

/// The protocol version that a message was sent with.
enum class version : std::uint8_t { http_1_0, http_1_1, http_2 };

/// "HTTP/1.1", as it stands in a request or status line.
constexpr auto to_text(version of) noexcept -> std::string_view {
  switch (of) {
    case version::http_1_0:
      return "HTTP/1.0";
    case version::http_1_1:
      return "HTTP/1.1";
    case version::http_2:
      break;
  }
  return "HTTP/2";
}

}  // namespace weft::inline v0::http
