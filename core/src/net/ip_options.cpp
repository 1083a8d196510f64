#include "net/ip_options.hpp"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <limits>

namespace weft {
inline namespace v0 {
namespace detail {

result<void> set_buffer_size(int descriptor, int option, std::size_t bytes) {
  constexpr std::size_t most = std::numeric_limits<int>::max() / 2;  // the kernel doubles it
  return set_socket_option(descriptor, SOL_SOCKET, option, static_cast<int>(std::min(bytes, most)));
}

result<std::size_t> buffer_size(int descriptor, int option) {
  auto value = socket_option(descriptor, SOL_SOCKET, option);
  if (!value) return fail(std::move(value).error());
  return static_cast<std::size_t>(*value);
}

result<void> bind_to_device(int descriptor, std::string_view name) {
  if (name.size() >= IFNAMSIZ) return fail(errc::invalid_argument);
  auto failed = ::setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name.data(),
                             static_cast<socklen_t>(name.size())) < 0;
  return succeeded(failed ? -errno : 0);
}

result<std::string> bound_device(int descriptor) {
  std::array<char, IFNAMSIZ> name{};
  socklen_t length = name.size();
  if (::getsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name.data(), &length) < 0) {
    return fail(error::from_errno(errno));
  }
  return std::string(name.data());
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
