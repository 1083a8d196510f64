#pragma once

#include <weft/http/counters.hpp>
#include <weft/http/detail/handler.hpp>
#include <weft/http/limits.hpp>
#include <weft/net/tcp.hpp>
#include <weft/task.hpp>
#include <weft/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

// Serving HTTP.
//
//   co_return co_await http::serve(std::move(listener), std::move(app))
//       .limits(http::limits().body(1_GiB))
//       .graceful_shutdown(weft::signal::terminate(), 30s);

namespace weft::inline v0::http {

/// How a server came to its end.
struct shutdown_report {
  std::size_t open = 0;  ///< connections that were open when it was asked to stop
  std::size_t cut = 0;   ///< of these, those that the deadline cut off
  duration took{};       ///< from the request to stop to the end of the last connection
};

/// A server that is being set up; `co_await` runs it. Made by `http::serve`.
///
/// Awaiting yields a `result<void>`: success after a graceful shutdown, an error when the listener
/// failed. Without `graceful_shutdown` it runs until the listener fails or it is destroyed.
/// Cancel-safety: destroying it closes the listener and cuts off every connection.
/// Bounds: see http/limits.hpp; all are on by default.
class server {
 public:
  server(net::tcp_listener listener, std::shared_ptr<const detail::erased_handler> handler)
      : listener_(std::move(listener)), handler_(std::move(handler)) {}

  auto limits(const http::limits& within) && -> server&& {
    limits_ = within;
    return std::move(*this);
  }
  /// Where this server counts; for reading while it runs, or for several servers in one.
  auto counters(std::shared_ptr<http::counters> into) && -> server&& {
    counters_ = std::move(into);
    return std::move(*this);
  }
  /// When `stop` is done: the listener is closed, idle connections are closed, busy ones end after
  /// their response, which says `connection: close`. What is left after `grace` is cut off.
  template <awaitable Operation>
  auto graceful_shutdown(Operation stop, duration grace) && -> server&& {
    stop_.emplace(until<Operation>(std::move(stop)));
    grace_ = grace;
    return std::move(*this);
  }
  /// Writes the report of the shutdown to `into`, which must outlive the server.
  auto report_to(shutdown_report& into) && -> server&& {
    report_ = &into;
    return std::move(*this);
  }

  auto operator co_await() && { return std::move(*this).run().operator co_await(); }

 private:
  WEFT_API auto run() && -> task<weft::result<void>>;

  template <class Operation>
  static auto until(Operation stop) -> task<void> {
    if constexpr (std::is_void_v<await_result_t<Operation>>) {
      co_await std::move(stop);
    } else {
      [[maybe_unused]] auto ignored = co_await std::move(stop);
    }
  }

  net::tcp_listener listener_;
  std::shared_ptr<const detail::erased_handler> handler_;
  http::limits limits_;
  std::shared_ptr<http::counters> counters_;
  std::optional<task<void>> stop_;
  duration grace_{};
  shutdown_report* report_ = nullptr;
};

namespace detail {

template <class App>
auto share_handler(App app) -> std::shared_ptr<const erased_handler> {
  if constexpr (requires {
                  { app.handler() } -> std::same_as<std::shared_ptr<const erased_handler>>;
                }) {
    return app.handler();
  } else if constexpr (service::service_of<App, request>) {
    return std::make_shared<const handler_of<App>>(std::move(app));
  } else {
    static_assert(
        handles_requests<App>,
        "http::serve: the app is a router, a service of http::request, or a function that "
        "is called, const, with an http::request or with nothing");
    return std::make_shared<const handler_of<route_function<App>>>(
        route_function<App>(std::move(app)));
  }
}

}  // namespace detail

/// A server of `app` (a router, a service, a function) on `listener`: HTTP/1.1 and HTTP/1.0.
/// `app` is called from all workers at once.
template <class App>
[[nodiscard]] auto serve(net::tcp_listener listener, App app) -> server {
  return server(std::move(listener), detail::share_handler(std::move(app)));
}

}  // namespace weft::inline v0::http
