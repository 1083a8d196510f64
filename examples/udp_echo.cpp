// A UDP server: it receives and sends many datagrams a system call, and ends at a signal.
//
//   ./udp_echo --port 8080 &
//   nc -u 127.0.0.1 8080

#include <weft/net/udp.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/signal.hpp>

#include <csignal>
#include <cstdio>
#include <span>
#include <vector>

#include "serving.hpp"

using weft::or_return;

namespace {

auto echo_all(weft::net::udp_socket& socket, const weft::net::datagram_batch& came)
    -> weft::task<weft::result<void>> {
  std::vector<weft::net::outgoing_datagram> out;
  for (std::size_t index = 0; index < came.size(); ++index) {
    if (came.about(index).truncated()) continue;  // a part would pass for the whole
    out.emplace_back(came.data(index), came.about(index).from());
  }
  for (std::span<const weft::net::outgoing_datagram> rest(out); !rest.empty();) {
    auto sent = co_await socket.send_many(rest);
    rest =
        rest.subspan(sent ? *sent : 1);  // what cannot be sent to one is not kept from the others
  }
  co_return {};
}

auto serve(std::string address) -> weft::task<weft::result<void>> {
  auto socket = co_await or_return(weft::net::udp_socket::bind(std::move(address)));
  std::printf("listening on %s\n", socket.local_address().to_string().c_str());
  std::fflush(stdout);

  std::size_t received = 0;
  weft::net::datagram_batch batch(32, 1500);
  auto stopping = weft::signal::listener(SIGTERM);
  while (true) {
    auto [came, stopped] = co_await weft::select(socket.receive_many(batch), stopping.next());
    if (stopped) break;
    if (!*came) continue;  // of a datagram that was sent before; the socket goes on
    received += batch.size();
    co_await or_return(echo_all(socket, batch));
  }
  std::printf("received %zu datagrams\n", received);
  co_return {};
}

}  // namespace

int main(int argc, char** argv) {
  return weft::run(serve(serving::address(argc, argv)));
}
