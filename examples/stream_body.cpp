// Bodies that are streamed: read part by part, made part by part, and both at once. Nothing is held
// but what is under way, and whoever does not read stops whoever writes.
//
//   ./stream_body --port 8080 &
//   curl -N http://127.0.0.1:8080/ticks
//   curl -T some_file -X POST http://127.0.0.1:8080/size
//   curl -T some_file -X POST http://127.0.0.1:8080/upper

#include <weft/http.hpp>
#include <weft/runtime.hpp>
#include <weft/signal.hpp>

#include <cctype>
#include <optional>
#include <string>

#include "serving.hpp"

namespace http = weft::http;
using weft::or_return;
using namespace std::chrono_literals;
using namespace weft::literals;

namespace {

// A body that is asked for: the function is called for each part, when the client has taken the one
// before.
auto ticks() -> http::response {
  return http::stream([n = 0]() mutable -> weft::task<weft::result<std::optional<weft::bytes>>> {
    if (n == 5) co_return std::nullopt;
    co_await weft::sleep(10ms);
    co_return weft::bytes::from("tick " + std::to_string(++n) + "\n");
  });
}

// A body that is read: each part as it comes, and an error when the client goes away in the middle.
auto size_of(http::request request) -> weft::task<http::result> {
  std::size_t size = 0;
  while (auto part = co_await or_return(request.body().next())) size += part->size();
  co_return std::to_string(size) + "\n";
}

// A body that is written by a task of its own. When the client does not read, `send` waits, and so
// does `next`, and so does the client that sends. When it hangs up, both report it.
auto write_upper(http::body from, http::body_sender to) -> weft::task<weft::result<void>> {
  while (auto part = co_await or_return(from.next())) {
    auto text = part->to_string();
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    co_await or_return(to.send(weft::bytes::from(std::move(text))));
  }
  std::move(to).finish();  // a sender that goes without this ends the body with an error
  co_return {};
}

auto upper(http::request request) -> http::response {
  auto [sender, body] = http::body_channel();
  weft::spawn(write_upper(std::move(request).body(), std::move(sender))).detach();
  return std::move(body);
}

auto serve(std::string address) -> weft::task<weft::result<void>> {
  auto app = http::router().get("/ticks", ticks).post("/size", size_of).post("/upper", upper);
  auto listener = co_await or_return(weft::net::tcp_listener::bind(std::move(address)));
  serving::announce(listener);
  co_return co_await http::serve(std::move(listener), std::move(app))
      .limits(http::limits().body(1_GiB))
      .graceful_shutdown(weft::signal::terminate(), 30s);
}

}  // namespace

int main(int argc, char** argv) {
  return weft::run(serve(serving::address(argc, argv)));
}
