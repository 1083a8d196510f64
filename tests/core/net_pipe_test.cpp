#include <weft/join.hpp>
#include <weft/net/pipe.hpp>
#include <weft/net/unix.hpp>
#include <weft/runtime.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

#include "net_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace net_test;
using weft::errc;
using weft::net::fifo_options;
using weft::net::pipe_receiver;
using weft::net::pipe_sender;

/// A FIFO of the file system, gone with it.
class fifo {
 public:
  fifo() {
    std::string pattern = "/tmp/weft-fifo-XXXXXX";
    if (::mkdtemp(pattern.data())) directory_ = pattern;
    EXPECT_EQ(::mkfifo(path().c_str(), 0600), 0);
  }
  fifo(const fifo&) = delete;
  fifo& operator=(const fifo&) = delete;
  ~fifo() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  std::string path() const { return directory_ + "/fifo"; }
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

task<result<void>> what_is_written_is_read() {
  auto [sender, receiver] = co_await or_return(weft::net::pipe());
  co_await or_return(sender.write_all("hello"));
  auto data = co_await or_return(receiver.receive());
  EXPECT_EQ(data, "hello");
  EXPECT_FALSE(static_cast<bool>(sender.peer_address()));
  co_await or_return(sender.write_all("last words"));
  co_await or_return(sender.shutdown());
  co_await or_return(sender.shutdown());  // again: no harm
  EXPECT_EQ(sender.native_handle(), -1);
  co_await receiver.peer_closed();
  auto rest = co_await or_return(read_all(receiver));
  EXPECT_EQ(rest, "last words");
  co_await sender.peer_closed();  // of one that is shut down: at once
  auto late = co_await sender.write("x");
  EXPECT_TRUE(!late && late.error() == std::errc::bad_file_descriptor);
  co_return {};
}
TEST(pipe, what_is_written_is_read) {
  run(what_is_written_is_read());
}
TEST(pipe, what_is_written_is_read_on_one_thread) {
  run_here(what_is_written_is_read());
}

task<result<void>> a_full_pipe_makes_the_sender_wait() {
  auto [from, to] = co_await or_return(weft::net::pipe());
  weft::io::transport sender = std::move(from).into_transport();
  weft::io::transport receiver = std::move(to).into_transport();
  std::string large(2 << 20, 'x');
  for (std::size_t index = 0; index < large.size(); ++index) {
    large[index] = static_cast<char>('a' + index % 23);
  }
  auto send = [](weft::io::transport& into, const std::string& text) -> task<result<void>> {
    weft::bytes_chain chain;
    for (std::size_t at = 0; at < text.size(); at += 10'000) {
      chain.push_back(weft::bytes::from(text.substr(at, 10'000)));
    }
    co_await or_return(into.send_all(chain));
    co_return co_await into.shutdown();
  };
  auto [sent, received] =
      co_await or_return(weft::try_join(send(sender, large), read_all(receiver)));
  (void)sent;
  EXPECT_TRUE(received == large);
  co_return {};
}
TEST(pipe, a_full_pipe_makes_the_sender_wait) {
  run(a_full_pipe_makes_the_sender_wait());
  run_here(a_full_pipe_makes_the_sender_wait());
}

// An error, and no signal, which would end this program.
task<result<void>> without_a_reader_writing_is_an_error() {
  auto [sender, receiver] = co_await or_return(weft::net::pipe());
  auto early = co_await weft::timeout(0ms, sender.peer_closed());
  EXPECT_FALSE(early.has_value());
  receiver.close();
  co_await sender.peer_closed();
  for (int round = 0; round < 3; ++round) {
    auto written = co_await sender.write("x");
    EXPECT_TRUE(!written && written.error() == std::errc::broken_pipe);
    auto tried = sender.try_write("x");
    EXPECT_TRUE(!tried && tried.error() == std::errc::broken_pipe);
  }
  EXPECT_EQ(sender.try_write("").value(), 0U);
  co_return {};
}
TEST(pipe, without_a_reader_writing_is_an_error) {
  run(without_a_reader_writing_is_an_error());
}

task<result<void>> each_end_has_one_direction() {
  auto [sender, receiver] = co_await or_return(weft::net::pipe());
  std::array<char, 8> buffer;
  auto read = co_await sender.read(buffer);
  EXPECT_TRUE(!read && read.error() == std::errc::bad_file_descriptor);
  auto received = co_await sender.receive();
  EXPECT_TRUE(!received && received.error() == std::errc::bad_file_descriptor);
  auto written = co_await receiver.write("x");
  EXPECT_TRUE(!written && written.error() == std::errc::bad_file_descriptor);
  co_await or_return(receiver.shutdown());  // there is nothing to end
  co_await or_return(sender.write_all("still"));
  auto count = co_await or_return(receiver.read(buffer));
  EXPECT_EQ(count, 5U);
  co_return {};
}
TEST(pipe, each_end_has_one_direction) {
  run(each_end_has_one_direction());
}

task<result<void>> try_functions_never_wait() {
  auto [sender, receiver] = co_await or_return(weft::net::pipe());
  std::array<char, 8> buffer;
  auto nothing = receiver.try_read(buffer);
  EXPECT_TRUE(!nothing && nothing.error() == std::errc::operation_would_block);
  EXPECT_EQ(sender.try_write("abc").value(), 3U);
  (void)co_await receiver.readable();
  EXPECT_EQ(receiver.try_read(buffer).value(), 3U);
  std::string large(1 << 20, 'x');
  EXPECT_LT(sender.try_write(large).value(), large.size());
  auto full = sender.try_write(large);
  EXPECT_TRUE(!full && full.error() == std::errc::operation_would_block);
  auto late = co_await weft::timeout(0ms, sender.writable());
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  auto none = receiver.try_read(std::span<char>());
  EXPECT_TRUE(!none && none.error() == errc::invalid_argument);
  while (receiver.try_read(buffer)) continue;
  (void)co_await sender.writable();
  sender.close();
  (void)co_await receiver.readable();
  EXPECT_EQ(receiver.try_read(buffer).value(), 0U);
  co_return {};
}
TEST(pipe, try_functions_never_wait) {
  run(try_functions_never_wait());
}

task<result<void>> cancelled_reads_lose_nothing() {
  auto [sender, receiver] = co_await or_return(weft::net::pipe());
  std::string received;
  std::string sent;
  for (int round = 0; round < 200; ++round) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      auto maybe = co_await weft::timeout(0ms, receiver.receive());
      if (maybe) received += maybe->view();
      if (attempt != 0) continue;
      auto text = std::to_string(round) + ";";
      co_await or_return(sender.write_all(text));
      sent += text;
    }
  }
  sender.close();
  received += co_await or_return(read_all(receiver));
  EXPECT_EQ(received, sent);
  co_return {};
}
TEST(pipe, cancelled_reads_lose_nothing) {
  run(cancelled_reads_lose_nothing());
}

task<result<void>> a_fifo_is_opened_from_both_sides() {
  fifo file;
  auto nobody = pipe_sender::open(file.path());
  EXPECT_TRUE(!nobody && nobody.error() == std::errc::no_such_device_or_address);
  auto receiver = co_await or_return(pipe_receiver::open(file.path()));
  auto nothing = co_await or_return(receiver.receive());
  EXPECT_TRUE(nothing.empty());              // nobody writes
  for (int round = 0; round < 3; ++round) {  // one sender after the other
    auto sender = co_await or_return(pipe_sender::open(file.path()));
    auto silent = co_await weft::timeout(0ms, receiver.receive());
    EXPECT_TRUE(!silent && silent.error() == errc::timed_out);
    co_await or_return(sender.write_all("hello"));
    auto text = co_await or_return(receiver.receive());
    EXPECT_EQ(text, "hello");
    sender.close();
    auto end = co_await or_return(receiver.receive());
    EXPECT_TRUE(end.empty());
  }
  co_return {};
}
TEST(pipe, a_fifo_is_opened_from_both_sides) {
  run(a_fifo_is_opened_from_both_sides());
}

task<result<void>> a_fifo_that_is_opened_both_ways_never_ends() {
  fifo file;
  fifo_options both;
  both.read_write(true);
  auto receiver = co_await or_return(pipe_receiver::open(file.path(), both));
  auto sender = co_await or_return(pipe_sender::open(file.path()));
  co_await or_return(sender.write_all("x"));
  sender.close();
  auto text = co_await or_return(receiver.receive());
  EXPECT_EQ(text, "x");
  auto silent = co_await weft::timeout(0ms, receiver.receive());
  EXPECT_TRUE(!silent && silent.error() == errc::timed_out);

  fifo other;
  auto early = co_await or_return(pipe_sender::open(other.path(), both));
  co_await or_return(early.write_all("before"));
  auto late = co_await or_return(pipe_receiver::open(other.path()));
  auto before = co_await or_return(late.receive());
  EXPECT_EQ(before, "before");
  co_return {};
}
TEST(pipe, a_fifo_that_is_opened_both_ways_never_ends) {
  run(a_fifo_that_is_opened_both_ways_never_ends());
}

task<result<void>> what_is_no_fifo_is_an_error() {
  fifo file;
  auto missing = pipe_receiver::open(file.directory() + "/none");
  EXPECT_TRUE(!missing && missing.error() == std::errc::no_such_file_or_directory);
  if (!missing) {
    EXPECT_NE(missing.error().message().find("opening " + file.directory() + "/none"),
              std::string::npos);
  }
  auto plain = pipe_receiver::open("/dev/null");
  EXPECT_TRUE(!plain && plain.error() == errc::invalid_argument);
  co_return {};
}
TEST(pipe, what_is_no_fifo_is_an_error) {
  run(what_is_no_fifo_is_an_error());
}

task<result<void>> ends_go_round_as_native_handles() {
  auto [sender, receiver] = co_await or_return(weft::net::pipe());
  auto writing = co_await or_return(std::move(sender).into_blocking());
  auto reading = std::move(receiver).into_native();
  EXPECT_FALSE(static_cast<bool>(sender));
  EXPECT_FALSE(static_cast<bool>(receiver));
  EXPECT_EQ(::fcntl(writing, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(reading, F_GETFL) & O_NONBLOCK, 0);
  auto again = co_await or_return(pipe_sender::from_native(writing));
  auto other = co_await or_return(pipe_receiver::from_native(reading));
  co_await or_return(again.write_all("x"));
  auto text = co_await or_return(other.receive());
  EXPECT_EQ(text, "x");

  auto number = std::move(again).into_native();
  auto wrong = pipe_receiver::from_native(number);  // it cannot be read from
  EXPECT_TRUE(!wrong && wrong.error() == errc::invalid_argument);
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  auto blocking = co_await or_return(std::move(other).into_blocking());
  auto no_sender = pipe_sender::from_native(blocking);
  EXPECT_TRUE(!no_sender && no_sender.error() == errc::invalid_argument);
  auto [stream, peer] = co_await or_return(weft::net::unix_stream::pair());
  auto no_pipe = pipe_sender::from_native(std::move(stream).into_native());
  EXPECT_TRUE(!no_pipe && no_pipe.error() == errc::invalid_argument);
  co_return {};
}
TEST(pipe, ends_go_round_as_native_handles) {
  run(ends_go_round_as_native_handles());
}

TEST(pipe, without_a_runtime_it_says_so) {
  auto made = weft::net::pipe();
  EXPECT_TRUE(!made && made.error() == errc::no_runtime);
}

}  // namespace
