// A TCP server: a task for each connection, bytes that are not copied, an end in good order.
//
//   ./tcp_echo --port 8080 &
//   nc 127.0.0.1 8080

#include <weft/cancellation_token.hpp>
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/signal.hpp>
#include <weft/task_tracker.hpp>

#include <cstdio>
#include <string>

#include "serving.hpp"

using weft::or_return;
using namespace std::chrono_literals;

namespace {

// Ends when the peer has ended its side, when it was silent for a minute, or at once when the
// server stops.
auto echo(weft::net::tcp_stream socket, weft::cancellation_token stop)
    -> weft::task<weft::result<void>> {
  weft::bytes_chain out;
  while (true) {
    auto [came, stopped] =
        co_await weft::select(weft::timeout(1min, socket.receive()), stop.cancelled());
    if (stopped) break;
    auto data = co_await or_return(std::move(*came));
    if (data.empty()) break;
    out.push_back(std::move(data));
    co_await or_return(weft::timeout(30s, socket.send_all(out)));
  }
  co_return co_await socket.shutdown();
}

auto stop_on_signal(weft::cancellation_token stop) -> weft::task<void> {
  (void)co_await weft::signal::terminate();
  stop.cancel(weft::cancel_reason::shutdown);
}

auto serve(std::string address) -> weft::task<weft::result<void>> {
  auto listener = co_await or_return(weft::net::tcp_listener::bind(std::move(address)));
  serving::announce(listener);

  weft::task_tracker connections;
  weft::cancellation_token stop;
  weft::spawn(stop_on_signal(stop)).detach();
  std::size_t accepted = 0;
  while (true) {
    auto [came, stopped] = co_await weft::select(listener.accept(), stop.cancelled());
    if (stopped) break;
    if (!*came) {  // no descriptors or memory: those who are connected go on
      co_await weft::sleep(100ms);
      continue;
    }
    ++accepted;
    connections.spawn(echo, std::move(**came), stop).detach();
  }

  listener.close();
  connections.close();
  auto drained = co_await weft::timeout(10s, connections.wait());
  std::printf("served %zu connections, %s\n", accepted, drained ? "all ended" : "some were cut");
  co_return {};
}

}  // namespace

int main(int argc, char** argv) {
  return weft::run(serve(serving::address(argc, argv)));
}
