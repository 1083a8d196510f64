// Requests and answers, one after the other on a connection: keep-alive, pipelining, framing, HEAD,
// errors.
#include <stdexcept>

#include "http/server_support.hpp"

namespace {

using namespace http_test;

auto app() {
  return http::router()
      .get("/", [] { return "hello"; })
      .get("/slow",
           []() -> task<std::string> {
             co_await weft::sleep(2s);
             co_return "slow";
           })
      .get("/throw", []() -> std::string { throw std::runtime_error("no"); })
      .get("/throw-late",
           []() -> task<std::string> {
             co_await weft::sleep(1s);
             throw 42;
           })
      .get("/missing",
           []() -> weft::result<std::string> { return weft::fail(weft::errc::not_found); })
      .get("/late-error",
           []() -> task<weft::result<std::string>> {
             co_await weft::yield_now();
             co_return weft::fail(weft::errc::overloaded, "a secret");
           })
      .get("/status/{code}",
           [](http::request r) {
             auto code = http::status::from_code(std::stoi(std::string(r.parameter(0))));
             return http::response(code.value(), std::string("body"));
           })
      .get("/wrong-length",
           [] {
             return http::response(std::string("twelve bytes"))
                 .header(http::header::content_length, "5");
           })
      .get("/framing",
           [] {
             return http::response(std::string("x"))
                 .header(http::header::transfer_encoding, "chunked")
                 .header(http::header::connection, "keep-alive, x-y");
           })
      .get("/close", [] { return http::response("bye").header(http::header::connection, "close"); })
      .post("/collect",
            [](http::request r) -> task<http::result> {
              auto all = co_await or_return(std::move(r).body().collect(100'000));
              co_return http::response(std::move(all));
            })
      .post("/ignore", [] { return "ignored"; });
}

TEST(http_server, answers_and_keeps_the_connection) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    for (int i = 0; i < 3; ++i) {
      auto got = co_await client.ask(get("/"));
      EXPECT_EQ(got.status, 200);
      EXPECT_EQ(got.body, "hello");
      EXPECT_EQ(got.field("content-type"), "text/plain; charset=utf-8");
      EXPECT_EQ(got.field("connection"), "");
    }
    EXPECT_EQ(server.count(counter::requests), 3);
    EXPECT_EQ(server.count(counter::responses), 3);
    EXPECT_EQ(server.count(counter::connections_open), 1);
    client.hang_up();
    co_await weft::sleep(1ms);
    EXPECT_EQ(server.open(), 0U);
    EXPECT_EQ(server.count(counter::connections_open), 0);
    EXPECT_EQ(server.count(counter::peer_disconnects), 0) << "between requests it is no disconnect";
  });
}

TEST(http_server, dates_its_answers) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(get("/"));
    auto date = got.field("date");
    EXPECT_EQ(date.size(), 29U) << date;
    EXPECT_TRUE(date.ends_with(" GMT")) << date;
  });
}

TEST(http_server, closes_where_the_peer_says_so) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(get("/", "Connection: Foo, CLOSE\r\n") + get("/"));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.field("connection"), "close");
    auto rest = co_await client.rest();
    EXPECT_EQ(rest, "") << "what follows `close` is not answered";
    EXPECT_EQ(server.count(counter::requests), 1);
  });
}

TEST(http_server, closes_where_the_handler_says_so) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(get("/close") + get("/"));
    EXPECT_EQ(got.field("connection"), "close");
    auto rest = co_await client.rest();
    EXPECT_EQ(rest, "");
  });
}

TEST(http_server, speaks_http_1_0) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto closing = server.connect();
    auto got = co_await closing.ask("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.field("connection"), "close");
    auto rest = co_await closing.rest();
    EXPECT_EQ(rest, "");

    auto staying = server.connect();
    for (int i = 0; i < 2; ++i) {
      got = co_await staying.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      EXPECT_EQ(got.body, "hello");
      EXPECT_EQ(got.field("connection"), "keep-alive");
    }
  });
}

