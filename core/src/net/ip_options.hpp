// Options of sockets that are called otherwise in IPv4 and IPv6.
#pragma once

#include <netinet/in.h>

#include <string>
#include <string_view>

#include "net/socket.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// The name of one option in the two families.
struct ip_option {
  int v4;
  int v6;
};
inline constexpr ip_option hops_option{IP_TTL, IPV6_UNICAST_HOPS};
inline constexpr ip_option service_option{IP_TOS, IPV6_TCLASS};
inline constexpr ip_option multicast_loop_option{IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP};
inline constexpr ip_option multicast_hops_option{IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS};

inline bool is_v6_socket(int descriptor) {
  auto family = socket_option(descriptor, SOL_SOCKET, SO_DOMAIN);
  return family && *family == AF_INET6;
}

// The kernel takes -1 for "the default", and more than an octet for -1: neither is meant here.
inline result<void> set_ip_option(int descriptor, ip_option option, unsigned value) {
  if (value > 255) return fail(errc::invalid_argument);
  auto number = static_cast<int>(value);
  return is_v6_socket(descriptor) ? set_socket_option(descriptor, IPPROTO_IPV6, option.v6, number)
                                  : set_socket_option(descriptor, IPPROTO_IP, option.v4, number);
}
inline result<unsigned> get_ip_option(int descriptor, ip_option option) {
  auto value = is_v6_socket(descriptor) ? socket_option(descriptor, IPPROTO_IPV6, option.v6)
                                        : socket_option(descriptor, IPPROTO_IP, option.v4);
  if (!value) return fail(std::move(value).error());
  return static_cast<unsigned>(*value);
}

result<void> set_buffer_size(int descriptor, int option, std::size_t bytes);
result<std::size_t> buffer_size(int descriptor, int option);
result<void> bind_to_device(int descriptor, std::string_view name);
result<std::string> bound_device(int descriptor);

}  // namespace detail
}  // namespace v0
}  // namespace weft
