#include "h1/semantics.hpp"

#include <limits>

#include "text.hpp"

namespace weft::inline v0::http::h1 {

namespace {

// One pass over the fields, then the rules that need several of them.
class request_examiner {
 public:
  request_examiner(version of, request_semantics& into) noexcept : version_(of), into_(into) {}

  auto take(const header_map::field& field) noexcept -> rejection {
    switch (field.known) {
      case header::host:
        if (has_host_) return rejection::repeated_host;
        has_host_ = true;
        host_ = field.value;
        return is_authority(host_) ? rejection::none : rejection::bad_host;
      case header::content_length:
        if (has_length_) return rejection::conflicting_length;
        has_length_ = true;
        return parse_content_length(field.value, into_.length) ? rejection::none
                                                               : rejection::bad_content_length;
      case header::transfer_encoding:
        if (has_coding_) return rejection::repeated_transfer_encoding;
        has_coding_ = true;
        return take_coding(field.value);
      case header::connection:
        return take_connection(field.value);
      case header::expect:
        if (!detail::same_ignoring_case(field.value, "100-continue")) {
          return rejection::unknown_expectation;
        }
        expects_ = true;
        return rejection::none;
      default:
        return rejection::none;
    }
  }

  auto finish(const target& aim) noexcept -> rejection {
    const bool modern = version_ == version::http_1_1;
    if (modern && !has_host_) return rejection::missing_host;
    if (has_coding_ && has_length_) return rejection::conflicting_length;
    const bool names_authority =
        aim.kind() == target::form::absolute || aim.kind() == target::form::authority;
    if (has_host_ && names_authority && !same_authority(host_, aim.authority(), aim.scheme())) {
      return rejection::host_mismatch;
    }
    if (has_coding_) {
      into_.framing = request_semantics::body::chunked;
    } else if (into_.length != 0) {
      into_.framing = request_semantics::body::length;
    }
    into_.keep_alive = !close_ && (modern || keep_);
    into_.expect_continue = expects_ && modern && into_.framing != request_semantics::body::none;
    return rejection::none;
  }

 private:
  version version_;
  request_semantics& into_;
  std::string_view host_;
  bool has_host_ = false;
  bool has_length_ = false;
  bool has_coding_ = false;
  bool close_ = false;
  bool keep_ = false;
  bool expects_ = false;

  // "chunked" and nothing else. A list of other tokens names a coding that is not implemented;
  // everything else is a mistake or an attack.
  auto take_coding(std::string_view value) const noexcept -> rejection {
    if (version_ == version::http_1_0) return rejection::transfer_encoding_in_1_0;
    if (detail::same_ignoring_case(value, "chunked")) return rejection::none;
    bool chunked_before = false;
    const bool plausible = detail::for_each_element(value, [&](std::string_view coding) {
      if (chunked_before) return false;
      chunked_before = detail::same_ignoring_case(coding, "chunked");
      return detail::is_token(coding);
    });
    return plausible ? rejection::unknown_coding : rejection::bad_transfer_encoding;
  }

  auto take_connection(std::string_view value) noexcept -> rejection {
    auto why = rejection::none;
    detail::for_each_element(value, [&](std::string_view option) {
      if (option.empty()) return true;  // empty elements are to be ignored
      if (!detail::is_token(option)) {
        why = rejection::bad_connection;
      } else if (detail::same_ignoring_case(option, "close")) {
        close_ = true;
      } else if (detail::same_ignoring_case(option, "keep-alive")) {
        keep_ = true;
      } else if (is_end_to_end(find_header(option))) {
        why = rejection::protected_field_nominated;
      }
      return why == rejection::none;
    });
    return why;
  }

  // Fields that a hop which strips what Connection names must never lose.
  static auto is_end_to_end(header name) noexcept -> bool {
    return name == header::host || name == header::content_length ||
           name == header::transfer_encoding || name == header::authorization;
  }
};

}  // namespace

auto parse_content_length(std::string_view text, std::uint64_t& into) noexcept -> bool {
  constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!detail::is_digit(c)) return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (max - digit) / 10) return false;
    value = value * 10 + digit;
  }
  into = value;
  return !text.empty();
}

auto examine_request(const header_map& fields, version of, const target& aim,
                     request_semantics& into) noexcept -> rejection {
  into = {};
  request_examiner examiner(of, into);
  for (const auto& field : fields) {
    if (const auto why = examiner.take(field); why != rejection::none) return why;
  }
  return examiner.finish(aim);
}

auto is_forbidden_trailer(header name) noexcept -> bool {
  switch (name) {
    case header::content_length:  // framing
    case header::transfer_encoding:
    case header::trailer:
    case header::te:
    case header::connection:
    case header::keep_alive:
    case header::proxy_connection:
    case header::upgrade:
    case header::http2_settings:
    case header::host:  // routing
    case header::forwarded:
    case header::x_forwarded_for:
    case header::x_forwarded_host:
    case header::x_forwarded_proto:
    case header::authorization:  // authentication
    case header::proxy_authorization:
    case header::proxy_authenticate:
    case header::www_authenticate:
    case header::cookie:
    case header::set_cookie:
    case header::expect:  // what controls the request
    case header::cache_control:
    case header::max_forwards:
    case header::range:
    case header::if_match:
    case header::if_none_match:
    case header::if_modified_since:
    case header::if_unmodified_since:
    case header::if_range:
    case header::content_type:  // what describes the content
    case header::content_encoding:
    case header::content_range:
      return true;
    default:
      return false;
  }
}

}  // namespace weft::inline v0::http::h1
