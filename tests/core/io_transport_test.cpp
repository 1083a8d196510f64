#include <weft/io/duplex.hpp>
#include <weft/io/transport.hpp>
#include <weft/join.hpp>
#include <weft/runtime.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace net_test;
using weft::errc;
using weft::io::byte_stream;
using weft::io::io_state;
using weft::io::progress;
using weft::io::transport;

// The least that a transport of one's own needs.
class canned_stream final : public byte_stream {
 public:
  explicit canned_stream(std::string text) : text_(std::move(text)) {}
  progress poll_receive(io_state&, std::span<std::byte> into) noexcept override {
    auto count = text_.copy(reinterpret_cast<char*>(into.data()), into.size());
    text_.erase(0, count);
    return count;
  }
  progress poll_send(io_state&, std::span<const weft::io_slice>) noexcept override {
    return weft::error::from_errno(EPIPE);
  }
  progress poll_shutdown(io_state&) noexcept override { return 0; }
  bool poll_peer_closed(io_state&) noexcept override { return true; }
  void cancel(weft::io::io_state&) noexcept override {}

 private:
  std::string text_;
};

TEST(progress, is_pending_done_or_failed) {
  EXPECT_TRUE(progress::not_yet().pending());
  EXPECT_FALSE(progress::not_yet().done());
  EXPECT_TRUE(progress(3).done());
  EXPECT_EQ(progress(3).count(), 3U);
  progress failed = weft::error(errc::closed);
  EXPECT_TRUE(failed.failed());
  EXPECT_FALSE(failed.pending());
  EXPECT_TRUE(failed.error() == errc::closed);
  EXPECT_TRUE(progress::from_driver(-ECONNRESET).error() == std::errc::connection_reset);
  EXPECT_TRUE(progress::from_driver(weft::detail::io_pending).pending());
}

task<result<void>> any_stream_is_a_transport() {
  transport from(std::make_unique<canned_stream>("hello world"));
  std::array<char, 5> head;
  auto count = co_await or_return(from.read(head));
  EXPECT_EQ(std::string_view(head.data(), count), "hello");
  weft::buffer into;
  auto more = co_await or_return(from.receive_into(into, 3));
  EXPECT_EQ(more, 3U);
  EXPECT_EQ(into.view(), " wo");
  auto rest = co_await or_return(from.receive());
  EXPECT_EQ(rest, "rld");
  auto end = co_await or_return(from.receive());
  EXPECT_TRUE(end.empty());
  auto refused = co_await from.write("x");
  EXPECT_TRUE(!refused && refused.error() == std::errc::broken_pipe);
  co_await from.peer_closed();
  co_return {};
}
TEST(transport, a_stream_that_cannot_be_aborted_is_closed) {
  transport from(std::make_unique<canned_stream>("hello"));
  from.abort();
  EXPECT_FALSE(static_cast<bool>(from));
}
TEST(transport, any_stream_is_a_transport) {
  run(any_stream_is_a_transport());
}

task<result<void>> reads_into_whatever_is_contiguous() {
  auto [client, server] = weft::io::duplex();
  co_await or_return(client.write_all("abcdefghijklmnopqrstuvwxyz"));
  char plain[2];
  auto count = co_await or_return(server.read(plain));
  EXPECT_EQ(count, 2U);
  std::vector<char> vector(3);
  count = co_await or_return(server.read(vector));
  EXPECT_EQ(count, 3U);
  std::string text(4, ' ');
  count = co_await or_return(server.read(text));
  EXPECT_EQ(text, "fghi");
  std::array<unsigned char, 5> octets;
  count = co_await or_return(server.read(octets));
  EXPECT_EQ(octets[4], 'n');
  std::vector<std::byte> bytes(2);
  count = co_await or_return(server.read(std::span(bytes)));
  EXPECT_EQ(bytes[0], std::byte{'o'});
  count = co_await or_return(server.read(std::span(text).first(1)));
  EXPECT_EQ(text[0], 'q');
  co_return {};
}
TEST(transport, reads_into_whatever_is_contiguous) {
  run(reads_into_whatever_is_contiguous());
}

task<result<void>> a_read_into_nothing_is_refused() {
  auto pair = co_await or_return(connected_pair());
  auto [client, server] = weft::io::duplex();
  for (auto* from : {static_cast<transport*>(&pair.server), &server}) {
    auto nothing = co_await from->read(std::span<std::byte>());
    EXPECT_TRUE(!nothing && nothing.error() == errc::invalid_argument);
    weft::buffer into;
    auto none = co_await from->receive_into(into, 0);
    EXPECT_TRUE(!none && none.error() == errc::invalid_argument);
  }
  co_return {};
}
TEST(transport, a_read_into_nothing_is_refused) {
  run(a_read_into_nothing_is_refused());
}

