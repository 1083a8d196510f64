// A plain request allocates nothing in steady state: sockets, parser, handler, response and all. An
// idle connection holds little.
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "http/live_server.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEFT_TEST_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEFT_TEST_SANITIZED 1
#endif

// Sanitizers have an allocator of their own.
#ifndef WEFT_TEST_SANITIZED

namespace {

std::atomic<std::size_t> allocations{0};
std::atomic<std::ptrdiff_t> held{0};  // bytes, with what the allocator rounds up to

auto note(void* memory) -> void* {
  allocations.fetch_add(1, std::memory_order_relaxed);
  held.fetch_add(static_cast<std::ptrdiff_t>(::malloc_usable_size(memory)),
                 std::memory_order_relaxed);
  return memory;
}

}  // namespace

// operator new is replaced here, and the linker sends the library's calls to these.
extern "C" auto __real_malloc(std::size_t size) -> void*;
extern "C" auto __wrap_malloc(std::size_t size) -> void* {
  return note(__real_malloc(size));
}
extern "C" auto __real_calloc(std::size_t count, std::size_t size) -> void*;
extern "C" auto __wrap_calloc(std::size_t count, std::size_t size) -> void* {
  return note(__real_calloc(count, size));
}
extern "C" auto __real_aligned_alloc(std::size_t alignment, std::size_t size) -> void*;
extern "C" auto __wrap_aligned_alloc(std::size_t alignment, std::size_t size) -> void* {
  return note(__real_aligned_alloc(alignment, size));
}
extern "C" void __real_free(void* memory);
extern "C" void __wrap_free(void* memory) {
  held.fetch_sub(static_cast<std::ptrdiff_t>(::malloc_usable_size(memory)),
                 std::memory_order_relaxed);
  __real_free(memory);
}

auto operator new(std::size_t size) -> void* {
  if (auto* memory = __wrap_malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  __wrap_free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  __wrap_free(memory);
}

namespace {

using namespace http_test;

/// Asks 10,000 times over one connection, and counts what all threads allocate meanwhile.
auto allocations_of(const live_server& server, std::string_view request,
                    std::string_view answers_end, int each) -> std::size_t {
  client_socket client(server.port());
  EXPECT_TRUE(client.connected());
  char room[65536];
  auto ask = [&](int times) {
    for (int i = 0; i < times; ++i) {
      if (!client.send(request)) return false;
      std::size_t have = 0;
      while (have < answers_end.size() || std::string_view(room + have - answers_end.size(),
                                                           answers_end.size()) != answers_end) {
        auto got = ::recv(client.descriptor(), room + have, sizeof room - have, 0);
        if (got <= 0) return false;
        have += static_cast<std::size_t>(got);
      }
    }
    return true;
  };
  EXPECT_TRUE(ask(1000 / each));
  auto before = allocations.load();
  EXPECT_TRUE(ask(10'000 / each));
  return allocations.load() - before;
}

// With several, a connection that moves to another worker finds that one's caches cold.
auto one_worker() -> weft::runtime {
  return weft::runtime::multi_thread().worker_threads(1).build();
}

auto app() {
  return http::router()
      .get("/", [] { return "Hello, World!"; })
      .get("/task", []() -> task<const char*> { co_return "Hello, World!"; })
      .get("/hello/{name}",
           [](http::request r) { return r.parameter(0).empty() ? "nobody" : "Hello, World!"; })
      .post("/length", [](http::request r) -> task<http::result> {
        auto all = co_await or_return(std::move(r).body().collect(1000));
        co_return http::response(all.size() == 5 ? "Hello, World!" : "wrong");
      });
}

TEST(http_server_allocation, is_counted) {
  auto before = allocations.load();
  ::operator delete(::operator new(1));
  EXPECT_EQ(allocations.load() - before, 1U);
  auto held_before = held.load();
  auto* memory = ::operator new(1000);
  EXPECT_GE(held.load() - held_before, 1000);
  ::operator delete(memory);
  EXPECT_EQ(held.load(), held_before);
}

TEST(http_server_allocation, a_plain_request_allocates_nothing) {
  live_server server(app(), {}, 5s, one_worker());
  auto made = allocations_of(
      server, "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\n\r\n", "Hello, World!", 1);
  EXPECT_EQ(made, 0U) << "in 10,000 requests";
}

TEST(http_server_allocation, nor_does_one_with_a_parameter) {
  live_server server(app(), {}, 5s, one_worker());
  auto made = allocations_of(server, "GET /hello/weft HTTP/1.1\r\nHost: a\r\nX-Unknown: 1\r\n\r\n",
                             "Hello, World!", 1);
  EXPECT_EQ(made, 0U) << "in 10,000 requests";
}

TEST(http_server_allocation, nor_does_a_handler_that_is_a_task) {
  live_server server(app(), {}, 5s, one_worker());
  auto made = allocations_of(server, "GET /task HTTP/1.1\r\nHost: a\r\n\r\n", "Hello, World!", 1);
  EXPECT_EQ(made, 0U) << "in 10,000 requests";
}

TEST(http_server_allocation, nor_does_a_short_body) {
  live_server server(app(), {}, 5s, one_worker());
  auto made =
      allocations_of(server, "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
                     "Hello, World!", 1);
  EXPECT_EQ(made, 0U) << "in 10,000 requests";
}

TEST(http_server_allocation, nor_do_pipelined_requests) {
  live_server server(app(), {}, 5s, one_worker());
  std::string sixteen;
  for (int i = 0; i < 15; ++i) sixteen += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  sixteen += "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n";
  auto made = allocations_of(server, sixteen, "Not Found\n", 16);
  EXPECT_EQ(made, 0U) << "in 10,000 requests";
}

/// What the memory of an idle connection comes to, with its task, its timers and its place in the
/// server's list; docs/guides/http.md promises it.
constexpr std::ptrdiff_t idle_connection_holds = 2048;

TEST(http_server_allocation, an_idle_connection_holds_at_most_2_kib) {
  constexpr int count = 400;
  live_server server(app(), {}, 5s, one_worker());
  std::vector<client_socket> clients;
  clients.reserve(count);
  auto ask = [&](client_socket& client) {
    // Each of another size, and each once with a body: what they took is given back.
    auto padding = std::string(clients.size() * 37 % 8000, 'x');
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + padding + "\r\n\r\n" +
                "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    EXPECT_TRUE(client.receive_until("Hello, World!").ends_with("Hello, World!"));
    client.send("hello");
    EXPECT_TRUE(client.receive_until("Hello, World!").ends_with("Hello, World!"));
  };
  {
    client_socket first(server.port());
    ask(first);
  }
  server.await_count(counter::connections_open, 0);
  auto before = held.load();
  for (int i = 0; i < count; ++i) ask(clients.emplace_back(server.port()));
  // It gives its buffers back when it has been idle for a second.
  auto until = std::chrono::steady_clock::now() + 5s;
  auto each = [&] { return (held.load() - before) / count; };
  while (each() > idle_connection_holds && std::chrono::steady_clock::now() < until) ::usleep(1000);
  std::printf("an idle connection holds %td bytes\n", each());
  EXPECT_LE(each(), idle_connection_holds);
  EXPECT_EQ(server.count(counter::connections_open), count);
}

}  // namespace

#endif
