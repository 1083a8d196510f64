#include <weft/http/target.hpp>

#include <limits>

#include "text.hpp"

namespace weft::inline v0::http {

namespace {

auto bad_target(const char* why) {
  return fail(errc::invalid_argument, why);
}

auto is_port(std::string_view text) noexcept -> bool {
  if (text.empty() || text.size() > 5) return false;
  unsigned value = 0;
  for (const char c : text) {
    if (!detail::is_digit(c)) return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= std::numeric_limits<std::uint16_t>::max();
}

// How much of `text` is a bracketed IPv6 address; 0 when none is at its start. Only the characters
// are checked: the address itself is the resolver's business.
auto ip_literal_size(std::string_view text) noexcept -> std::size_t {
  std::size_t colons = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ']') return colons >= 2 ? i + 1 : 0;
    if (text[i] == ':') {
      ++colons;
    } else if (text[i] != '.' && !detail::has_class(text[i], detail::char_class::hex)) {
      return 0;
    }
  }
  return 0;
}

// How much of `text` is a name or an IPv4 address.
auto host_name_size(std::string_view text) noexcept -> std::size_t {
  std::size_t size = 0;
  while (size < text.size()) {
    if (detail::has_class(text[size], detail::char_class::host)) {
      ++size;
    } else if (text[size] == '%' && size + 2 < text.size() &&
               detail::has_class(text[size + 1], detail::char_class::hex) &&
               detail::has_class(text[size + 2], detail::char_class::hex)) {
      size += 3;
    } else {
      break;
    }
  }
  return size;
}

struct host_and_port {
  std::string_view host;
  std::string_view port;  // empty when there is none
};

// Cuts at the colon of the port; "host:" is a host with an empty port (RFC 3986, section 3.2.3).
auto split_authority(std::string_view text) noexcept -> host_and_port {
  const auto bracket = text.rfind(']');
  const auto colon = text.rfind(':');
  if (colon == text.npos || (bracket != text.npos && colon < bracket)) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

auto default_port(std::string_view scheme) noexcept -> std::string_view {
  return detail::same_ignoring_case(scheme, "https") ? "443" : "80";
}

}  // namespace

auto is_authority(std::string_view text) noexcept -> bool {
  const auto host = text.starts_with('[') ? ip_literal_size(text) : host_name_size(text);
  if (host == 0) return false;
  if (host == text.size()) return true;
  const auto port = text.substr(host + 1);
  return text[host] == ':' && (port.empty() || is_port(port));
}

auto same_authority(std::string_view left, std::string_view right, std::string_view scheme) noexcept
    -> bool {
  auto [left_host, left_port] = split_authority(left);
  auto [right_host, right_port] = split_authority(right);
  if (left_port.empty()) left_port = default_port(scheme);
  if (right_port.empty()) right_port = default_port(scheme);
  return left_port == right_port && detail::same_ignoring_case(left_host, right_host);
}

auto target::parse_absolute() -> weft::result<void> {
  const auto text = text_.view();
  const auto colon = text.find("://");
  const auto scheme = text.substr(0, colon);
  if (colon == text.npos || !(detail::same_ignoring_case(scheme, "http") ||
                              detail::same_ignoring_case(scheme, "https"))) {
    return bad_target("the target is neither a path nor an http or https URI");
  }
  const auto start = colon + 3;
  const auto end = std::min(text.find_first_of("/?", start), text.size());
  if (!is_authority(text.substr(start, end - start))) {
    return bad_target("the target's authority is not valid");
  }
  form_ = form::absolute;
  scheme_size_ = static_cast<std::uint8_t>(colon);
  authority_ = static_cast<std::uint32_t>(start);
  authority_size_ = static_cast<std::uint32_t>(end - start);
  path_ = static_cast<std::uint32_t>(end);
  return {};
}

auto target::parse(bytes text, const method& of) -> weft::result<target> {
  if (text.empty()) return bad_target("the target is empty");
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    return bad_target("the target is too long");
  }
  if (!detail::all_of_class(text.view(), detail::char_class::target)) {
    return bad_target("the target holds a character that must be percent-encoded");
  }
  target made;
  made.text_ = std::move(text);
  made.path_size_ = 0;
  const auto whole = made.text_.view();

  if (of == method_id::connect) {
    const auto [host, port] = split_authority(whole);
    if (port.empty() || !is_authority(whole)) {
      return bad_target("CONNECT wants host:port as its target");
    }
    made.form_ = form::authority;
    made.authority_size_ = static_cast<std::uint32_t>(whole.size());
    made.path_ = made.authority_size_;
    return made;
  }
  if (whole == "*") {
    if (of != method_id::options) return bad_target("only OPTIONS may have * as its target");
    made.form_ = form::asterisk;
    made.path_size_ = 1;
    return made;
  }
  if (whole.front() != '/') {
    if (auto parsed = made.parse_absolute(); !parsed) return fail(std::move(parsed).error());
  }
  const auto query = std::min(whole.find('?', made.path_), whole.size());
  made.path_size_ = static_cast<std::uint32_t>(query) - made.path_;
  return made;
}

}  // namespace weft::inline v0::http
