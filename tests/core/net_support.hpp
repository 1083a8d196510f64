// What the tests of sockets and transports share.
#pragma once

#include <weft/io/transport.hpp>
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace net_test {

/// UBSan opens a pipe to see whether an object is what its type says: without descriptors it sees
/// errors everywhere.
inline bool needs_descriptors() {
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
  return true;
#endif
#endif
  return false;
}

using weft::or_return;
using weft::result;
using weft::task;

/// Runs `body` on a runtime with two workers and expects that it ends without an error.
inline void run(task<result<void>> body) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  auto ended = runtime.block_on(std::move(body));
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

/// As above, on this thread alone.
inline void run_here(task<result<void>> body) {
  auto runtime = weft::runtime::current_thread().build();
  auto ended = runtime.block_on(std::move(body));
  EXPECT_TRUE(ended.has_value()) << ended.error().message();
}

/// Two ends of one connection over loopback.
struct connection {
  weft::net::tcp_stream client;
  weft::net::tcp_stream server;
  connection(weft::net::tcp_stream&& from, weft::net::tcp_stream&& to)
      : client(std::move(from)), server(std::move(to)) {}
};

inline task<result<connection>> connected_pair() {
  auto listener = co_await or_return(weft::net::tcp_listener::bind("127.0.0.1:0"));
  auto client = co_await or_return(weft::net::tcp_stream::connect(listener.local_address()));
  auto server = co_await or_return(listener.accept());
  co_return connection(std::move(client), std::move(server));
}

/// Everything until the end of the stream.
inline task<result<std::string>> read_all(weft::io::transport& from) {
  std::string text;
  while (true) {
    auto data = co_await or_return(from.receive());
    if (data.empty()) co_return text;
    text += data.view();
  }
}

}  // namespace net_test
