#include <gtest/gtest.h>

#include <cstdint>
#include <ctime>
#include <string>

#include "h1/date.hpp"

namespace {

namespace h1 = weft::http::h1;

auto date_of(std::int64_t seconds) {
  std::string text(h1::date_size, '?');
  h1::format_date(seconds, text.data());
  return text;
}

TEST(date, is_written_as_the_rfc_shows) {
  EXPECT_EQ(date_of(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date_of(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date_of(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(date_of(951'782'400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(date_of(253'402'300'799), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(date, agrees_with_the_c_library) {
  for (std::int64_t seconds = -2'000'000'000; seconds < 8'000'000'000; seconds += 7'654'321) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm broken{};
    gmtime_r(&time, &broken);
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &broken);
    ASSERT_EQ(date_of(seconds), text);
  }
}

TEST(second_cache, changes_with_the_second) {
  EXPECT_EQ(h1::second_cache::at(784'111'777).date_line(),
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(h1::second_cache::at(784'111'778).date_line(),
            "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
  EXPECT_EQ(h1::second_cache::at(784'111'777).ok_with_date(),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
}

}  // namespace
