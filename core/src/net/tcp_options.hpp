// Options of TCP sockets and streams that are more than a number.
#pragma once

#include <weft/net/tcp.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <chrono>
#include <optional>

#include "net/socket.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

inline result<void> set_keepalive(int descriptor,
                                  const std::optional<net::keepalive_options>& options) {
  if (!options) return set_socket_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 0);
  auto failed = set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (!failed) {
    failed =
        set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(options->idle.count()));
  }
  if (!failed) {
    failed = set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL,
                        static_cast<int>(options->interval.count()));
  }
  if (!failed) {
    failed = set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(options->probes));
  }
  return succeeded(failed);
}

inline result<void> set_linger(int descriptor, std::optional<std::chrono::seconds> wait) {
  auto seconds = wait ? static_cast<int>(wait->count()) : 0;
  return set_socket_option(descriptor, SOL_SOCKET, SO_LINGER, ::linger{wait ? 1 : 0, seconds});
}

inline result<std::optional<std::chrono::seconds>> linger_of(int descriptor) {
  auto found = socket_option<::linger>(descriptor, SOL_SOCKET, SO_LINGER);
  if (!found) return fail(std::move(found).error());
  if (!found->l_onoff) return std::nullopt;
  return std::chrono::seconds(found->l_linger);
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
