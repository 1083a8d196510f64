// A chat over TCP: the first line is a name, every other one goes to all. Who reads too slowly is
// told how much it missed; nobody waits for it.
//
//   ./chat --port 8080 &
//   telnet 127.0.0.1 8080

#include <weft/io/codec.hpp>
#include <weft/io/line_codec.hpp>
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/signal.hpp>
#include <weft/spawn.hpp>
#include <weft/sync/broadcast.hpp>
#include <weft/time.hpp>

#include <string>
#include <utility>

#include "serving.hpp"

using weft::or_return;
using namespace std::chrono_literals;

namespace {

struct message {
  std::string from;
  std::string text;
};
using room = weft::sync::broadcast_sender<message>;

// What others say to this client; a line of ours ends the wait, and is returned.
template <class Peer>
auto next_line(Peer& peer, weft::sync::broadcast_receiver<message>& heard, std::string_view name)
    -> weft::task<weft::result<std::optional<weft::bytes>>> {
  while (true) {
    auto [line, said] = co_await weft::select(peer.next(), heard.next());
    if (line) co_return std::move(*line);
    if (!*said) {
      auto* lag = said->error().template get<weft::sync::broadcast_lag>();
      if (!lag) co_return weft::fail(said->error());
      co_await or_return(peer.send("* you missed " + std::to_string(lag->missed)));
    } else if (auto& one = **said; one && one->from != name) {
      co_await or_return(peer.send(one->from + ": " + one->text));
    }
  }
}

auto converse(weft::net::tcp_stream client, room everybody) -> weft::task<weft::result<void>> {
  weft::io::framed peer(std::move(client), weft::io::line_codec(500));
  co_await or_return(peer.send("* your name?"));
  auto first = co_await or_return(weft::timeout(1min, peer.next()));
  if (!first) co_return {};
  std::string name(first->view());
  auto heard = everybody.subscribe();
  co_await or_return(peer.send("* welcome, " + name));
  (void)everybody.send(message{"*", name + " comes"});
  auto ended = weft::result<void>();
  while (ended) {
    auto line = co_await next_line(peer, heard, name);
    if (!line) ended = weft::fail(line.error());
    if (!line || !*line) break;
    (void)everybody.send(message{name, std::string((*line)->view())});
  }
  (void)everybody.send(message{"*", name + " leaves"});
  co_return ended;
}

auto serve(std::string address) -> weft::task<weft::result<void>> {
  auto listener = co_await or_return(weft::net::tcp_listener::bind(std::move(address)));
  serving::announce(listener);
  auto [everybody, unheard] = weft::sync::broadcast<message>(64);
  while (true) {
    auto [client, stopped] = co_await weft::select(listener.accept(), weft::signal::terminate());
    if (stopped) co_return {};
    if (*client) {
      weft::spawn(converse, std::move(**client), everybody).detach();
    } else {
      co_await weft::sleep(100ms);  // no descriptors: those who are here go on
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  return weft::run(serve(serving::address(argc, argv)));
}
