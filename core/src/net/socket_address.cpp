#include "net/socket_address.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

// The kernel's structures are filled in by value and copied: the storage has no type of its own.
template <class Native>
void store(socket_address& into, const Native& native, socklen_t length) noexcept {
  std::memcpy(&into.storage, &native, sizeof native);
  into.length = length;
}

template <class Native>
Native load(const socket_address& from) noexcept {
  Native native;
  std::memcpy(&native, &from.storage, sizeof native);
  return native;
}

}  // namespace

socket_address to_native(const net::socket_address& address) noexcept {
  socket_address made;
  if (address.is_unix()) {
    sockaddr_un native{};
    native.sun_family = AF_UNIX;
    auto path = address.path();
    std::memcpy(native.sun_path, path.data(), path.size());
    // A name in the file system ends with a zero; in the abstract namespace every byte counts.
    auto length = offsetof(sockaddr_un, sun_path) + path.size() + (path.starts_with('\0') ? 0 : 1);
    store(made, native, static_cast<socklen_t>(length));
  } else if (address.is_ip() && address.ip().is_v4()) {
    sockaddr_in native{};
    native.sin_family = AF_INET;
    native.sin_port = htons(address.port());
    std::memcpy(&native.sin_addr, address.ip().octets().data(), sizeof native.sin_addr);
    store(made, native, sizeof native);
  } else if (address.is_ip()) {
    sockaddr_in6 native{};
    native.sin6_family = AF_INET6;
    native.sin6_port = htons(address.port());
    native.sin6_scope_id = address.ip().zone();
    std::memcpy(&native.sin6_addr, address.ip().octets().data(), sizeof native.sin6_addr);
    store(made, native, sizeof native);
  }
  return made;
}

net::socket_address from_native(const socket_address& address) {
  if (address.length < sizeof(sa_family_t)) return {};
  switch (address.storage.ss_family) {
    case AF_INET: {
      auto native = load<sockaddr_in>(address);
      std::array<std::uint8_t, 4> octets;
      std::memcpy(octets.data(), &native.sin_addr, sizeof octets);
      return {net::ip_address::v4(octets[0], octets[1], octets[2], octets[3]),
              ntohs(native.sin_port)};
    }
    case AF_INET6: {
      auto native = load<sockaddr_in6>(address);
      std::array<std::uint8_t, 16> octets;
      std::memcpy(octets.data(), &native.sin6_addr, sizeof octets);
      return {net::ip_address::v6(octets, native.sin6_scope_id), ntohs(native.sin6_port)};
    }
    case AF_UNIX: {
      auto native = load<sockaddr_un>(address);
      std::size_t size = address.length - offsetof(sockaddr_un, sun_path);
      size = std::min(size, sizeof native.sun_path);
      if (size > 0 && native.sun_path[0] != '\0') size = ::strnlen(native.sun_path, size);
      auto made = net::socket_address::unix_path(std::string(native.sun_path, size));
      return made ? *std::move(made) : net::socket_address();  // most clients have no name
    }
    default:
      return {};
  }
}

net::socket_address local_address_of(int descriptor) {
  socket_address found;
  found.length = sizeof found.storage;
  if (::getsockname(descriptor, found.get(), &found.length) < 0) return {};
  return from_native(found);
}

net::socket_address peer_address_of(int descriptor) {
  socket_address found;
  found.length = sizeof found.storage;
  if (::getpeername(descriptor, found.get(), &found.length) < 0) return {};
  return from_native(found);
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
