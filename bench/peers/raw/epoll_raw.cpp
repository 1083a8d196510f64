// The anchor of every HTTP/1.1 comparison: an edge-triggered epoll loop that looks for the blank
// line after a request's head and sends a canned answer. Nothing is parsed, routed, limited or
// timed.
//
//   epoll_raw --port N [--threads N]

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "serving.hpp"

namespace {

/// The one answer there is; only its Date changes, once a second.
class canned_response {
 public:
  void refresh() {
    timespec now;
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec == second_) return;
    second_ = now.tv_sec;
    tm parts;
    ::gmtime_r(&second_, &parts);
    char date[64];
    std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    size_ = static_cast<size_t>(std::snprintf(text_, sizeof text_,
                                              "HTTP/1.1 200 OK\r\n"
                                              "Server: raw\r\n"
                                              "Date: %s\r\n"
                                              "Content-Length: 13\r\n"
                                              "Content-Type: text/plain\r\n\r\n"
                                              "Hello, World!",
                                              date));
  }

  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[256];
  size_t size_ = 0;
  time_t second_ = 0;
};

/// Counts the heads that end in what was received; keeps a head that straddles two reads.
class head_counter {
 public:
  /// Number of complete requests, or -1 when a head has no end in sight.
  int feed(const char* data, size_t size) {
    if (rest_.empty()) [[likely]] {
      size_t used = 0;
      int count = scan({data, size}, used);
      if (used != size) rest_.assign(data + used, size - used);
      return count;
    }
    rest_.append(data, size);
    size_t used = 0;
    int count = scan(rest_, used);
    rest_.erase(0, used);
    return rest_.size() > 65536 ? -1 : count;
  }

 private:
  static int scan(std::string_view text, size_t& used) {
    int count = 0;
    const char* from = text.data();
    const char* end = from + text.size();
    while (from < end) {
      const void* blank_line = ::memmem(from, static_cast<size_t>(end - from), "\r\n\r\n", 4);
      if (blank_line == nullptr) break;
      from = static_cast<const char*>(blank_line) + 4;
      ++count;
    }
    used = static_cast<size_t>(from - text.data());
    return count;
  }

  std::string rest_;
};

class event_loop {
 public:
  explicit event_loop(int port)
      : listener_(raw::make_listener(port, true)), epoll_(::epoll_create1(0)) {
    watch(listener_, EPOLLIN);
    batch_.reserve(65536);
  }

  [[noreturn]] void run() {
    epoll_event events[512];
    for (;;) {
      int count = ::epoll_wait(epoll_, events, 512, -1);
      response_.refresh();
      for (int i = 0; i < count; ++i) {
        int fd = events[i].data.fd;
        if (fd == listener_) {
          accept_all();
        } else if (!serve(fd, *connections_[static_cast<size_t>(fd)], events[i].events)) {
          connections_[static_cast<size_t>(fd)].reset();
          ::close(fd);
        }
      }
    }
  }

 private:
  struct connection {
    head_counter requests;
    std::string unsent;
  };

  void watch(int fd, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void accept_all() {
    for (;;) {
      int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      auto slot = static_cast<size_t>(fd);
      if (slot >= connections_.size()) connections_.resize(slot + 1024);
      connections_[slot] = std::make_unique<connection>();
      watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
  }

  /// False when the connection is over; so for `send` and `receive`.
  bool serve(int fd, connection& peer, uint32_t events) {
    if ((events & EPOLLOUT) && !peer.unsent.empty()) {
      std::string unsent;
      unsent.swap(peer.unsent);
      if (!send(fd, peer, unsent)) return false;
    }
    if ((events & (EPOLLIN | EPOLLRDHUP)) && !receive(fd, peer)) return false;
    return !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
  }

  bool send(int fd, connection& peer, std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
      } else if (errno == EAGAIN) {
        peer.unsent.append(bytes);
        return true;
      } else if (errno != EINTR) {
        return false;
      }
    }
    return true;
  }

  bool receive(int fd, connection& peer) {
    for (;;) {
      ssize_t size = ::recv(fd, input_.data(), input_.size(), MSG_DONTWAIT);
      if (size == 0) return false;
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return errno == EAGAIN;
      int count = peer.requests.feed(input_.data(), static_cast<size_t>(size));
      if (count < 0 || !answer(fd, peer, count)) return false;
      // A short read has drained the socket: what comes after it raises a new edge.
      if (static_cast<size_t>(size) < input_.size()) return true;
    }
  }

  bool answer(int fd, connection& peer, int count) {
    if (!peer.unsent.empty()) [[unlikely]] {
      while (count-- > 0) peer.unsent.append(response_.view());
      return true;
    }
    if (count == 1) return send(fd, peer, response_.view());
    batch_.clear();
    while (count-- > 0) batch_.append(response_.view());
    return send(fd, peer, batch_);
  }

  int listener_;
  int epoll_;
  std::vector<std::unique_ptr<connection>> connections_;  // by descriptor
  canned_response response_;
  std::vector<char> input_ = std::vector<char>(65536);
  std::string batch_;
};

}  // namespace

int main(int argc, char** argv) {
  int port = raw::number_of("--port", argc, argv, 0);
  int threads = raw::number_of("--threads", argc, argv, 1);
  if (port <= 0 || threads <= 0) {
    std::fprintf(stderr, "usage: epoll_raw --port N [--threads N]\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([port] { event_loop(port).run(); });
  event_loop loop(port);
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  loop.run();
}
