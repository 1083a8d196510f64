// inherited: sockets that a service manager has opened for this process.
//
//   for (auto& one : co_await or_return(weft::net::inherited())) {
//     if (one.name() == "http") {
//       auto listener = co_await or_return(std::move(one).into_tcp_listener());
//       …
//
// systemd's socket activation, and whatever else speaks its protocol: the manager listens, and
// starts the service with the listening sockets as its descriptors 3, 4, …; so a service may be
// restarted without refusing a connection, and may use a port that it has no right to bind.
// Source: sd_listen_fds(3).
#pragma once

#include <weft/net/address.hpp>
#include <weft/net/tcp.hpp>
#include <weft/net/udp.hpp>
#include <weft/net/unix.hpp>
#include <weft/result.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weft {
inline namespace v0 {
namespace net {

enum class inherited_kind : std::uint8_t {
  tcp_listener,
  unix_listener,
  udp_socket,
  unix_datagram,
  other,  ///< a FIFO, a socket of another kind, a file: see `into_native`
};

/// One descriptor that was inherited. It is close-on-exec already.
/// Ownership: unique; destroying it closes the descriptor. `into_` functions take it over, also
/// when they fail. One that was moved from ends the program. Thread-safety: one task at a time.
class inherited_socket {
 public:
  inherited_socket(inherited_socket&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        kind_(other.kind_),
        name_(std::move(other.name_)) {}
  inherited_socket& operator=(inherited_socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(kind_, other.kind_);
    std::swap(name_, other.name_);
    return *this;
  }
  WEFT_API ~inherited_socket();

  /// What the manager calls it (FileDescriptorName=); "unknown" where it does not say.
  const std::string& name() const noexcept { return name_; }
  inherited_kind kind() const noexcept { return kind_; }
  WEFT_API socket_address local_address() const;

  /// Errors: `errc::invalid_argument` when it is of another kind; of the operating system;
  /// `errc::no_runtime` outside a task.
  WEFT_API result<tcp_listener> into_tcp_listener() &&;
  WEFT_API result<unix_listener> into_unix_listener() &&;
  WEFT_API result<udp_socket> into_udp_socket() &&;
  WEFT_API result<unix_datagram> into_unix_datagram() &&;
  /// The descriptor, which is the caller's now; whether it blocks is as the manager left it.
  WEFT_API int into_native() &&;

 private:
  friend WEFT_API result<std::vector<inherited_socket>> inherited();
  inherited_socket(int descriptor, std::string name);
  int descriptor_;
  inherited_kind kind_ = inherited_kind::other;
  std::string name_;
};

/// What this process has inherited, in the manager's order; nothing when it was started otherwise.
/// Only the first call has it: afterwards the descriptors are its caller's. Children do not inherit
/// them, and the environment still names them, but for this process alone (LISTEN_PID).
/// Errors: `errc::invalid_data` when the environment (LISTEN_FDS, LISTEN_FDNAMES) contradicts
/// itself or names a descriptor that is not open. Thread-safety: any thread; nobody may change the
/// environment meanwhile.
WEFT_API result<std::vector<inherited_socket>> inherited();

}  // namespace net
}  // namespace v0
}  // namespace weft
