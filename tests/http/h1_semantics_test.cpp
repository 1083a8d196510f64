#include <gtest/gtest.h>

#include <string>

#include "h1/semantics.hpp"

// What fields mean, without the parsers in front, which refuse much of this by themselves.

namespace {

namespace http = weft::http;
namespace h1 = weft::http::h1;
using http::header;
using http::header_map;
using http::version;

auto examine(const header_map& fields, version of = version::http_1_1) {
  h1::request_semantics meant;
  return h1::examine_request(fields, of, http::target(), meant);
}

auto with_host() {
  header_map fields;
  EXPECT_TRUE(fields.append(header::host, "a"));
  return fields;
}

TEST(semantics, only_chunked_alone_is_a_coding) {
  const auto verdict = [](std::string_view coding) {
    auto fields = with_host();
    EXPECT_TRUE(fields.append(header::transfer_encoding, coding));
    return examine(fields);
  };
  EXPECT_EQ(verdict("chunked"), h1::rejection::none);
  EXPECT_EQ(verdict("Chunked"), h1::rejection::none);
  for (const auto* unknown : {"gzip", "identity", "gzip, chunked", "xchunked", "a,b,chunked"}) {
    EXPECT_EQ(verdict(unknown), h1::rejection::unknown_coding) << unknown;
  }
  for (const auto* bad : {"", ",", "chunked,", ",chunked", "chunked, chunked", "chunked, gzip",
                          "gzip, chunked, chunked", "chunked;q=1", "\"chunked\"", "chun ked"}) {
    EXPECT_EQ(verdict(bad), h1::rejection::bad_transfer_encoding) << bad;
  }
}

TEST(semantics, a_length_and_a_coding_exclude_each_other) {
  for (const bool coding_first : {true, false}) {
    auto fields = with_host();
    if (coding_first) {
      EXPECT_TRUE(fields.append(header::transfer_encoding, "chunked"));
    }
    EXPECT_TRUE(fields.append(header::content_length, "0"));
    if (!coding_first) {
      EXPECT_TRUE(fields.append(header::transfer_encoding, "chunked"));
    }
    EXPECT_EQ(examine(fields), h1::rejection::conflicting_length);
  }
}

TEST(semantics, framing_fields_stand_once) {
  auto fields = with_host();
  EXPECT_TRUE(fields.append(header::content_length, "5"));
  EXPECT_TRUE(fields.append(header::content_length, "5"));
  EXPECT_EQ(examine(fields), h1::rejection::conflicting_length);
  fields = with_host();
  EXPECT_TRUE(fields.append(header::transfer_encoding, "chunked"));
  EXPECT_TRUE(fields.append(header::transfer_encoding, "chunked"));
  EXPECT_EQ(examine(fields), h1::rejection::repeated_transfer_encoding);
}

TEST(semantics, a_length_is_digits_below_2_to_the_63rd) {
  std::uint64_t length = 0;
  EXPECT_TRUE(h1::parse_content_length("0", length));
  EXPECT_EQ(length, 0U);
  EXPECT_TRUE(h1::parse_content_length("9223372036854775807", length));
  EXPECT_EQ(length, 9223372036854775807U);
  EXPECT_TRUE(h1::parse_content_length(std::string(50, '0') + "7", length));
  EXPECT_EQ(length, 7U);
  for (const auto* bad : {"", " ", "-1", "+1", "0x1", "1 ", "1,1", "9223372036854775808",
                          "9223372036854775810", "18446744073709551616", "99999999999999999999"}) {
    EXPECT_FALSE(h1::parse_content_length(bad, length)) << bad;
  }
}

TEST(semantics, what_frames_or_authenticates_is_no_trailer) {
  for (const auto name : {header::content_length, header::transfer_encoding, header::host,
                          header::authorization, header::cookie, header::connection, header::te,
                          header::trailer, header::content_type, header::expect}) {
    EXPECT_TRUE(h1::is_forbidden_trailer(name)) << to_text(name);
  }
  for (const auto name : {header::other, header::etag, header::grpc_status, header::date}) {
    EXPECT_FALSE(h1::is_forbidden_trailer(name)) << to_text(name);
  }
}

}  // namespace
