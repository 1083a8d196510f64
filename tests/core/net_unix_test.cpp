#include <weft/join.hpp>
#include <weft/net/tcp.hpp>
#include <weft/net/unix.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace net_test;
using weft::errc;
using weft::net::interest;
using weft::net::socket_address;
using weft::net::unix_datagram;
using weft::net::unix_listen_options;
using weft::net::unix_listener;
using weft::net::unix_stream;

/// A directory for a test's sockets, gone with it.
class place {
 public:
  place() {
    std::string pattern = "/tmp/weft-unix-XXXXXX";
    if (::mkdtemp(pattern.data())) path_ = pattern;
  }
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name = "socket") const { return path_ + "/" + name; }

 private:
  std::string path_;
};

bool is_there(const std::string& path) {
  struct stat about;
  return ::lstat(path.c_str(), &about) == 0;
}

task<result<void>> echo_over(socket_address address) {
  auto listener = co_await or_return(unix_listener::bind(address));
  EXPECT_EQ(listener.local_address(), address);
  auto client = co_await or_return(unix_stream::connect(address));
  auto server = co_await or_return(listener.accept());
  EXPECT_EQ(client.peer_address(), address);
  EXPECT_EQ(server.local_address(), address);
  EXPECT_FALSE(static_cast<bool>(server.peer_address()));  // a client has no name
  co_await or_return(client.write_all("ping"));
  auto ping = co_await or_return(server.receive());
  EXPECT_EQ(ping, "ping");
  co_await or_return(server.write_all("pong"));
  server.close();
  auto pong = co_await or_return(read_all(client));
  EXPECT_EQ(pong, "pong");
  co_return {};
}
TEST(unix_stream, echoes_at_a_path) {
  place here;
  run(echo_over(*socket_address::unix_path(here.file())));
}
TEST(unix_stream, echoes_at_a_path_on_one_thread) {
  place here;
  run_here(echo_over(*socket_address::unix_path(here.file())));
}
TEST(unix_stream, echoes_at_an_abstract_name_which_is_no_file) {
  auto name = "weft-test-" + std::to_string(::getpid());
  auto address = *socket_address::unix_abstract(name);
  EXPECT_EQ(address.to_string(), "unix:@" + name);
  run(echo_over(address));
  run(echo_over(address));  // gone with its socket
}

task<result<void>> a_pair_is_a_transport(bool other_way) {
  auto [first, second] = co_await or_return(unix_stream::pair());
  weft::io::transport one = std::move(other_way ? second : first).into_transport();
  weft::io::transport other = std::move(other_way ? first : second).into_transport();
  EXPECT_FALSE(static_cast<bool>(one.peer_address()));
  EXPECT_FALSE(static_cast<bool>(one.local_address()));
  auto sender = [](weft::io::transport& to, const std::string& text) -> task<result<void>> {
    co_await or_return(to.write_all(text));
    co_return co_await to.shutdown();
  };
  std::string large(3 << 20, 'x');
  for (std::size_t index = 0; index < large.size(); ++index) {
    large[index] = static_cast<char>('a' + index % 23);
  }
  auto [sent, received] = co_await or_return(weft::try_join(sender(one, large), read_all(other)));
  (void)sent;
  EXPECT_TRUE(received == large);
  co_return {};
}
TEST(unix_stream, a_pair_is_a_transport_both_ways) {
  run(a_pair_is_a_transport(false));
  run(a_pair_is_a_transport(true));
}

task<result<void>> credentials_are_those_of_this_process() {
  auto [first, second] = co_await or_return(unix_stream::pair());
  auto who = co_await or_return(first.peer_credentials());
  EXPECT_EQ(who.pid, ::getpid());
  EXPECT_EQ(who.uid, ::geteuid());
  EXPECT_EQ(who.gid, ::getegid());
  EXPECT_EQ(second.peer_credentials().value(), who);
  co_return {};
}
TEST(unix_stream, credentials_are_those_of_this_process) {
  run(credentials_are_those_of_this_process());
}

