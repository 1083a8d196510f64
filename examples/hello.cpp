// A small HTTP service: handlers by path, a graceful stop.
//
//   ./hello --port 8080 &
//   curl http://127.0.0.1:8080/

#include <weft/http.hpp>
#include <weft/runtime.hpp>
#include <weft/signal.hpp>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>

namespace http = weft::http;
using weft::or_return;
using namespace std::chrono_literals;

namespace {

auto greet(http::request request) -> std::string {
  return "Hello, " + std::string(request.parameter(0)) + "!\n";
}

// Waits, and gives up when the client hangs up.
auto nap(http::request request) -> weft::task<http::result> {
  int ms = 0;
  auto text = request.parameter(0);
  auto read = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (read.ec != std::errc() || ms < 0 || ms > 60'000) {
    co_return weft::fail(weft::errc::invalid_argument, "/nap/{ms} takes 0 to 60000");
  }
  co_await weft::sleep(std::chrono::milliseconds(ms));
  co_return http::response("awake\n");
}

// Streams the body back as it comes.
auto echo(http::request request) -> http::response {
  return http::response(std::move(request).body());
}

auto serve(std::string port) -> weft::task<weft::result<void>> {
  auto app = http::router()
                 .get("/", [] { return "Hello, World!"; })
                 .get("/hello/{name}", greet)
                 .get("/nap/{ms}", nap)
                 .post("/echo", echo);

  auto listener = co_await or_return(weft::net::tcp_listener::bind("127.0.0.1:" + port));
  std::printf("listening on %s\n", listener.local_address().to_string().c_str());
  std::fflush(stdout);

  auto counters = std::make_shared<http::counters>();
  http::shutdown_report report;
  auto ended = co_await http::serve(std::move(listener), std::move(app))
                   .counters(counters)
                   .report_to(report)
                   .graceful_shutdown(weft::signal::terminate(), 30s);

  std::printf("served %lld requests on %lld connections; %zu were open at the end, %zu were cut\n",
              static_cast<long long>(counters->get(http::counter::responses)),
              static_cast<long long>(counters->get(http::counter::connections_accepted)),
              report.open, report.cut);
  co_return ended;
}

}  // namespace

int main(int argc, char** argv) {
  std::string port = "8080";
  if (argc == 3 && std::strcmp(argv[1], "--port") == 0) port = argv[2];
  return weft::run(serve(port));
}
