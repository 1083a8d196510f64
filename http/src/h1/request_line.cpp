#include "h1/request_line.hpp"

#include "text.hpp"

namespace weft::inline v0::http::h1 {

namespace {

auto parse_version(std::string_view text, http::version& into) noexcept -> rejection {
  if (text == "HTTP/1.1") {
    into = http::version::http_1_1;
  } else if (text == "HTTP/1.0") {
    into = http::version::http_1_0;
  } else {
    const bool well_formed = text.size() == 8 && text.starts_with("HTTP/") &&
                             detail::is_digit(text[5]) && text[6] == '.' &&
                             detail::is_digit(text[7]);
    return well_formed ? rejection::unsupported_version : rejection::unknown_version;
  }
  return rejection::none;
}

}  // namespace

auto parse_request_line(std::string_view line, const limits& within, request_line& into)
    -> rejection {
  const auto first = line.find(' ');
  if (first == line.npos) return rejection::bad_request_line;
  const auto name = line.substr(0, first);
  if (!detail::is_token(name)) return rejection::bad_request_line;

  const auto rest = line.substr(first + 1);
  const auto second = rest.find(' ');
  if (second == rest.npos || second == 0) return rejection::bad_request_line;
  const auto version = rest.substr(second + 1);
  if (version.find(' ') != version.npos) return rejection::bad_request_line;
  if (second > within.target) return rejection::target_too_long;
  if (const auto why = parse_version(version, into.version); why != rejection::none) return why;

  auto method = http::method::parse(name);
  if (!method) return rejection::method_too_long;
  if (*method == method_id::connect && !within.allow_connect) return rejection::connect_refused;
  into.method = *method;
  into.target = first + 1;
  into.target_size = second;
  return rejection::none;
}

}  // namespace weft::inline v0::http::h1
