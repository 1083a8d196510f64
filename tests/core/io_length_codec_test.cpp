#include <weft/io/duplex.hpp>
#include <weft/io/length_codec.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "net_support.hpp"

namespace {

using namespace net_test;
using namespace std::string_view_literals;
using weft::errc;
using weft::io::length_codec;

weft::buffer buffered(std::string_view text) {
  weft::buffer in;
  in.append(text);
  return in;
}
/// The first frame of `text`, which is all there and not before its last byte.
std::string first_frame(length_codec codec, std::string_view text) {
  weft::buffer in;
  for (auto octet : text.substr(0, text.size() - 1)) {
    in.append(octet);
    auto part = codec.decode(in);
    EXPECT_TRUE(part.has_value() && !*part);
  }
  in.append(text.back());
  auto frame = codec.decode(in);
  EXPECT_TRUE(frame.has_value() && frame->has_value());
  EXPECT_TRUE(in.empty());
  return frame && *frame ? (*frame)->to_string() : "";
}
std::string encoded(length_codec codec, std::string_view frame) {
  weft::buffer out;
  EXPECT_TRUE(codec.encode(frame, out).has_value());
  return std::string(out.view());
}

TEST(length_codec, decodes_frames_behind_their_length) {
  EXPECT_EQ(first_frame(length_codec(), "\0\0\0\3abc"sv), "abc");
  EXPECT_EQ(first_frame(length_codec(), "\0\0\0\0"sv), "");
  EXPECT_EQ(first_frame(length_codec().length_size(1), "\3abc"sv), "abc");
  EXPECT_EQ(first_frame(length_codec().length_size(3), "\0\0\3abc"sv), "abc");
  EXPECT_EQ(first_frame(length_codec().length_size(8), "\0\0\0\0\0\0\0\3abc"sv), "abc");
  EXPECT_EQ(first_frame(length_codec().little_endian(), "\3\0\0\0abc"sv), "abc");
  auto large = std::string("\2\1"sv) + std::string(258, 'x');
  EXPECT_EQ(first_frame(length_codec().length_size(2).little_endian(), large).size(), 258U);
}
TEST(length_codec, decodes_what_stands_around_the_length) {
  // Two bytes before the length, which are dropped.
  EXPECT_EQ(first_frame(length_codec().length_offset(2).length_size(1), "hh\3abc"sv), "abc");
  // The length counts the head: 3 of it.
  auto counts_all = length_codec().length_offset(2).length_size(1).adjustment(-3);
  EXPECT_EQ(first_frame(counts_all, "hh\6abc"sv), "abc");
  // The head is a part of the frame.
  auto with_head = length_codec().length_offset(2).length_size(1).adjustment(3).skip(0);
  EXPECT_EQ(first_frame(with_head, "hh\3abc"sv), "hh\3abc");
  // Something behind the length, which it does not count and which is wanted.
  EXPECT_EQ(first_frame(length_codec().length_size(1).adjustment(2), "\3ttabc"sv), "ttabc");
  // And which is not.
  EXPECT_EQ(first_frame(length_codec().length_size(1).skip(3), "\3ttabc"sv), "abc");
}

TEST(length_codec, a_length_beyond_the_limit_takes_no_memory) {
  auto codec = length_codec().limit(100);
  auto in = buffered("\0\0\0\x65"sv);
  auto spare = in.spare();
  for (int i = 0; i < 2; ++i) {
    auto refused = codec.decode(in);
    EXPECT_TRUE(!refused && refused.error() == errc::limit_exceeded);
    EXPECT_EQ(in.size(), 4U) << "it stays there";
  }
  EXPECT_EQ(in.spare(), spare);
  in = buffered("\0\0\0\x64"sv);
  EXPECT_TRUE(codec.decode(in).has_value());
  in = buffered("\xff\xff\xff\xff\xff\xff\xff\xff"sv);
  auto huge = length_codec().length_size(8).decode(in);
  EXPECT_TRUE(!huge && huge.error() == errc::limit_exceeded);
  in = buffered("\x64"sv);
  auto adjusted = length_codec().length_size(1).adjustment(1).limit(100).decode(in);
  EXPECT_TRUE(!adjusted && adjusted.error() == errc::limit_exceeded);
  in = buffered("\0\x80\0\1"sv);
  auto default_limit = length_codec().decode(in);
  EXPECT_TRUE(!default_limit && default_limit.error() == errc::limit_exceeded);
}
TEST(length_codec, makes_room_for_a_frame_whose_length_is_known) {
  auto in = buffered("\0\1\0\0ab"sv);
  auto part = length_codec().decode(in);
  EXPECT_TRUE(part.has_value() && !*part);
  EXPECT_GE(in.spare(), 65536U - 2);
}
TEST(length_codec, a_length_below_its_adjustment_is_malformed) {
  auto in = buffered("\2abc"sv);
  auto refused = length_codec().length_size(1).adjustment(-3).decode(in);
  EXPECT_TRUE(!refused && refused.error() == errc::invalid_data);
}

TEST(length_codec, encodes_the_length_and_the_frame) {
  EXPECT_EQ(encoded(length_codec(), "abc"), "\0\0\0\3abc"sv);
  EXPECT_EQ(encoded(length_codec().length_size(2).little_endian(), "abc"), "\3\0abc"sv);
  EXPECT_EQ(encoded(length_codec().length_size(8), ""), "\0\0\0\0\0\0\0\0"sv);
  EXPECT_EQ(encoded(length_codec().length_size(1).adjustment(-1), "abc"), "\4abc"sv);
}
TEST(length_codec, refuses_what_it_cannot_encode) {
  weft::buffer out;
  auto long_one = length_codec().limit(2).encode("abc", out);
  EXPECT_TRUE(!long_one && long_one.error() == errc::limit_exceeded);
  auto wide = length_codec().length_size(1).encode(std::string(256, 'x'), out);
  EXPECT_TRUE(!wide && wide.error() == errc::limit_exceeded);
  auto head = length_codec().length_offset(1).encode("abc", out);
  EXPECT_TRUE(!head && head.error() == errc::unsupported);
  auto below = length_codec().adjustment(5).encode("abc", out);
  EXPECT_TRUE(!below && below.error() == errc::invalid_argument);
  EXPECT_TRUE(out.empty());
}
TEST(length_codec_death, a_length_has_one_to_eight_bytes) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(length_codec().length_size(0), "1 to 8 bytes");
  EXPECT_DEATH(length_codec().length_size(9), "1 to 8 bytes");
}

task<result<void>> there_and_back() {
  auto [near, far] = weft::io::duplex();
  weft::io::framed one(std::move(near), length_codec());
  weft::io::framed other(std::move(far), length_codec());
  std::string large(40'000, 'x');
  const std::array<std::string_view, 3> texts{"abc"sv, ""sv, large};
  for (auto text : texts) {
    co_await or_return(one.send(text));
    auto frame = co_await or_return(other.next());
    EXPECT_EQ(frame.value(), text);
  }
  co_await or_return(one.close());
  auto end = co_await or_return(other.next());
  EXPECT_FALSE(end.has_value());
  co_return {};
}
TEST(length_codec, goes_there_and_back) {
  run_here(there_and_back());
}

}  // namespace
