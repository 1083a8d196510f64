// What every example that serves does: it takes `--port N` (0 picks a free one) and says where it
// listens.
#pragma once

#include <weft/net/tcp.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace serving {

/// "127.0.0.1:PORT". Ends the program when the arguments are wrong.
inline auto address(int argc, char** argv) -> std::string {
  if (argc == 1) return "127.0.0.1:8080";
  if (argc == 3 && std::string_view(argv[1]) == "--port") {
    return std::string("127.0.0.1:") + argv[2];
  }
  std::fprintf(stderr, "usage: %s [--port N]     0 picks a free port; the default is 8080\n",
               argv[0]);
  std::exit(2);
}

inline void announce(const weft::net::tcp_listener& listener) {
  std::printf("listening on %s\n", listener.local_address().to_string().c_str());
  std::fflush(stdout);
}

}  // namespace serving
