// A proxy: the first line that a client sends names the server, "host:port"; then bytes go both
// ways, and so does each side's end.
//
//   ./proxy --port 8081 &
//   { echo 127.0.0.1:8080; echo hello; } | nc -N 127.0.0.1 8081

#include <weft/cancellation_token.hpp>
#include <weft/io/buffered_reader.hpp>
#include <weft/io/copy.hpp>
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/signal.hpp>
#include <weft/task_tracker.hpp>
#include <weft/time.hpp>

#include <cstdio>
#include <string>

#include "serving.hpp"

using weft::or_return;
using namespace std::chrono_literals;

namespace {

auto forward(weft::net::tcp_stream client) -> weft::task<weft::result<void>> {
  weft::io::buffered_reader in(std::move(client));
  auto target = co_await or_return(weft::timeout(10s, in.read_line(256)));
  if (!target) co_return {};
  auto connecting = weft::net::tcp_stream::connect(target->to_string());
  auto server = co_await or_return(weft::timeout(10s, std::move(connecting)));

  // What was read behind the line belongs to the server.
  auto [rest, early] = std::move(in).release();
  co_await or_return(server.write_all(early.view()));
  auto count = co_await or_return(weft::io::copy_bidirectional(rest, server));
  unsigned long long there = early.size() + count.first_to_second;
  unsigned long long back = count.second_to_first;
  std::printf("%llu bytes there, %llu back\n", there, back);
  std::fflush(stdout);
  co_return {};
}

auto accept_all(weft::net::tcp_listener& listener, weft::task_tracker& connections)
    -> weft::task<void> {
  while (true) {
    auto client = co_await listener.accept();
    if (client) {
      connections.spawn(forward, std::move(*client)).detach();
    } else {
      co_await weft::sleep(100ms);  // no descriptors or memory: those who are connected go on
    }
  }
}

auto serve(std::string address) -> weft::task<weft::result<void>> {
  auto listener = co_await or_return(weft::net::tcp_listener::bind(std::move(address)));
  serving::announce(listener);
  weft::task_tracker connections;
  (void)co_await weft::select(accept_all(listener, connections), weft::signal::terminate());
  connections.close();
  (void)co_await weft::timeout(10s, connections.wait());
  co_return {};
}

}  // namespace

int main(int argc, char** argv) {
  return weft::run(serve(serving::address(argc, argv)));
}