task<result<void>> try_functions_never_wait() {
  auto [first, second] = co_await or_return(unix_stream::pair());
  std::array<char, 8> buffer;
  auto nothing = first.try_read(buffer);
  EXPECT_TRUE(!nothing && nothing.error() == std::errc::operation_would_block);
  auto sent = second.try_write("abc");
  EXPECT_EQ(sent.value(), 3U);
  auto ready = co_await first.readable();
  EXPECT_TRUE(ready.readable());
  EXPECT_FALSE(ready.writable());  // not asked for
  auto seen = co_await or_return(first.peek(buffer));
  EXPECT_EQ(std::string_view(buffer.data(), seen), "abc");
  auto count = first.try_read(buffer);
  EXPECT_EQ(std::string_view(buffer.data(), count.value()), "abc");

  weft::bytes_chain chain;
  chain.push_back(weft::bytes::from(std::string("de")));
  chain.push_back(weft::bytes::from(std::string("fg")));
  EXPECT_EQ(second.try_send(chain).value(), 4U);
  EXPECT_TRUE(chain.empty());
  EXPECT_EQ(second.try_send(chain).value(), 0U);
  (void)co_await first.readable();
  weft::buffer in;
  EXPECT_EQ(first.try_receive_into(in).value(), 4U);
  EXPECT_EQ(in.view(), "defg");

  std::string large(1 << 20, 'x');
  std::size_t written = 0;
  for (;;) {
    auto more = second.try_write(large);
    if (!more) {
      EXPECT_TRUE(more.error() == std::errc::operation_would_block);
      break;
    }
    written += *more;
  }
  EXPECT_GT(written, 0U);
  auto full = co_await weft::timeout(0ms, second.writable());
  EXPECT_TRUE(!full && full.error() == errc::timed_out);
  auto one_way = co_await first.ready(interest::either);
  EXPECT_TRUE(one_way.readable());
  EXPECT_TRUE(one_way.writable());
  co_return {};
}
TEST(unix_stream, try_functions_never_wait) {
  run(try_functions_never_wait());
}

task<result<void>> a_closed_peer_is_the_end_for_try_read() {
  auto [first, second] = co_await or_return(unix_stream::pair());
  second.close();
  (void)co_await first.readable();
  std::array<char, 8> buffer;
  EXPECT_EQ(first.try_read(buffer).value(), 0U);
  auto none = first.try_read(std::span<char>());
  EXPECT_TRUE(!none && none.error() == errc::invalid_argument);
  auto written = first.try_write("x");
  EXPECT_TRUE(!written && written.error() == std::errc::broken_pipe);
  EXPECT_TRUE(first.take_error().has_value());
  co_return {};
}
TEST(unix_stream, a_closed_peer_is_the_end_for_try_read) {
  run(a_closed_peer_is_the_end_for_try_read());
}

task<result<void>> errors_name_the_address() {
  place here;
  auto missing = co_await unix_stream::connect(here.file());
  EXPECT_TRUE(!missing && missing.error() == std::errc::no_such_file_or_directory);
  if (!missing) {
    EXPECT_NE(missing.error().message().find("connecting to unix:" + here.file()),
              std::string::npos);
  }
  auto ip = *socket_address::parse("127.0.0.1:80");
  auto stream = co_await unix_stream::connect(ip);
  EXPECT_TRUE(!stream && stream.error() == errc::invalid_argument);
  auto listener = co_await unix_listener::bind(ip);
  EXPECT_TRUE(!listener && listener.error() == errc::invalid_argument);
  auto datagrams = co_await unix_datagram::bind(ip);
  EXPECT_TRUE(!datagrams && datagrams.error() == errc::invalid_argument);
  auto unplaced = co_await unix_listener::bind("/nowhere/at/all");
  EXPECT_TRUE(!unplaced && unplaced.error() == std::errc::no_such_file_or_directory);
  co_return {};
}
TEST(unix_stream, errors_name_the_address) {
  run(errors_name_the_address());
}

