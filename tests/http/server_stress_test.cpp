// Many connections, no descriptors left, and a stop under load.
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "core/net_support.hpp"
#include "http/live_server.hpp"

namespace {

using namespace http_test;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEFT_TEST_SANITIZED 1
#endif
#endif
#ifdef WEFT_TEST_SANITIZED
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

auto app() {
  return http::router().get("/", [] { return "hello"; });
}

/// A process of its own, forked before this one has a runtime. Talks over a pair of sockets, in
/// integers.
class second_process {
 public:
  template <class Body>
  explicit second_process(Body body) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    process_ = ::fork();
    if (process_ == 0) {
      ::close(ends[0]);
      ::alarm(50);  // never outlives a test that failed
      body(ends[1]);
      ::_exit(0);
    }
    ::close(ends[1]);
    end_ = ends[0];
  }
  second_process(const second_process&) = delete;
  auto operator=(const second_process&) -> second_process& = delete;
  ~second_process() {
    ::close(end_);
    int status = 0;
    ::waitpid(process_, &status, 0);
    EXPECT_EQ(status, 0) << "the second process failed";
  }
  void tell(std::int64_t value) const { say(end_, value); }
  [[nodiscard]] auto hear() const -> std::int64_t { return listen(end_); }

  static void say(int to, std::int64_t value) { (void)!::write(to, &value, sizeof value); }
  static auto listen(int from) -> std::int64_t {
    std::int64_t value = -1;
    return ::read(from, &value, sizeof value) == sizeof value ? value : -1;
  }

 private:
  pid_t process_ = -1;
  int end_ = -1;
};

auto allow_descriptors() -> std::size_t {
  rlimit most{};
  ::getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &most);
  return static_cast<std::size_t>(most.rlim_cur);
}

