#include <weft/http.hpp>
#include <weft/runtime.hpp>
#include <weft/signal.hpp>

#include <string>

namespace http = weft::http;
using namespace std::chrono_literals;
using weft::or_return;

auto greet(http::request request) -> std::string {
  return "Hello, " + std::string(request.parameter(0)) + "!\n";
}

auto slow() -> weft::task<http::result> {  // a coroutine: its thread serves others meanwhile
  co_await weft::sleep(1s);
  co_return "done\n";
}

auto serve() -> weft::task<weft::result<void>> {
  auto app = http::router()
                 .get("/", [] { return "Hello, World!"; })
                 .get("/hello/{name}", greet)
                 .get("/slow", slow);
  auto listener = co_await or_return(weft::net::tcp_listener::bind("127.0.0.1:8080"));
  co_return co_await http::serve(std::move(listener), std::move(app))
      .graceful_shutdown(weft::signal::terminate(), 30s);
}

int main() {
  return weft::run(serve());
}  // prints the error and returns 1 when serve() fails
