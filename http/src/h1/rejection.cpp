#include "h1/rejection.hpp"

#include <array>

namespace weft::inline v0::http::h1 {

namespace {

struct rejection_entry {
  rejection id;
  status answer;
  std::string_view name;
  std::string_view text;
};

// clang-format off
constexpr std::array rejection_entries{
    rejection_entry{rejection::none, status::ok, "none", ""},
    rejection_entry{rejection::bad_start, status::bad_request, "bad_start", "a request begins with a method"},
    rejection_entry{rejection::bad_line_ending, status::bad_request, "bad_line_ending", "lines end with CR LF, and neither stands alone"},
    rejection_entry{rejection::folded_field, status::bad_request, "folded_field", "a header field must not be folded"},
    rejection_entry{rejection::empty_field_name, status::bad_request, "empty_field_name", "a header field has no name"},
    rejection_entry{rejection::bad_request_line, status::bad_request, "bad_request_line", "the request line is not METHOD TARGET VERSION"},
    rejection_entry{rejection::unknown_version, status::bad_request, "unknown_version", "the version is not HTTP/1.0 or HTTP/1.1"},
    rejection_entry{rejection::unsupported_version, status::http_version_not_supported, "unsupported_version", "only HTTP/1.0 and HTTP/1.1 are spoken here"},
    rejection_entry{rejection::method_too_long, status::not_implemented, "method_too_long", "the method is not implemented"},
    rejection_entry{rejection::bad_target, status::bad_request, "bad_target", "the request's target is malformed"},
    rejection_entry{rejection::connect_refused, status::method_not_allowed, "connect_refused", "this is no proxy"},
    rejection_entry{rejection::target_too_long, status::uri_too_long, "target_too_long", "the request's target is too long"},
    rejection_entry{rejection::head_too_large, status::request_header_fields_too_large, "head_too_large", "the request's head is too large"},
    rejection_entry{rejection::too_many_fields, status::request_header_fields_too_large, "too_many_fields", "the request has too many header fields"},
    rejection_entry{rejection::bad_field, status::bad_request, "bad_field", "a header field is malformed"},
    rejection_entry{rejection::bad_content_length, status::bad_request, "bad_content_length", "Content-Length is not a number that fits"},
    rejection_entry{rejection::conflicting_length, status::bad_request, "conflicting_length", "Content-Length is given twice, or beside Transfer-Encoding"},
    rejection_entry{rejection::bad_transfer_encoding, status::bad_request, "bad_transfer_encoding", "Transfer-Encoding must be chunked, once"},
    rejection_entry{rejection::repeated_transfer_encoding, status::bad_request, "repeated_transfer_encoding", "Transfer-Encoding is given more than once"},
    rejection_entry{rejection::transfer_encoding_in_1_0, status::bad_request, "transfer_encoding_in_1_0", "HTTP/1.0 has no Transfer-Encoding"},
    rejection_entry{rejection::unknown_coding, status::not_implemented, "unknown_coding", "the only transfer coding known here is chunked"},
    rejection_entry{rejection::missing_host, status::bad_request, "missing_host", "HTTP/1.1 requires Host"},
    rejection_entry{rejection::repeated_host, status::bad_request, "repeated_host", "Host is given more than once"},
    rejection_entry{rejection::bad_host, status::bad_request, "bad_host", "Host is not host or host:port"},
    rejection_entry{rejection::host_mismatch, status::bad_request, "host_mismatch", "Host and the request's target differ"},
    rejection_entry{rejection::bad_connection, status::bad_request, "bad_connection", "Connection is not a list of tokens"},
    rejection_entry{rejection::protected_field_nominated, status::bad_request, "protected_field_nominated", "Connection names a field that is not of this hop"},
    rejection_entry{rejection::unknown_expectation, status::expectation_failed, "unknown_expectation", "the only expectation known here is 100-continue"},
    rejection_entry{rejection::body_too_large, status::content_too_large, "body_too_large", "the request's body is too large"},
    rejection_entry{rejection::bad_chunk, status::bad_request, "bad_chunk", "a chunk is malformed"},
    rejection_entry{rejection::chunk_extensions_too_large, status::bad_request, "chunk_extensions_too_large", "the chunk extensions are too large"},
    rejection_entry{rejection::chunk_overhead_too_large, status::bad_request, "chunk_overhead_too_large", "the chunks have too little in them"},
    rejection_entry{rejection::bad_trailer, status::bad_request, "bad_trailer", "a trailer field is malformed"},
    rejection_entry{rejection::forbidden_trailer, status::bad_request, "forbidden_trailer", "a trailer section holds a field that belongs into the head"},
    rejection_entry{rejection::trailers_too_large, status::request_header_fields_too_large, "trailers_too_large", "the trailer section is too large"},
};
// clang-format on

static_assert(rejection_entries.size() == rejection_count);
static_assert(
    [] {
      for (std::size_t i = 0; i < rejection_entries.size(); ++i) {
        if (static_cast<std::size_t>(rejection_entries[i].id) != i) return false;
      }
      return true;
    }(),
    "rejection_entries follows the order of the enumeration");

auto rejection_entry_of(rejection why) noexcept -> const rejection_entry& {
  return rejection_entries[static_cast<std::size_t>(why)];
}

}  // namespace

auto status_of(rejection why) noexcept -> status {
  return rejection_entry_of(why).answer;
}
auto text_of(rejection why) noexcept -> std::string_view {
  return rejection_entry_of(why).text;
}
auto name_of(rejection why) noexcept -> std::string_view {
  return rejection_entry_of(why).name;
}

}  // namespace weft::inline v0::http::h1
