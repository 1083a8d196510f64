// Connecting to a name that has several addresses, with a resolver and socket options of one's own.
//
//   ./connect

#include <weft/net/connect.hpp>
#include <weft/net/tcp_socket.hpp>
#include <weft/runtime.hpp>

#include <cstdio>
#include <memory>
#include <vector>

using weft::or_return;
using weft::net::ip_address;
using weft::net::socket_address;
using namespace std::chrono_literals;

namespace {

auto show() -> weft::task<weft::result<void>> {
  // Bound and not listening: whoever connects there is refused.
  auto silent = co_await or_return(weft::net::tcp_socket::open_v4());
  co_await or_return(silent.bind(socket_address(ip_address::loopback_v4(), 0)));

  auto socket = co_await or_return(weft::net::tcp_socket::open_v4());
  co_await or_return(socket.set_reuse_address(true));
  co_await or_return(socket.set_recv_buffer_size(1 << 18));
  co_await or_return(socket.bind(socket_address(ip_address::loopback_v4(), 0)));
  auto listener = co_await or_return(std::move(socket).listen(128));

  std::vector<socket_address> both;
  both.push_back(silent.local_address());
  both.push_back(listener.local_address());
  std::vector<socket_address> one(1, silent.local_address());
  auto names = std::make_shared<weft::net::fixed_resolver>();
  names->add("both.example", both).add("one.example", one);
  weft::net::connect_options options;
  options.resolver(names).attempt_delay(100ms);

  auto first = co_await or_return(weft::net::connect("both.example:80", options));
  std::printf("connected to the %s address\n",
              first.peer_address() == listener.local_address() ? "second" : "first");

  auto failed = co_await weft::net::connect("one.example:80", options);
  if (failed) co_return {};
  const auto* attempts = failed.error().get<weft::net::failed_attempts>();
  std::printf("%zu attempt failed: %s\n", attempts->all().size(),
              attempts->all()[0].why().code().message().c_str());
  co_return {};
}

}  // namespace

int main() {
  return weft::run(show());
}
