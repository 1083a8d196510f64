#include <weft/http/server.hpp>
#include <weft/io/duplex.hpp>
#include <weft/join.hpp>
#include <weft/runtime.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "h1/connection.hpp"
#include "server/server_state.hpp"

// A whole connection of a server, over a pipe in memory on a clock that stands still. The first
// byte says how the rest arrives: what is answered must not depend on it, the connection must end
// when the peer has ended its side, and nothing may be left behind.

namespace {

namespace http = weft::http;
namespace io = weft::io;
using weft::or_return;
using weft::task;
using namespace std::chrono_literals;

// Reads its body, sends it back, streams it back, or does not look at it.
auto handle(http::request request) -> task<http::result> {
  auto path = request.path();
  if (path.starts_with("/i")) co_return http::response("ignored");
  if (path.starts_with("/e")) co_return http::response(std::move(request).body());
  if (path.starts_with("/s")) co_await weft::sleep(100ms);
  auto all = co_await or_return(std::move(request).body().collect(100'000));
  co_return http::response(std::move(all));
}

struct world {
  weft::runtime runtime = weft::runtime::current_thread().start_paused(true).build();
  std::shared_ptr<http::counters> counters = std::make_shared<http::counters>();
  std::shared_ptr<http::server_state> server = std::make_shared<http::server_state>(
      http::detail::share_handler(handle), http::limits().body(100'000), counters);
};

auto send(io::transport& to, std::string_view text) -> task<void> {
  auto sent = co_await to.write_all(text);  // an error, when the server has heard enough
  if (sent) (void)co_await to.shutdown();
}

auto listen(io::transport& from, std::string& into) -> task<void> {
  for (;;) {
    auto came = co_await from.receive();
    if (!came || came->empty()) break;
    into += came->view();
  }
}

auto converse(world& on, std::string_view text, std::size_t at_a_time, std::string& said)
    -> task<void> {
  io::duplex_script script;
  if (at_a_time > 0) {
    script.second().on_every_receive(io::fault::at_most(at_a_time));
    script.second().on_every_send(io::fault::at_most(at_a_time * 7));
  }
  auto [client, server] = io::duplex(script, at_a_time > 0 ? 64 : 1 << 20);
  weft::spawn(http::h1::serve_connection(http::admission(on.server), std::move(server))).detach();
  co_await weft::join(send(client, text), listen(client, said));
  client.close();
  co_await weft::sleep(1ms);
}

auto answers(world& on, std::string_view text, std::size_t at_a_time) -> std::string {
  std::string said;
  on.runtime.block_on(converse(on, text, at_a_time, said));
  if (on.server->open_connections() != 0) {
    std::fprintf(stderr, "the connection is still open\n");
    std::abort();
  }
  return said;
}

// No body of these answers begins a line in this way, unless the request put it there.
auto statuses(std::string_view said) -> std::string {
  std::string found;
  for (auto at = said.find("HTTP/1.1 "); at != said.npos; at = said.find("HTTP/1.1 ", at + 1)) {
    found += said.substr(at + 9, 3);
    found += ' ';
  }
  return found;
}

// What is echoed may be cut where it has come to, and 100 (Continue) is not said to who does not
// wait.
auto depends_on_time(std::string_view input) -> bool {
  return input.find("/e") != input.npos || input.find("xpect") != input.npos ||
         input.find("XPECT") != input.npos || input.find("HTTP/1.1 ") != input.npos;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
  static world on;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = answers(on, input, 0);
  const auto pieces = answers(on, input, 1 + data[0] % 31);
  const auto is_answer = whole.starts_with("HTTP/1.1 ") || whole.empty();
  if (is_answer && (depends_on_time(input) || statuses(whole) == statuses(pieces))) return 0;
  std::fprintf(stderr, "whole:\n%s\nin pieces:\n%s\n", whole.c_str(), pieces.c_str());
  std::abort();
}
