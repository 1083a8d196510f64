#include <weft/http/header.hpp>

#include <array>
#include <cstddef>

#include "header_names.hpp"
#include "text.hpp"

namespace weft::inline v0::http {

namespace {

struct header_entry {
  header id;
  std::string_view name;
};

constexpr std::array header_entries{
    header_entry{header::other, ""},
    header_entry{header::accept, "accept"},
    header_entry{header::accept_charset, "accept-charset"},
    header_entry{header::accept_encoding, "accept-encoding"},
    header_entry{header::accept_language, "accept-language"},
    header_entry{header::accept_ranges, "accept-ranges"},
    header_entry{header::access_control_allow_credentials, "access-control-allow-credentials"},
    header_entry{header::access_control_allow_headers, "access-control-allow-headers"},
    header_entry{header::access_control_allow_methods, "access-control-allow-methods"},
    header_entry{header::access_control_allow_origin, "access-control-allow-origin"},
    header_entry{header::access_control_expose_headers, "access-control-expose-headers"},
    header_entry{header::access_control_max_age, "access-control-max-age"},
    header_entry{header::access_control_request_headers, "access-control-request-headers"},
    header_entry{header::access_control_request_method, "access-control-request-method"},
    header_entry{header::age, "age"},
    header_entry{header::allow, "allow"},
    header_entry{header::alt_svc, "alt-svc"},
    header_entry{header::authorization, "authorization"},
    header_entry{header::cache_control, "cache-control"},
    header_entry{header::connection, "connection"},
    header_entry{header::content_disposition, "content-disposition"},
    header_entry{header::content_encoding, "content-encoding"},
    header_entry{header::content_language, "content-language"},
    header_entry{header::content_length, "content-length"},
    header_entry{header::content_location, "content-location"},
    header_entry{header::content_range, "content-range"},
    header_entry{header::content_security_policy, "content-security-policy"},
    header_entry{header::content_type, "content-type"},
    header_entry{header::cookie, "cookie"},
    header_entry{header::date, "date"},
    header_entry{header::etag, "etag"},
    header_entry{header::expect, "expect"},
    header_entry{header::expires, "expires"},
    header_entry{header::forwarded, "forwarded"},
    header_entry{header::from, "from"},
    header_entry{header::grpc_accept_encoding, "grpc-accept-encoding"},
    header_entry{header::grpc_encoding, "grpc-encoding"},
    header_entry{header::grpc_message, "grpc-message"},
    header_entry{header::grpc_status, "grpc-status"},
    header_entry{header::grpc_timeout, "grpc-timeout"},
    header_entry{header::host, "host"},
    header_entry{header::http2_settings, "http2-settings"},
    header_entry{header::if_match, "if-match"},
    header_entry{header::if_modified_since, "if-modified-since"},
    header_entry{header::if_none_match, "if-none-match"},
    header_entry{header::if_range, "if-range"},
    header_entry{header::if_unmodified_since, "if-unmodified-since"},
    header_entry{header::keep_alive, "keep-alive"},
    header_entry{header::last_event_id, "last-event-id"},
    header_entry{header::last_modified, "last-modified"},
    header_entry{header::link, "link"},
    header_entry{header::location, "location"},
    header_entry{header::max_forwards, "max-forwards"},
    header_entry{header::origin, "origin"},
    header_entry{header::pragma, "pragma"},
    header_entry{header::priority, "priority"},
    header_entry{header::proxy_authenticate, "proxy-authenticate"},
    header_entry{header::proxy_authorization, "proxy-authorization"},
    header_entry{header::proxy_connection, "proxy-connection"},
    header_entry{header::range, "range"},
    header_entry{header::referer, "referer"},
    header_entry{header::referrer_policy, "referrer-policy"},
    header_entry{header::retry_after, "retry-after"},
    header_entry{header::sec_fetch_dest, "sec-fetch-dest"},
    header_entry{header::sec_fetch_mode, "sec-fetch-mode"},
    header_entry{header::sec_fetch_site, "sec-fetch-site"},
    header_entry{header::sec_fetch_user, "sec-fetch-user"},
    header_entry{header::sec_websocket_accept, "sec-websocket-accept"},
    header_entry{header::sec_websocket_extensions, "sec-websocket-extensions"},
    header_entry{header::sec_websocket_key, "sec-websocket-key"},
    header_entry{header::sec_websocket_protocol, "sec-websocket-protocol"},
    header_entry{header::sec_websocket_version, "sec-websocket-version"},
    header_entry{header::server, "server"},
    header_entry{header::set_cookie, "set-cookie"},
    header_entry{header::strict_transport_security, "strict-transport-security"},
    header_entry{header::te, "te"},
    header_entry{header::traceparent, "traceparent"},
    header_entry{header::tracestate, "tracestate"},
    header_entry{header::trailer, "trailer"},
    header_entry{header::transfer_encoding, "transfer-encoding"},
    header_entry{header::upgrade, "upgrade"},
    header_entry{header::upgrade_insecure_requests, "upgrade-insecure-requests"},
    header_entry{header::user_agent, "user-agent"},
    header_entry{header::vary, "vary"},
    header_entry{header::via, "via"},
    header_entry{header::www_authenticate, "www-authenticate"},
    header_entry{header::x_content_type_options, "x-content-type-options"},
    header_entry{header::x_forwarded_for, "x-forwarded-for"},
    header_entry{header::x_forwarded_host, "x-forwarded-host"},
    header_entry{header::x_forwarded_proto, "x-forwarded-proto"},
    header_entry{header::x_frame_options, "x-frame-options"},
    header_entry{header::x_request_id, "x-request-id"},
};

static_assert(
    [] {
      for (std::size_t i = 0; i < header_entries.size(); ++i) {
        if (static_cast<std::size_t>(header_entries[i].id) != i) return false;
      }
      return true;
    }(),
    "header_entries follows the order of the enumeration");

constexpr std::size_t longest_header = [] {
  std::size_t longest = 0;
  for (const auto& entry : header_entries) {
    if (entry.name.size() > longest) longest = entry.name.size();
  }
  return longest;
}();

// The known names sorted by length, and where each length begins: a name is compared with the few
// of its own length only.
struct headers_by_length {
  std::array<header, header_entries.size()> ids{};
  std::array<std::uint8_t, longest_header + 2> first{};