task<result<void>> what_cannot_be_a_path_is_an_error() {
  constexpr auto most = socket_address::max_path;
  EXPECT_TRUE(socket_address::unix_path(std::string(most, 'x')).has_value());
  EXPECT_TRUE(socket_address::unix_abstract(std::string(most - 1, 'x')).has_value());
  EXPECT_FALSE(socket_address::unix_abstract(std::string(most, 'x')).has_value());
  EXPECT_FALSE(socket_address::unix_abstract("").has_value());
  EXPECT_FALSE(socket_address::unix_path(std::string("/a\0b", 4)).has_value());
  for (const auto& path : {std::string(), std::string(most + 1, 'x')}) {
    auto listener = co_await unix_listener::bind(path);
    EXPECT_TRUE(!listener && listener.error() == errc::invalid_argument);
    auto stream = co_await unix_stream::connect(path);
    EXPECT_TRUE(!stream && stream.error() == errc::invalid_argument);
    auto datagrams = co_await unix_datagram::bind(path);
    EXPECT_TRUE(!datagrams && datagrams.error() == errc::invalid_argument);
  }
  co_return {};
}
TEST(unix_stream, what_cannot_be_a_path_is_an_error) {
  run(what_cannot_be_a_path_is_an_error());
}

task<result<void>> a_full_backlog_is_an_overload() {
  place here;
  unix_listen_options small;
  small.backlog(0);
  auto listener = co_await or_return(unix_listener::bind(here.file(), small));
  std::vector<unix_stream> waiting;
  for (int attempt = 0; attempt < 10; ++attempt) {
    auto more = co_await unix_stream::connect(here.file());
    if (!more) {
      EXPECT_TRUE(more.error() == errc::overloaded);
      EXPECT_FALSE(waiting.empty());
      co_return {};
    }
    waiting.push_back(*std::move(more));
  }
  ADD_FAILURE() << "the backlog never filled";
  co_return {};
}
TEST(unix_stream, a_full_backlog_is_an_overload) {
  run(a_full_backlog_is_an_overload());
}

task<result<void>> a_native_handle_goes_round() {
  auto [first, second] = co_await or_return(unix_stream::pair());
  auto descriptor = std::move(first).into_native();
  EXPECT_FALSE(static_cast<bool>(first));
  EXPECT_NE(::fcntl(descriptor, F_GETFL) & O_NONBLOCK, 0);
  ::fcntl(descriptor, F_SETFL, 0);  // as a descriptor from elsewhere would be
  auto again = co_await or_return(unix_stream::from_native(descriptor));
  EXPECT_NE(::fcntl(descriptor, F_GETFL) & O_NONBLOCK, 0);
  co_await or_return(again.write_all("still there"));
  auto text = co_await or_return(second.receive());
  EXPECT_EQ(text, "still there");

  auto [wrong, other] = co_await or_return(unix_datagram::pair());
  auto datagrams = std::move(wrong).into_native();
  auto mistaken = unix_stream::from_native(datagrams);
  EXPECT_TRUE(!mistaken && mistaken.error() == errc::invalid_argument);
  EXPECT_EQ(::fcntl(datagrams, F_GETFD), -1);  // it was closed
  auto none = weft::net::tcp_stream::from_native(std::move(again).into_native());
  EXPECT_TRUE(!none && none.error() == errc::invalid_argument);
  co_return {};
}
TEST(unix_stream, a_native_handle_goes_round) {
  run(a_native_handle_goes_round());
}

TEST(unix_stream, without_a_runtime_it_says_so) {
  auto stream = unix_stream::pair();
  EXPECT_TRUE(!stream && stream.error() == errc::no_runtime);
  auto datagrams = unix_datagram::pair();
  EXPECT_TRUE(!datagrams && datagrams.error() == errc::no_runtime);
  auto unbound = unix_datagram::unbound();
  EXPECT_TRUE(!unbound && unbound.error() == errc::no_runtime);
}

using unix_stream_death = testing::Test;
task<result<void>> use_a_replaced_stream() {
  auto [first, second] = co_await or_return(unix_stream::pair());
  static_cast<weft::io::transport&>(first) = weft::io::transport();
  (void)first.try_write("x");
  co_return {};
}
TEST(unix_stream_death, a_stream_that_was_moved_from_ends_the_program) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(run_here(use_a_replaced_stream()), "no connection");
}
task<result<void>> use_a_closed_listener() {
  unix_listener none;
  (void)co_await none.accept();
  co_return {};
}
TEST(unix_stream_death, a_listener_without_a_socket_ends_the_program) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(run_here(use_a_closed_listener()), "unix_listener was used that has no socket");
}

