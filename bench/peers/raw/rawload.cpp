// A closed-loop HTTP/1.1 client that costs little, so that the server is what is measured: it
// parses the first answer, takes its length as that of all the others, and then only counts bytes
// and looks at the status at the start of each batch.
//
//   rawload --port N [--connections 64] [--pipeline 1] [--seconds 1] [--path /] [--echo] [--wait]
//
// With --echo the server is one that sends back what it gets: 64 bytes, which are compared.
// With --wait it connects, prints "ready", starts on a line from stdin, and keeps its connections
// open after the result until stdin closes: who measures the server can leave out both ends.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;
using time_point = clock_type::time_point;

struct options {
  int port = 0;
  int connections = 64;
  int pipeline = 1;
  double seconds = 1;
  std::string path = "/";
  bool echo = false;
  bool wait = false;
};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "rawload: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  std::exit(1);
}

options parse(int argc, char** argv) {
  options chosen;
  for (int i = 1; i < argc; ++i) {
    std::string_view name = argv[i];
    if (name == "--wait") {
      chosen.wait = true;
      continue;
    }
    if (name == "--echo") {
      chosen.echo = true;
      continue;
    }
    const char* value = i + 1 < argc ? argv[++i] : "";
    if (name == "--port")
      chosen.port = std::atoi(value);
    else if (name == "--connections")
      chosen.connections = std::atoi(value);
    else if (name == "--pipeline")
      chosen.pipeline = std::atoi(value);
    else if (name == "--seconds")
      chosen.seconds = std::atof(value);
    else if (name == "--path")
      chosen.path = value;
    else
      chosen.port = -1;
  }
  if (chosen.port <= 0 || chosen.connections <= 0 || chosen.pipeline <= 0 || chosen.seconds <= 0) {
    std::fprintf(stderr,
                 "usage: rawload --port N [--connections N] [--pipeline N] [--seconds S] "
                 "[--path P] [--echo] [--wait]\n");
    std::exit(2);
  }
  return chosen;
}

int connect_to(int port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail("connect");
  }
  int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

/// Sends one request and returns the size of its answer, head and body.
size_t measure_answer(int fd, const std::string& request) {
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) fail("send");
  std::string answer;
  char chunk[4096];
  for (;;) {
    ssize_t size = ::recv(fd, chunk, sizeof chunk, 0);
    if (size <= 0) fail("closed before it answered");
    answer.append(chunk, static_cast<size_t>(size));
    size_t head_end = answer.find("\r\n\r\n");
    if (head_end == std::string::npos) continue;
    const char* length = ::strcasestr(answer.c_str(), "\r\ncontent-length:");
    if (length == nullptr) fail("the answer has no Content-Length");
    size_t total = head_end + 4 + static_cast<size_t>(std::atoll(length + 17));
    if (answer.size() >= total) return total;
  }
}

