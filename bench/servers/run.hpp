// What the servers that are measured share: --port N and --workers N, and a runtime of so many.
#pragma once

#include <weft/runtime.hpp>

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>

namespace servers {

/// A number from 0 to `most`; -1 for all else.
inline long number(std::string_view text, long most) {
  long value = -1;
  auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  bool all = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return all && value >= 0 && value <= most ? value : -1;
}

/// Runs `serve(port)` until it ends, which is an error; returns the exit status. Without --port the
/// kernel chooses one; without --workers, or with 0, there are as many as processors.
inline int run(int argc, char** argv, weft::task<weft::result<void>> (*serve)(std::string port)) {
  long port = 0;
  long workers = 0;
  bool right = argc % 2 == 1;
  for (int index = 1; right && index < argc; index += 2) {
    std::string_view option = argv[index];
    if (option == "--port") {
      right = (port = number(argv[index + 1], 65'535)) >= 0;
    } else if (option == "--workers") {
      right = (workers = number(argv[index + 1], 1024)) >= 0;
    } else {
      right = false;
    }
  }
  if (!right) {
    std::fprintf(stderr, "usage: %s [--port N] [--workers N]\n", argv[0]);
    return 2;
  }
  auto runtime =
      weft::runtime::multi_thread().worker_threads(static_cast<unsigned>(workers)).build();
  auto ended = runtime.block_on(serve(std::to_string(port)));
  if (ended) return 0;
  std::fprintf(stderr, "error: %s\n", ended.error().message().c_str());
  return 1;
}

}  // namespace servers