// ---- the file of a listener

task<result<void>> a_file_in_the_way_is_an_address_in_use() {
  place here;
  {
    auto listener = co_await or_return(unix_listener::bind(here.file()));
    auto second = co_await unix_listener::bind(here.file());
    EXPECT_TRUE(!second && second.error() == std::errc::address_in_use);
  }
  EXPECT_TRUE(is_there(here.file()));  // it stays
  auto refused = co_await unix_stream::connect(here.file());
  EXPECT_TRUE(!refused && refused.error() == std::errc::connection_refused);
  auto again = co_await unix_listener::bind(here.file());
  EXPECT_TRUE(!again && again.error() == std::errc::address_in_use);
  co_return {};
}
TEST(unix_listener, a_file_in_the_way_is_an_address_in_use) {
  run(a_file_in_the_way_is_an_address_in_use());
}

task<result<void>> a_stale_socket_can_be_replaced() {
  place here;
  unix_listen_options replacing;
  replacing.remove_stale(true);
  auto earlier = co_await or_return(unix_listener::bind(here.file()));
  earlier.close();
  auto listener = co_await or_return(unix_listener::bind(here.file(), replacing));
  auto client = co_await or_return(unix_stream::connect(here.file()));
  auto second = co_await unix_listener::bind(here.file(), replacing);  // somebody listens
  EXPECT_TRUE(!second && second.error() == std::errc::address_in_use);

  auto plain = ::open(here.file("plain").c_str(), O_CREAT | O_CLOEXEC, 0600);
  ::close(plain);
  auto over = co_await unix_listener::bind(here.file("plain"), replacing);
  EXPECT_TRUE(!over && over.error() == std::errc::address_in_use);
  EXPECT_TRUE(is_there(here.file("plain")));

  auto datagrams = co_await or_return(unix_datagram::bind(here.file("datagrams")));
  auto other = co_await unix_listener::bind(here.file("datagrams"), replacing);
  EXPECT_TRUE(!other && other.error() == std::errc::address_in_use);
  co_return {};
}
TEST(unix_listener, a_stale_socket_can_be_replaced) {
  run(a_stale_socket_can_be_replaced());
}

task<result<void>> closing_removes_the_file_that_was_made() {
  place here;
  unix_listen_options tidy;
  tidy.remove_on_close(true);
  auto listener = co_await or_return(unix_listener::bind(here.file(), tidy));
  auto moved = std::move(listener);
  listener.close();
  EXPECT_TRUE(is_there(here.file()));
  moved.close();
  EXPECT_FALSE(is_there(here.file()));

  auto first = co_await or_return(unix_listener::bind(here.file(), tidy));
  std::filesystem::rename(here.file(), here.file("elsewhere"));
  auto second = co_await or_return(unix_listener::bind(here.file()));
  first.close();  // the file is another's now
  EXPECT_TRUE(is_there(here.file()));
  co_return {};
}
TEST(unix_listener, closing_removes_the_file_that_was_made) {
  run(closing_removes_the_file_that_was_made());
}

