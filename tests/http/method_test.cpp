#include <weft/http/method.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

namespace http = weft::http;
using http::method;

TEST(method, known_ones_are_small_numbers) {
  for (const auto& known : {method::get, method::head, method::post, method::put, method::delete_,
                            method::connect, method::options, method::trace, method::patch}) {
    const auto parsed = method::parse(known.text());
    ASSERT_TRUE(parsed.has_value()) << known.text();
    EXPECT_EQ(*parsed, known);
    EXPECT_NE(parsed->id(), http::method_id::extension) << known.text();
  }
  EXPECT_EQ(method(), method::get);
}

TEST(method, any_other_token_is_an_extension) {
  const auto query = method::parse("QUERY").value();
  EXPECT_EQ(query.id(), http::method_id::extension);
  EXPECT_EQ(query.text(), "QUERY");
  EXPECT_EQ(query, method::parse("QUERY").value());
  EXPECT_NE(query, method::parse("SEARCH").value());
}

TEST(method, case_matters) {
  EXPECT_NE(method::parse("get").value(), method::get);
  EXPECT_NE(method::parse("GeT").value(), method::get);
}

TEST(method, names_as_long_as_known_ones_are_not_mistaken_for_them) {
  for (const auto* name :
       {"GOT", "PAT", "HEAP", "POSH", "PITCH", "TRICE", "DELEGT", "OPTICAL", "CONTACT"}) {
    EXPECT_EQ(method::parse(name).value().id(), http::method_id::extension) << name;
  }
}

TEST(method, refuses_what_is_no_token) {
  for (const std::string name : {"", " ", "GET ", "G ET", "GET\n", "G(T", "GE\xc3", "G/T"}) {
    const auto parsed = method::parse(name);
    ASSERT_FALSE(parsed.has_value()) << name;
    EXPECT_TRUE(parsed.error() == weft::errc::invalid_argument);
  }
}

TEST(method, refuses_names_that_are_too_long) {
  EXPECT_TRUE(method::parse(std::string(method::max_size, 'X')).has_value());
  const auto parsed = method::parse(std::string(method::max_size + 1, 'X'));
  ASSERT_FALSE(parsed.has_value());
  EXPECT_TRUE(parsed.error() == weft::errc::limit_exceeded);
}

TEST(method, knows_what_is_safe_and_what_may_be_repeated) {
  EXPECT_TRUE(method::get.is_safe());
  EXPECT_TRUE(method::options.is_safe());
  EXPECT_FALSE(method::put.is_safe());
  EXPECT_TRUE(method::put.is_idempotent());
  EXPECT_TRUE(method::delete_.is_idempotent());
  EXPECT_FALSE(method::post.is_idempotent());
  EXPECT_FALSE(method::parse("QUERY").value().is_safe());
}

}  // namespace
