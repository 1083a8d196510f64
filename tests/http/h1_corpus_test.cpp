#include "http/h1_corpus.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/h1_transcript.hpp"

namespace {

using weft::http::test::h1_corpus;
using weft::http::test::transcript_of;

auto one_byte_each(std::string_view input) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < input.size(); ++i) pieces.push_back(input.substr(i, 1));
  return pieces;
}

TEST(h1_corpus, has_hundreds_of_cases) {
  EXPECT_GE(std::size(h1_corpus), 132U + 300U);
}

TEST(h1_corpus, whole_inputs_get_their_verdict) {
  for (const auto& c : h1_corpus) EXPECT_EQ(transcript_of({c.input}), c.verdict) << c.name;
}

TEST(h1_corpus, inputs_that_arrive_byte_by_byte_get_the_same_verdict) {
  for (const auto& c : h1_corpus) {
    EXPECT_EQ(transcript_of(one_byte_each(c.input)), c.verdict) << c.name;
  }
}

TEST(h1_corpus, inputs_that_are_split_at_any_point_get_the_same_verdict) {
  for (const auto& c : h1_corpus) {
    for (std::size_t at = 1; at < c.input.size(); ++at) {
      EXPECT_EQ(transcript_of({c.input.substr(0, at), c.input.substr(at)}), c.verdict)
          << c.name << ", split at " << at;
    }
  }
}

TEST(h1_corpus, inputs_behind_a_good_request_get_the_same_verdict) {
  constexpr std::string_view good = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const auto& c : h1_corpus) {
    const auto both = std::string(good) + std::string(c.input);
    const auto expected =
        "GET /first" + (c.verdict.empty() ? std::string() : "; " + std::string(c.verdict));
    EXPECT_EQ(transcript_of({both}), expected) << c.name;
    EXPECT_EQ(transcript_of(one_byte_each(both)), expected) << c.name;
  }
}

}  // namespace