task<result<void>> permissions_are_those_that_were_asked_for() {
  place here;
  unix_listen_options own;
  own.permissions(0600);
  auto listener = co_await or_return(unix_listener::bind(here.file(), own));
  struct stat about;
  EXPECT_EQ(::stat(here.file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  co_return {};
}
TEST(unix_listener, permissions_are_those_that_were_asked_for) {
  run(permissions_are_those_that_were_asked_for());
}

task<result<void>> cancelled_accepts_lose_no_connection() {
  place here;
  auto listener = co_await or_return(unix_listener::bind(here.file()));
  std::vector<unix_stream> clients;
  std::vector<unix_stream> servers;
  for (int round = 0; round < 50; ++round) {
    auto late = co_await weft::timeout(0ms, listener.accept());
    if (late) servers.push_back(*std::move(late));
    clients.push_back(co_await or_return(unix_stream::connect(here.file())));
  }
  while (servers.size() < clients.size()) servers.push_back(co_await or_return(listener.accept()));
  EXPECT_EQ(servers.size(), clients.size());
  co_return {};
}
TEST(unix_listener, cancelled_accepts_lose_no_connection) {
  run(cancelled_accepts_lose_no_connection());
}

task<result<void>> a_listener_goes_round_as_a_native_handle() {
  place here;
  auto listener = co_await or_return(unix_listener::bind(here.file()));
  auto again = co_await or_return(unix_listener::from_native(std::move(listener).into_native()));
  auto client = co_await or_return(unix_stream::connect(here.file()));
  auto server = co_await or_return(again.accept());
  EXPECT_EQ(again.local_address().path(), here.file());
  auto wrong = unix_listener::from_native(std::move(server).into_native());
  EXPECT_TRUE(!wrong && wrong.error() == errc::invalid_argument);
  co_return {};
}
TEST(unix_listener, a_listener_goes_round_as_a_native_handle) {
  run(a_listener_goes_round_as_a_native_handle());
}

// ---- datagrams

task<result<void>> datagrams_come_whole_and_in_order() {
  place here;
  auto receiver = co_await or_return(unix_datagram::bind(here.file("to")));
  auto sender = co_await or_return(unix_datagram::bind(here.file("from")));
  auto to = receiver.local_address();
  co_await or_return(sender.send_to("one", to));
  co_await or_return(sender.send_to("", to));
  co_await or_return(sender.connect(to));
  EXPECT_EQ(sender.peer_address(), to);
  co_await or_return(sender.send("three"));
  std::array<char, 16> buffer;
  auto one = co_await or_return(receiver.receive_from(buffer));
  EXPECT_EQ(std::string_view(buffer.data(), one.size()), "one");
  EXPECT_EQ(one.from().path(), here.file("from"));
  auto empty = co_await or_return(receiver.receive(buffer));
  EXPECT_EQ(empty.size(), 0U);
  EXPECT_FALSE(empty.truncated());
  auto three = co_await or_return(receiver.receive(buffer));
  EXPECT_EQ(std::string_view(buffer.data(), three.size()), "three");
  co_return {};
}
TEST(unix_datagram, datagrams_come_whole_and_in_order) {
  run(datagrams_come_whole_and_in_order());
}

task<result<void>> what_does_not_fit_says_so() {
  auto [first, second] = co_await or_return(unix_datagram::pair());
  co_await or_return(first.send("0123456789"));
  co_await or_return(first.send("next"));
  std::array<char, 4> small;
  auto seen = co_await or_return(second.peek_from(small));
  EXPECT_TRUE(seen.truncated());
  EXPECT_FALSE(static_cast<bool>(seen.from()));
  auto cut = co_await or_return(second.receive(small));
  EXPECT_EQ(cut.size(), 4U);
  EXPECT_EQ(cut.full_size(), 10U);
  EXPECT_TRUE(cut.truncated());
  auto next = co_await or_return(second.receive(small));
  EXPECT_EQ(std::string_view(small.data(), next.size()), "next");
  EXPECT_FALSE(next.truncated());
  co_return {};
}
TEST(unix_datagram, what_does_not_fit_says_so) {
  run(what_does_not_fit_says_so());
}

task<result<void>> a_full_receiver_makes_a_connected_sender_wait() {
  auto [first, second] = co_await or_return(unix_datagram::pair());
  std::array<char, 16> buffer;
  std::size_t sent = 0;
  for (;; ++sent) {
    auto more = first.try_send("x");
    if (more) continue;
    EXPECT_TRUE(more.error() == std::errc::operation_would_block);
    break;
  }
  auto late = co_await weft::timeout(0ms, first.send("late"));
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  auto drain = [](unix_datagram& from, std::size_t count) -> task<result<void>> {
    std::array<char, 16> into;
    while (count-- > 0) co_await or_return(from.receive(into));
    co_return {};
  };
  auto [waited, drained] =
      co_await or_return(weft::try_join(first.send("last"), drain(second, sent)));
  (void)waited;
  (void)drained;
  auto last = co_await or_return(second.receive(buffer));
  EXPECT_EQ(std::string_view(buffer.data(), last.size()), "last");
  auto nothing = second.try_receive(buffer);
  EXPECT_TRUE(!nothing && nothing.error() == std::errc::operation_would_block);
  co_return {};
}
TEST(unix_datagram, a_full_receiver_makes_a_connected_sender_wait) {
  run(a_full_receiver_makes_a_connected_sender_wait());
  run_here(a_full_receiver_makes_a_connected_sender_wait());
}

task<result<void>> an_unbound_socket_sends() {
  place here;
  auto receiver = co_await or_return(unix_datagram::bind(here.file()));
  auto sender = co_await or_return(unix_datagram::unbound());
  auto nowhere = co_await sender.send("x");
  EXPECT_TRUE(!nowhere && nowhere.error() == std::errc::not_connected);
  auto no_address = co_await sender.send_to("x", socket_address());
  EXPECT_TRUE(!no_address && no_address.error() == std::errc::invalid_argument);
  EXPECT_TRUE(sender.try_send_to("hello", receiver.local_address()).has_value());
  std::array<char, 16> buffer;
  auto got = co_await or_return(receiver.receive_from(buffer));
  EXPECT_EQ(got.size(), 5U);
  EXPECT_FALSE(static_cast<bool>(got.from()));
  co_await or_return(sender.connect(here.file()));
  receiver.close();
  auto refused = co_await sender.send("x");
  EXPECT_TRUE(!refused && refused.error() == std::errc::connection_refused);
  auto none = co_await sender.connect(here.file("none"));
  EXPECT_TRUE(!none && none.error() == std::errc::no_such_file_or_directory);
  auto ip = co_await sender.connect(*socket_address::parse("127.0.0.1:80"));
  EXPECT_TRUE(!ip && ip.error() == errc::invalid_argument);
  co_return {};
}
TEST(unix_datagram, an_unbound_socket_sends) {
  run(an_unbound_socket_sends());
}

task<result<void>> cancelled_receives_lose_nothing() {
  auto [first, second] = co_await or_return(unix_datagram::pair());
  std::array<char, 16> buffer;
  int received = 0;
  for (int round = 0; round < 200; ++round) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      auto maybe = co_await weft::timeout(0ms, second.receive(buffer));
      if (maybe) ++received;
      if (attempt == 0) co_await or_return(first.send("x"));
    }
  }
  while (second.try_receive(buffer)) ++received;
  EXPECT_EQ(received, 200);
  co_return {};
}
TEST(unix_datagram, cancelled_receives_lose_nothing) {
  run(cancelled_receives_lose_nothing());
}

