// Addresses: values that are parsed, compared, formatted, and given to bind and connect.
//
//   auto here = weft::net::socket_address::parse("127.0.0.1:8080");      // result<socket_address>
//   auto also = weft::net::socket_address(weft::net::ip_address::loopback_v6(), 8080);
//   also.to_string();                                                    // "[::1]:8080"
//
// Names are not addresses: see weft/net/resolver.hpp.
#pragma once

#include <weft/export.hpp>
#include <weft/result.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weft {
inline namespace v0 {
namespace net {

/// An IPv4 or IPv6 address; by default 0.0.0.0.
/// Thread-safety: a value. Source: RFC 4291 (text of IPv6), RFC 5952 (how it is written), RFC 4007
/// (zones).
class ip_address {
 public:
  ip_address() noexcept = default;
  static ip_address v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) noexcept {
    ip_address made;
    made.octets_ = {a, b, c, d};
    return made;
  }
  /// `zone` is the number of the interface that a link-local address is valid on; 0: none.
  static ip_address v6(const std::array<std::uint8_t, 16>& octets,
                       std::uint32_t zone = 0) noexcept {
    ip_address made;
    made.octets_ = octets;
    made.zone_ = zone;
    made.is_v6_ = true;
    return made;
  }
  static ip_address any_v4() noexcept { return {}; }
  static ip_address any_v6() noexcept { return v6({}); }
  static ip_address loopback_v4() noexcept { return v4(127, 0, 0, 1); }
  static ip_address loopback_v6() noexcept {
    return v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  }

  /// "10.0.0.1", "2001:db8::1", "fe80::1%eth0", without brackets.
  /// Errors: `errc::invalid_argument`, saying what is wrong with the text.
  WEFT_API static result<ip_address> parse(std::string_view text);

  bool is_v4() const noexcept { return !is_v6_; }
  bool is_v6() const noexcept { return is_v6_; }
  WEFT_API bool is_loopback() const noexcept;
  /// 0.0.0.0 or ::, which stand for every address of this machine.
  bool is_any() const noexcept { return octets_ == std::array<std::uint8_t, 16>{}; }
  std::uint32_t zone() const noexcept { return zone_; }

  /// In network order; 4 or 16 of them. Valid as long as this address.
  std::span<const std::uint8_t> octets() const noexcept {
    return std::span(octets_).first(is_v6_ ? 16U : 4U);
  }
  /// In the shortest form, as RFC 5952 wants it.
  WEFT_API std::string to_string() const;

  friend bool operator==(const ip_address&, const ip_address&) noexcept = default;
  friend std::strong_ordering operator<=>(const ip_address&, const ip_address&) noexcept = default;

 private:
  bool is_v6_ = false;
  std::array<std::uint8_t, 16> octets_{};  // of IPv4: the first four, the others zero
  std::uint32_t zone_ = 0;
};

/// Where a socket is or goes to: an IP address with a port, or the path of a Unix socket; by
/// default none. Thread-safety: a value.
class socket_address {
 public:
  /// The longest path of a Unix socket.
  static constexpr std::size_t max_path = 107;

  socket_address() noexcept = default;
  socket_address(const ip_address& ip, std::uint16_t port) noexcept
      : kind_(kind::ip), port_(port), ip_(ip) {}

  /// Of a Unix socket. A path that starts with a zero byte is in Linux's abstract namespace.
  /// Errors: `errc::invalid_argument` for an empty path, for one that is longer than `max_path`,
  /// and for one that names a file and has a zero byte.
  WEFT_API static result<socket_address> unix_path(std::string path);
  /// Of a Unix socket in Linux's abstract namespace, which is no file and goes with its socket.
  /// Errors: `errc::invalid_argument` for no name, and for one of more than `max_path - 1` bytes.
  WEFT_API static result<socket_address> unix_abstract(std::string_view name);

  /// "127.0.0.1:80", "[::1]:80", "unix:/run/app.sock" ("unix:@name" is abstract).
  /// Errors: `errc::invalid_argument`, saying what is wrong with the text; a name is no address.
  WEFT_API static result<socket_address> parse(std::string_view text);

  bool is_ip() const noexcept { return kind_ == kind::ip; }
  bool is_unix() const noexcept { return kind_ == kind::unix_path; }
  /// Whether there is an address at all.
  explicit operator bool() const noexcept { return kind_ != kind::none; }

  /// 0.0.0.0 when this is no IP address.
  const ip_address& ip() const noexcept { return ip_; }
  /// 0 when this is no IP address.
  std::uint16_t port() const noexcept { return port_; }
  socket_address with_port(std::uint16_t port) const { return {ip_, port}; }
  /// Empty when this is no Unix socket, or one without a name. Valid as long as this address.
  std::string_view path() const noexcept { return path_; }

  /// What `parse` reads; "(none)" without an address.
  WEFT_API std::string to_string() const;

  friend bool operator==(const socket_address&, const socket_address&) noexcept = default;
  friend std::strong_ordering operator<=>(const socket_address&,
                                          const socket_address&) noexcept = default;

 private:
  enum class kind : std::uint8_t { none, ip, unix_path };
  kind kind_ = kind::none;
  std::uint16_t port_ = 0;
  ip_address ip_;
  std::string path_;
};

/// A host (a name, or an address without brackets) and a port.
class host_port {
 public:
  host_port(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}

  /// "example.org:443", "127.0.0.1:80", "[::1]:80". The port is a number and has to be there.
  /// Errors: `errc::invalid_argument`, saying what is wrong with the text.
  WEFT_API static result<host_port> parse(std::string_view text);

  const std::string& host() const noexcept { return host_; }
  std::uint16_t port() const noexcept { return port_; }

 private:
  std::string host_;
  std::uint16_t port_;
};

}  // namespace net
}  // namespace v0
}  // namespace weft
