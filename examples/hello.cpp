// A small HTTP service: handlers by path, a stream, an end in good order.
//
//   ./hello --port 8080 &
//   curl http://127.0.0.1:8080/hello/you
//   curl --data-binary @some_file http://127.0.0.1:8080/echo

#include <weft/http.hpp>
#include <weft/runtime.hpp>
#include <weft/signal.hpp>

#include <charconv>
#include <cstdio>
#include <memory>
#include <string>

#include "serving.hpp"

namespace http = weft::http;
using weft::or_return;
using namespace std::chrono_literals;

namespace {

auto greet(http::request request) -> std::string {
  return "Hello, " + std::string(request.parameter(0)) + "!\n";
}

// A client that hangs up meanwhile ends this: the coroutine is destroyed where it sleeps.
auto nap(http::request request) -> weft::task<http::result> {
  auto text = request.parameter(0);
  int ms = -1;
  auto read = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || ms < 0 || ms > 60'000) {
    co_return http::response(http::status::bad_request, "a nap takes 0 to 60000 ms\n");
  }
  co_await weft::sleep(std::chrono::milliseconds(ms));
  co_return "awake\n";
}

// The body is sent back as it comes. A client that does not read stops itself from sending.
auto echo(http::request request) -> http::response {
  return std::move(request).body();
}

auto serve(std::string address) -> weft::task<weft::result<void>> {
  auto app = http::router()
                 .get("/", [] { return "Hello, World!"; })
                 .get("/hello/{name}", greet)
                 .get("/nap/{ms}", nap)
                 .post("/echo", echo);

  auto listener = co_await or_return(weft::net::tcp_listener::bind(std::move(address)));
  serving::announce(listener);

  auto counters = std::make_shared<http::counters>();
  http::shutdown_report report;
  auto ended = co_await http::serve(std::move(listener), std::move(app))
                   .counters(counters)
                   .report_to(report)
                   .graceful_shutdown(weft::signal::terminate(), 30s);

  std::printf("served %lld requests on %lld connections; at the end %zu were open, %zu were cut\n",
              static_cast<long long>(counters->get(http::counter::responses)),
              static_cast<long long>(counters->get(http::counter::connections_accepted)),
              report.open, report.cut);
  co_return ended;
}

}  // namespace

int main(int argc, char** argv) {
  return weft::run(serve(serving::address(argc, argv)));
}