task<result<void>> shutting_down_ends_a_direction() {
  auto [first, second] = co_await or_return(unix_datagram::pair());
  co_await or_return(first.shutdown(interest::writable));
  auto own = co_await first.send("x");
  EXPECT_TRUE(!own && own.error() == std::errc::broken_pipe);
  co_await or_return(first.shutdown(interest::readable));
  auto peers = co_await second.send("x");
  EXPECT_TRUE(!peers && peers.error() == std::errc::broken_pipe);
  co_return {};
}
TEST(unix_datagram, shutting_down_ends_a_direction) {
  run(shutting_down_ends_a_direction());
}

task<result<void>> datagrams_go_round_as_a_native_handle() {
  auto [first, second] = co_await or_return(unix_datagram::pair());
  auto again = co_await or_return(unix_datagram::from_native(std::move(first).into_native()));
  EXPECT_FALSE(static_cast<bool>(first));
  co_await or_return(again.send("x"));
  std::array<char, 4> buffer;
  auto got = co_await or_return(second.receive(buffer));
  EXPECT_EQ(got.size(), 1U);
  auto [stream, other] = co_await or_return(unix_stream::pair());
  auto wrong = unix_datagram::from_native(std::move(stream).into_native());
  EXPECT_TRUE(!wrong && wrong.error() == errc::invalid_argument);
  co_return {};
}
TEST(unix_datagram, datagrams_go_round_as_a_native_handle) {
  run(datagrams_go_round_as_a_native_handle());
}

}  // namespace
