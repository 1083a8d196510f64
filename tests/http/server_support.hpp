// What the tests of the server share: a server over a duplex, on a clock that stands still, and the
// peer that talks to it.
#pragma once

#include <weft/http/body_channel.hpp>
#include <weft/http/router.hpp>
#include <weft/http/server.hpp>
#include <weft/io/duplex.hpp>
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <cctype>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "h1/connection.hpp"
#include "server/server_state.hpp"

namespace http_test {

namespace http = weft::http;
namespace io = weft::io;
using http::counter;
using weft::or_return;
using weft::task;
using namespace std::chrono_literals;

/// A response as the peer saw it.
struct answer {
  int status = 0;  ///< 0: the connection ended before there was one
  std::string head;
  std::string body;
  std::string trailers;
  bool whole = false;  ///< it came to its end

  answer() {}
  /// The value of a field, empty if it is not there; of several, the first.
  [[nodiscard]] auto field(std::string_view name) const -> std::string {
    for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at)) {
      at += 2;
      auto matches = head.size() > at + name.size() && head[at + name.size()] == ':';
      for (std::size_t i = 0; matches && i < name.size(); ++i) {
        matches = std::tolower(head[at + i]) == std::tolower(name[i]);
      }
      if (!matches) continue;
      auto from = head.find_first_not_of(' ', at + name.size() + 1);
      return head.substr(from, head.find("\r\n", from) - from);
    }
    return {};
  }
};

/// The client's end of a connection. Reads answers one by one, strictly.
class peer {
 public:
  explicit peer(io::transport stream) : stream_(std::move(stream)) {}

  auto stream() -> io::transport& { return stream_; }
  void hang_up() { stream_.close(); }

  /// Sends all of it, or what the server takes.
  auto send(std::string text) -> task<void> {
    auto sent = co_await stream_.write_all(text);
    (void)sent;
  }
  auto end() -> task<void> {
    auto ended = co_await stream_.shutdown();
    (void)ended;
  }

  /// The next response, which answers a request of this method.
  auto receive(std::string method = "GET") -> task<answer> {
    answer got;
    auto head_end = co_await find("\r\n\r\n", 0);
    if (head_end == std::string::npos) co_return got;
    got.head = text_.substr(0, head_end + 2);
    text_.erase(0, head_end + 4);
    EXPECT_EQ(got.head.substr(0, 9), "HTTP/1.1 ");
    got.status = std::atoi(got.head.c_str() + 9);
    auto is_bodyless =
        method == "HEAD" || got.status < 200 || got.status == 204 || got.status == 304;
    if (is_bodyless) {
      got.whole = true;
    } else if (got.field("transfer-encoding") == "chunked") {
      co_await read_chunks(got);
    } else if (auto length = got.field("content-length"); !length.empty()) {
      auto size = static_cast<std::size_t>(std::atoll(length.c_str()));
      got.whole = co_await have(size);
      got.body = text_.substr(0, size);
      text_.erase(0, got.body.size());
    } else {
      got.body = co_await rest();
      got.whole = true;
    }
    co_return got;
  }

  /// Only the head of the next response; its body stays to be read by `rest` or `heard`.
  auto receive_head() -> task<answer> {
    answer got;
    auto head_end = co_await find("\r\n\r\n", 0);
    if (head_end == std::string::npos) co_return got;
    got.head = text_.substr(0, head_end + 2);
    text_.erase(0, head_end + 4);
    got.status = std::atoi(got.head.c_str() + 9);
    co_return got;
  }

  /// A request and its answer.
  auto ask(std::string request, std::string method = "GET") -> task<answer> {
    co_await send(std::move(request));
    co_return co_await receive(std::move(method));
  }

  /// Everything until the server ends the connection.
  auto rest() -> task<std::string> {
    while (auto came = co_await more()) (void)came;
    co_return std::exchange(text_, std::string());
  }

  /// What arrives within `wait`.
  auto heard(weft::duration wait) -> task<std::string> {
    auto until = weft::time::after(wait);
    while (!over_) {
      auto came = co_await weft::timeout_at(until, stream_.receive());
      if (!came && came.error() == weft::errc::timed_out) break;
      take(std::move(came));
    }
    co_return std::exchange(text_, std::string());
  }

  /// How long the server leaves the connection open from now on.
  auto time_until_closed() -> task<weft::duration> {
    auto began = weft::time::now();
    while (auto came = co_await more()) (void)came;
    co_return weft::time::now() - began;
  }
  [[nodiscard]] auto is_over() const -> bool { return over_; }
  /// It ended with an error, not with the end of the stream.
  [[nodiscard]] auto was_reset() const -> bool { return was_reset_; }

