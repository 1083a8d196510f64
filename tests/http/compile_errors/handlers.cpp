// Handlers that cannot be right; CASE says which.
#include <weft/http.hpp>
#include <weft/time.hpp>

#include <optional>
#include <string>

namespace http = weft::http;

auto by_value(http::request asked) -> weft::task<std::string> {
  co_await weft::sleep(weft::duration(1));
  co_return std::string(asked.path());
}
auto at_once(const http::request& asked) -> std::string {
  return std::string(asked.path());
}
auto by_reference(const http::request& asked) -> weft::task<std::string> {
  co_return std::string(asked.path());
}

auto routes() -> http::router {
  http::router app;
  app.get("/", by_value).get("/at_once", at_once);
#if CASE == 0
  app.get("/x", [](http::request asked) { return by_value(std::move(asked)); });
#elif CASE == 1
  app.get("/x", [](const http::request&) -> weft::task<std::string> { co_return "x"; });
#elif CASE == 2
  app.get("/x", [](http::request&&) -> weft::task<std::string> { co_return "x"; });
#elif CASE == 3
  app.get("/x", [](const auto&) -> weft::task<std::string> { co_return "x"; });
#elif CASE == 4
  app.get("/x", by_reference);
#elif CASE == 5
  app.get("/x", [n = 0]() mutable { return std::to_string(++n); });
#elif CASE == 6
  app.get("/x", [] {
    return http::response(
        http::stream([]() -> weft::task<std::optional<std::string>> { co_return std::nullopt; }));
  });
#elif CASE == 7
  app.get("/x", []() -> weft::task<http::result> { co_return weft::errc::closed; });
#endif
  return app;
}
