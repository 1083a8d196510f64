// What the raw servers share: their options, which are numbers, and their listener.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace raw {

/// The number after `option`, or `otherwise` when it is not among the arguments.
inline int number_of(std::string_view option, int argc, char** argv, int otherwise) {
  for (int i = 1; i + 1 < argc; i += 2) {
    if (argv[i] == option) return std::atoi(argv[i + 1]);
  }
  return otherwise;
}

/// Listens on 127.0.0.1, beside others of this process if it is `shared`. Ends the program if that
/// fails.
inline int make_listener(int port, bool shared = false) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (shared) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);  // accepted sockets inherit it
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, 4096) != 0) {
    std::perror("bind, listen");
    std::exit(1);
  }
  return fd;
}

}  // namespace raw
