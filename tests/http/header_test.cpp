#include <weft/http/header.hpp>

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace {

namespace http = weft::http;
using http::find_header;
using http::header;

constexpr auto last_header = header::x_request_id;

TEST(header, every_known_name_is_found_in_any_case) {
  for (int i = 1; i <= static_cast<int>(last_header); ++i) {
    const auto known = static_cast<header>(i);
    std::string name(to_text(known));
    ASSERT_FALSE(name.empty()) << i;
    EXPECT_EQ(find_header(name), known) << name;
    bool upper = true;
    for (auto& c : name) {
      if (upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      upper = !upper;
    }
    EXPECT_EQ(find_header(name), known) << name;
  }
}

TEST(header, a_name_that_differs_in_one_place_is_not_found) {
  for (int i = 1; i <= static_cast<int>(last_header); ++i) {
    const std::string name(to_text(static_cast<header>(i)));
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (const char c : {'~', '\r', '\x80', '@'}) {
        auto changed = name;
        changed[at] = c;
        EXPECT_EQ(find_header(changed), header::other) << changed;
      }
    }
    EXPECT_EQ(find_header(name + "x"), header::other);
    EXPECT_NE(find_header(name.substr(1)), static_cast<header>(i));
  }
}

TEST(header, characters_that_differ_in_the_case_bit_only_are_kept_apart) {
  EXPECT_EQ(find_header("content\rtype"), header::other);  // CR and '-' differ in that bit
  EXPECT_EQ(find_header("content_type"), header::other);
}

TEST(header, other_names_have_no_number) {
  EXPECT_EQ(find_header(""), header::other);
  EXPECT_EQ(find_header("x-unheard-of"), header::other);
  EXPECT_EQ(find_header(std::string(70'000, 'a')), header::other);
  EXPECT_EQ(to_text(header::other), "");
}

TEST(header, a_name_parameter_takes_numbers_and_text) {
  EXPECT_EQ(http::header_name(header::host).text(), "host");
  EXPECT_EQ(http::header_name("Host").known(), header::host);
  EXPECT_EQ(http::header_name("X-Id").text(), "X-Id");
}

}  // namespace
