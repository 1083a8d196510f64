// The snippets of docs/guides/http.md that are in no example.

#include <weft/cancellation_token.hpp>
#include <weft/http.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/signal.hpp>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace http = weft::http;
using weft::or_return;
using namespace std::chrono_literals;
using namespace weft::literals;

namespace http_guide {

auto find_user(std::string_view id) -> weft::task<weft::result<std::string>> {
  if (id != "7") co_return weft::fail(weft::errc::not_found, "there is no such user");
  co_return "weaver";
}

auto show_user(http::request request) -> weft::task<http::result> {
  auto name = co_await or_return(find_user(request.parameter(0)));  // not_found answers as 404
  co_return name + "\n";
}

auto create(http::request request) -> http::response {
  auto kind = request.headers().get(http::header::content_type);
  if (kind != "text/plain") return http::status::unsupported_media_type;
  return http::response(http::status::created, "made\n").header("location", "/users/8");
}

auto retired() -> weft::result<std::string> {
  return weft::fail(
      weft::error(weft::errc::not_found).with_payload(http::status::gone));  // 410, not 404
}

auto save(http::request request) -> weft::task<http::result> {
  auto all = co_await or_return(std::move(request).body().collect(1_MiB));  // more answers as 413
  co_return "got " + std::to_string(all.size()) + " bytes\n";
}

auto in_time(http::request request) -> weft::task<http::result> {
  auto name = co_await or_return(weft::timeout(2s, find_user(request.parameter(0))));  // late: 504
  co_return name;
}

// A stream without an end: it has to end by itself when the server stops.
auto ticker(weft::cancellation_token stop) {
  return [stop](http::request) -> http::response {
    auto body = http::stream(
        [stop, n = 0]() mutable -> weft::task<weft::result<std::optional<weft::bytes>>> {
          auto [ticked, stopped] = co_await weft::select(weft::sleep(1s), stop.cancelled());
          if (stopped) co_return std::nullopt;
          co_return weft::bytes::from("data: " + std::to_string(++n) + "\n\n");
        });
    return http::response(std::move(body)).header(http::header::content_type, "text/event-stream");
  };
}

auto cancel_on_signal(weft::cancellation_token stop) -> weft::task<void> {
  (void)co_await weft::signal::terminate();
  stop.cancel(weft::cancel_reason::shutdown);
}

auto serve_ticks(weft::net::tcp_listener listener) -> weft::task<weft::result<void>> {
  weft::cancellation_token stop;
  weft::spawn(cancel_on_signal(stop)).detach();
  auto app = http::router().get("/ticks", ticker(stop));
  co_return co_await http::serve(std::move(listener), std::move(app))
      .graceful_shutdown(stop.cancelled(), 30s);
}

auto serve(weft::net::tcp_listener listener) -> weft::task<weft::result<void>> {
  auto app = http::router()
                 .get("/users/{id}", show_user)
                 .post("/users", create)
                 .get("/retired", retired)
                 .put("/files/{*path}", save)
                 .get("/in-time/{id}", in_time);

  auto counters = std::make_shared<http::counters>();
  http::shutdown_report report;
  auto ended = co_await http::serve(std::move(listener), std::move(app))
                   .limits(http::limits().body(1_MiB).head_time(5s).connections(10'000))
                   .counters(counters)
                   .report_to(report)
                   .graceful_shutdown(weft::signal::terminate(), 30s);

  std::printf("%zu of %zu connections were cut\n", report.cut, report.open);
  for (std::size_t reason = 0; reason < http::counters::reasons; ++reason) {
    if (auto count = counters->refused(reason)) {
      std::printf("%lld refused: %s\n", static_cast<long long>(count),
                  http::rejection_name(reason).data());
    }
  }
  co_return ended;
}

}  // namespace http_guide
