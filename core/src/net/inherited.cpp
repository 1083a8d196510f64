#include <weft/detail/execution.hpp>
#include <weft/net/inherited.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "net/socket.hpp"
#include "net/socket_address.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

constexpr int first_inherited = 3;
constexpr int most_inherited = 1024;
constinit std::atomic<bool> inherited_taken{false};

std::string_view environment_text(const char* name) noexcept {
  const auto* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): said of `inherited`
  return text ? std::string_view(text) : std::string_view();
}

std::optional<int> number_in(std::string_view text) noexcept {
  int number = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// One for each descriptor, or nothing.
std::optional<std::vector<std::string>> inherited_names(int count) {
  std::vector<std::string> names;
  auto rest = environment_text("LISTEN_FDNAMES");
  if (!rest.data()) {
    names.assign(static_cast<std::size_t>(count), "unknown");
    return names;
  }
  for (;;) {
    auto end = rest.find(':');
    names.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (names.size() != static_cast<std::size_t>(count)) return std::nullopt;
  return names;
}

net::inherited_kind kind_of(int descriptor) noexcept {
  if (is_socket_of(descriptor, tcp_listening)) return net::inherited_kind::tcp_listener;
  if (is_socket_of(descriptor, unix_listening)) return net::inherited_kind::unix_listener;
  if (is_socket_of(descriptor, udp_bound)) return net::inherited_kind::udp_socket;
  if (is_socket_of(descriptor, unix_datagrams)) return net::inherited_kind::unix_datagram;
  return net::inherited_kind::other;
}

}  // namespace
}  // namespace detail

namespace net {

inherited_socket::inherited_socket(int descriptor, std::string name)
    : descriptor_(descriptor), kind_(detail::kind_of(descriptor)), name_(std::move(name)) {}

inherited_socket::~inherited_socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

socket_address inherited_socket::local_address() const {
  return detail::local_address_of(descriptor_);
}
result<tcp_listener> inherited_socket::into_tcp_listener() && {
  return tcp_listener::from_native(std::move(*this).into_native());
}
result<unix_listener> inherited_socket::into_unix_listener() && {
  return unix_listener::from_native(std::move(*this).into_native());
}
result<udp_socket> inherited_socket::into_udp_socket() && {
  return udp_socket::from_native(std::move(*this).into_native());
}
result<unix_datagram> inherited_socket::into_unix_datagram() && {
  return unix_datagram::from_native(std::move(*this).into_native());
}
int inherited_socket::into_native() && {
  if (descriptor_ < 0) detail::misuse("an inherited_socket was used that had been moved from");
  return std::exchange(descriptor_, -1);
}

result<std::vector<inherited_socket>> inherited() {
  std::vector<inherited_socket> all;
  auto pid = detail::number_in(detail::environment_text("LISTEN_PID"));
  if (!pid || *pid != ::getpid()) return all;
  if (detail::inherited_taken.exchange(true, std::memory_order_relaxed)) return all;
  auto count = detail::number_in(detail::environment_text("LISTEN_FDS"));
  if (!count || *count < 0 || *count > detail::most_inherited) {
    return fail(errc::invalid_data, "LISTEN_FDS is no number of descriptors");
  }
  auto names = detail::inherited_names(*count);
  if (!names) return fail(errc::invalid_data, "LISTEN_FDNAMES and LISTEN_FDS disagree");
  for (int index = 0; index < *count; ++index) {
    if (::fcntl(detail::first_inherited + index, F_GETFD) < 0) {
      return fail(errc::invalid_data, "LISTEN_FDS names a descriptor that is not open: " +
                                          std::to_string(detail::first_inherited + index));
    }
  }
  all.reserve(names->size());
  for (int index = 0; index < *count; ++index) {
    auto descriptor = detail::first_inherited + index;
    (void)::fcntl(descriptor, F_SETFD, FD_CLOEXEC);  // of an open descriptor it cannot fail
    all.push_back(
        inherited_socket(descriptor, std::move((*names)[static_cast<std::size_t>(index)])));
  }
  return all;
}

}  // namespace net
}  // namespace v0
}  // namespace weft
