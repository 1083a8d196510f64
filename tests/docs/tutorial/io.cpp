// Chapter 5 of docs/tutorial.
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>

#include <string>
#include <utility>

using weft::or_return;
using namespace std::chrono_literals;

namespace {

auto echo(weft::net::tcp_stream client) -> weft::task<weft::result<void>> {
  weft::bytes_chain out;
  while (true) {
    auto data = co_await or_return(weft::timeout(1min, client.receive()));
    if (data.empty()) break;  // the client has ended its side
    out.push_back(std::move(data));
    co_await or_return(client.send_all(out));
  }
  co_return co_await client.shutdown();
}

auto serve(std::string address) -> weft::task<weft::result<void>> {
  auto listener = co_await or_return(weft::net::tcp_listener::bind(std::move(address)));
  while (true) {
    auto client = co_await or_return(listener.accept());
    weft::spawn(echo(std::move(client))).detach();
  }
}

}  // namespace

int main(int argc, char** argv) {
  return weft::run(serve(argc > 1 ? argv[1] : "127.0.0.1:7007"));
}
