#include <weft/result.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace {

using weft::errc;
using weft::fail;
using weft::result;

auto parse_digit(char c) -> result<int> {
  if (c < '0' || c > '9') return fail(errc::invalid_argument, std::string("not a digit: ") + c);
  return c - '0';
}

auto check(bool good) -> result<void> {
  if (!good) return fail(errc::invalid_state);
  return {};
}

auto forward(char c) -> result<std::string> {
  auto digit = parse_digit(c);
  if (!digit) return fail(std::move(digit).error());
  return std::to_string(*digit);
}

TEST(result, holds_a_value_or_an_error) {
  EXPECT_EQ(parse_digit('7').value(), 7);
  const auto failed = parse_digit('x');
  ASSERT_FALSE(failed.has_value());
  EXPECT_TRUE(failed.error() == errc::invalid_argument);
  EXPECT_EQ(failed.error().context(), "not a digit: x");
}

TEST(result, of_void_says_only_whether_it_worked) {
  EXPECT_TRUE(check(true).has_value());
  EXPECT_TRUE(check(false).error() == errc::invalid_state);
}

TEST(result, an_error_passes_from_one_value_type_to_another) {
  EXPECT_EQ(forward('3').value(), "3");
  EXPECT_EQ(forward('?').error().context(), "not a digit: ?");
}

TEST(result, value_throws_at_the_edge) {
  EXPECT_THROW(static_cast<void>(parse_digit('x').value()), std::bad_expected_access<weft::error>);
}

TEST(result, carries_move_only_values) {
  auto make = []() -> result<std::unique_ptr<int>> { return std::make_unique<int>(4); };
  EXPECT_EQ(*make().value(), 4);
}

TEST(result, is_recognised_by_a_trait) {
  EXPECT_TRUE(weft::is_result_v<result<int>>);
  EXPECT_TRUE(weft::is_result_v<result<void>>);
  EXPECT_FALSE(weft::is_result_v<int>);
  EXPECT_FALSE((weft::is_result_v<std::expected<int, int>>));
  EXPECT_EQ(weft::unit{}, weft::unit{});
}

}  // namespace
