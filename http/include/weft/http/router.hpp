#pragma once

#include <weft/http/detail/handler.hpp>
#include <weft/http/method.hpp>

#include <memory>
#include <string_view>
#include <utility>

// Handlers by method and path.
//
//   auto app = http::router()
//                  .get("/", [] { return "Hello, World!"; })
//                  .get("/users/{id}", [](http::request r) { return std::string(r.parameter(0)); })
//                  .post("/echo", [](http::request r) { return http::response(std::move(r).body());
//                  });
//   if (debugging) app.get("/dump", [] { return weft::dump_tasks(); });

namespace weft::inline v0::http {

/// Answers a request by the handler of its route. A service; copies share the table.
///
/// A pattern is a path whose segments are literal, `{name}` (one segment, not empty), or, at its
/// end, `{*name}` (all that is left, not empty). A literal wins over `{name}`, and that over
/// `{*name}`, from left to right. Patterns are compared with the path as it was sent, not decoded.
/// HEAD is answered by GET's handler when it has none of its own. No route: 404; a route, but not
/// for this method: 405 with `allow`.
///
/// A handler is called const, from any worker, with an `http::request` or nothing; it returns text,
/// bytes, a status, a response, a result of one of these (an error answers as `response_of` it), or
/// a task of one of these. Thread-safety: built by one thread; then called from any.
class router : public service::service_tag {
 public:
  WEFT_API router();
  WEFT_API router(const router&);
  WEFT_API router(router&&) noexcept;
  WEFT_API auto operator=(router) noexcept -> router&;
  WEFT_API ~router();

  /// Adds a route. Throws std::invalid_argument when the pattern is malformed, or the route is
  /// there already.
  template <class Handler>
  auto route(http::method method, std::string_view pattern, Handler handler) & -> router& {
    add(method, pattern, detail::make_handler(std::move(handler)));
    return *this;
  }
  template <class Handler>
  auto get(std::string_view pattern, Handler handler) & -> router& {
    return route(method::get, pattern, std::move(handler));
  }
  template <class Handler>
  auto post(std::string_view pattern, Handler handler) & -> router& {
    return route(method::post, pattern, std::move(handler));
  }
  template <class Handler>
  auto put(std::string_view pattern, Handler handler) & -> router& {
    return route(method::put, pattern, std::move(handler));
  }
  template <class Handler>
  auto del(std::string_view pattern, Handler handler) & -> router& {
    return route(method::delete_, pattern, std::move(handler));
  }

  // The same in a chain that begins with `router()`.
  template <class Handler>
  auto route(http::method method, std::string_view pattern, Handler handler) && -> router&& {
    return std::move(route(method, pattern, std::move(handler)));
  }
  template <class Handler>
  auto get(std::string_view pattern, Handler handler) && -> router&& {
    return std::move(get(pattern, std::move(handler)));
  }
  template <class Handler>
  auto post(std::string_view pattern, Handler handler) && -> router&& {
    return std::move(post(pattern, std::move(handler)));
  }
  template <class Handler>
  auto put(std::string_view pattern, Handler handler) && -> router&& {
    return std::move(put(pattern, std::move(handler)));
  }
  template <class Handler>
  auto del(std::string_view pattern, Handler handler) && -> router&& {
    return std::move(del(pattern, std::move(handler)));
  }

  class call_operation;
  /// The answer, as a `result`.
  auto operator()(request incoming) const -> call_operation;

  /// For the server.
  [[nodiscard]] WEFT_API auto handler() const -> std::shared_ptr<const detail::erased_handler>;

 private:
  class table;
  WEFT_API void add(http::method method, std::string_view pattern,
                    std::unique_ptr<const detail::erased_handler> handler);
  std::shared_ptr<table> table_;
};

/// A call of a router, for those who call it as a service.
class router::call_operation {
 public:
  call_operation(std::shared_ptr<const detail::erased_handler> table, request incoming)
      : table_(std::move(table)), incoming_(std::move(incoming)) {}

  class awaiter : public leaf_awaiter<awaiter> {
   public:
    explicit awaiter(call_operation&& from)
        : table_(std::move(from.table_)), incoming_(std::move(from.incoming_)) {}
    static constexpr const char* name = "http::router";
    WEFT_API auto poll() noexcept -> bool;
    WEFT_API auto take() -> result;

   private:
    std::shared_ptr<const detail::erased_handler> table_;
    request incoming_;
    bool called_ = false;
    result answer_;
    std::exception_ptr thrown_;
    std::unique_ptr<detail::pending_call> pending_;
  };
  auto operator co_await() && { return awaiter(std::move(*this)); }

 private:
  std::shared_ptr<const detail::erased_handler> table_;
  request incoming_;
};

inline auto router::operator()(request incoming) const -> call_operation {
  return call_operation(handler(), std::move(incoming));
}

}  // namespace weft::inline v0::http
