// resolver: from names to addresses.
//
//   auto addresses = co_await or_return(weft::net::resolve("example.org:443"));   // the best one
//   first
//
// Names go through the door of the runtime's environment: by default the system's resolver (files,
// DNS, whatever nsswitch.conf says) on the blocking pool. A test overrides
// weft::environment::resolve for all that a runtime does, or gives a `resolver` to who connects.
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

/// Who knows the addresses of names. Derive from it to ask somebody else: a cache, a service
/// registry, a table. Thread-safety: `resolve` may be called by any task at any time.
class WEFT_API resolver {
 public:
  resolver() = default;
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;
  virtual ~resolver();

  /// The addresses of a name, which is no address, each with its port, the preferred one first.
  /// Errors: resolve_errc. Cancel-safety: safe, also of one that overrides it.
  virtual task<result<std::vector<socket_address>>> resolve(host_port name) = 0;
};

/// The resolver of the system, through the environment of the runtime: by default getaddrinfo, on
/// the blocking pool.
class WEFT_API system_resolver final : public resolver {
 public:
  task<result<std::vector<socket_address>>> resolve(host_port name) override;
};

/// A table: for tests, and for names that are to be somewhere else. Errors: a name that is not in
/// it is `resolve_errc::no_such_host`, one without addresses `no_address`.
/// Thread-safety: fill it before it is shared.
class WEFT_API fixed_resolver final : public resolver {
 public:
  fixed_resolver& add(std::string host, std::vector<ip_address> addresses);
  /// An address with a port of its own, whatever port is asked for.
  fixed_resolver& add(std::string host, std::vector<socket_address> addresses);
  task<result<std::vector<socket_address>>> resolve(host_port name) override;

 private:
  struct entry {
    std::string host;
    std::vector<socket_address> addresses;
    bool own_ports;
  };
  std::vector<entry> entries_;
};

/// The addresses of "host:port", the preferred one first (RFC 6724); never empty. An address stands
/// for itself, without asking anybody. Errors: `errc::invalid_argument` for a text that is no host
/// and port; resolve_errc with the name; `errc::overloaded` when the blocking pool is full. Bounds:
/// no time limit of its own; put it in a `timeout`. Cancel-safety: safe; a query that has begun
/// runs on, on its thread, and its answer is thrown away.
[[nodiscard]] WEFT_API task<result<std::vector<socket_address>>> resolve(std::string host_and_port);
[[nodiscard]] WEFT_API task<result<std::vector<socket_address>>> resolve(host_port name);
/// By `names`, which must live as long; null: the system's. Cancel-safety: safe.
[[nodiscard]] WEFT_API task<result<std::vector<socket_address>>> resolve(host_port name,
                                                                         resolver* names);

}  // namespace net
}  // namespace v0
}  // namespace weft