TEST(http_server, answers_pipelined_requests_in_order_and_in_one_write) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    io::duplex_script script;
    auto client = server.connect(script);
    co_await client.send(get("/") + get("/missing") + post("/ignore", "abc") + get("/"));
    auto first = co_await client.receive();
    auto second = co_await client.receive();
    auto third = co_await client.receive();
    auto fourth = co_await client.receive();
    EXPECT_EQ(first.body, "hello");
    EXPECT_EQ(second.status, 404);
    EXPECT_EQ(third.body, "ignored");
    EXPECT_EQ(fourth.body, "hello");
    EXPECT_EQ(script.second().counters().sends, 1U);
  });
}

TEST(http_server, sends_earlier_answers_before_it_waits_for_a_handler) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto began = weft::time::now();
    co_await client.send(get("/") + get("/slow") + get("/"));
    auto first = co_await client.receive();
    EXPECT_EQ(first.body, "hello");
    EXPECT_EQ(weft::time::now() - began, 0s);
    auto second = co_await client.receive();
    EXPECT_EQ(second.body, "slow");
    EXPECT_EQ(weft::time::now() - began, 2s);
    auto third = co_await client.receive();
    EXPECT_EQ(third.body, "hello");
  });
}

TEST(http_server, sends_earlier_answers_before_it_waits_for_the_rest_of_a_request) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(get("/") + "GET / HT");
    auto first = co_await client.receive();
    EXPECT_EQ(first.body, "hello");
    auto second = co_await client.ask("TP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(second.body, "hello");
  });
}

TEST(http_server, a_peer_that_asks_and_does_not_read_is_not_asked_for_more) {
  // Each answer is large and its own memory: pipelining thousands must not make the server keep
  // them all.
  auto answered = std::make_shared<int>(0);
  auto large = [answered] {
    ++*answered;
    return http::response(std::string(32 * 1024, 'x'));
  };
  with_server(http::router().get("/", large), [&](duplex_server& server) -> task<void> {
    auto client = server.connect(64 * 1024);
    std::string many;
    for (int i = 0; i < 400; ++i) many += get("/");
    co_await client.send(many);
    co_await weft::sleep(1s);
    EXPECT_LE(*answered, 10) << "64 KiB under way, at most 256 KiB queued";
    for (int i = 0; i < 400; ++i) {
      auto got = co_await client.receive();
      EXPECT_EQ(got.body.size(), 32U * 1024) << i;
      if (got.body.size() != 32U * 1024) co_return;
    }
  });
}

TEST(http_server, answers_head_without_a_body) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.field("content-length"), "5");
    auto next = co_await client.ask(get("/"));
    EXPECT_EQ(next.body, "hello");
  });
}

TEST(http_server, answers_statuses_without_a_body) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    static constexpr const char* paths[] = {"/status/204", "/status/304"};
    for (const auto* path : paths) {
      auto got = co_await client.ask(get(path));
      EXPECT_EQ(got.status, std::stoi(std::string(path).substr(8)));
      EXPECT_EQ(got.field("transfer-encoding"), "");
      auto next = co_await client.ask(get("/"));
      EXPECT_EQ(next.body, "hello") << "after " << path;
    }
    auto reset = co_await client.ask(get("/status/205"));
    EXPECT_EQ(reset.status, 205);
    EXPECT_EQ(reset.field("content-length"), "0");
    auto next = co_await client.ask(get("/"));
    EXPECT_EQ(next.body, "hello");
  });
}

TEST(http_server, never_sends_an_interim_status_as_the_answer) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    static constexpr const char* paths[] = {"/status/100", "/status/101", "/status/103"};
    for (const auto* path : paths) {
      auto got = co_await client.ask(get(path));
      EXPECT_EQ(got.status, 500) << path;
    }
  });
}

