// Chapter 7 of docs/tutorial.
#include <weft/select.hpp>
#include <weft/signal.hpp>
#include <weft/task_tracker.hpp>

#include <cstdio>

#include "framing.hpp"

namespace {

auto serve(std::string address) -> weft::task<weft::result<void>> {
  auto [tally, orders] = weft::sync::mpsc<order>(16);
  auto keeper = weft::spawn(keep_tally(std::move(orders)));
  auto listener = co_await or_return(weft::net::tcp_listener::bind(std::move(address)));
  weft::task_tracker clients;
  while (true) {
    auto [client, stop] = co_await weft::select(listener.accept(), weft::signal::terminate());
    if (stop) break;
    if (*client) {
      clients.spawn(converse(std::move(**client), tally)).detach();
    } else {
      co_await weft::sleep(100ms);  // no descriptors: those who are here go on
    }
  }
  clients.close();
  auto ended = co_await weft::timeout(10s, clients.wait());
  std::printf("%s\n", ended ? "everybody has left" : "some were cut off");
  keeper.abort();
  co_return {};
}

}  // namespace

int main(int argc, char** argv) {
  return weft::run(serve(argc > 1 ? argv[1] : "127.0.0.1:7007"));
}