class load {
 public:
  explicit load(const options& chosen) : options_(chosen), epoll_(::epoll_create1(0)) {
    std::string request = "GET " + chosen.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    if (chosen.echo) request.assign(64, 'x');
    for (int i = 0; i < chosen.pipeline; ++i) batch_ += request;
    peers_.resize(static_cast<size_t>(chosen.connections));
    for (size_t i = 0; i < peers_.size(); ++i) {
      peers_[i].fd = connect_to(chosen.port);
      if (chosen.echo)
        expected_ = batch_.size();
      else if (i == 0)
        expected_ = measure_answer(peers_[0].fd, request) * static_cast<size_t>(chosen.pipeline);
      ::fcntl(peers_[i].fd, F_SETFL, O_NONBLOCK);
      epoll_event event{};
      event.events = EPOLLIN | EPOLLET;
      event.data.u64 = i;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, peers_[i].fd, &event);
    }
    latencies_.reserve(size_t{1} << 22);
  }

  /// Runs until the time is over and every answer that is owed has come. False after an error.
  bool run() {
    start_ = now_ = clock_type::now();
    time_point stop = start_ + std::chrono::duration_cast<clock_type::duration>(
                                   std::chrono::duration<double>(options_.seconds));
    time_point give_up = stop + std::chrono::seconds(2);
    for (peer& each : peers_) send_batch(each);
    epoll_event events[256];
    while (in_flight_ > 0 && errors_ == 0 && now_ < give_up) {
      int count = ::epoll_wait(epoll_, events, 256, 100);
      now_ = clock_type::now();
      for (int i = 0; i < count; ++i) {
        peer& ready = peers_[events[i].data.u64];
        if (receive(ready) && now_ < stop) send_batch(ready);
      }
    }
    return errors_ == 0 && in_flight_ == 0;
  }

  void print() {
    double seconds = std::chrono::duration<double>(now_ - start_).count();
    std::sort(latencies_.begin(), latencies_.end());
    std::printf(
        "{\"requests\":%llu,\"seconds\":%.6f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"errors\":%d,"
        "\"unanswered\":%d}\n",
        static_cast<unsigned long long>(requests_), seconds, quantile(0.5), quantile(0.99), errors_,
        in_flight_ * options_.pipeline);
    std::fflush(stdout);
  }

 private:
  struct peer {
    int fd = -1;
    size_t received = 0;
    time_point sent;
  };

  void send_batch(peer& to) {
    to.sent = now_;
    to.received = 0;
    ssize_t size = ::send(to.fd, batch_.data(), batch_.size(), MSG_NOSIGNAL);
    if (size == static_cast<ssize_t>(batch_.size()))
      ++in_flight_;
    else
      ++errors_;
  }

  /// True when the answers to the whole batch are in.
  bool receive(peer& from) {
    static char buffer[1 << 18];
    ssize_t size = 0;
    do {
      size = ::recv(from.fd, buffer, sizeof buffer, 0);
      if (size < 0 && errno == EAGAIN) return false;
      if (size <= 0 || !is_right(buffer, size, from.received)) {
        ++errors_;
        return false;
      }
      from.received += static_cast<size_t>(size);
    } while (size == sizeof buffer);
    if (from.received < expected_) return false;
    if (from.received > expected_) ++errors_;
    --in_flight_;
    requests_ += static_cast<uint64_t>(options_.pipeline);
    if (latencies_.size() < latencies_.capacity()) latencies_.push_back(now_ - from.sent);
    return true;
  }

  bool is_right(const char* data, ssize_t size, size_t at) const {
    if (!options_.echo) return at > 0 || starts_with_success(data, size);
    auto length = static_cast<size_t>(size);
    return at + length <= batch_.size() && std::memcmp(data, batch_.data() + at, length) == 0;
  }

  static bool starts_with_success(const char* data, ssize_t size) {
    constexpr std::string_view success = "HTTP/1.1 200";
    return success.starts_with(std::string_view(data, static_cast<size_t>(size)).substr(0, 12));
  }

  double quantile(double q) const {
    if (latencies_.empty()) return 0;
    auto at = static_cast<size_t>(q * static_cast<double>(latencies_.size() - 1));
    return std::chrono::duration<double, std::micro>(latencies_[at]).count();
  }

  const options& options_;
  int epoll_;
  std::string batch_;
  size_t expected_ = 0;  // bytes that answer one batch
  std::vector<peer> peers_;
  std::vector<clock_type::duration> latencies_;
  time_point start_;
  time_point now_;
  uint64_t requests_ = 0;
  int in_flight_ = 0;  // batches
  int errors_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  options chosen = parse(argc, argv);
  load generator(chosen);
  if (chosen.wait) {
    std::puts("ready");
    std::fflush(stdout);
    if (std::getchar() == EOF) return 1;
  }
  bool clean = generator.run();
  generator.print();
  if (chosen.wait) {
    while (std::getchar() != EOF) {
    }
  }
  return clean ? 0 : 1;
}
