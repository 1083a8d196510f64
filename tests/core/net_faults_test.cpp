// What networks and kernels do to sockets: many of them, none left, peers that break or vanish.
#include <weft/join.hpp>
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace net_test;
using weft::errc;
using weft::net::tcp_listener;
using weft::net::tcp_stream;

/// Changes how many descriptors the process may have, for a while.
class descriptor_limit {
 public:
  explicit descriptor_limit(rlim_t most) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit changed{std::min(most, before_.rlim_max), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &changed);
    reached_ = changed.rlim_cur;
  }
  descriptor_limit(const descriptor_limit&) = delete;
  descriptor_limit& operator=(const descriptor_limit&) = delete;
  ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  rlim_t reached() const { return reached_; }

 private:
  rlimit before_{};
  rlim_t reached_ = 0;
};

/// The number that the next descriptor gets.
rlim_t next_descriptor() {
  auto next = ::dup(STDIN_FILENO);
  ::close(next);
  return static_cast<rlim_t>(next);
}

task<result<void>> without_descriptors_accept_says_so_and_loses_nothing() {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto client = co_await or_return(tcp_stream::connect(listener.local_address()));
  for (int round = 0; round < 3; ++round) {  // not once only: readiness must survive the error
    descriptor_limit none(next_descriptor());
    auto refused = co_await listener.accept();
    EXPECT_TRUE(!refused && refused.error() == std::errc::too_many_files_open);
    auto unopened = co_await tcp_stream::connect(listener.local_address());
    EXPECT_TRUE(!unopened && unopened.error() == std::errc::too_many_files_open);
    auto unbound = co_await tcp_listener::bind("127.0.0.1:0");
    EXPECT_TRUE(!unbound && unbound.error() == std::errc::too_many_files_open);
  }
  auto server = co_await or_return(listener.accept());
  co_await or_return(client.write_all("still there"));
  auto text = co_await or_return(server.receive());
  EXPECT_EQ(text, "still there");
  co_return {};
}
TEST(net_faults, without_descriptors_accept_says_so_and_loses_nothing) {
  if (needs_descriptors()) GTEST_SKIP() << "UBSan needs descriptors";
  run(without_descriptors_accept_says_so_and_loses_nothing());
}

// A connection that is reset while it waits in the backlog.
task<result<void>> a_connection_that_broke_before_accept_disturbs_no_other() {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto broken = co_await or_return(tcp_stream::connect(listener.local_address()));
  co_await or_return(broken.write_all("x"));
  EXPECT_TRUE(broken.set_zero_linger(true).has_value());
  broken.close();
  auto whole = co_await or_return(tcp_stream::connect(listener.local_address()));
  co_await or_return(whole.write_all("whole"));
  for (int seen = 0; seen < 2; ++seen) {
    auto server = co_await or_return(listener.accept());
    auto text = co_await server.receive();
    if (text && *text == "whole") co_return {};
  }
  ADD_FAILURE() << "the whole connection did not come";
  co_return {};
}
TEST(net_faults, a_connection_that_broke_before_accept_disturbs_no_other) {
  run(a_connection_that_broke_before_accept_disturbs_no_other());
}

task<result<void>> converse(tcp_stream stream, int rounds) {
  std::array<char, 64> buffer;
  for (int round = 0; round < rounds; ++round) {
    auto text = std::to_string(round);
    co_await or_return(stream.write_all(text));
    std::size_t count = 0;
    while (count < text.size()) {
      auto more = co_await or_return(stream.read(std::span(buffer).subspan(count)));
      if (more == 0) co_return weft::fail(errc::end_of_stream);
      count += more;
    }
    EXPECT_EQ(std::string_view(buffer.data(), count), text);
  }
  co_await or_return(stream.shutdown());
  auto end = co_await or_return(stream.receive());
  EXPECT_TRUE(end.empty());
  co_return {};
}
task<result<void>> echo(tcp_stream stream) {
  while (true) {
    auto data = co_await or_return(stream.receive());
    if (data.empty()) co_return {};
    co_await or_return(stream.write_all(data.view()));
  }
}
task<result<void>> serve_echoes(tcp_listener& listener, std::size_t connections) {
  std::vector<weft::join_handle<result<void>>> tasks;
  while (tasks.size() < connections) {
    auto stream = co_await or_return(listener.accept());
    tasks.push_back(weft::spawn(echo, std::move(stream)));
  }
  for (auto& one : tasks) co_await or_return(std::move(one));
  co_return {};
}
task<result<void>> open_all(weft::net::socket_address address, std::size_t connections) {
  std::vector<tcp_stream> open;
  for (std::size_t index = 0; index < connections; ++index) {
    open.push_back(co_await or_return(tcp_stream::connect(address)));
  }
  std::vector<weft::join_handle<result<void>>> tasks;  // all are open before the first says a word
  for (auto& stream : open) tasks.push_back(weft::spawn(converse, std::move(stream), 20));
  for (auto& one : tasks) co_await or_return(std::move(one));
  co_return {};
}
task<result<void>> a_thousand_connections(std::size_t connections) {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto clients = weft::spawn(open_all, listener.local_address(), connections);
  co_await or_return(serve_echoes(listener, connections));
  co_return co_await std::move(clients);
}
TEST(net_faults, a_thousand_connections_converse_at_once) {
  descriptor_limit many(4096);
  if (many.reached() < 2200)
    GTEST_SKIP() << "the system grants " << many.reached() << " descriptors";
  run(a_thousand_connections(1000));
}

