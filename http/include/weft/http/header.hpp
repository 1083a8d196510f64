#pragma once

#include <weft/export.hpp>

#include <concepts>
#include <cstdint>
#include <string_view>

namespace weft::inline v0::http {

/// The field names that are met often, as small numbers: comparing and finding them is comparing a
/// byte. In alphabetical order.
enum class header : std::uint8_t {
  other,  ///< any name that is not in this list
  accept,
  accept_charset,
  accept_encoding,
  accept_language,
  accept_ranges,
  access_control_allow_credentials,
  access_control_allow_headers,
  access_control_allow_methods,
  access_control_allow_origin,
  access_control_expose_headers,
  access_control_max_age,
  access_control_request_headers,
  access_control_request_method,
  age,
  allow,
  alt_svc,
  authorization,
  cache_control,
  connection,
  content_disposition,
  content_encoding,
  content_language,
  content_length,
  content_location,
  content_range,
  content_security_policy,
  content_type,
  cookie,
  date,
  etag,
  expect,
  expires,
  forwarded,
  from,
  grpc_accept_encoding,
  grpc_encoding,
  grpc_message,
  grpc_status,
  grpc_timeout,
  host,
  http2_settings,
  if_match,
  if_modified_since,
  if_none_match,
  if_range,
  if_unmodified_since,
  keep_alive,
  last_event_id,
  last_modified,
  link,
  location,
  max_forwards,
  origin,
  pragma,
  priority,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  range,
  referer,
  referrer_policy,
  retry_after,
  sec_fetch_dest,
  sec_fetch_mode,
  sec_fetch_site,
  sec_fetch_user,
  sec_websocket_accept,
  sec_websocket_extensions,
  sec_websocket_key,
  sec_websocket_protocol,
  sec_websocket_version,
  server,
  set_cookie,
  strict_transport_security,
  te,
  traceparent,
  tracestate,
  trailer,
  transfer_encoding,
  upgrade,
  upgrade_insecure_requests,
  user_agent,
  vary,
  via,
  www_authenticate,
  x_content_type_options,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_frame_options,
  x_request_id,
};

/// "content-type"; empty for header::other. Static storage.
WEFT_API auto to_text(header name) noexcept -> std::string_view;

/// The known name that `name` spells in any case, or header::other.
WEFT_API auto find_header(std::string_view name) noexcept -> header;

/// A field name as a parameter: a known one, or any text. Refers to the text and does not own it.
class header_name {
 public:
  header_name(header known) noexcept  // NOLINT(google-explicit-constructor): a parameter type
      : known_(known), text_(to_text(known)) {}
  template <std::convertible_to<std::string_view> Text>
  header_name(const Text& text) noexcept  // NOLINT(google-explicit-constructor)
      : text_(text) {
    known_ = find_header(text_);
  }

  [[nodiscard]] auto known() const noexcept -> header { return known_; }
  [[nodiscard]] auto text() const noexcept -> std::string_view { return text_; }

 private:
  header known_ = header::other;
  std::string_view text_;
};

}  // namespace weft::inline v0::http
