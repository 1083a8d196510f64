// A Unix socket: a server that knows which process calls, and a client, in one program.
//
//   ./unix_echo

#include <weft/join.hpp>
#include <weft/net/unix.hpp>
#include <weft/runtime.hpp>

#include <unistd.h>

#include <cstdio>
#include <string>

using weft::or_return;

namespace {

auto serve_one(weft::net::unix_listener listener) -> weft::task<weft::result<void>> {
  auto socket = co_await or_return(listener.accept());
  auto who = co_await or_return(socket.peer_credentials());
  std::printf("called by %s\n", who.pid == ::getpid() ? "this very process" : "another process");
  while (true) {
    auto data = co_await or_return(socket.receive());
    if (data.empty()) break;
    co_await or_return(socket.write_all(data.view()));
  }
  co_return {};
}

auto call(weft::net::socket_address address) -> weft::task<weft::result<void>> {
  auto socket = co_await or_return(weft::net::unix_stream::connect(std::move(address)));
  co_await or_return(socket.write_all("hello"));
  auto echo = co_await or_return(socket.receive());
  std::printf("the echo is %s\n", std::string(echo.view()).c_str());
  co_return {};
}

auto show() -> weft::task<weft::result<void>> {
  // A name that is no file. For a path: unix_listen_options has remove_stale and remove_on_close.
  auto address = co_await or_return(
      weft::net::socket_address::unix_abstract("weft-echo-" + std::to_string(::getpid())));
  auto listener = co_await or_return(weft::net::unix_listener::bind(address));
  co_await or_return(weft::try_join(serve_one(std::move(listener)), call(address)));
  co_return {};
}

}  // namespace

int main() {
  return weft::run(show());
}
