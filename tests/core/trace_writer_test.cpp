#include <weft/trace/writer.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace trace = weft::trace;

struct pipe_pair {
  pipe_pair() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    out = ends[0];
    in = ends[1];
  }
  ~pipe_pair() {
    close_in();
    ::close(out);
  }
  void close_in() {
    if (in >= 0) ::close(in);
    in = -1;
  }
  std::string read_all() {
    std::string all;
    std::array<char, 65536> some;
    for (;;) {
      auto got = ::read(out, some.data(), some.size());
      if (got <= 0) return all;
      all.append(some.data(), static_cast<std::size_t>(got));
    }
  }
  int out, in;
};

TEST(trace_writer, direct_writes_at_once) {
  pipe_pair pipe;
  auto writer = trace::direct_writer(pipe.in);
  writer->write("one\n");
  writer->write("two\n");
  pipe.close_in();
  EXPECT_EQ(pipe.read_all(), "one\ntwo\n");
}

TEST(trace_writer, background_writes_all_before_it_goes) {
  pipe_pair pipe;
  std::string expected;
  {
    trace::background_writer writer(pipe.in);
    for (int i = 0; i < 1000; ++i) {
      auto line = "line " + std::to_string(i) + "\n";
      expected += line;
      writer.write(line);
    }
    writer.flush();
    EXPECT_EQ(writer.dropped(), 0u);
    writer.write("last\n");
    writer.flush();
    writer.flush();
  }
  pipe.close_in();
  EXPECT_EQ(pipe.read_all(), expected + "last\n");
}

// Nobody reads the pipe, so that its writer waits; whoever tells does not.
TEST(trace_writer, background_drops_whole_lines_when_it_is_full_and_says_so) {
  pipe_pair pipe;
  const std::string line(1000, 'x');
  std::uint64_t dropped = 0;
  std::string all;
  {
    trace::background_writer writer(pipe.in, 10'000);
    while (writer.dropped() == 0) writer.write(line + "\n");
    for (int i = 0; i < 50; ++i) writer.write(line + "\n");
    std::thread reader([&] { all = pipe.read_all(); });
    writer.flush();
    dropped = writer.dropped();
    writer.write("room again\n");
    writer.flush();
    pipe.close_in();
    reader.join();
  }
  EXPECT_TRUE(all.ends_with("room again\n"));
  std::uint64_t said = 0;
  std::istringstream lines(all);
  for (std::string one; std::getline(lines, one);) {
    if (one.starts_with("weft: ")) {
      said += std::stoull(one.substr(6));
    } else {
      EXPECT_TRUE(one == line || one == "room again") << one.size();
    }
  }
  EXPECT_EQ(said, dropped);
}

TEST(trace_writer, lines_of_many_threads_stay_whole) {
  pipe_pair pipe;
  std::string all;
  std::thread reader([&] { all = pipe.read_all(); });
  {
    trace::background_writer writer(pipe.in);
    std::vector<std::thread> tellers;
    for (char c : {'a', 'b', 'c'}) {
      tellers.emplace_back([&writer, c] {
        for (int i = 0; i < 500; ++i) writer.write(std::string(20, c) + "\n");
      });
    }
    for (auto& one : tellers) one.join();
    EXPECT_EQ(writer.dropped(), 0u);
  }
  pipe.close_in();
  reader.join();
  ASSERT_EQ(all.size(), 3u * 500 * 21);
  for (std::size_t begin = 0; begin < all.size(); begin += 21) {
    ASSERT_EQ(all.substr(begin, 21), std::string(20, all[begin]) + "\n");
  }
}

}  // namespace
