#include <gtest/gtest.h>

#include <random>
#include <string>

#include "h1/guard.hpp"

namespace {

namespace h1 = weft::http::h1;
using verdict = h1::guard::verdict;

constexpr h1::guard::bounds wide{8192, 32 * 1024, 100};

struct outcome {
  verdict said = verdict::need_more;
  h1::rejection why = h1::rejection::none;
  std::size_t size = 0;
  std::size_t first_line = 0;
  std::size_t fields = 0;
  friend auto operator==(const outcome&, const outcome&) -> bool = default;
};

// Feeds `text` up to each of the sizes in turn, then whole.
auto scan(std::string_view text, std::initializer_list<std::size_t> stops = {},
          const h1::guard::bounds& within = wide, bool trailers = false) {
  h1::guard guard;
  trailers ? guard.start_trailers(within) : guard.start_head(within);
  auto said = verdict::need_more;
  for (const auto stop : stops) {
    if (said == verdict::need_more) said = guard.scan(text.substr(0, stop));
  }
  if (said == verdict::need_more) said = guard.scan(text);
  outcome out{said, guard.why()};
  if (said == verdict::complete) {
    out.size = guard.size();
    out.first_line = guard.first_line();
    out.fields = guard.fields();
  }
  return out;
}

auto scan_trailers(std::string_view text, const h1::guard::bounds& within = {0, 8192, 32}) {
  return scan(text, {}, within, true);
}

TEST(guard, finds_the_end_of_a_head) {
  const auto out = scan("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\nrest\n");
  EXPECT_EQ(out.said, verdict::complete);
  EXPECT_EQ(out.size, 33U);
  EXPECT_EQ(out.first_line, 16U);
  EXPECT_EQ(out.fields, 2U);
}

TEST(guard, knows_the_first_line_before_the_rest_is_there) {
  h1::guard guard;
  guard.start_head(wide);
  EXPECT_EQ(guard.scan("GET / HTTP/1.1\r"), verdict::need_more);
  EXPECT_EQ(guard.first_line(), 0U);
  EXPECT_EQ(guard.scan("GET / HTTP/1.1\r\n"), verdict::need_more);
  EXPECT_EQ(guard.first_line(), 16U);
}

TEST(guard, a_section_of_trailers_may_be_empty) {
  EXPECT_EQ(scan_trailers("\r\nGET").said, verdict::complete);
  EXPECT_EQ(scan_trailers("\r\nGET").size, 2U);
  EXPECT_EQ(scan_trailers("a: b\r\n\r\nGET").fields, 1U);
  EXPECT_EQ(scan_trailers("\n").why, h1::rejection::bad_line_ending);
  EXPECT_EQ(scan_trailers(" a: b\r\n\r\n").why, h1::rejection::folded_field);
  EXPECT_EQ(scan_trailers(":a\r\n\r\n").why, h1::rejection::empty_field_name);
}

TEST(guard, counts_fields_and_bytes) {
  const h1::guard::bounds tight{20, 40, 2};
  EXPECT_EQ(scan("GET /\r\na:\r\nb:\r\n\r\n", {}, tight).said, verdict::complete);
  EXPECT_EQ(scan("GET /\r\na:\r\nb:\r\nc", {}, tight).why, h1::rejection::too_many_fields);
  EXPECT_EQ(scan("12345678901234567890", {}, tight).why, h1::rejection::target_too_long);
  EXPECT_EQ(scan("123456789012345678\r\n", {}, tight).said, verdict::need_more);
  EXPECT_EQ(scan("1234567890123456789\r\n", {}, tight).why, h1::rejection::target_too_long);
  EXPECT_EQ(scan("GET /\r\n" + std::string(29, 'a') + "\r\n\r\n", {}, tight).size, 40U);
  EXPECT_EQ(scan("GET /\r\n" + std::string(30, 'a') + "\r\n\r\n", {}, tight).why,
            h1::rejection::head_too_large);
}

// What the guard must say, spelled out one byte after the other.
auto reference(std::string_view text, const h1::guard::bounds& within) -> outcome {
  std::size_t lines = 0;
  std::size_t first_line = 0;
  std::size_t fields = 0;
  std::size_t line_start = 0;
  const auto refused = [](h1::rejection why) { return outcome{verdict::refused, why}; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lines == 0 && i >= within.first_line) return refused(h1::rejection::target_too_long);
    if (i >= within.section) return refused(h1::rejection::head_too_large);
    const char c = text[i];
    const bool after_cr = i > 0 && text[i - 1] == '\r';
    if (after_cr != (c == '\n')) return refused(h1::rejection::bad_line_ending);
    if (c == '\n') {
      if (lines > 0 && i == line_start + 1) {
        return {verdict::complete, h1::rejection::none, i + 1, first_line, fields};
      }
      if (lines++ == 0) first_line = i + 1;
      line_start = i + 1;
    } else if (lines > 0 && i == line_start && c != '\r') {
      if (c == ' ' || c == '\t') return refused(h1::rejection::folded_field);
      if (c == ':') return refused(h1::rejection::empty_field_name);
      if (++fields > within.fields) return refused(h1::rejection::too_many_fields);
    }
  }
  if (lines == 0 && text.size() >= within.first_line) {
    return refused(h1::rejection::target_too_long);
  }
  if (text.size() >= within.section) return refused(h1::rejection::head_too_large);
  return {};
}

TEST(guard, agrees_with_its_definition_on_random_bytes_however_they_are_split) {
  std::mt19937 random(11);
  constexpr std::string_view pieces[] = {
      "\r\n", "\r\n", "\r\n", "\r",  "\n",   ":",
      " ",    "\t",   "a",    "bcd", "x: y", "a-value-that-is-longer-than-sixteen-bytes"};
  const h1::guard::bounds tight{60, 160, 5};
  for (int round = 0; round < 200'000; ++round) {
    std::string text = "GET / HTTP/1.1";
    const auto count = random() % 12;
    for (std::size_t i = 0; i < count; ++i) {
      // Mostly good lines, so that what is wrong comes late.
      if (random() % 3 != 0) {
        text += "\r\nname: value";
        if (random() % 4 == 0) text += std::string(random() % 40, 'v');
      } else {
        text += pieces[random() % std::size(pieces)];
      }
    }
    if (random() % 2 == 0) text += "\r\n\r\n";
    const auto expected = reference(text, tight);
    ASSERT_EQ(scan(text, {}, tight), expected) << text;
    const auto first = random() % (text.size() + 1);
    const auto second = first + random() % (text.size() + 1 - first);
    ASSERT_EQ(scan(text, {first, second}, tight), expected)
        << text << " at " << first << ", " << second;
  }
}

TEST(guard, finds_line_ends_at_every_place_and_alignment) {
  for (std::size_t size = 0; size < 70; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (const char end : {'\r', '\n'}) {
        std::string text(size, 'x');
        if (at < size) text[at] = end;
        for (std::size_t from = 0; from <= size; ++from) {
          const auto expected = from <= at ? at : size;
          ASSERT_EQ(h1::find_line_end(text, from), expected);
          ASSERT_EQ(h1::find_line_end_portable(text, from), expected);
        }
      }
    }
  }
}

}  // namespace