/// Resident memory, once it is below `most`; that is waited for, since idle workers and connections
/// give back what they keep after a while.
auto settled_memory(std::size_t most) -> std::size_t {
  auto until = std::chrono::steady_clock::now() + 15s;
  while (resident_memory() > most && std::chrono::steady_clock::now() < until) ::usleep(10'000);
  return resident_memory();
}

/// Opens connections from several addresses, asks once on each, and keeps them until it is told.
void keep_idle_connections(int control, std::size_t count) {
  auto port = static_cast<std::uint16_t>(second_process::listen(control));
  std::vector<int> open;
  for (std::size_t i = 0; i < count; ++i) {
    auto fd = ::socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    ::setsockopt(fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &on, sizeof on);
    auto from = client_socket::loopback(0, INADDR_LOOPBACK + 1 + static_cast<std::uint32_t>(i % 8));
    auto to = client_socket::loopback(port, INADDR_LOOPBACK);
    char room[1024];
    if (::bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0 ||
        ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 ||
        ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0 ||
        ::recv(fd, room, sizeof room, 0) <= 0) {
      break;
    }
    open.push_back(fd);
  }
  second_process::say(control, static_cast<std::int64_t>(open.size()));
  second_process::listen(control);
  for (auto fd : open) ::close(fd);
  second_process::say(control, 0);
  second_process::listen(control);
}

TEST(http_server_stress, ten_thousand_idle_connections_hold_little_memory_and_give_it_back) {
  auto descriptors = allow_descriptors();
  ASSERT_GT(descriptors, 400U);
  const auto count = std::min<std::size_t>(sanitized ? 1000 : 10'000, descriptors - 300);
  if (count < 10'000) {
    std::printf("%zu connections instead of 10,000: %s\n", count,
                sanitized ? "a sanitizer is slow" : "RLIMIT_NOFILE allows no more descriptors");
  }
  second_process clients([count](int control) { keep_idle_connections(control, count); });
  live_server server(app());
  {
    client_socket warm(server.port());
    warm.send(request);
    (void)warm.receive();
  }
  auto before = resident_memory();
  clients.tell(server.port());
  EXPECT_EQ(clients.hear(), static_cast<std::int64_t>(count)) << "connections that were answered";
  server.await_count(counter::connections_open, static_cast<std::int64_t>(count));
  auto full = settled_memory(before + count * 6144);  // buffers are given back after a second
  auto each = full > before ? (full - before) / count : 0;
  std::printf("%zu idle connections: %zu bytes of resident memory each\n", count, each);
  RecordProperty("bytes_each", static_cast<int>(each));
  {
    client_socket another(server.port());
    another.send(request);
    EXPECT_TRUE(another.receive_until("hello").ends_with("hello"));
  }
  server.await_count(counter::connections_open, static_cast<std::int64_t>(count));
  clients.tell(1);
  (void)clients.hear();
  server.await_count(counter::connections_open, 0);
  auto after = settled_memory(before + (16U << 20));
  std::printf("afterwards %zd KiB more than before\n",
              (static_cast<std::ptrdiff_t>(after) - static_cast<std::ptrdiff_t>(before)) / 1024);
  clients.tell(1);
  if (sanitized) return;
  // 1.3 KiB are in use. Between them lay the buffers of the burst, so that many pages hold one
  // connection alone.
  EXPECT_LE(each, 6144U) << "an idle connection holds no buffers";
  EXPECT_LE(after, before + (16U << 20)) << "what a burst took is given back";
}

TEST(http_server_stress, memory_returns_after_a_burst_of_large_answers) {
  if (sanitized) GTEST_SKIP() << "a sanitizer keeps freed memory";
  auto large = http::router().get("/", [] { return std::string(1 << 20, 'x'); });
  live_server server(std::move(large));
  auto burst = [&](int clients) {
    std::vector<std::unique_ptr<client_socket>> open;
    for (int i = 0; i < clients; ++i) {
      open.push_back(std::make_unique<client_socket>(server.port()));
      open.back()->send(request);
    }
    for (auto& one : open) {
      std::size_t got = 0;
      while (got < (1U << 20)) {
        auto part = one->receive();
        if (part.empty()) break;
        got += part.size();
      }
    }
  };
  burst(5);
  server.await_count(counter::connections_open, 0);
  auto before = resident_memory();
  burst(200);
  server.await_count(counter::connections_open, 0);
  auto after = settled_memory(before + (32U << 20));
  std::printf("after a burst of 200 MiB %zd KiB more than before\n",
              (static_cast<std::ptrdiff_t>(after) - static_cast<std::ptrdiff_t>(before)) / 1024);
  EXPECT_LE(after, before + (32U << 20));
}

TEST(http_server_stress, without_descriptors_it_backs_off_and_recovers) {
  if (net_test::needs_descriptors()) GTEST_SKIP() << "UBSan needs descriptors";
  // The server in a process that may have few descriptors; the clients here.
  second_process serving([](int control) {
    rlimit few{};
    ::getrlimit(RLIMIT_NOFILE, &few);
    few.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &few);
    live_server server(app(), http::limits().connections(1000));
    second_process::say(control, server.port());
    second_process::listen(control);  // the clients have come
    for (int i = 0; i < 10'000 && server.count(counter::accept_failures) == 0; ++i) ::usleep(1000);
    second_process::say(control, server.count(counter::accept_failures));
    second_process::listen(control);  // the clients have gone
    server.await_count(counter::connections_open, 1);
    second_process::say(control, server.count(counter::accept_failures));
    second_process::listen(control);
    server.stop();
  });
  auto port = static_cast<std::uint16_t>(serving.hear());
  {
    std::vector<client_socket> clients;
    for (int i = 0; i < 100; ++i) clients.emplace_back(port);
    serving.tell(1);
    EXPECT_GT(serving.hear(), 0) << "accept has failed for lack of descriptors";
    clients.front().send(request);
    EXPECT_TRUE(clients.front().receive_until("hello").ends_with("hello"))
        << "those that are open are served";
  }
  client_socket after(port);
  after.send(request);
  EXPECT_TRUE(after.receive_until("hello").ends_with("hello")) << "it accepts again";
  serving.tell(1);
  auto failures = serving.hear();
  std::printf("accept failed %lld times\n", static_cast<long long>(failures));
  EXPECT_LE(failures, 200) << "it backs off, and does not spin";
  serving.tell(1);
}

TEST(http_server_stress, a_stop_under_load_loses_no_answer) {
  // Every request that a client has sent on a connection that was answering is either answered in
  // full, or the connection ends before a byte of its answer; nothing is answered by half.
  for (int round = 0; round < (sanitized ? 3 : 10); ++round) {
    live_server server(app());
    std::atomic<int> halves{0};
    std::atomic<std::int64_t> answers{0};
    std::vector<std::thread> loaders;
    for (int i = 0; i < 4; ++i) {
      loaders.emplace_back([&] {
        for (;;) {
          client_socket client(server.port());
          if (!client.connected()) return;
          for (;;) {
            if (!client.send(request)) break;
            auto got = client.receive_until("hello");
            if (got.empty()) break;
            if (!got.ends_with("hello")) ++halves;
            ++answers;
            if (got.find("Connection: close") != std::string::npos) break;
          }
        }
      });
    }
    auto until = std::chrono::steady_clock::now() + 20s;
    while (answers < 500 && std::chrono::steady_clock::now() < until) ::usleep(200);
    EXPECT_GE(answers, 500) << "the load did not get going within 20 s";
    auto report = server.stop();
    for (auto& one : loaders) one.join();
    EXPECT_EQ(halves, 0);
    EXPECT_EQ(report.cut, 0U);
    EXPECT_EQ(answers, server.count(counter::responses))
        << "answers that were sent and did not arrive";
  }
}

}  // namespace