// As a machine that loses power: no end, no reset. TCP_REPAIR closes a socket without telling the
// peer.
task<result<void>> a_peer_that_vanishes_is_found_when_written_to() {
  auto pair = co_await or_return(connected_pair());
  int repair = 1;
  if (::setsockopt(pair.client.native_handle(), IPPROTO_TCP, TCP_REPAIR, &repair, sizeof repair) <
      0) {
    co_return {};  // needs CAP_NET_ADMIN
  }
  pair.client.close();
  auto silence = co_await weft::timeout(0ms, pair.server.receive());
  EXPECT_TRUE(!silence && silence.error() == errc::timed_out);
  co_await or_return(pair.server.write_all("are you there?"));
  co_await pair.server.peer_closed();
  auto broken = co_await pair.server.receive();
  EXPECT_TRUE(!broken && broken.error() == std::errc::connection_reset);
  co_return {};
}
TEST(net_faults, a_peer_that_vanishes_is_found_when_written_to) {
  run(a_peer_that_vanishes_is_found_when_written_to());
}

// A listener whose backlog is full does not answer: the attempt stays open until it is given up.
task<result<void>> connecting_can_be_given_up() {
  weft::net::listen_options narrow;
  narrow.backlog(0);
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0", narrow));
  std::vector<tcp_stream> waiting;
  for (int index = 0; index < 10; ++index) {
    auto before = next_descriptor();
    auto stream = co_await weft::timeout(10ms, tcp_stream::connect(listener.local_address()));
    if (!stream) {
      EXPECT_TRUE(stream.error() == errc::timed_out) << stream.error().message();
      EXPECT_EQ(next_descriptor(), before);
      co_return {};
    }
    waiting.push_back(*std::move(stream));
  }
  ADD_FAILURE() << "the backlog was never full";
  co_return {};
}
TEST(net_faults, connecting_can_be_given_up) {
  run(connecting_can_be_given_up());
}

// The sender's buffer is as small as it gets: every write is partial, at many offsets.
task<result<void>> trickle(tcp_stream& from, std::string& into) {
  std::array<char, 61> some;
  while (true) {
    auto count = co_await or_return(from.read(some));
    if (count == 0) co_return {};
    into.append(some.data(), count);
  }
}
task<result<void>> write_pieces(tcp_stream& to, const std::string& text) {
  weft::bytes_chain chain;
  for (std::size_t at = 0, size = 1; at < text.size(); at += size, size = size * 7 % 1013 + 1) {
    chain.push_back(weft::bytes::copy(std::string_view(text).substr(at, size)));
  }
  while (!chain.empty()) {
    auto before = chain.size();
    auto count = co_await or_return(to.send(chain));
    EXPECT_EQ(chain.size(), before - count);
  }
  co_return co_await to.shutdown();
}
task<result<void>> partial_writes_keep_their_place() {
  auto pair = co_await or_return(connected_pair());
  int small = 1;
  ::setsockopt(pair.client.native_handle(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  std::string text(300'000, ' ');
  for (std::size_t index = 0; index < text.size(); ++index)
    text[index] = static_cast<char>('a' + index % 25);
  std::string received;
  co_await or_return(
      weft::try_join(write_pieces(pair.client, text), trickle(pair.server, received)));
  EXPECT_TRUE(received == text);
  co_return {};
}
TEST(net_faults, partial_writes_keep_their_place) {
  run(partial_writes_keep_their_place());
}

// A reset wakes whoever waits: for data, for room, for the peer's end.
task<result<void>> reset_by(tcp_stream stream) {
  EXPECT_TRUE(stream.set_zero_linger(true).has_value());
  stream.close();
  co_return {};
}
task<result<void>> a_reset_wakes_everybody_who_waits() {
  auto pair = co_await or_return(connected_pair());
  std::string large(16 << 20, 'x');
  auto [sent, received, closed, done] =
      co_await weft::join(pair.server.write_all(large), pair.server.receive(),
                          pair.server.peer_closed(), reset_by(std::move(pair.client)));
  EXPECT_FALSE(sent.has_value());
  EXPECT_FALSE(received.has_value() && !received->empty());
  EXPECT_TRUE(done.has_value());
  (void)closed;
  co_return {};
}
TEST(net_faults, a_reset_wakes_everybody_who_waits) {
  run(a_reset_wakes_everybody_who_waits());
}

// Tasks that are aborted in the middle of everything leave no descriptor behind.
task<result<void>> churn(tcp_listener& listener) {
  std::vector<weft::join_handle<result<void>>> tasks;
  for (int index = 0; index < 50; ++index) {
    auto client = co_await or_return(tcp_stream::connect(listener.local_address()));
    auto server = co_await or_return(listener.accept());
    tasks.push_back(weft::spawn(echo, std::move(server)));
    tasks.push_back(weft::spawn(converse, std::move(client), 1000));
  }
  for (auto& one : tasks) one.abort();
  for (auto& one : tasks) (void)co_await std::move(one);
  co_return {};
}
task<result<void>> aborted_tasks_leak_no_descriptor() {
  auto listener = co_await or_return(tcp_listener::bind("127.0.0.1:0"));
  auto before = next_descriptor();
  for (int round = 0; round < 10; ++round) co_await or_return(churn(listener));
  EXPECT_EQ(next_descriptor(), before);
  co_return {};
}
TEST(net_faults, aborted_tasks_leak_no_descriptor) {
  run(aborted_tasks_leak_no_descriptor());
}

}  // namespace
