#pragma once

#include <weft/http/header_map.hpp>
#include <weft/http/target.hpp>
#include <weft/http/version.hpp>

#include <cstdint>

#include "h1/rejection.hpp"

namespace weft::inline v0::http::h1 {

/// What the fields of a head mean for the connection.
struct request_semantics {
  enum class body : std::uint8_t { none, length, chunked };

  body framing = body::none;
  std::uint64_t length = 0;      ///< of the body, where framing is length; never 0 then
  bool keep_alive = true;        ///< the peer lets the connection go on
  bool expect_continue = false;  ///< the peer waits for 100 (Continue) before it sends the body
};

/// Decides framing, persistence and expectation of a request, or why it is refused: RFC 9112,
/// sections 3.2, 6 and 9.3, with every ambiguity an error (hardening.md, section 1a).
auto examine_request(const header_map& fields, version of, const target& aim,
                     request_semantics& into) noexcept -> rejection;

/// Whether a field must not stand in a trailer section, since it frames, routes, authenticates or
/// describes the message (RFC 9110, section 6.5.1).
auto is_forbidden_trailer(header name) noexcept -> bool;

/// Parses 1*DIGIT up to 2^63 - 1.
auto parse_content_length(std::string_view text, std::uint64_t& into) noexcept -> bool;

}  // namespace weft::inline v0::http::h1
