#include <weft/net/address.hpp>

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace weft {
inline namespace v0 {
namespace net {

namespace {

std::unexpected<error> bad_address(std::string_view text, std::string_view why) {
  return fail(errc::invalid_argument, "\"" + std::string(text) + "\": " + std::string(why));
}

// A zone is an interface's name, or its number.
result<std::uint32_t> parse_zone(std::string_view whole, std::string_view zone) {
  std::uint32_t number = 0;
  auto [end, failure] = std::from_chars(zone.data(), zone.data() + zone.size(), number);
  if (failure == std::errc() && end == zone.data() + zone.size() && number > 0) return number;
  number = ::if_nametoindex(std::string(zone).c_str());
  if (number == 0)
    return bad_address(whole, "there is no network interface \"" + std::string(zone) + "\"");
  return number;
}

result<std::uint16_t> parse_port(std::string_view whole, std::string_view port) {
  if (port.empty()) return bad_address(whole, "the port after the colon is missing");
  std::uint32_t number = 0;
  auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (end != port.data() + port.size()) {
    return bad_address(whole, "the port \"" + std::string(port) + "\" is not a number");
  }
  if (failure != std::errc() || number > 65535) {
    return bad_address(whole, "the port " + std::string(port) + " is above 65535");
  }
  return static_cast<std::uint16_t>(number);
}

struct split_text {
  std::string_view host;
  std::string_view port;
  bool bracketed;
};

result<split_text> split_host_port(std::string_view text) {
  if (text.starts_with('[')) {
    auto close = text.find(']');
    if (close == std::string_view::npos) return bad_address(text, "the bracket is not closed");
    auto rest = text.substr(close + 1);
    if (!rest.starts_with(':'))
      return bad_address(text, "a colon and a port must follow the bracket");
    return split_text{text.substr(1, close - 1), rest.substr(1), true};
  }
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return bad_address(text, "the port is missing, as in \"host:80\"");
  auto host = text.substr(0, colon);
  if (host.contains(':')) {
    return bad_address(text,
                       "an IPv6 address with a port is written in brackets, as in \"[::1]:80\"");
  }
  if (host.empty()) {
    return bad_address(
        text, "the host is missing; 0.0.0.0 or [::] stand for every address of this machine");
  }
  return split_text{host, text.substr(colon + 1), false};
}

}  // namespace

result<ip_address> ip_address::parse(std::string_view text) {
  auto percent = text.find('%');
  std::string numeric(text.substr(0, percent));
  std::array<std::uint8_t, 16> octets{};
  if (numeric.find('\0') != std::string::npos) return bad_address(text, "this is no IP address");
  if (::inet_pton(AF_INET, numeric.c_str(), octets.data()) == 1) {
    if (percent != std::string_view::npos) return bad_address(text, "an IPv4 address has no zone");
    return v4(octets[0], octets[1], octets[2], octets[3]);
  }
  if (::inet_pton(AF_INET6, numeric.c_str(), octets.data()) != 1) {
    return bad_address(text, "this is no IP address");
  }
  if (percent == std::string_view::npos) return v6(octets);
  auto zone = parse_zone(text, text.substr(percent + 1));
  if (!zone) return fail(std::move(zone).error());
  return v6(octets, *zone);
}

bool ip_address::is_loopback() const noexcept {
  return is_v6_ ? octets_ == loopback_v6().octets_ : octets_[0] == 127;
}

std::string ip_address::to_string() const {
  char text[INET6_ADDRSTRLEN];
  ::inet_ntop(is_v6_ ? AF_INET6 : AF_INET, octets_.data(), text, sizeof text);
  std::string written(text);
  if (zone_ == 0) return written;
  char name[IF_NAMESIZE];
  return written + '%' +
         (::if_indextoname(zone_, name) ? std::string(name) : std::to_string(zone_));
}

result<socket_address> socket_address::unix_path(std::string path) {
  if (path.empty()) return fail(errc::invalid_argument, "the path of the Unix socket is empty");
  if (path.size() > max_path) {
    return fail(errc::invalid_argument,
                "the path of the Unix socket is longer than 107 bytes: " + path);
  }
  if (path[0] != '\0' && path.contains('\0')) {
    return fail(errc::invalid_argument, "the path of the Unix socket has a zero byte");
  }
  socket_address made;
  made.kind_ = kind::unix_path;
  made.path_ = std::move(path);
  return made;
}

result<socket_address> socket_address::unix_abstract(std::string_view name) {
  if (name.empty()) return fail(errc::invalid_argument, "the name of the Unix socket is empty");
  return unix_path(std::string(1, '\0').append(name));
}

result<socket_address> socket_address::parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    std::string path(text.substr(5));
    if (path.starts_with('@')) path[0] = '\0';
    return unix_path(std::move(path));
  }
  auto parts = split_host_port(text);
  if (!parts) return fail(std::move(parts).error());
  auto ip = ip_address::parse(parts->host);
  if (!ip) return bad_address(text, "\"" + std::string(parts->host) + "\" is no IP address");
  if (parts->bracketed && ip->is_v4())
    return bad_address(text, "an IPv4 address stands without brackets");
  auto port = parse_port(text, parts->port);
  if (!port) return fail(std::move(port).error());
  return socket_address(*ip, *port);
}

std::string socket_address::to_string() const {
  switch (kind_) {
    case kind::none:
      break;
    case kind::ip:
      return (ip_.is_v6() ? "[" + ip_.to_string() + "]:" : ip_.to_string() + ":") +
             std::to_string(port_);
    case kind::unix_path: {
      auto path = path_;
      if (path.starts_with('\0')) path[0] = '@';
      return "unix:" + path;
    }
  }
  return "(none)";
}

result<host_port> host_port::parse(std::string_view text) {
  auto parts = split_host_port(text);
  if (!parts) return fail(std::move(parts).error());
  if (parts->host.empty()) return bad_address(text, "the host is missing");
  auto port = parse_port(text, parts->port);
  if (!port) return fail(std::move(port).error());
  return host_port(std::string(parts->host), *port);
}

}  // namespace net
}  // namespace v0
}  // namespace weft
