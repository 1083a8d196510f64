#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/h1_transcript.hpp"

// Each limit at its edge: the last size that passes, and the first that does not; whole, byte by
// byte, and in blocks of several sizes.

namespace {

namespace h1 = weft::http::h1;
using weft::http::test::transcript_of;

auto in_pieces_of(std::string_view input, std::size_t size) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < input.size(); at += size) pieces.push_back(input.substr(at, size));
  return pieces;
}

void expect(const std::string& input, std::string_view verdict, const h1::limits& within = {}) {
  EXPECT_EQ(transcript_of({input}, within), verdict);
  for (const std::size_t size : {1U, 2U, 7U, 100U, 4096U, 16384U}) {
    EXPECT_EQ(transcript_of(in_pieces_of(input, size), within), verdict) << "in pieces of " << size;
  }
}

auto repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(h1_limits, a_head_of_32_kib) {
  const auto head_of = [](std::size_t size) {
    return get + "X: " + std::string(size - get.size() - 7, 'x') + "\r\n\r\n";
  };
  expect(head_of(32 * 1024), "GET /");
  expect(head_of(32 * 1024 + 1), "431 head_too_large");
  expect(head_of(200 * 1024), "431 head_too_large");
  expect(get + "X: " + std::string(33'000, 'x'), "431 head_too_large");
}

TEST(h1_limits, a_name_of_any_length_within_the_head) {
  expect(get + std::string(30'000, 'n') + ": v\r\n\r\n", "GET /");
  expect(get + std::string(40'000, 'n') + ": v\r\n\r\n", "431 head_too_large");
  h1::limits wide;
  wide.head = 200'000;
  expect(get + std::string(65'535, 'n') + ": v\r\n\r\n", "GET /", wide);
  expect(get + std::string(65'536, 'n') + ": v\r\n\r\n", "400 bad_field", wide);
}

TEST(h1_limits, a_hundred_fields) {
  expect(get + repeat("a: b\r\n", 99) + "\r\n", "GET /");
  expect(get + repeat("a: b\r\n", 100) + "\r\n", "431 too_many_fields");
  expect(get + repeat("a:\r\n", 5000) + "\r\n", "431 too_many_fields");
}

TEST(h1_limits, a_target_of_8_kib) {
  const auto get_of = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  expect(get_of(8192), "GET <8192 bytes>");
  expect(get_of(8193), "414 target_too_long");
  expect(get_of(8300), "414 target_too_long");
  expect(get_of(100'000), "414 target_too_long");
  expect("GET /" + std::string(20'000, 'a'), "414 target_too_long");
}

TEST(h1_limits, a_method_of_22_characters) {
  expect(std::string(22, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n", std::string(22, 'M') + " /");
  expect(std::string(23, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n", "501 method_too_long");
  expect(std::string(8000, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n", "501 method_too_long");
}

TEST(h1_limits, a_chunk_extension_of_1_kib) {
  const auto with = [](std::size_t size) {
    return chunked + "5;" + std::string(size, 'e') + "\r\nhello\r\n0\r\n\r\n";
  };
  expect(with(1024), "POST / 'hello'");
  expect(with(1025), "POST / '' 400 chunk_extensions_too_large");
  expect(with(100'000), "POST / '' 400 chunk_extensions_too_large");
}

TEST(h1_limits, chunk_extensions_of_16_kib_in_a_body) {
  // Chunks large enough to pay for their lines.
  const auto chunk = "400;" + std::string(1024, 'e') + "\r\n" + std::string(1024, 'd') + "\r\n";
  expect(chunked + repeat(chunk, 16) + "0\r\n\r\n", "POST / <16384 bytes>");
  expect(chunked + repeat(chunk, 16) + "0;e\r\n\r\n",
         "POST / <16384 bytes> 400 chunk_extensions_too_large");
}

TEST(h1_limits, chunks_of_one_byte_are_a_fair_share) {
  expect(chunked + repeat("1\r\nx\r\n", 20'000) + "0\r\n\r\n", "POST / <20000 bytes>");
}

TEST(h1_limits, chunks_that_are_mostly_extension_are_not) {
  h1::limits within;
  within.chunk_extensions = 1 << 30;
  const auto chunk = "1;" + std::string(200, 'e') + "\r\nx\r\n";
  EXPECT_TRUE(transcript_of({chunked + repeat(chunk, 1000)}, within)
                  .ends_with("400 chunk_overhead_too_large"));
  expect(chunked + repeat(chunk, 88) + "0\r\n\r\n", "POST / <88 bytes>", within);
  expect(chunked + repeat(chunk, 90) + "0\r\n\r\n",
         "POST / <88 bytes> 400 chunk_overhead_too_large", within);
}

TEST(h1_limits, trailers_of_8_kib) {
  const auto with = [](std::size_t size) {
    return chunked + "0\r\nX: " + std::string(size - 7, 't') + "\r\n\r\n";
  };
  EXPECT_TRUE(transcript_of({with(8192)}).ends_with("t}"));
  EXPECT_TRUE(transcript_of(in_pieces_of(with(8192), 1)).ends_with("t}"));
  expect(with(8193), "POST / '' 431 trailers_too_large");
  expect(with(100'000), "POST / '' 431 trailers_too_large");
}

TEST(h1_limits, thirty_two_trailers) {
  const auto with = [](std::size_t count) {
    return chunked + "0\r\n" + repeat("a:\r\n", count) + "\r\n";
  };
  EXPECT_TRUE(transcript_of({with(32)}).ends_with("a: }"));
  expect(with(33), "POST / '' 431 trailers_too_large");
}

TEST(h1_limits, a_body) {
  h1::limits within;
  within.body = 10;
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  expect(post + "Content-Length: 10\r\n\r\n0123456789", "POST / '0123456789'", within);
  expect(post + "Content-Length: 11\r\n\r\n01234567890", "POST / '' 413 body_too_large", within);
  expect(chunked + "a\r\n0123456789\r\n0\r\n\r\n", "POST / '0123456789'", within);
  expect(chunked + "9\r\n012345678\r\n2\r\nab\r\n0\r\n\r\n",
         "POST / '012345678' 413 body_too_large", within);
}

TEST(h1_limits, tiny_ones_refuse_and_never_crash) {
  h1::limits within;
  within.head = 0;
  expect(get + "\r\n", "431 head_too_large", within);
  within.head = 10;
  expect(get + "\r\n", "431 head_too_large", within);
  within = {};
  within.fields = 0;
  expect(get + "\r\n", "431 too_many_fields", within);
  expect("GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0 close", within);
  within = {};
  within.target = 0;
  expect(get + "\r\n", "414 target_too_long", within);
  within = {};
  within.trailers = 0;
  expect(chunked + "0\r\n\r\n", "POST / '' 431 trailers_too_large", within);
}

}  // namespace
