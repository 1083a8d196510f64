#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string_view>

#include "h1/request_parser.hpp"
#include "h1/response_encoder.hpp"

// Counts what is asked of the system's allocator: operator new is replaced here, and the linker
// sends the library's calls of malloc to __wrap_malloc. Sanitizers have an allocator of their own.

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEFT_TEST_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEFT_TEST_SANITIZED 1
#endif

#ifndef WEFT_TEST_SANITIZED

namespace {
std::size_t allocations = 0;
}  // namespace

extern "C" auto __real_malloc(std::size_t size) -> void*;
extern "C" auto __wrap_malloc(std::size_t size) -> void* {
  ++allocations;
  return __real_malloc(size);
}

auto operator new(std::size_t size) -> void* {
  if (auto* memory = __wrap_malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

namespace http = weft::http;
namespace h1 = weft::http::h1;
using event = h1::request_parser::event;

// A connection that is served a thousand times over.
class connection {
 public:
  explicit connection(const h1::limits& within) : parser_(within) {}

  void serve(std::string_view request, bool known_length) {
    in_.append(request);
    for (;;) {
      switch (parser_.feed(in_)) {
        case event::data:
          taken_ += parser_.take_data().size();
          break;
        case event::end:
          answer(known_length);
          parser_.next();
          break;
        case event::need_more:
          return;
        case event::refused:
          FAIL() << h1::text_of(parser_.why());
        case event::head:
        case event::trailers:
          break;
      }
    }
  }

 private:
  h1::request_parser parser_;
  h1::response_encoder encoder_;
  weft::buffer in_;
  weft::buffer out_;
  std::size_t taken_ = 0;

  void answer(bool known_length) {
    constexpr std::string_view body = "Hello, World!";
    http::header_map headers;
    ASSERT_TRUE(headers.insert(http::header::content_type, "text/plain"));
    ASSERT_TRUE(headers.insert("x-request-tag", "1234567890"));
    encoder_.start(out_, {parser_.head().version(), false, parser_.semantics().keep_alive},
                   http::status::ok, headers,
                   known_length ? std::optional<std::uint64_t>(body.size()) : std::nullopt, 0);
    ASSERT_TRUE(encoder_.write(out_, body));
    ASSERT_TRUE(encoder_.finish(out_));
    const auto sent = out_.split();
    ASSERT_FALSE(sent.empty());
  }
};

void expect_no_allocation(std::string_view request, bool known_length) {
  const h1::limits within;
  connection served(within);
  for (int i = 0; i < 300; ++i) served.serve(request, known_length);
  const auto before = allocations;
  for (int i = 0; i < 5000; ++i) served.serve(request, known_length);
  EXPECT_EQ(allocations - before, 0U);
}

TEST(h1_allocation, is_counted) {
  const auto before = allocations;
  ::operator delete(::operator new(1));
  EXPECT_EQ(allocations - before, 1U);
}

TEST(h1_allocation, a_plain_request_allocates_nothing_in_steady_state) {
  expect_no_allocation("GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n", true);
}

TEST(h1_allocation, nor_do_pipelined_requests_and_chunked_answers) {
  expect_no_allocation(
      "GET /1 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
      "GET /2 HTTP/1.1\r\nHost: a\r\nX-Unknown-Field: 1\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
      false);
}

TEST(h1_allocation, nor_do_requests_with_bodies) {
  expect_no_allocation("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", true);
  expect_no_allocation(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
      true);
}

}  // namespace

#endif
