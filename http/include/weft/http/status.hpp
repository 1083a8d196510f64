#pragma once

#include <weft/export.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weft::inline v0::http {

/// A status code (RFC 9110, section 15): any number from 100 to 999. The registered ones have names
/// and reason phrases.
class status {
 public:
  // clang-format off
  static const status
      continue_,  // NOLINT(readability-identifier-naming): continue is a keyword
      switching_protocols, processing, early_hints,
      ok, created, accepted, non_authoritative_information, no_content, reset_content,
      partial_content, multi_status, already_reported, im_used,
      multiple_choices, moved_permanently, found, see_other, not_modified, temporary_redirect,
      permanent_redirect,
      bad_request, unauthorized, payment_required, forbidden, not_found, method_not_allowed,
      not_acceptable, proxy_authentication_required, request_timeout, conflict, gone,
      length_required, precondition_failed, content_too_large, uri_too_long,
      unsupported_media_type, range_not_satisfiable, expectation_failed, misdirected_request,
      unprocessable_content, locked, failed_dependency, too_early, upgrade_required,
      precondition_required, too_many_requests, request_header_fields_too_large,
      unavailable_for_legal_reasons,
      internal_server_error, not_implemented, bad_gateway, service_unavailable, gateway_timeout,
      http_version_not_supported, variant_also_negotiates, insufficient_storage, loop_detected,
      network_authentication_required;
  // clang-format on

  /// 200.
  constexpr status() noexcept = default;

  /// Nothing when `code` is below 100 or above 999.
  static constexpr auto from_code(int code) noexcept -> std::optional<status> {
    if (code < 100 || code > 999) return std::nullopt;
    return status(static_cast<std::uint16_t>(code));
  }

  [[nodiscard]] constexpr auto code() const noexcept -> int { return code_; }

  /// "Not Found"; empty when the code is not registered. Static storage.
  [[nodiscard]] WEFT_API auto reason() const noexcept -> std::string_view;

  [[nodiscard]] constexpr auto is_informational() const noexcept -> bool { return code_ < 200; }
  [[nodiscard]] constexpr auto is_success() const noexcept -> bool { return code_ / 100 == 2; }
  [[nodiscard]] constexpr auto is_redirection() const noexcept -> bool { return code_ / 100 == 3; }
  [[nodiscard]] constexpr auto is_client_error() const noexcept -> bool { return code_ / 100 == 4; }
  [[nodiscard]] constexpr auto is_server_error() const noexcept -> bool { return code_ / 100 == 5; }

  friend constexpr auto operator<=>(status, status) noexcept = default;

 private:
  std::uint16_t code_ = 200;

  constexpr explicit status(std::uint16_t code) noexcept : code_(code) {}
};

inline constexpr status status::continue_{100};
inline constexpr status status::switching_protocols{101};
inline constexpr status status::processing{102};
inline constexpr status status::early_hints{103};
inline constexpr status status::ok{200};
inline constexpr status status::created{201};
inline constexpr status status::accepted{202};
inline constexpr status status::non_authoritative_information{203};
inline constexpr status status::no_content{204};
inline constexpr status status::reset_content{205};
inline constexpr status status::partial_content{206};
inline constexpr status status::multi_status{207};
inline constexpr status status::already_reported{208};
inline constexpr status status::im_used{226};
inline constexpr status status::multiple_choices{300};
inline constexpr status status::moved_permanently{301};
inline constexpr status status::found{302};
inline constexpr status status::see_other{303};
inline constexpr status status::not_modified{304};
inline constexpr status status::temporary_redirect{307};
inline constexpr status status::permanent_redirect{308};
inline constexpr status status::bad_request{400};
inline constexpr status status::unauthorized{401};
inline constexpr status status::payment_required{402};
inline constexpr status status::forbidden{403};
inline constexpr status status::not_found{404};
inline constexpr status status::method_not_allowed{405};
inline constexpr status status::not_acceptable{406};
inline constexpr status status::proxy_authentication_required{407};
inline constexpr status status::request_timeout{408};
inline constexpr status status::conflict{409};
inline constexpr status status::gone{410};
inline constexpr status status::length_required{411};
inline constexpr status status::precondition_failed{412};
inline constexpr status status::content_too_large{413};
inline constexpr status status::uri_too_long{414};
inline constexpr status status::unsupported_media_type{415};
inline constexpr status status::range_not_satisfiable{416};
inline constexpr status status::expectation_failed{417};
inline constexpr status status::misdirected_request{421};
inline constexpr status status::unprocessable_content{422};
inline constexpr status status::locked{423};
inline constexpr status status::failed_dependency{424};
inline constexpr status status::too_early{425};
inline constexpr status status::upgrade_required{426};
inline constexpr status status::precondition_required{428};
inline constexpr status status::too_many_requests{429};
inline constexpr status status::request_header_fields_too_large{431};
inline constexpr status status::unavailable_for_legal_reasons{451};
inline constexpr status status::internal_server_error{500};
inline constexpr status status::not_implemented{501};
inline constexpr status status::bad_gateway{502};
inline constexpr status status::service_unavailable{503};
inline constexpr status status::gateway_timeout{504};
inline constexpr status status::http_version_not_supported{505};
inline constexpr status status::variant_also_negotiates{506};
inline constexpr status status::insufficient_storage{507};
inline constexpr status status::loop_detected{508};
inline constexpr status status::network_authentication_required{511};

}  // namespace weft::inline v0::http
