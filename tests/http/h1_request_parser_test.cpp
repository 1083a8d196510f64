#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "h1/request_parser.hpp"

namespace {

namespace http = weft::http;
namespace h1 = weft::http::h1;
using event = h1::request_parser::event;
using framing = h1::request_semantics::body;

const h1::limits defaults;

TEST(request_parser, a_request_without_a_body_is_a_head_and_an_end) {
  h1::request_parser parser(defaults);
  weft::buffer in;
  EXPECT_TRUE(parser.idle());
  EXPECT_EQ(parser.feed(in), event::need_more);
  EXPECT_TRUE(parser.idle());
  in.append("GET /a?b HTTP/1.1\r\nHost: example.com\r\naccept: */*\r\n\r\n");
  ASSERT_EQ(parser.feed(in), event::head);
  EXPECT_FALSE(parser.idle());
  const auto& head = parser.head();
  EXPECT_EQ(head.method(), http::method::get);
  EXPECT_EQ(head.version(), http::version::http_1_1);
  EXPECT_EQ(head.target().path(), "/a");
  EXPECT_EQ(head.target().query(), "b");
  EXPECT_EQ(head.headers().get(http::header::host), "example.com");
  EXPECT_EQ(head.headers().get("Accept"), "*/*");
  EXPECT_EQ(head.headers().size(), 2U);
  EXPECT_EQ(parser.semantics().framing, framing::none);
  EXPECT_TRUE(parser.semantics().keep_alive);
  EXPECT_EQ(parser.feed(in), event::end);
  EXPECT_EQ(parser.feed(in), event::end) << "until next() is called";
  parser.next();
  EXPECT_TRUE(parser.idle());
  EXPECT_EQ(parser.feed(in), event::need_more);
}

TEST(request_parser, half_a_head_is_not_idle) {
  h1::request_parser parser(defaults);
  weft::buffer in;
  in.append("G");
  EXPECT_EQ(parser.feed(in), event::need_more);
  EXPECT_FALSE(parser.idle());
}

TEST(request_parser, values_lose_the_white_space_around_them) {
  h1::request_parser parser(defaults);
  weft::buffer in;
  in.append("GET / HTTP/1.1\r\nHost:\t a \r\nX:\r\nY: \t \r\nZ: b c\t\t\r\n\r\n");
  ASSERT_EQ(parser.feed(in), event::head);
  const auto& headers = parser.head().headers();
  EXPECT_EQ(headers.get("host"), "a");
  EXPECT_EQ(headers.get("x"), "");
  EXPECT_EQ(headers.get("y"), "");
  EXPECT_EQ(headers.get("z"), "b c");
}

TEST(request_parser, copies_neither_head_nor_body) {
  h1::request_parser parser(defaults);
  weft::buffer in;
  in.append("POST /path HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  const auto* start = in.data();
  ASSERT_EQ(parser.feed(in), event::head);
  EXPECT_EQ(parser.head().target().path().data(), start + 5);
  EXPECT_EQ(parser.head().headers().get("host")->data(), start + 27);
  ASSERT_EQ(parser.feed(in), event::data);
  const auto data = parser.take_data();
  EXPECT_EQ(data.data(), start + 51);
  EXPECT_EQ(data, "hello");
  EXPECT_EQ(parser.feed(in), event::end);
}

TEST(request_parser, a_head_that_was_taken_outlives_the_parser_and_the_buffer) {
  http::request_head head;
  weft::bytes data;
  {
    h1::request_parser parser(defaults);
    weft::buffer in;
    in.append("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    ASSERT_EQ(parser.feed(in), event::head);
    head = std::move(parser.head());
    ASSERT_EQ(parser.feed(in), event::data);
    data = parser.take_data();
    ASSERT_EQ(parser.feed(in), event::end);
    parser.next();
    in.append("GET /other HTTP/1.1\r\nHost: b\r\n\r\n");
    ASSERT_EQ(parser.feed(in), event::head);
  }
  EXPECT_EQ(head.target().path(), "/p");
  EXPECT_EQ(head.headers().get("host"), "a");
  EXPECT_EQ(data, "hi");
}

TEST(request_parser, lets_go_of_the_block_at_the_next_request) {
  h1::request_parser parser(defaults);
  weft::buffer in;
  static_cast<void>(in.prepare());
  const auto* block = in.data();
  for (int i = 0; i < 1000; ++i) {
    in.append("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(parser.feed(in), event::head);
    ASSERT_EQ(parser.feed(in), event::end);
    parser.next();
    static_cast<void>(in.prepare());
    ASSERT_EQ(in.data(), block);
  }
}

TEST(request_parser, stops_between_pipelined_requests) {
  h1::request_parser parser(defaults);
  weft::buffer in;
  in.append("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(parser.feed(in), event::head);
  ASSERT_EQ(parser.feed(in), event::end);
  EXPECT_TRUE(in.view().starts_with("GET /2"));
  parser.next();
  ASSERT_EQ(parser.feed(in), event::head);
  EXPECT_EQ(parser.head().target().path(), "/2");
}

TEST(request_parser, a_body_that_ends_the_buffer_ends_at_once) {
  for (const auto* body : {"Content-Length: 5\r\n\r\nhello",
                           "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) {
    h1::request_parser parser(defaults);
    weft::buffer in;
    in.append("POST / HTTP/1.1\r\nHost: a\r\n");
    in.append(body);
    ASSERT_EQ(parser.feed(in), event::head);
    ASSERT_EQ(parser.feed(in), event::data);
    EXPECT_EQ(parser.take_data(), "hello");
    EXPECT_EQ(parser.feed(in), event::end) << body;
  }
}

TEST(request_parser, a_body_with_a_length_arrives_in_pieces) {
  h1::request_parser parser(defaults);
  weft::buffer in;
  in.append("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nab");
  ASSERT_EQ(parser.feed(in), event::head);
  EXPECT_EQ(parser.semantics().length, 6U);
  ASSERT_EQ(parser.feed(in), event::data);
  EXPECT_EQ(parser.take_data(), "ab");
  EXPECT_EQ(parser.feed(in), event::need_more);
  in.append("cdefGET");
  ASSERT_EQ(parser.feed(in), event::data);
  EXPECT_EQ(parser.take_data(), "cdef");
  EXPECT_EQ(parser.feed(in), event::end);
  EXPECT_EQ(in.view(), "GET");
}

TEST(request_parser, trailers_are_a_map_of_their_own) {
  h1::request_parser parser(defaults);
  weft::buffer in;
  in.append(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 9\r\n\r\n");
  ASSERT_EQ(parser.feed(in), event::head);
  ASSERT_EQ(parser.feed(in), event::trailers);
  EXPECT_EQ(parser.trailers().get("x-sum"), "9");
  EXPECT_FALSE(parser.head().headers().contains("x-sum"));
  EXPECT_EQ(parser.feed(in), event::end);
}

TEST(request_parser, is_dead_after_a_refusal) {
  h1::request_parser parser(defaults);
  weft::buffer in;
  in.append("GET / HTTP/1.1\r\nHost: a\n");
  ASSERT_EQ(parser.feed(in), event::refused);
  EXPECT_EQ(parser.why(), h1::rejection::bad_line_ending);
  in.append("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(parser.feed(in), event::refused);
}

TEST(request_parser, a_body_limit_may_be_set_for_a_request) {
  for (const auto* body :
       {"Content-Length: 5\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\n"}) {
    h1::request_parser parser(defaults);
    for (const std::uint64_t limit : {5U, 4U}) {
      weft::buffer in;
      in.append("POST / HTTP/1.1\r\nHost: a\r\n");
      in.append(body);
      parser.next();
      ASSERT_EQ(parser.feed(in), event::head);
      parser.set_body_limit(limit);
      EXPECT_EQ(parser.feed(in), limit == 5 ? event::need_more : event::refused);
    }
    EXPECT_EQ(parser.why(), h1::rejection::body_too_large);
  }
}

TEST(request_parser, connect_can_be_allowed) {
  h1::limits open;
  open.allow_connect = true;
  h1::request_parser parser(open);
  weft::buffer in;
  in.append("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
  ASSERT_EQ(parser.feed(in), event::head);
  EXPECT_EQ(parser.head().target().authority(), "a:443");

  h1::request_parser strict(open);
  weft::buffer path;
  path.append("CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(strict.feed(path), event::refused);
  EXPECT_EQ(strict.why(), h1::rejection::bad_target);
}

TEST(rejection, every_one_has_a_status_a_name_and_a_text) {
  for (std::size_t i = 1; i < h1::rejection_count; ++i) {
    const auto why = static_cast<h1::rejection>(i);
    EXPECT_GE(h1::status_of(why).code(), 400);
    EXPECT_FALSE(h1::status_of(why).reason().empty());
    EXPECT_FALSE(h1::name_of(why).empty());
    EXPECT_FALSE(h1::text_of(why).empty());
  }
}

}  // namespace
