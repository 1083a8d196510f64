// The process that inherits is this program again, told by an argument what to do.
#include <weft/net/inherited.hpp>
#include <weft/runtime.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace net_test;
using weft::errc;
using weft::net::inherited;
using weft::net::inherited_kind;

/// What the child gets: descriptors from 3 on, and their names.
struct inheritance {
  std::vector<int> descriptors;
  std::string count;
  const char* names = nullptr;
};

/// What the child does, by name: main() below calls it.
int run_child(const char* body, const inheritance& what) {
  auto child = ::fork();
  if (child == 0) {
    std::vector<int> moved;  // out of the way of what is to be 3, 4, …
    for (auto one : what.descriptors) moved.push_back(::fcntl(one, F_DUPFD, 100));
    for (std::size_t index = 0; index < moved.size(); ++index) {
      ::dup2(moved[index], 3 + static_cast<int>(index));
      ::close(moved[index]);
    }
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", what.count.c_str(), 1);
    if (what.names) ::setenv("LISTEN_FDNAMES", what.names, 1);
    ::execl("/proc/self/exe", "inherited", "--child", body, static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

sockaddr_in loopback_address() {
  sockaddr_in native{};
  native.sin_family = AF_INET;
  native.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return native;
}

int bound_socket(int type) {
  auto made = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  auto native = loopback_address();
  EXPECT_EQ(::bind(made, reinterpret_cast<sockaddr*>(&native), sizeof native), 0);
  return made;
}

int bound_unix_socket(int type) {
  auto made = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  sa_family_t family = AF_UNIX;  // the kernel finds a name
  EXPECT_EQ(::bind(made, reinterpret_cast<sockaddr*>(&family), sizeof family), 0);
  return made;
}

bool closes_on_exec(int descriptor) {
  return (::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0;
}

task<result<void>> serves_what_it_inherited() {
  auto all = co_await or_return(inherited());
  EXPECT_EQ(all.size(), 5U);
  if (all.size() != 5) co_return {};
  EXPECT_EQ(all[0].name(), "tcp");
  EXPECT_EQ(all[1].name(), "unix");
  EXPECT_EQ(all[2].name(), "udp");
  EXPECT_EQ(all[3].name(), "datagrams");
  EXPECT_EQ(all[4].name(), "");
  EXPECT_EQ(all[0].kind(), inherited_kind::tcp_listener);
  EXPECT_EQ(all[1].kind(), inherited_kind::unix_listener);
  EXPECT_EQ(all[2].kind(), inherited_kind::udp_socket);
  EXPECT_EQ(all[3].kind(), inherited_kind::unix_datagram);
  EXPECT_EQ(all[4].kind(), inherited_kind::other);
  for (int descriptor = 3; descriptor < 8; ++descriptor) EXPECT_TRUE(closes_on_exec(descriptor));
  auto again = co_await or_return(inherited());
  EXPECT_TRUE(again.empty());

  auto bound = all[0].local_address();
  auto listener = co_await or_return(std::move(all[0]).into_tcp_listener());
  EXPECT_EQ(listener.local_address(), bound);
  auto client = co_await or_return(weft::net::tcp_stream::connect(bound));
  auto server = co_await or_return(listener.accept());
  co_await or_return(client.write_all("x"));
  auto text = co_await or_return(server.receive());
  EXPECT_EQ(text, "x");

  auto unix_listener = co_await or_return(std::move(all[1]).into_unix_listener());
  auto caller = co_await or_return(weft::net::unix_stream::connect(unix_listener.local_address()));
  auto called = co_await or_return(unix_listener.accept());
  EXPECT_EQ(called.peer_credentials().value().pid, ::getpid());

  auto udp = co_await or_return(std::move(all[2]).into_udp_socket());
  co_await or_return(udp.send_to("to itself", udp.local_address()));
  std::array<char, 16> buffer;
  auto got = co_await or_return(udp.receive_from(buffer));
  EXPECT_EQ(got.from(), udp.local_address());

  // As something else than it is: refused, and closed.
  auto wrong = std::move(all[3]).into_unix_listener();
  EXPECT_TRUE(!wrong && wrong.error() == errc::invalid_argument);
  EXPECT_EQ(::fcntl(6, F_GETFD), -1);
  EXPECT_EQ(std::move(all[4]).into_native(), 7);
  ::close(7);
  co_return {};
}

TEST(inherited, sockets_of_every_kind_serve) {
  inheritance all;
  all.count = "5";
  all.names = "tcp:unix:udp:datagrams:";
  all.descriptors.push_back(bound_socket(SOCK_STREAM));
  EXPECT_EQ(::listen(all.descriptors.back(), 16), 0);
  all.descriptors.push_back(bound_unix_socket(SOCK_STREAM));
  EXPECT_EQ(::listen(all.descriptors.back(), 16), 0);
  all.descriptors.push_back(bound_socket(SOCK_DGRAM));
  all.descriptors.push_back(bound_unix_socket(SOCK_DGRAM));
  all.descriptors.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(run_child("serves_what_it_inherited", all), 0);
  for (auto one : all.descriptors) ::close(one);
}

void has_names_for_what_has_none() {
  auto all = inherited();
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ(all->front().name(), "unknown");
  all->clear();
  EXPECT_EQ(::fcntl(3, F_GETFD), -1);  // closed with its owner
  EXPECT_TRUE(inherited()->empty());
}

TEST(inherited, names_may_be_missing) {
  inheritance one;
  one.count = "1";
  one.descriptors.push_back(bound_socket(SOCK_DGRAM));
  EXPECT_EQ(run_child("has_names_for_what_has_none", one), 0);
  ::close(one.descriptors.front());
}

void finds_a_contradiction() {
  auto all = inherited();
  EXPECT_TRUE(!all && all.error() == errc::invalid_data);
}

TEST(inherited, an_environment_that_contradicts_itself_is_an_error) {
  inheritance wrong;
  wrong.descriptors.push_back(bound_socket(SOCK_DGRAM));
  for (const char* count : {"", "many", "-1", "1x", "1025"}) {
    wrong.count = count;
    EXPECT_EQ(run_child("finds_a_contradiction", wrong), 0) << count;
  }
  wrong.count = "1";
  wrong.names = "one:other";
  EXPECT_EQ(run_child("finds_a_contradiction", wrong), 0);
  wrong.count = "900";  // not that many are open
  wrong.names = nullptr;
  EXPECT_EQ(run_child("finds_a_contradiction", wrong), 0);
  ::close(wrong.descriptors.front());
}

TEST(inherited, what_was_meant_for_another_process_is_not_taken) {
  ::setenv("LISTEN_FDS", "1", 1);
  EXPECT_TRUE(inherited()->empty());
  ::setenv("LISTEN_PID", "1", 1);
  EXPECT_TRUE(inherited()->empty());
  ::setenv("LISTEN_PID", "none", 1);
  EXPECT_TRUE(inherited()->empty());
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
}

/// Runs what `run_child` names. Not a test of its own: without its inheritance it means nothing.
int child(std::string_view body) {
  if (body == "serves_what_it_inherited") {
    run(serves_what_it_inherited());
  } else if (body == "has_names_for_what_has_none") {
    has_names_for_what_has_none();
  } else if (body == "finds_a_contradiction") {
    finds_a_contradiction();
  } else {
    return 2;
  }
  return testing::Test::HasFailure() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 3 && std::string_view(argv[1]) == "--child") return child(argv[2]);
  return RUN_ALL_TESTS();
}