 private:
  auto more() -> task<bool> {
    if (over_) co_return false;
    auto came = co_await stream_.receive();
    take(std::move(came));
    co_return !over_;
  }
  void take(weft::result<weft::bytes> came) {
    if (!came) was_reset_ = true;
    if (!came || came->empty()) {
      over_ = true;
    } else {
      text_ += came->view();
    }
  }
  auto find(std::string what, std::size_t from) -> task<std::size_t> {
    for (;;) {
      auto at = text_.find(what, from);
      if (at != std::string::npos) co_return at;
      auto came = co_await more();
      if (!came) co_return std::string::npos;
    }
  }
  auto have(std::size_t size) -> task<bool> {
    while (text_.size() < size) {
      auto came = co_await more();
      if (!came) co_return false;
    }
    co_return true;
  }
  auto read_chunks(answer& into) -> task<void> {
    for (;;) {
      auto end = co_await find("\r\n", 0);
      if (end == std::string::npos) co_return;
      auto size = std::stoull(text_.substr(0, end), nullptr, 16);
      text_.erase(0, end + 2);
      if (size == 0) break;
      auto came = co_await have(size + 2);
      into.body += text_.substr(0, size);
      if (!came) co_return;
      EXPECT_EQ(text_.substr(size, 2), "\r\n");
      text_.erase(0, size + 2);
    }
    for (;;) {
      auto end = co_await find("\r\n", 0);
      if (end == std::string::npos) co_return;
      auto line = text_.substr(0, end + 2);
      text_.erase(0, end + 2);
      if (line == "\r\n") break;
      into.trailers += line;
    }
    into.whole = true;
  }

  io::transport stream_;
  std::string text_;
  bool over_ = false;
  bool was_reset_ = false;
};

/// A server without a listener: connections to it are made of memory.
class duplex_server {
 public:
  template <class App>
  explicit duplex_server(App app, const http::limits& within = {})
      : counters_(std::make_shared<http::counters>()),
        state_(std::make_shared<http::server_state>(http::detail::share_handler(std::move(app)),
                                                    within, counters_)) {}

  /// Within a task: a new connection. `capacity`: what each direction holds.
  auto connect(std::size_t capacity = 64 * 1024) -> peer {
    auto [client, server] = io::duplex(capacity);
    serve(std::move(server));
    return peer(std::move(client));
  }
  auto connect(io::duplex_script& script, std::size_t capacity = 64 * 1024) -> peer {
    auto [client, server] = io::duplex(script, capacity);
    serve(std::move(server));
    return peer(std::move(client));
  }

  auto state() -> http::server_state& { return *state_; }
  auto open() const -> std::size_t { return state_->open_connections(); }
  auto count(counter which) const -> std::int64_t { return counters_->get(which); }
  /// How often requests were refused for this reason.
  auto refused(std::string_view reason) const -> std::int64_t {
    for (std::size_t i = 0; i < http::counters::reasons; ++i) {
      if (http::rejection_name(i) == reason) return counters_->refused(i);
    }
    ADD_FAILURE() << "there is no reason " << reason;
    return -1;
  }

 private:
  void serve(io::transport stream) {
    weft::spawn(http::h1::serve_connection(http::admission(state_), std::move(stream))).detach();
  }
  std::shared_ptr<http::counters> counters_;
  std::shared_ptr<http::server_state> state_;
};

/// Runs `body(server)` on this thread, on a clock that stands still and jumps when all wait.
template <class App, class Body>
void with_server(App app, const http::limits& within, Body body) {
  auto runtime = weft::runtime::current_thread().start_paused(true).build();
  duplex_server server(std::move(app), within);
  auto run = [&]() -> task<void> {
    // Whoever waits for what does not come fails, and does not hang.
    auto ended = co_await weft::timeout(10h, body(server));
    EXPECT_TRUE(ended.has_value()) << "the test waits for something that does not happen";
  };
  runtime.block_on(run());
}
template <class App, class Body>
void with_server(App app, Body body) {
  with_server(std::move(app), http::limits(), std::move(body));
}

inline auto get(std::string_view path, std::string_view fields = {}) -> std::string {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}
inline auto post(std::string_view path, std::string_view body, std::string_view fields = {})
    -> std::string {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace http_test
