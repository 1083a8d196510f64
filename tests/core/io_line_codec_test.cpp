#include <weft/io/line_codec.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using weft::errc;
using weft::io::delimiter_codec;
using weft::io::line_codec;
using weft::io::too_long;
using words = std::vector<std::string>;

/// What is decoded of `text` that comes in parts of `step` bytes; "!" for an error, of which no
/// more than three.
template <class Codec>
words decoded(Codec codec, std::string_view text, std::size_t step) {
  weft::buffer in;
  words all;
  int failures = 0;
  auto note = [&](const auto& piece) {
    if (!piece) {
      EXPECT_TRUE(piece.error() == errc::limit_exceeded);
      all.emplace_back("!");
      return ++failures < 3;
    }
    if (*piece) all.push_back((*piece)->to_string());
    return piece->has_value();
  };
  while (!text.empty()) {
    in.append(text.substr(0, step));
    text.remove_prefix(std::min(step, text.size()));
    while (note(codec.decode(in))) {
    }
    if (failures == 3) return all;
  }
  while (note(codec.decode_end(in))) {
  }
  return all;
}
template <class Codec>
void expect_decoded(Codec codec, std::string_view text, const words& wanted) {
  for (std::size_t step : {1U, 2U, 3U, 100U}) {
    EXPECT_EQ(decoded(codec, text, step), wanted) << "in parts of " << step;
  }
}

TEST(line_codec, decodes_lines) {
  expect_decoded(line_codec(), "one\ntwo\r\n\n\r\nlast", {"one", "two", "", "", "last"});
  expect_decoded(line_codec(), "one\n", {"one"});
  expect_decoded(line_codec(), "", {});
  expect_decoded(line_codec(), "a\rb\n", {"a\rb"});
}
TEST(line_codec, skips_a_line_that_is_too_long) {
  expect_decoded(line_codec(4), "four\nfives\nlonger than that\nok\n", {"four", "!", "!", "ok"});
  expect_decoded(line_codec(4), "four\nmuch too long at the end", {"four", "!"});
}
TEST(line_codec, stays_at_a_line_that_is_too_long_if_it_shall) {
  expect_decoded(line_codec(4, too_long::fail), "four\nfives\nok\n", {"four", "!", "!", "!"});
}
TEST(line_codec, holds_no_more_than_its_limit_while_it_skips) {
  line_codec codec(10);
  weft::buffer in;
  in.append(std::string(11, 'x'));
  EXPECT_FALSE(codec.decode(in).has_value());
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(in.empty());
    in.append(std::string(100, 'x'));
    auto nothing = codec.decode(in);
    EXPECT_TRUE(nothing.has_value() && !*nothing);
  }
  in.append("\nshort\n");
  auto line = codec.decode(in);
  EXPECT_TRUE(line.has_value() && *line == "short");
}
TEST(line_codec, encodes_lines) {
  line_codec codec;
  weft::buffer out;
  EXPECT_TRUE(codec.encode("one", out).has_value());
  EXPECT_TRUE(codec.encode("", out).has_value());
  EXPECT_EQ(out.view(), "one\n\n");
  auto refused = codec.encode("two\nlines", out);
  EXPECT_TRUE(!refused && refused.error() == errc::invalid_argument);
  EXPECT_EQ(out.view(), "one\n\n");
}

TEST(delimiter_codec, decodes_pieces_with_any_of_its_ends) {
  expect_decoded(delimiter_codec(";,", ";"), "a;bc,,d", {"a", "bc", "", "d"});
  expect_decoded(delimiter_codec(std::string("\0", 1), "x"), std::string_view("a\0b\0", 4),
                 {"a", "b"});
  expect_decoded(delimiter_codec(";,", ";", 2), "ab,abc;abcdefgh,a", {"ab", "!", "!", "a"});
}
TEST(delimiter_codec, encodes_with_the_end_that_is_written) {
  delimiter_codec codec(";,", "; ");
  weft::buffer out;
  EXPECT_TRUE(codec.encode("a", out).has_value());
  EXPECT_TRUE(codec.encode("b", out).has_value());
  EXPECT_EQ(out.view(), "a; b; ");
  EXPECT_FALSE(codec.encode("a,b", out).has_value());
}

}  // namespace
