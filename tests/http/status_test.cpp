#include <weft/http/status.hpp>
#include <weft/http/version.hpp>

#include <gtest/gtest.h>

namespace {

namespace http = weft::http;
using http::status;

TEST(status, is_any_code_from_100_to_999) {
  EXPECT_FALSE(status::from_code(99));
  EXPECT_FALSE(status::from_code(1000));
  EXPECT_FALSE(status::from_code(-200));
  for (int code = 100; code <= 999; ++code) EXPECT_EQ(status::from_code(code)->code(), code);
}

TEST(status, registered_codes_have_reasons_and_others_none) {
  EXPECT_EQ(status::ok.reason(), "OK");
  EXPECT_EQ(status::not_found.reason(), "Not Found");
  EXPECT_EQ(status::request_header_fields_too_large.reason(), "Request Header Fields Too Large");
  EXPECT_EQ(status::from_code(299)->reason(), "");
  EXPECT_EQ(status::from_code(999)->reason(), "");
}

TEST(status, belongs_to_a_class) {
  EXPECT_TRUE(status::continue_.is_informational());
  EXPECT_TRUE(status::no_content.is_success());
  EXPECT_TRUE(status::found.is_redirection());
  EXPECT_TRUE(status::gone.is_client_error());
  EXPECT_TRUE(status::bad_gateway.is_server_error());
  EXPECT_FALSE(status::from_code(600)->is_server_error());
}

TEST(status, compares_by_code) {
  EXPECT_EQ(status(), status::ok);
  EXPECT_LT(status::ok, status::created);
  EXPECT_EQ(*status::from_code(404), status::not_found);
}

TEST(version, is_written_as_in_a_request_line) {
  EXPECT_EQ(to_text(http::version::http_1_0), "HTTP/1.0");
  EXPECT_EQ(to_text(http::version::http_1_1), "HTTP/1.1");
  EXPECT_EQ(to_text(http::version::http_2), "HTTP/2");
}

}  // namespace
