#pragma once

#include <weft/http/status.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::inline v0::http::h1 {

/// Why a message was refused. Each has the status to answer with, a sentence for the peer, and a
/// name for counters. After any of them the connection is closed: where the next message begins is
/// not known any more.
enum class rejection : std::uint8_t {
  none,
  // the shape of the head
  bad_start,
  bad_line_ending,
  folded_field,
  empty_field_name,
  bad_request_line,
  unknown_version,
  unsupported_version,
  method_too_long,
  bad_target,
  connect_refused,
  target_too_long,
  head_too_large,
  too_many_fields,
  bad_field,
  // what the fields say
  bad_content_length,
  conflicting_length,
  bad_transfer_encoding,
  repeated_transfer_encoding,
  transfer_encoding_in_1_0,
  unknown_coding,
  missing_host,
  repeated_host,
  bad_host,
  host_mismatch,
  bad_connection,
  protected_field_nominated,
  unknown_expectation,
  // the body
  body_too_large,
  bad_chunk,
  chunk_extensions_too_large,
  chunk_overhead_too_large,
  bad_trailer,
  forbidden_trailer,
  trailers_too_large,
};

/// The number of rejections, for tables of counters.
inline constexpr std::size_t rejection_count =
    static_cast<std::size_t>(rejection::trailers_too_large) + 1;

/// The status to answer with.
auto status_of(rejection why) noexcept -> status;
/// A sentence for the peer; static storage.
auto text_of(rejection why) noexcept -> std::string_view;
/// "bad_content_length": the name of its counter; static storage.
auto name_of(rejection why) noexcept -> std::string_view;

}  // namespace weft::inline v0::http::h1