  constexpr headers_by_length() {
    std::size_t filled = 0;
    for (std::size_t length = 0; length <= longest_header; ++length) {
      first[length] = static_cast<std::uint8_t>(filled);
      for (const auto& entry : header_entries) {
        if (entry.name.size() == length) ids[filled++] = entry.id;
      }
    }
    first[longest_header + 1] = static_cast<std::uint8_t>(filled);
  }
};
constexpr headers_by_length header_lengths;

// "content-type" as "Content-Type": how names are usually written in HTTP/1.
constexpr std::size_t longest_wire_header = 40;
static_assert(longest_header <= longest_wire_header);
using wire_header = std::array<char, longest_wire_header>;

constexpr auto wire_headers = [] {
  std::array<wire_header, header_entries.size()> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    bool first = true;
    for (std::size_t k = 0; k < header_entries[i].name.size(); ++k) {
      const char c = header_entries[i].name[k];
      table[i][k] = first && c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
      first = c == '-';
    }
  }
  return table;
}();

}  // namespace

auto to_text(header name) noexcept -> std::string_view {
  const auto index = static_cast<std::size_t>(name);
  return index < header_entries.size() ? header_entries[index].name : std::string_view();
}

auto detail::wire_name(header name) noexcept -> std::string_view {
  const auto index = static_cast<std::size_t>(name);
  if (index >= header_entries.size()) return {};
  return {wire_headers[index].data(), header_entries[index].name.size()};
}

auto find_header(std::string_view name) noexcept -> header {
  const auto length = name.size();
  if (length == 0 || length > longest_header) return header::other;
  const auto last = detail::lower(name[length - 1]);
  for (auto i = header_lengths.first[length]; i < header_lengths.first[length + 1]; ++i) {
    const auto candidate = header_entries[static_cast<std::size_t>(header_lengths.ids[i])].name;
    if (candidate[length - 1] == last && detail::same_ignoring_case(name, candidate)) {
      return header_lengths.ids[i];
    }
  }
  return header::other;
}

}  // namespace weft::inline v0::http
