// resolver: from names to addresses.
//
//   auto addresses = co_await or_return(weft::net::resolve("example.org:443"));   // the best one
//   first
//
// Names go through the door of the runtime's environment: by default the system's resolver (files,
// DNS, whatever nsswitch.conf says) on the blocking pool. A test overrides
// weft::environment::resolve.
#pragma once

#include <weft/error.hpp>
#include <weft/net/address.hpp>
#include <weft/result.hpp>
#include <weft/task.hpp>

#include <string>
#include <system_error>
#include <vector>

namespace weft {
inline namespace v0 {
namespace net {

/// Why a name has no addresses. Failures of the system itself keep their own codes (see
/// error::from_errno).
enum class resolve_errc : int {
  no_such_host = 1,   ///< The name does not exist.
  no_address,         ///< The name exists, and has no address of a kind that this machine can use.
  temporary_failure,  ///< No server answered; later one may.
  permanent_failure,  ///< The servers answered that they cannot answer.
  unknown,            ///< The resolver failed otherwise; the message has its words.
};

/// The category of resolve_errc; its name is "weft.resolver".
WEFT_API const std::error_category& resolver_category() noexcept;

inline std::error_code make_error_code(resolve_errc code) noexcept {
  return {static_cast<int>(code), resolver_category()};
}

}  // namespace net
}  // namespace v0
}  // namespace weft

template <>
struct std::is_error_code_enum<weft::net::resolve_errc> : std::true_type {};

namespace weft {
inline namespace v0 {
namespace net {

/// The addresses of "host:port", the preferred one first (RFC 6724); never empty. An address stands
/// for itself, without asking anybody. Errors: `errc::invalid_argument` for a text that is no host
/// and port; resolve_errc with the name; `errc::overloaded` when the blocking pool is full. Bounds:
/// no time limit of its own; put it in a `timeout`. Cancel-safety: safe; a query that has begun
/// runs on, on its thread, and its answer is thrown away.
[[nodiscard]] WEFT_API task<result<std::vector<socket_address>>> resolve(std::string host_and_port);
[[nodiscard]] WEFT_API task<result<std::vector<socket_address>>> resolve(host_port name);

}  // namespace net
}  // namespace v0
}  // namespace weft