TEST(http_server, an_exception_is_a_500_and_the_connection_lives) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto early = co_await client.ask(get("/throw"));
    EXPECT_EQ(early.status, 500);
    auto late = co_await client.ask(get("/throw-late"));
    EXPECT_EQ(late.status, 500);
    EXPECT_EQ(server.count(counter::handler_exceptions), 2);
    auto next = co_await client.ask(get("/"));
    EXPECT_EQ(next.body, "hello");
  });
}

TEST(http_server, an_error_answers_with_its_status_and_without_its_text) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto missing = co_await client.ask(get("/missing"));
    EXPECT_EQ(missing.status, 404);
    auto busy = co_await client.ask(get("/late-error"));
    EXPECT_EQ(busy.status, 503);
    EXPECT_EQ(busy.body.find("secret"), std::string::npos) << busy.body;
    auto large = co_await client.ask(post("/collect", std::string(100'001, 'x')), "POST");
    EXPECT_EQ(large.status, 413);
    EXPECT_EQ(server.count(counter::handler_exceptions), 0);
  });
}

TEST(http_server, a_handlers_wrong_framing_does_not_reach_the_peer) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto wrong = co_await client.ask(get("/wrong-length"));
    EXPECT_EQ(wrong.body, "twelve bytes");
    auto framing = co_await client.ask(get("/framing"));
    EXPECT_EQ(framing.body, "x");
    EXPECT_EQ(framing.field("content-length"), "1");
    EXPECT_EQ(framing.field("transfer-encoding"), "");
    auto next = co_await client.ask(get("/"));
    EXPECT_EQ(next.body, "hello");
  });
}

TEST(http_server, understands_a_request_that_comes_byte_by_byte) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    io::duplex_script script;
    script.second().on_every_receive(io::fault::at_most(1)).on_every_send(io::fault::at_most(1));
    auto client = server.connect(script);
    co_await client.send(get("/") + post("/collect", "some body") +
                         "POST /collect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "4\r\nmore\r\n0\r\nX-Sum: 1\r\n\r\n" +
                         get("/"));
    auto first = co_await client.receive();
    auto second = co_await client.receive();
    auto third = co_await client.receive();
    auto fourth = co_await client.receive();
    EXPECT_EQ(first.body, "hello");
    EXPECT_EQ(second.body, "some body");
    EXPECT_EQ(third.body, "more");
    EXPECT_EQ(fourth.body, "hello");
  });
}

TEST(http_server, a_head_that_ends_where_a_read_ends_is_answered_at_once) {
  // The peer waits after each: nothing may wait for a byte behind the request. Heads of all sizes
  // around that of a block.
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    static constexpr std::size_t sizes[] = {100,   4095,  4096,  4097,  8191,  8192,  8193, 16319,
                                            16320, 16352, 16383, 16384, 16385, 20000, 32000};
    for (auto size : sizes) {
      auto bare = get("/", "X: \r\n").size();
      auto request = get("/", "X: " + std::string(size - bare, 'x') + "\r\n");
      EXPECT_EQ(request.size(), size);
      auto began = weft::time::now();
      auto got = co_await client.ask(request);
      EXPECT_EQ(got.status, 200) << "a head of " << size << " bytes";
      EXPECT_EQ(weft::time::now() - began, 0s) << "a head of " << size << " bytes";
      if (got.status != 200) co_return;
    }
  });
}

TEST(http_server, a_peer_that_ends_its_side_gets_the_answers_that_are_due) {
  with_server(app(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(get("/") + post("/collect", "abc"));
    co_await client.end();
    auto first = co_await client.receive();
    auto second = co_await client.receive();
    EXPECT_EQ(first.body, "hello");
    EXPECT_EQ(second.body, "abc");
    auto rest = co_await client.rest();
    EXPECT_EQ(rest, "");
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server, a_peer_that_ends_its_side_gets_an_answer_that_takes_less_than_limits_linger) {
  with_server(app(), http::limits().linger(3s), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(get("/slow"));
    co_await client.end();
    auto got = co_await client.receive();
    EXPECT_EQ(got.body, "slow");
    EXPECT_EQ(server.count(counter::peer_disconnects), 0);
  });
}

}  // namespace
