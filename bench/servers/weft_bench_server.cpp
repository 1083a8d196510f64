// The server that is measured: http::serve with its default limits. It does not know that it is
// measured.
//
//   weft_bench_server --port N --workers N

#include <weft/http.hpp>
#include <weft/runtime.hpp>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace http = weft::http;
using weft::or_return;

namespace {

auto number(std::string_view text, long most) -> weft::result<long> {
  long value = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value < 0 ||
      value > most) {
    return weft::fail(weft::errc::invalid_argument, "a number is wanted");
  }
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
  std::string port = "0";
  unsigned workers = 0;
  for (int index = 1; index + 1 < argc; index += 2) {
    std::string_view option = argv[index];
    if (option == "--port") port = argv[index + 1];
    if (option == "--workers") workers = static_cast<unsigned>(std::atoi(argv[index + 1]));
  }
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto ended = runtime.block_on(serve(port));
  if (ended) return 0;
  std::fprintf(stderr, "error: %s\n", ended.error().message().c_str());
  return 1;
}