task<result<void>> a_write_of_nothing_is_done_at_once() {
  auto [client, server] = weft::io::duplex();
  auto none = co_await or_return(client.write(""));
  EXPECT_EQ(none, 0U);
  weft::bytes_chain chain;
  none = co_await or_return(client.send(chain));
  EXPECT_EQ(none, 0U);
  co_await or_return(client.send_all(chain));
  co_await or_return(client.write_all(""));
  co_return {};
}
TEST(transport, a_write_of_nothing_is_done_at_once) {
  run(a_write_of_nothing_is_done_at_once());
}

task<result<void>> receiving_appends_and_keeps_what_is_there() {
  auto [client, server] = weft::io::duplex();
  weft::buffer into;
  into.append("kept ");
  co_await or_return(client.write_all("and more"));
  co_await or_return(server.receive_into(into));
  EXPECT_EQ(into.view(), "kept and more");
  co_return {};
}
TEST(transport, receiving_appends_and_keeps_what_is_there) {
  run(receiving_appends_and_keeps_what_is_there());
}

// An idle connection holds no memory for what may come.
task<result<void>> takes_memory_only_when_there_is_something_to_read() {
  auto pair = co_await or_return(connected_pair());
  weft::buffer into;
  auto late = co_await weft::timeout(std::chrono::milliseconds(0), pair.server.receive_into(into));
  EXPECT_FALSE(late.has_value());
  EXPECT_EQ(into.spare(), 0U);
  co_return {};
}
TEST(transport, takes_memory_only_when_there_is_something_to_read) {
  run(takes_memory_only_when_there_is_something_to_read());
}

// What a protocol engine does: one leaf, one waker bit, data and room and the peer's end at once.
class engine_leaf : public weft::leaf_awaiter<engine_leaf> {
 public:
  engine_leaf(transport& over, weft::bytes_chain& out, weft::buffer& in) noexcept
      : over_(over), out_(out), in_(in) {}
  static constexpr const char* name = "engine";
  bool poll() noexcept {
    while (!out_.empty()) {
      auto sent = over_.poll_send(writing_, out_);
      if (sent.failed()) return true;
      if (sent.pending()) break;
    }
    while (true) {
      auto got = over_.poll_receive_into(reading_, in_, 1000);
      if (got.pending()) break;
      if (got.failed() || got.count() == 0) ended_ = true;
      if (ended_) break;
    }
    return out_.empty() && ended_ && over_.poll_peer_closed(closing_);
  }
  void take() noexcept {}

 private:
  transport& over_;
  weft::bytes_chain& out_;
  weft::buffer& in_;
  io_state reading_{weft::io::direction::read};
  io_state writing_{weft::io::direction::write};
  io_state closing_{weft::io::direction::closing};
  bool ended_ = false;
};
class engine_operation {
 public:
  engine_operation(transport& over, weft::bytes_chain& out, weft::buffer& in) noexcept
      : over_(&over), out_(&out), in_(&in) {}
  auto operator co_await() && noexcept { return engine_leaf(*over_, *out_, *in_); }

 private:
  transport* over_;
  weft::bytes_chain* out_;
  weft::buffer* in_;
};

task<result<void>> peer_of_the_engine(transport& end, std::size_t size) {
  std::string text;
  std::array<char, 777> some;
  while (text.size() < size) {
    auto count = co_await or_return(end.read(some));
    text.append(some.data(), count);
    co_await or_return(end.write_all(std::string_view(some.data(), count)));
  }
  end.close();
  co_return {};
}
task<result<void>> drive_engine(transport& mine, transport& theirs) {
  weft::bytes_chain out;
  std::string expected;
  for (int index = 0; index < 200; ++index) {
    std::string piece(1 + static_cast<std::size_t>(index) * 31 % 4000,
                      static_cast<char>('a' + index % 26));
    expected += piece;
    out.push_back(weft::bytes::from(std::move(piece)));
  }
  weft::buffer in;
  auto peer = weft::spawn(peer_of_the_engine, std::ref(theirs), expected.size());
  co_await engine_operation(mine, out, in);
  EXPECT_TRUE(in.view() == expected);
  co_return co_await std::move(peer);
}
task<result<void>> one_leaf_drives_a_socket() {
  auto pair = co_await or_return(connected_pair());
  co_return co_await drive_engine(pair.client, pair.server);
}
task<result<void>> one_leaf_drives_a_duplex() {
  auto [client, server] = weft::io::duplex(100);
  co_return co_await drive_engine(client, server);
}
TEST(transport, one_leaf_drives_a_socket) {
  run(one_leaf_drives_a_socket());
}
TEST(transport, one_leaf_drives_a_duplex) {
  run(one_leaf_drives_a_duplex());
}
TEST(transport, one_leaf_drives_a_duplex_on_one_thread) {
  run_here(one_leaf_drives_a_duplex());
}

TEST(transport_death_test, one_that_was_closed_says_so) {
  transport none;
  EXPECT_DEATH((void)none.receive(), "moved from or closed");
}

}  // namespace
