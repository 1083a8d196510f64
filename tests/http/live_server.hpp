// What the tests with sockets share: a server on a free port in a runtime of its own, and blocking
// sockets to talk to it from outside.
#pragma once

#include <weft/cancellation_token.hpp>
#include <weft/http/router.hpp>
#include <weft/http/server.hpp>
#include <weft/runtime.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace http_test {

namespace http = weft::http;
using http::counter;
using weft::or_return;
using weft::task;
using namespace std::chrono_literals;

/// A server on a port of 127.0.0.1, in a runtime with two workers.
class live_server {
 public:
  template <class App>
  explicit live_server(
      App app, const http::limits& within = {}, weft::duration grace = 5s,
      weft::runtime runtime = weft::runtime::multi_thread().worker_threads(2).build())
      : runtime_(std::move(runtime)), counters_(std::make_shared<http::counters>()) {
    std::promise<std::uint16_t> port;
    auto bound = port.get_future();
    serving_.emplace(runtime_.spawn(serve<App>(std::move(app), within, grace, std::move(port))));
    port_ = bound.get();
  }
  ~live_server() {
    if (serving_) stop();
  }

  [[nodiscard]] auto port() const -> std::uint16_t { return port_; }
  [[nodiscard]] auto url(std::string_view path) const -> std::string {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  [[nodiscard]] auto count(counter which) const -> std::int64_t { return counters_->get(which); }
  auto runtime() -> weft::runtime& { return runtime_; }

  /// Asks it to stop; does not wait.
  void begin_stop() { stop_.cancel(); }
  /// Stops it, waits for its end, and says how it ended.
  auto stop() -> http::shutdown_report {
    stop_.cancel();
    auto serving = std::move(*serving_);
    serving_.reset();
    auto ended = runtime_.block_on(std::move(serving));
    EXPECT_TRUE(ended.has_value()) << ended.error().message();
    return report_;
  }
  /// Destroys the server's operation, and waits until it is gone.
  void abort() {
    auto serving = std::move(*serving_);
    serving_.reset();
    serving.abort();
    auto ended = runtime_.block_on(std::move(serving));
    EXPECT_FALSE(ended.has_value());
  }

  /// Waits until `counter` is `value`; the test's time limit is the limit.
  void await_count(counter which, std::int64_t value) const {
    auto until = std::chrono::steady_clock::now() + 20s;
    while (count(which) != value && std::chrono::steady_clock::now() < until) ::usleep(500);
    EXPECT_EQ(count(which), value) << http::name_of(which) << " did not get there within 20 s";
  }

 private:
  template <class App>
  auto serve(App app, http::limits within, weft::duration grace, std::promise<std::uint16_t> port)
      -> task<weft::result<void>> {
    auto listener = co_await or_return(weft::net::tcp_listener::bind("127.0.0.1:0"));
    port.set_value(listener.local_address().port());
    auto ended = co_await http::serve(std::move(listener), std::move(app))
                     .limits(within)
                     .counters(counters_)
                     .report_to(report_)
                     .graceful_shutdown(stop_.cancelled(), grace);
    co_return ended;
  }

  weft::runtime runtime_;
  std::shared_ptr<http::counters> counters_;
  weft::cancellation_token stop_;
  http::shutdown_report report_;
  std::optional<weft::join_handle<weft::result<void>>> serving_;
  std::uint16_t port_ = 0;
};

/// A client's socket, blocking, with a limit of 20 s for everything.
class client_socket {
 public:
  explicit client_socket(std::uint16_t port) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval wait{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    auto address = loopback(port, INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  client_socket(client_socket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  auto operator=(client_socket&&) -> client_socket& = delete;
  ~client_socket() { close(); }

  static auto loopback(std::uint16_t port, std::uint32_t host) -> sockaddr_in {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(host);
    return address;
  }

  [[nodiscard]] auto connected() const -> bool { return connected_; }
  [[nodiscard]] auto descriptor() const -> int { return fd_; }
  /// False: the server does not take it.
  auto send(std::string_view text) -> bool {
    while (!text.empty()) {
      auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// What is there; empty at the end. `reset()` tells whether it was a bad one.
  auto receive() -> std::string {
    std::array<char, 65536> room;
    auto got = ::recv(fd_, room.data(), room.size(), 0);
    if (got < 0) error_ = errno;
    return {room.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }
  auto receive_until(std::string_view ending) -> std::string {
    std::string all;
    while (!all.ends_with(ending)) {
      auto part = receive();
      if (part.empty()) break;
      all += part;
    }
    return all;
  }
  auto rest() -> std::string {
    std::string all;
    for (;;) {
      auto part = receive();
      if (part.empty()) return all;
      all += part;
    }
  }
  [[nodiscard]] auto was_reset() const -> bool { return error_ == ECONNRESET; }
  void end() { ::shutdown(fd_, SHUT_WR); }
  /// Closes with a reset.
  void reset() {
    linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
  bool connected_ = false;
  int error_ = 0;
};

/// This process's resident memory, in bytes.
inline auto resident_memory() -> std::size_t {
  std::size_t pages = 0;
  std::size_t resident = 0;
  if (auto* from = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(from, "%zu %zu", &pages, &resident) != 2) resident = 0;
    std::fclose(from);
  }
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace http_test
