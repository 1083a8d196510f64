// The anchor of the comparisons of `io`: an edge-triggered epoll loop on one thread that sends back
// what it receives. It keeps nothing for who reads more slowly than it writes: a send that does not
// take everything ends the connection, and the load would say so.
//
//   echo_raw --port N

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "serving.hpp"

namespace {

void watch(int epoll, int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// False when the connection is over.
bool echo(int fd) {
  static std::array<char, 16384> buffer;
  for (;;) {
    ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return size < 0 && errno == EAGAIN;
    if (::send(fd, buffer.data(), static_cast<size_t>(size), MSG_NOSIGNAL) != size) return false;
    // A short read has drained the socket: what comes after it raises a new edge.
    if (static_cast<size_t>(size) < buffer.size()) return true;
  }
}

void accept_all(int listener, int epoll) {
  for (;;) {
    int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    watch(epoll, fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int port = raw::number_of("--port", argc, argv, 0);
  if (port <= 0) {
    std::fprintf(stderr, "usage: echo_raw --port N\n");
    return 2;
  }
  int listener = raw::make_listener(port);
  int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener, EPOLLIN);
  std::array<epoll_event, 512> events;
  for (;;) {
    int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      int fd = events[static_cast<size_t>(i)].data.fd;
      if (fd == listener)
        accept_all(listener, epoll);
      else if (!echo(fd))
        ::close(fd);
    }
  }
}
