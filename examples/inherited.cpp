// A service that its manager listens for: it serves the socket that it inherits, or binds its own.
//
//   systemd-socket-activate -l 8080 ./inherited &
//   nc 127.0.0.1 8080

#include <weft/net/inherited.hpp>
#include <weft/runtime.hpp>

#include <cstdio>
#include <utility>

#include "serving.hpp"

using weft::or_return;

namespace {

auto find_listener(std::string otherwise) -> weft::task<weft::result<weft::net::tcp_listener>> {
  auto all = co_await or_return(weft::net::inherited());
  for (auto& one : all) {
    if (one.kind() != weft::net::inherited_kind::tcp_listener) continue;
    std::printf("inherited the socket \"%s\"\n", one.name().c_str());
    co_return std::move(one).into_tcp_listener();
  }
  co_return co_await weft::net::tcp_listener::bind(std::move(otherwise));
}

auto serve(std::string address) -> weft::task<weft::result<void>> {
  auto listener = co_await or_return(find_listener(std::move(address)));
  serving::announce(listener);
  auto socket = co_await or_return(listener.accept());
  co_await or_return(socket.write_all("hello, and goodbye\n"));
  co_return co_await socket.shutdown();
}

}  // namespace

int main(int argc, char** argv) {
  return weft::run(serve(serving::address(argc, argv)));
}
