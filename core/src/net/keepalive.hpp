// Keep-alive probes, as the options of a socket.
#pragma once

#include <weft/net/tcp.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>

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

}  // namespace detail
}  // namespace v0
}  // namespace weft
