#include <weft/environment.hpp>
#include <weft/net/resolver.hpp>
#include <weft/spawn_blocking.hpp>

#include <netdb.h>

#include <cerrno>
#include <memory>

#include "net/socket_address.hpp"
#include "scheduler/scheduler.hpp"

namespace weft {
inline namespace v0 {

namespace detail {

namespace {

class resolver_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "weft.resolver"; }
  std::string message(int value) const override {
    switch (static_cast<net::resolve_errc>(value)) {
      case net::resolve_errc::no_such_host:
        return "there is no such host";
      case net::resolve_errc::no_address:
        return "the host has no address that this machine can use";
      case net::resolve_errc::temporary_failure:
        return "no name server answered; later one may";
      case net::resolve_errc::permanent_failure:
        return "the name servers cannot answer";
      case net::resolve_errc::unknown:
        break;
    }
    return "the resolver failed";
  }
};

error resolver_error(int code, int system_error) {
  using net::resolve_errc;
  switch (code) {
    case EAI_NONAME:
      return resolve_errc::no_such_host;
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
    case EAI_FAMILY:
      return resolve_errc::no_address;
    case EAI_AGAIN:
      return resolve_errc::temporary_failure;
    case EAI_FAIL:
      return resolve_errc::permanent_failure;
    case EAI_MEMORY:
      return errc::out_of_memory;
    case EAI_SYSTEM:
      return error::from_errno(system_error);
    default:
      return error(resolve_errc::unknown, ::gai_strerror(code));
  }
}

// Blocks.
result<std::vector<net::socket_address>> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;  // else each address comes once a protocol
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  auto code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  auto system_error = errno;
  if (code != 0) return fail(resolver_error(code, system_error));
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, &::freeaddrinfo);
  std::vector<net::socket_address> addresses;
  for (auto* one = found; one; one = one->ai_next) {
    socket_address native;
    native.assign(one->ai_addr, one->ai_addrlen);
    auto address = from_native(native);
    if (address.is_ip()) addresses.push_back(address.with_port(port));
  }
  if (addresses.empty()) return fail(net::resolve_errc::no_address);
  return addresses;
}

}  // namespace
}  // namespace detail

task<result<std::vector<net::socket_address>>> environment::resolve(std::string host,
                                                                    std::uint16_t port) {
  auto query =
      detail::run_blocking([host = std::move(host), port] { return detail::look_up(host, port); });
  co_return co_await std::move(query);
}

namespace net {

const std::error_category& resolver_category() noexcept {
  static const detail::resolver_category_type category;
  return category;
}

task<result<std::vector<socket_address>>> resolve(std::string host_and_port) {
  auto name = host_port::parse(host_and_port);
  if (!name) co_return fail(std::move(name).error());
  co_return co_await resolve(*std::move(name));
}

resolver::~resolver() = default;

task<result<std::vector<socket_address>>> system_resolver::resolve(host_port name) {
  auto& doors = detail::ambient_scheduler().environment();
  co_return co_await doors.resolve(name.host(), name.port());
}

fixed_resolver& fixed_resolver::add(std::string host, std::vector<ip_address> addresses) {
  entry made{std::move(host), {}, false};
  for (const auto& address : addresses) made.addresses.emplace_back(address, std::uint16_t{0});
  entries_.push_back(std::move(made));
  return *this;
}

fixed_resolver& fixed_resolver::add(std::string host, std::vector<socket_address> addresses) {
  entries_.push_back(entry{std::move(host), std::move(addresses), true});
  return *this;
}

task<result<std::vector<socket_address>>> fixed_resolver::resolve(host_port name) {
  for (const auto& one : entries_) {
    if (one.host != name.host()) continue;
    auto addresses = one.addresses;
    for (auto& address : addresses) {
      if (!one.own_ports) address = address.with_port(name.port());
    }
    co_return addresses;
  }
  co_return fail(resolve_errc::no_such_host);
}

task<result<std::vector<socket_address>>> resolve(host_port name) {
  co_return co_await resolve(std::move(name), nullptr);
}

task<result<std::vector<socket_address>>> resolve(host_port name, resolver* names) {
  if (auto ip = ip_address::parse(name.host())) {
    co_return std::vector<socket_address>(1, socket_address(*ip, name.port()));
  }
  // What is longer cannot be a name, and what has a zero byte would be another one to the system.
  constexpr std::size_t longest_name = 255;
  if (name.host().size() > longest_name || name.host().contains('\0')) {
    co_return fail(errc::invalid_argument, "this cannot be the name of a host");
  }
  system_resolver system;
  if (!names) names = &system;
  auto found = co_await names->resolve(name);
  if (!found)
    co_return fail(std::move(found).error().with_context("resolving \"" + name.host() + "\""));
  if (found->empty()) co_return fail(resolve_errc::no_address, "resolving \"" + name.host() + "\"");
  co_return found;
}

}  // namespace net
}  // namespace v0
}  // namespace weft
