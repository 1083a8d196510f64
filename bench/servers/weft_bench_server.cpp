// The server that is measured: http::serve with its default limits. It does not know that it is
// measured.
//
//   weft_bench_server --port N --workers N

#include <weft/http.hpp>

#include <cstdio>
#include <string>
#include <string_view>

#include "run.hpp"

namespace http = weft::http;
using weft::or_return;

namespace {

auto number(std::string_view text, long most) -> weft::result<long> {
  auto value = servers::number(text, most);
  if (value < 0) return weft::fail(weft::errc::invalid_argument, "a number is wanted");
  return value;
}

auto some_bytes(http::request request) -> http::result {
  auto count = number(request.parameter(0), 1L << 30);
  if (!count) return std::unexpected(std::move(count.error()));
  return http::response(std::string(static_cast<std::size_t>(*count), 'x'));
}

auto delay(http::request request) -> weft::task<http::result> {
  auto ms = co_await or_return(number(request.parameter(0), 60'000));
  co_await weft::sleep(std::chrono::milliseconds(ms));
  co_return http::response("delayed\n");
}

auto json() -> http::response {
  return http::response(http::body(weft::bytes::from_static(R"({"message":"Hello, World!"})")))
      .header(http::header::content_type, "application/json");
}

auto serve(std::string port) -> weft::task<weft::result<void>> {
  auto app = http::router()
                 .get("/", [] { return "Hello, World!"; })
                 .get("/plaintext", [] { return "Hello, World!"; })
                 .get("/json", json)
                 .post("/echo", [](http::request r) { return http::response(std::move(r).body()); })
                 .get("/bytes/{n}", some_bytes)
                 .get("/delay/{ms}", delay);
  auto listener = co_await or_return(weft::net::tcp_listener::bind("127.0.0.1:" + port));
  std::printf("listening on %s\n", listener.local_address().to_string().c_str());
  std::fflush(stdout);
  co_return co_await http::serve(std::move(listener), std::move(app));
}

}  // namespace

int main(int argc, char** argv) {
  return servers::run(argc, argv, &serve);
}
