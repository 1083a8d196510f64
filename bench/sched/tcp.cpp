// Echo over loopback, both ends in this process, 64-byte messages. An operation is one round trip.
#include <weft/net/tcp.hpp>
#include <weft/spawn.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "bench.hpp"

namespace bench {

namespace {

using weft::or_return;
using weft::net::tcp_listener;
using weft::net::tcp_stream;

using message = std::array<std::byte, 64>;

weft::task<weft::result<void>> echo(tcp_stream stream) {
  co_await or_return(stream.set_nodelay(true));
  message buffer;
  while (true) {
    for (std::size_t got = 0; got < buffer.size();) {
      auto more = co_await or_return(stream.read(std::span<std::byte>(buffer).subspan(got)));
      if (more == 0) co_return weft::result<void>();
      got += more;
    }
    co_await or_return(stream.write_all(std::span<const std::byte>(buffer)));
  }
}

weft::task<weft::result<void>> accept(tcp_listener listener, std::size_t connections) {
  for (std::size_t i = 0; i < connections; ++i) {
    auto stream = co_await or_return(listener.accept());
    weft::spawn(echo(std::move(stream))).detach();
  }
  co_return weft::result<void>();
}

weft::task<weft::result<void>> client(weft::net::socket_address address, std::size_t trips) {
  auto stream = co_await or_return(tcp_stream::connect(address));
  co_await or_return(stream.set_nodelay(true));
  message sent;
  message received{};
  sent.fill(std::byte{7});
  for (std::size_t i = 0; i < trips; ++i) {
    co_await or_return(stream.write_all(std::span<const std::byte>(sent)));
    for (std::size_t got = 0; got < received.size();) {
      auto more = co_await or_return(stream.read(std::span<std::byte>(received).subspan(got)));
      check(more > 0, "the echo hung up");
      got += more;
    }
  }
  check(sent == received, "the echo was wrong");
  co_return weft::result<void>();
}

weft::task<weft::result<void>> echoes(std::size_t connections, std::size_t trips) {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto address = listener.local_address();
  auto server = weft::spawn(accept(std::move(listener), connections));
  std::vector<weft::join_handle<weft::result<void>>> clients;
  for (std::size_t i = 0; i < connections; ++i)
    clients.push_back(weft::spawn(client(address, trips)));
  for (auto& one : clients) co_await or_return(std::move(one));
  co_return co_await std::move(server);
}

void run_echo(runner& bench, const char* name, std::size_t connections, std::size_t trips) {
  bench.run(name, connections * trips, [connections, trips](weft::runtime& runtime) {
    auto ended = runtime.block_on(echoes(connections, trips));
    check(ended.has_value(), "an end of an echo failed");
  });
}

}  // namespace

void run_tcp(runner& bench) {
  run_echo(bench, "tcp_echo_64conns", 64, bench.scaled(2'500));
  run_echo(bench, "tcp_echo_1conn", 1, bench.scaled(25'000));
}

}  // namespace bench
