#include "net/socket.hpp"

#include <weft/detail/execution.hpp>

#include <fcntl.h>

#include <new>
#include <string>

#include "net/socket_stream.hpp"
#include "scheduler/scheduler.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

void owned_handle::none(const char* what) noexcept {
  misuse(what);
}

error not_an_ip(const char* protocol, const net::socket_address& address) {
  return {errc::invalid_argument,
          std::string(protocol) + " needs an IP address and a port, not " + address.to_string()};
}

error socket_error(int number, const char* doing, const net::socket_address& address) {
  return error::from_errno(number).with_context(doing + address.to_string());
}

result<void> take_socket_error(int descriptor) {
  auto pending = socket_option(descriptor, SOL_SOCKET, SO_ERROR);
  if (!pending) return fail(std::move(pending).error());
  return succeeded(-*pending);
}

result<driver*> ambient_driver() {
  if (auto* here = scheduler::here()) return &here->io();
  return fail(errc::no_runtime);
}

result<std::unique_ptr<io::byte_stream>> make_stream(io_handle& connected,
                                                     net::socket_address peer) noexcept {
  try {
    return std::make_unique<socket_stream>(connected, std::move(peer));
  } catch (const std::bad_alloc&) {
    connected.close();
    return fail(errc::out_of_memory);
  }
}

bool is_socket_of(int descriptor, const socket_kind& expected) noexcept {
  auto family = socket_option(descriptor, SOL_SOCKET, SO_DOMAIN);
  auto type = socket_option(descriptor, SOL_SOCKET, SO_TYPE);
  auto listening = socket_option(descriptor, SOL_SOCKET, SO_ACCEPTCONN);
  if (!family || !type || !listening || *type != expected.type) return false;
  if ((*listening != 0) != expected.listening) return false;
  if (expected.family != AF_UNSPEC) return *family == expected.family;
  return *family == AF_INET || *family == AF_INET6;
}

result<void> prepare_native(int descriptor, const socket_kind& expected) {
  if (!is_socket_of(descriptor, expected)) {
    return fail(errc::invalid_argument,
                "descriptor " + std::to_string(descriptor) + " is not " + expected.name);
  }
  auto status = ::fcntl(descriptor, F_GETFL);
  if (status < 0 || ::fcntl(descriptor, F_SETFL, status | O_NONBLOCK) < 0 ||
      ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0) {
    return fail(error::from_errno(errno));
  }
  return {};
}

result<io_handle*> adopt_native(int descriptor, const socket_kind& expected) {
  open_socket taken(descriptor);
  auto driver = ambient_driver();
  if (!driver) return fail(std::move(driver).error());
  auto prepared = prepare_native(descriptor, expected);
  if (!prepared) return fail(std::move(prepared).error());
  return (*driver)->adopt(taken.give_up());
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
