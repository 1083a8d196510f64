// connect: to a name, whatever its addresses are and whichever of them answer.
//
//   auto socket = co_await or_return(weft::net::connect("example.org:443"));
//
//   weft::net::connect_options options;
//   options.resolver(my_resolver).attempt_delay(100ms);
//   auto other = co_await or_return(weft::net::connect("example.org:443", options));
//
// The addresses are tried one after the other, IPv6 and IPv4 in turn, each a quarter of a second
// after the one before it or as soon as that one has failed; the first connection wins, and the
// other attempts are given up. So an address that is dead costs a quarter of a second, not the two
// minutes of the kernel. This is "happy eyeballs", RFC 8305.
#pragma once

#include <weft/net/resolver.hpp>
#include <weft/net/tcp.hpp>
#include <weft/task.hpp>
#include <weft/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weft {
inline namespace v0 {
namespace net {

/// How to connect to a name. Thread-safety: a value.
class connect_options {
 public:
  static constexpr duration shortest_delay = std::chrono::milliseconds(10);

  connect_options() noexcept {}
  /// How long an attempt has before the next one starts beside it. Default 250 ms; at least
  /// `shortest_delay`, as RFC 8305 demands.
  connect_options& attempt_delay(duration wait) noexcept {
    return attempt_delay_ = std::max(wait, shortest_delay), *this;
  }
  /// Who knows the addresses of names. Default: the system.
  connect_options& resolver(std::shared_ptr<net::resolver> names) noexcept {
    return resolver_ = std::move(names), *this;
  }
  /// Of a name that has more addresses, the rest is not tried. Default 16.
  connect_options& max_attempts(std::size_t addresses) noexcept {
    return max_attempts_ = std::max<std::size_t>(addresses, 1), *this;
  }

  duration attempt_delay() const noexcept { return attempt_delay_; }
  const std::shared_ptr<net::resolver>& resolver() const noexcept { return resolver_; }
  std::size_t max_attempts() const noexcept { return max_attempts_; }

 private:
  duration attempt_delay_ = std::chrono::milliseconds(250);
  std::size_t max_attempts_ = 16;
  std::shared_ptr<net::resolver> resolver_;
};

/// An address that could not be connected to, and why.
class WEFT_API failed_attempt {
 public:
  failed_attempt(socket_address address, error why) noexcept
      : address_(std::move(address)), why_(std::move(why)) {}
  const socket_address& address() const noexcept { return address_; }
  const error& why() const noexcept { return why_; }

 private:
  socket_address address_;
  error why_;
};

/// What the error of `connect` carries, `error.get<failed_attempts>()`: every attempt, in the order
/// in which they failed.
class WEFT_API failed_attempts {
 public:
  explicit failed_attempts(std::vector<failed_attempt> all) noexcept : all_(std::move(all)) {}
  const std::vector<failed_attempt>& all() const noexcept { return all_; }

 private:
  std::vector<failed_attempt> all_;
};

/// Connects to "host:port". Errors: of the resolver; the error of the attempt that failed last,
/// with failed_attempts; `errc::no_runtime` outside a task. Bounds: as many attempts at once as
/// there are addresses, up to `max_attempts`; no time limit of its own, so put it in a `timeout`.
/// Cancel-safety: safe; all attempts are given up.
[[nodiscard]] WEFT_API task<result<tcp_stream>> connect(std::string host_and_port,
                                                        connect_options options = {});
/// To any of these, in this order but with the families in turn. Cancel-safety: as above.
[[nodiscard]] WEFT_API task<result<tcp_stream>> connect(std::vector<socket_address> addresses,
                                                        connect_options options = {});

}  // namespace net
}  // namespace v0
}  // namespace weft
