// A protocol of lines over TCP: "set KEY VALUE", "get KEY", "quit". A codec makes frames of bytes;
// a line that is too long is an error, and the ones after it are read all the same.
//
//   ./line_server --port 8080 &
//   printf 'set greeting hello\nget greeting\nquit\n' | nc 127.0.0.1 8080

#include <weft/io/codec.hpp>
#include <weft/io/line_codec.hpp>
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/signal.hpp>
#include <weft/spawn.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/time.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "serving.hpp"

using weft::or_return;
using namespace std::chrono_literals;

namespace {

using table = weft::sync::mutex<std::map<std::string, std::string, std::less<>>>;

auto word(std::string_view& line) -> std::string_view {
  auto end = std::min(line.find(' '), line.size());
  auto first = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return first;
}

auto answer(table& values, std::string_view line) -> weft::task<std::string> {
  auto command = word(line);
  auto key = word(line);
  auto locked = co_await values.lock();
  if (command == "set" && !key.empty()) {
    (*locked)[std::string(key)] = line;
    co_return "ok";
  }
  if (command == "get") {
    auto found = locked->find(key);
    co_return found == locked->end() ? "none" : "value " + found->second;
  }
  co_return "error: set KEY VALUE, get KEY, or quit";
}

auto converse(weft::net::tcp_stream socket, std::shared_ptr<table> values)
    -> weft::task<weft::result<void>> {
  weft::io::framed peer(std::move(socket), weft::io::line_codec(100));
  while (true) {
    auto line = co_await weft::timeout(1min, peer.next());
    if (!line && line.error() == weft::errc::limit_exceeded) {
      co_await or_return(peer.send("error: " + line.error().message()));
      continue;
    }
    auto command = co_await or_return(std::move(line));
    if (!command || *command == "quit") break;
    auto reply = co_await answer(*values, *command);
    co_await or_return(peer.send(std::move(reply)));
  }
  co_return co_await peer.close();
}

auto serve(std::string address) -> weft::task<weft::result<void>> {
  auto listener = co_await or_return(weft::net::tcp_listener::bind(std::move(address)));
  serving::announce(listener);
  auto values = std::make_shared<table>();
  while (true) {
    auto [client, stopped] = co_await weft::select(listener.accept(), weft::signal::terminate());
    if (stopped) co_return {};
    if (*client) {
      weft::spawn(converse, std::move(**client), values).detach();
    } else {
      co_await weft::sleep(100ms);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  return weft::run(serve(serving::address(argc, argv)));
}
