#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "h1/chunked.hpp"
#include "h1/fields.hpp"
#include "h1/guard.hpp"
#include "h1/response_encoder.hpp"

namespace {

namespace http = weft::http;
namespace h1 = weft::http::h1;
using framing = h1::response_encoder::framing;
using http::header;
using http::header_map;
using http::status;
using weft::errc;

constexpr std::int64_t now = 784'111'777;
constexpr std::string_view date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

struct options {
  status code = status::ok;
  http::version version = http::version::http_1_1;
  bool head_request = false;
  bool keep_alive = true;
  std::optional<std::uint64_t> length;
};

auto head_of(h1::response_encoder& encoder, const options& with, const header_map& headers = {}) {
  weft::buffer out;
  encoder.start(out, {with.version, with.head_request, with.keep_alive}, with.code, headers,
                with.length, now);
  return std::string(out.view());
}

auto head_of(const options& with, const header_map& headers = {}) {
  h1::response_encoder encoder;
  return head_of(encoder, with, headers);
}

auto lines(std::string_view status_line, std::string_view rest) {
  return std::string(status_line) + "\r\n" + std::string(date) + std::string(rest) + "\r\n";
}

TEST(response_encoder, writes_a_response_with_a_length) {
  header_map headers;
  ASSERT_TRUE(headers.insert(header::content_type, "text/plain"));
  ASSERT_TRUE(headers.insert("x-tag", "7"));
  h1::response_encoder encoder;
  weft::buffer out;
  encoder.start(out, {}, status::ok, headers, 13, now);
  EXPECT_EQ(encoder.body(), framing::length);
  ASSERT_TRUE(encoder.write(out, "Hello, "));
  ASSERT_TRUE(encoder.write(out, ""));
  ASSERT_TRUE(encoder.write(out, "World!"));
  ASSERT_TRUE(encoder.finish(out));
  EXPECT_TRUE(encoder.keep_alive());
  EXPECT_EQ(out.view(), lines("HTTP/1.1 200 OK",
                              "Content-Length: 13\r\nContent-Type: text/plain\r\nx-tag: 7\r\n") +
                            "Hello, World!");
}

TEST(response_encoder, chunks_a_body_of_unknown_length) {
  h1::response_encoder encoder;
  weft::buffer out;
  encoder.start(out, {}, status::created, {}, std::nullopt, now);
  EXPECT_EQ(encoder.body(), framing::chunked);
  ASSERT_TRUE(encoder.write(out, "hello"));
  ASSERT_TRUE(encoder.write(out, ""));
  ASSERT_TRUE(encoder.write(out, std::string(26, 'x')));
  ASSERT_TRUE(encoder.finish(out));
  EXPECT_EQ(out.view(), lines("HTTP/1.1 201 Created", "Transfer-Encoding: chunked\r\n") +
                            "5\r\nhello\r\n1a\r\n" + std::string(26, 'x') + "\r\n0\r\n\r\n");
}

TEST(response_encoder, writes_what_stands_around_a_piece_that_is_sent_as_it_is) {
  h1::response_encoder encoder;
  weft::buffer out;
  encoder.start(out, {}, status::ok, {}, std::nullopt, now);
  out.clear();
  ASSERT_TRUE(encoder.begin_piece(out, 4096));
  EXPECT_EQ(out.view(), "1000\r\n");
  out.clear();
  encoder.end_piece(out);
  EXPECT_EQ(out.view(), "\r\n");
  out.clear();
  ASSERT_TRUE(encoder.begin_piece(out, 0));
  encoder.end_piece(out);
  EXPECT_EQ(out.view(), "") << "an empty chunk would end the body";
}

TEST(response_encoder, writes_trailers_behind_chunks_and_drops_those_that_must_not_be_there) {
  header_map trailers;
  ASSERT_TRUE(trailers.append("x-sum", "9"));
  ASSERT_TRUE(trailers.append(header::content_length, "5"));
  ASSERT_TRUE(trailers.append(header::set_cookie, "a=b"));
  h1::response_encoder encoder;
  weft::buffer out;
  encoder.start(out, {}, status::ok, {}, std::nullopt, now);
  out.clear();
  ASSERT_TRUE(encoder.finish(out, &trailers));
  EXPECT_EQ(out.view(), "0\r\nx-sum: 9\r\n\r\n");

  encoder.start(out, {}, status::ok, {}, 0, now);
  out.clear();
  ASSERT_TRUE(encoder.finish(out, &trailers));
  EXPECT_EQ(out.view(), "");
}

TEST(response_encoder, http_1_0_gets_no_chunks) {
  h1::response_encoder encoder;
  EXPECT_EQ(head_of(encoder, {.version = http::version::http_1_0}),
            lines("HTTP/1.1 200 OK", "Connection: close\r\n"));
  EXPECT_EQ(encoder.body(), framing::until_close);
  EXPECT_FALSE(encoder.keep_alive());
  weft::buffer out;
  ASSERT_TRUE(encoder.write(out, "abc"));
  ASSERT_TRUE(encoder.finish(out));
  EXPECT_EQ(out.view(), "abc");
}

TEST(response_encoder, http_1_0_is_told_that_the_connection_stays) {
  EXPECT_EQ(head_of({.version = http::version::http_1_0, .length = 0}),
            lines("HTTP/1.1 200 OK", "Content-Length: 0\r\nConnection: keep-alive\r\n"));
  EXPECT_EQ(head_of({.version = http::version::http_1_0, .keep_alive = false, .length = 0}),
            lines("HTTP/1.1 200 OK", "Content-Length: 0\r\nConnection: close\r\n"));
}

TEST(response_encoder, says_when_the_connection_closes) {
  EXPECT_EQ(head_of({.keep_alive = false, .length = 0}),
            lines("HTTP/1.1 200 OK", "Content-Length: 0\r\nConnection: close\r\n"));
  header_map headers;
  ASSERT_TRUE(headers.insert(header::connection, "x, Close"));
  h1::response_encoder encoder;
  EXPECT_EQ(head_of(encoder, {.length = 0}, headers),
            lines("HTTP/1.1 200 OK", "Content-Length: 0\r\nConnection: close\r\n"));
  EXPECT_FALSE(encoder.keep_alive());
}

TEST(response_encoder, a_response_to_head_has_the_fields_of_get_and_no_body) {
  h1::response_encoder encoder;
  EXPECT_EQ(head_of(encoder, {.head_request = true, .length = 7}),
            lines("HTTP/1.1 200 OK", "Content-Length: 7\r\n"));
  EXPECT_FALSE(encoder.wants_body());
  weft::buffer out;
  EXPECT_TRUE(encoder.write(out, "dropped"));
  EXPECT_TRUE(encoder.finish(out));
  EXPECT_EQ(out.view(), "");
  EXPECT_TRUE(encoder.keep_alive());
  EXPECT_EQ(head_of({.head_request = true}),
            lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(head_of({.version = http::version::http_1_0, .head_request = true}),
            lines("HTTP/1.1 200 OK", "Connection: keep-alive\r\n"));
  header_map headers;
  ASSERT_TRUE(headers.insert(header::content_length, "9"));
  EXPECT_EQ(head_of({.head_request = true, .length = 0}, headers),
            lines("HTTP/1.1 200 OK", "Content-Length: 9\r\n"));
}

TEST(response_encoder, some_statuses_have_no_body) {
  EXPECT_EQ(head_of({.code = status::no_content, .length = 5}),
            lines("HTTP/1.1 204 No Content", ""));
  EXPECT_EQ(head_of({.code = status::no_content}), lines("HTTP/1.1 204 No Content", ""));
  EXPECT_EQ(head_of({.code = status::not_modified, .length = 0}),
            lines("HTTP/1.1 304 Not Modified", ""));
  EXPECT_EQ(head_of({.code = status::not_modified}), lines("HTTP/1.1 304 Not Modified", ""));
  EXPECT_EQ(head_of({.code = status::reset_content}),
            lines("HTTP/1.1 205 Reset Content", "Content-Length: 0\r\n"));
  header_map headers;
  ASSERT_TRUE(headers.insert(header::content_length, "9"));
  EXPECT_EQ(head_of({.code = status::not_modified, .length = 0}, headers),
            lines("HTTP/1.1 304 Not Modified", "Content-Length: 9\r\n"));
  EXPECT_EQ(head_of({.code = status::no_content}, headers), lines("HTTP/1.1 204 No Content", ""));
}

TEST(response_encoder, switches_protocols) {
  header_map headers;
  ASSERT_TRUE(headers.insert(header::upgrade, "websocket"));
  EXPECT_EQ(
      head_of({.code = status::switching_protocols}, headers),
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
}

TEST(response_encoder, users_cannot_frame_a_response) {
  header_map headers;
  ASSERT_TRUE(headers.append(header::content_length, "999"));
  ASSERT_TRUE(headers.append(header::content_length, "5"));
  ASSERT_TRUE(headers.append(header::transfer_encoding, "chunked"));
  ASSERT_TRUE(headers.append(header::connection, "keep-alive"));
  ASSERT_TRUE(headers.append(header::keep_alive, "timeout=5"));
  EXPECT_EQ(head_of({.keep_alive = false, .length = 3}, headers),
            lines("HTTP/1.1 200 OK", "Content-Length: 3\r\nConnection: close\r\n"));
}

TEST(response_encoder, a_declared_length_frames_a_stream) {
  header_map headers;
  ASSERT_TRUE(headers.insert(header::content_length, "5"));
  h1::response_encoder encoder;
  EXPECT_EQ(head_of(encoder, {}, headers), lines("HTTP/1.1 200 OK", "Content-Length: 5\r\n"));
  EXPECT_EQ(encoder.body(), framing::length);
  ASSERT_TRUE(headers.insert(header::content_length, "5x"));
  EXPECT_EQ(head_of(encoder, {}, headers),
            lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n"));
}

TEST(response_encoder, a_body_longer_than_declared_is_refused) {
  h1::response_encoder encoder;
  weft::buffer out;
  encoder.start(out, {}, status::ok, {}, 3, now);
  out.clear();
  ASSERT_TRUE(encoder.write(out, "ab"));
  const auto written = encoder.write(out, "cd");
  ASSERT_FALSE(written.has_value());
  EXPECT_TRUE(written.error() == errc::limit_exceeded);
  EXPECT_EQ(out.view(), "ab");
  EXPECT_FALSE(encoder.keep_alive());
  EXPECT_FALSE(encoder.write(out, "c").has_value());
  EXPECT_FALSE(encoder.finish(out).has_value());
}

TEST(response_encoder, a_body_shorter_than_declared_ends_the_connection) {
  h1::response_encoder encoder;
  weft::buffer out;
  encoder.start(out, {}, status::ok, {}, 3, now);
  ASSERT_TRUE(encoder.write(out, "ab"));
  const auto finished = encoder.finish(out);
  ASSERT_FALSE(finished.has_value());
  EXPECT_TRUE(finished.error() == errc::end_of_stream);
  EXPECT_FALSE(encoder.keep_alive());
  encoder.start(out, {}, status::ok, {}, 0, now);
  EXPECT_TRUE(encoder.finish(out)) << "an encoder starts afresh";
}

TEST(response_encoder, keeps_the_date_of_a_user) {
  header_map headers;
  ASSERT_TRUE(headers.insert(header::date, "x"));
  EXPECT_EQ(head_of({.length = 0}, headers),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: x\r\n\r\n");
}

TEST(response_encoder, writes_codes_without_a_reason) {
  EXPECT_EQ(head_of({.code = *status::from_code(799), .length = 0}),
            lines("HTTP/1.1 799 ", "Content-Length: 0\r\n"));
}

TEST(response_encoder, writes_interim_responses) {
  weft::buffer out;
  h1::response_encoder::interim(out, status::continue_);
  EXPECT_EQ(out.view(), "HTTP/1.1 100 Continue\r\n\r\n");
  out.clear();
  header_map headers;
  ASSERT_TRUE(headers.insert(header::link, "</a.css>; rel=preload"));
  ASSERT_TRUE(headers.insert(header::content_length, "5"));
  h1::response_encoder::interim(out, status::early_hints, &headers);
  EXPECT_EQ(out.view(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
}

TEST(response_encoder, tells_why_a_request_was_refused) {
  for (std::size_t i = 1; i < h1::rejection_count; ++i) {
    const auto why = static_cast<h1::rejection>(i);
    weft::buffer out;
    h1::response_encoder::refuse(out, why, now);
    const auto text = std::string(out.view());
    const auto body = std::string(h1::text_of(why)) + "\n";
    EXPECT_TRUE(text.starts_with("HTTP/1.1 " + std::to_string(h1::status_of(why).code()) + " "));
    EXPECT_NE(text.find("Content-Length: " + std::to_string(body.size()) + "\r\n"), text.npos);
    EXPECT_NE(text.find("Connection: close\r\n"), text.npos);
    EXPECT_TRUE(text.ends_with("\r\n\r\n" + body));
  }
}

// What a strict reader makes of a response: by our own guard, fields and chunks.
struct decoded {
  int code = 0;
  header_map headers;
  header_map trailers;
  std::string body;
  std::size_t excess = 0;
};

auto decode(std::string_view text, bool bodyless) -> std::optional<decoded> {
  decoded out;
  weft::buffer in;
  in.append(text);
  h1::guard guard;
  guard.start_head({200, 1 << 20, 1000});
  if (guard.scan(in.view()) != h1::guard::verdict::complete) return std::nullopt;
  if (!in.view().starts_with("HTTP/1.1 ")) return std::nullopt;
  out.code = std::stoi(std::string(in.view().substr(9, 3)));
  const auto first = guard.first_line();
  const auto fields = guard.fields();
  if (h1::parse_fields(in.split_to(guard.size()), first, fields, out.headers) !=
      h1::rejection::none) {
    return std::nullopt;
  }
  if (bodyless) {
    out.excess = in.size();
    return out;
  }
  if (out.headers.contains(header::transfer_encoding)) {
    h1::chunk_decoder chunks;
    const h1::limits wide;
    chunks.start(1 << 30);
    for (;;) {
      weft::bytes slice;
      const auto step = chunks.advance(in, wide, slice, out.trailers);
      if (step == h1::chunk_decoder::step::data) out.body += slice.view();
      if (step == h1::chunk_decoder::step::end) break;
      if (step == h1::chunk_decoder::step::refused || step == h1::chunk_decoder::step::need_more) {
        return std::nullopt;
      }
    }
  } else if (const auto length = out.headers.get(header::content_length)) {
    const auto body = in.split_to(std::stoul(std::string(*length)));
    out.body = body.to_string();
  } else {
    out.body = in.split().to_string();
  }
  out.excess = in.size();
  return out;
}

TEST(response_encoder, what_it_writes_is_read_back_as_it_was_meant) {
  std::mt19937 random(5);
  const int codes[] = {200, 201, 204, 205, 206, 304, 404, 500, 799};
  for (int round = 0; round < 5000; ++round) {
    const auto code = *status::from_code(codes[random() % std::size(codes)]);
    const bool head_request = random() % 4 == 0;
    const auto version = random() % 4 == 0 ? http::version::http_1_0 : http::version::http_1_1;
    const bool known = random() % 2 == 0;
    std::string body;
    header_map headers;
    for (auto fields = random() % 12; fields > 0; --fields) {
      ASSERT_TRUE(
          headers.append("x-" + std::to_string(random() % 5), std::string(random() % 30, 'v')));
    }
    std::vector<std::string> parts;
    if (code != status::reset_content) {
      for (auto count = random() % 5; count > 0; --count) {
        parts.emplace_back(random() % 3000, static_cast<char>(random()));
        body += parts.back();
      }
    }
    header_map trailers;
    if (random() % 2 == 0) {
      ASSERT_TRUE(trailers.append("x-trailer", std::to_string(round)));
    }

    h1::response_encoder encoder;
    weft::buffer out;
    encoder.start(out, {version, head_request, true}, code, headers,
                  known ? std::optional<std::uint64_t>(body.size()) : std::nullopt, now);
    for (const auto& part : parts) ASSERT_TRUE(encoder.write(out, part));
    ASSERT_TRUE(encoder.finish(out, &trailers));

    const bool bodyless =
        head_request || code == status::no_content || code == status::not_modified;
    const auto read = decode(out.view(), bodyless);
    ASSERT_TRUE(read.has_value()) << out.view();
    EXPECT_EQ(read->code, code.code());
    EXPECT_EQ(read->body, bodyless ? "" : body);
    EXPECT_EQ(read->excess, 0U);
    for (const auto& field : headers) {
      ASSERT_TRUE(read->headers.contains(field.name));
    }
    EXPECT_EQ(read->trailers.size(),
              encoder.body() == framing::chunked ? trailers.size() : std::size_t{0});
  }
}

}  // namespace
