#include <weft/http/target.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

namespace http = weft::http;
using http::method;
using http::target;
using form = http::target::form;

auto parse(std::string_view text, const method& of = method::get) {
  return target::parse(weft::bytes::copy(text), of);
}

TEST(target, is_the_root_by_default) {
  const target root;
  EXPECT_EQ(root.text(), "/");
  EXPECT_EQ(root.path(), "/");
  EXPECT_EQ(root.kind(), form::origin);
}

TEST(target, origin_form_has_a_path_and_a_query) {
  const auto t = parse("/a/b?c=d?e").value();
  EXPECT_EQ(t.kind(), form::origin);
  EXPECT_EQ(t.path(), "/a/b");
  EXPECT_EQ(t.query(), "c=d?e");
  EXPECT_TRUE(t.has_query());
  EXPECT_EQ(t.authority(), "");
  EXPECT_EQ(t.scheme(), "");
}

TEST(target, an_empty_query_is_not_none) {
  EXPECT_FALSE(parse("/a").value().has_query());
  EXPECT_TRUE(parse("/a?").value().has_query());
  EXPECT_EQ(parse("/a?").value().query(), "");
}

TEST(target, absolute_form_has_a_scheme_and_an_authority) {
  const auto t = parse("HTTPS://example.com:8443/a?b").value();
  EXPECT_EQ(t.kind(), form::absolute);
  EXPECT_EQ(t.scheme(), "HTTPS");
  EXPECT_EQ(t.authority(), "example.com:8443");
  EXPECT_EQ(t.path(), "/a");
  EXPECT_EQ(t.query(), "b");
}

TEST(target, absolute_form_may_lack_a_path) {
  EXPECT_EQ(parse("http://a").value().path(), "/");
  const auto t = parse("http://a?b").value();
  EXPECT_EQ(t.path(), "/");
  EXPECT_EQ(t.query(), "b");
}

TEST(target, asterisk_is_for_options) {
  const auto t = parse("*", method::options).value();
  EXPECT_EQ(t.kind(), form::asterisk);
  EXPECT_EQ(t.path(), "*");
  EXPECT_FALSE(t.has_query());
  EXPECT_FALSE(parse("*"));
}

TEST(target, authority_form_is_for_connect) {
  const auto t = parse("a:443", method::connect).value();
  EXPECT_EQ(t.kind(), form::authority);
  EXPECT_EQ(t.authority(), "a:443");
  EXPECT_EQ(t.path(), "");
  EXPECT_EQ(t.query(), "");
  for (const auto* bad : {"a", "/", "http://a:1/", "a:", ":1", "u@a:1", "a:1/"}) {
    EXPECT_FALSE(parse(bad, method::connect)) << bad;
  }
  EXPECT_FALSE(parse("a:443"));
}

TEST(target, refuses_characters_that_must_be_encoded) {
  for (const std::string bad :
       {"", "/ ", "/\t", "/#", "/a#b", "/\r", "/\n", "/\x7f", "/\x80", "a"}) {
    const auto parsed = parse(bad);
    ASSERT_FALSE(parsed.has_value()) << bad;
    EXPECT_TRUE(parsed.error() == weft::errc::invalid_argument);
  }
  EXPECT_FALSE(parse(std::string_view("/\0", 2)));
}

TEST(target, shares_the_memory_it_was_parsed_from) {
  const auto block = weft::bytes::copy("/path");
  const auto t = target::parse(block, method::get).value();
  EXPECT_EQ(t.path().data(), block.data());
}

TEST(authority, is_a_host_and_perhaps_a_port) {
  for (const auto* good : {"a", "a.b-c_d~e", "A:1", "a:65535", "a:", "127.0.0.1", "[::1]",
                           "[::1]:80", "[::1]:", "[::ffff:1.2.3.4]", "%41", "a!$&'()*+,;=b"}) {
    EXPECT_TRUE(http::is_authority(good)) << good;
  }
  for (const auto* bad : {"",    ":",   ":80", "a:b",   "a:65536", "a:123456", "a:-1",  "a:+1",
                          "u@a", "a b", "a/b", "a?b",   "a#b",     "a\\b",     "[",     "]",
                          "[]",  "[:]", "[a]", "[::1",  "::1",     "[::1]x",   "[::g]", "a[::1]",
                          "%",   "%4",  "%4g", "a\x80", "a:80:80", "\"a\""}) {
    EXPECT_FALSE(http::is_authority(bad)) << bad;
  }
}

TEST(authority, is_the_same_in_any_case_and_with_the_default_port) {
  EXPECT_TRUE(http::same_authority("A.b", "a.B", "http"));
  EXPECT_TRUE(http::same_authority("a:80", "a", "http"));
  EXPECT_TRUE(http::same_authority("a", "a:443", "HTTPS"));
  EXPECT_TRUE(http::same_authority("[::1]:80", "[::1]", "http"));
  EXPECT_FALSE(http::same_authority("a:443", "a", "http"));
  EXPECT_FALSE(http::same_authority("a", "b", "http"));
  EXPECT_FALSE(http::same_authority("a:8080", "a:8081", "http"));
}

}  // namespace
