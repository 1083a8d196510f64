// Bodies, both ways: streams, channels, chunks and trailers, 100 (Continue), what is left unread.
#include "http/server_support.hpp"

namespace {

using namespace http_test;

constexpr auto chunked_post = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

auto echo(http::request request) -> http::response {
  return http::response(std::move(request).body());
}

auto in_parts(int parts) {
  return [parts] {
    return http::response(
        http::status::ok,
        http::stream([left = parts]() mutable -> task<weft::result<std::optional<weft::bytes>>> {
          co_await weft::sleep(1s);
          if (left == 0) co_return std::optional<weft::bytes>();
          co_return std::optional<weft::bytes>(
              weft::bytes::from("part " + std::to_string(left--) + "; "));
        }));
  };
}

TEST(http_server_bodies, a_stream_goes_out_part_by_part_as_it_comes) {
  with_server(http::router().get("/", in_parts(3)), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(get("/") + get("/"));
    auto began = weft::time::now();
    auto head = co_await client.receive_head();
    EXPECT_EQ(head.field("transfer-encoding"), "chunked");
    EXPECT_EQ(weft::time::now() - began, 0s) << "the head does not wait for the first part";
    auto part = co_await client.heard(1500ms);
    EXPECT_EQ(part, "8\r\npart 3; \r\n");
    auto rest = co_await client.heard(2800ms);
    EXPECT_EQ(rest.substr(0, 31), "8\r\npart 2; \r\n8\r\npart 1; \r\n0\r\n\r\n");
    EXPECT_NE(rest.find("HTTP/1.1 200 OK"), std::string::npos) << "and the next answer follows";
  });
}

TEST(http_server_bodies, http_1_0_gets_a_stream_until_the_end_of_the_connection) {
  with_server(http::router().get("/", in_parts(2)), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(got.body, "part 2; part 1; ");
    EXPECT_EQ(got.field("transfer-encoding"), "");
    EXPECT_EQ(got.field("connection"), "close");
  });
}

TEST(http_server_bodies, head_does_not_run_the_stream) {
  with_server(http::router().get("/", in_parts(2)), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto began = weft::time::now();
    auto got = co_await client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(weft::time::now() - began, 0s);
    auto nothing = co_await client.heard(5s);
    EXPECT_EQ(nothing, "");
  });
}

TEST(http_server_bodies, an_empty_part_does_not_end_a_stream) {
  auto app = http::router().get("/", [] {
    return http::response(
        http::status::ok,
        http::stream([left = 4]() mutable -> task<weft::result<std::optional<weft::bytes>>> {
          if (left-- == 0) co_return std::optional<weft::bytes>();
          co_return std::optional<weft::bytes>(weft::bytes::copy(left % 2 == 0 ? "x" : ""));
        }));
  });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(get("/"));
    EXPECT_EQ(got.body, "xx");
    EXPECT_TRUE(got.whole);
  });
}

TEST(http_server_bodies, are_echoed_while_they_arrive) {
  with_server(http::router().post("/", echo), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(std::string(chunked_post) + "5\r\nhello\r\n");
    auto head = co_await client.receive_head();
    EXPECT_EQ(head.status, 200);
    auto first = co_await client.heard(1ms);
    EXPECT_EQ(first, "5\r\nhello\r\n");
    co_await client.send("6\r\n world\r\n");
    auto second = co_await client.heard(1ms);
    EXPECT_EQ(second, "6\r\n world\r\n");
    co_await client.send("0\r\nX-Sum: 11\r\n\r\n");
    auto last = co_await client.heard(1ms);
    EXPECT_EQ(last, "0\r\nX-Sum: 11\r\n\r\n") << "with their trailers";
    auto next = co_await client.ask(post("/", "again"));
    EXPECT_EQ(next.body, "again");
    EXPECT_EQ(next.field("content-length"), "5");
  });
}

TEST(http_server_bodies, of_a_known_length_are_echoed_with_it) {
  with_server(http::router().post("/", echo), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nabc");
    auto head = co_await client.receive_head();
    EXPECT_EQ(head.field("content-length"), "8");
    co_await client.send("defgh");
    auto body = co_await client.heard(1ms);
    EXPECT_EQ(body, "abcdefgh");
  });
}

TEST(http_server_bodies, of_a_megabyte_are_echoed_through_a_narrow_connection) {
  with_server(http::router().post("/", echo), [](duplex_server& server) -> task<void> {
    auto client = server.connect(1000);
    std::string body(1 << 20, ' ');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
    auto writing = [](peer& to, std::string text) -> task<void> {
      co_await to.send(std::move(text));
    };
    auto reading = [](peer& from) -> task<answer> { co_return co_await from.receive("POST"); };
    auto [sent, got] = co_await weft::join(writing(client, post("/", body)), reading(client));
    EXPECT_TRUE(got.body == body) << "the body changed on its way";
  });
}

TEST(http_server_bodies, a_peer_that_ends_its_side_behind_the_body_gets_the_echo) {
  with_server(http::router().post("/", echo), [](duplex_server& server) -> task<void> {
    // As `nc -N` does. The body is larger than what is read at a time, so the end is there before
    // all is read.
    auto client = server.connect(1 << 20);
    std::string body(300'000, 'x');
    co_await client.send(post("/", body));
    co_await client.end();
    auto got = co_await client.receive("POST");
    EXPECT_EQ(got.body.size(), body.size());
    EXPECT_EQ(server.count(counter::peer_disconnects), 0);
  });
}

TEST(http_server_bodies, trailers_reach_the_handler) {
  auto app = http::router().post("/", [](http::request r) -> task<http::result> {
    std::string all;
    auto& body = r.body();
    for (;;) {
      auto part = co_await or_return(body.next());
      if (!part) break;
      all += part->view();
    }
    const auto* trailers = body.trailers();
    if (!trailers) co_return http::response("none");
    co_return http::response(all + ": " + std::string(trailers->get("x-sum").value_or("")));
  });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got =
        co_await client.ask(std::string(chunked_post) + "3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n");
    EXPECT_EQ(got.body, "abc: 42");
    got = co_await client.ask(std::string(chunked_post) + "3\r\nabc\r\n0\r\n\r\n");
    EXPECT_EQ(got.body, "none");
  });
}

TEST(http_server_bodies, a_channel_is_written_by_another_task_and_ends_with_trailers) {
  auto app = http::router().get("/", [] {
    auto [sender, body] = http::body_channel();
    auto write = [](http::body_sender to) -> task<void> {
      for (int i = 0; i < 3; ++i) {
        co_await weft::sleep(1s);
        auto sent = co_await to.send(weft::bytes::from(std::to_string(i)));
        EXPECT_TRUE(sent.has_value());
      }
      http::header_map trailers;
      EXPECT_TRUE(trailers.insert("x-end", "yes").has_value());
      std::move(to).finish(std::move(trailers));
    };
    weft::spawn(write(std::move(sender))).detach();
    return http::response(http::status::ok, std::move(body));
  });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(get("/"));
    EXPECT_EQ(got.body, "012");
    EXPECT_EQ(got.trailers, "x-end: yes\r\n");
    EXPECT_TRUE(got.whole);
  });
}

TEST(http_server_bodies, a_channel_that_is_dropped_cuts_the_connection) {
  auto app = http::router().get("/", [] {
    auto [sender, body] = http::body_channel();
    auto write = [](http::body_sender to) -> task<void> {
      auto sent = co_await to.send(weft::bytes::copy("half"));
      (void)sent;
    };
    weft::spawn(write(std::move(sender))).detach();
    return http::response(http::status::ok, std::move(body));
  });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(get("/"));
    EXPECT_EQ(got.body, "half");
    EXPECT_FALSE(got.whole) << "half must not pass for the whole";
    EXPECT_EQ(server.count(counter::body_failures), 1);
    co_await weft::sleep(1ms);
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_bodies, a_stream_that_fails_or_throws_cuts_the_connection) {
  using part = weft::result<std::optional<weft::bytes>>;
  auto app = http::router()
                 .get("/fail",
                      [] {
                        return http::response(
                            http::status::ok, http::stream([first = true]() mutable -> task<part> {
                              if (!std::exchange(first, false))
                                co_return weft::fail(weft::errc::unknown);
                              co_return std::optional<weft::bytes>(weft::bytes::copy("half"));
                            }));
                      })
                 .get("/throw", [] {
                   return http::response(
                       http::status::ok, http::stream([first = true]() mutable -> task<part> {
                         if (!std::exchange(first, false)) throw 1;
                         co_return std::optional<weft::bytes>(weft::bytes::copy("half"));
                       }));
                 });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    static constexpr const char* paths[] = {"/fail", "/throw"};
    for (const auto* path : paths) {
      auto client = server.connect();
      auto got = co_await client.ask(get(path));
      EXPECT_EQ(got.body, "half") << path;
      EXPECT_FALSE(got.whole) << path;
    }
    EXPECT_EQ(server.count(counter::body_failures), 2);
  });
}

// To HTTP/1.0, the end of the connection is the end of the body.
TEST(http_server_bodies, that_are_cut_short_end_with_a_reset_where_the_end_would_make_them_whole) {
  using part = weft::result<std::optional<weft::bytes>>;
  auto app = http::router()
                 .get("/fail",
                      [] {
                        return http::response(
                            http::status::ok, http::stream([first = true]() mutable -> task<part> {
                              if (!std::exchange(first, false))
                                co_return weft::fail(weft::errc::unknown);
                              co_return std::optional<weft::bytes>(weft::bytes::copy("half"));
                            }));
                      })
                 .get("/endless", [] {
                   return http::response(http::status::ok, http::stream([]() -> task<part> {
                                           co_await weft::sleep(1s);
                                           co_return std::optional<weft::bytes>(
                                               weft::bytes::from(std::string(1000, 'x')));
                                         }));
                 });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    auto failed = server.connect();
    auto got = co_await failed.ask("GET /fail HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(failed.was_reset()) << "the body failed";

    auto half_open = server.connect();
    co_await half_open.send("GET /endless HTTP/1.0\r\n\r\n");
    co_await weft::sleep(1ms);
    EXPECT_EQ(server.open(), 1U);

    auto slow = server.connect(1000);
    co_await slow.send("GET /endless HTTP/1.0\r\n\r\n");
    co_await weft::sleep(1h);
    got = co_await slow.receive();
    EXPECT_TRUE(slow.was_reset()) << "it did not read in time";

    server.state().enter(http::phase::cutting);
    got = co_await half_open.receive();
    EXPECT_TRUE(half_open.was_reset()) << "the server was stopped";
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_bodies, that_do_not_fit_the_declared_length_never_look_valid) {
  auto app = http::router().get("/{length}", [](http::request r) {
    auto stream =
        http::stream([left = 1]() mutable -> task<weft::result<std::optional<weft::bytes>>> {
          if (left-- == 0) co_return std::optional<weft::bytes>();
          co_return std::optional<weft::bytes>(weft::bytes::copy("12345678"));
        });
    return http::response(http::status::ok, std::move(stream))
        .header(http::header::content_length, r.parameter(0));
  });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    auto right = server.connect();
    auto got = co_await right.ask(get("/8"));
    EXPECT_TRUE(got.whole);
    EXPECT_EQ(got.body, "12345678");
    auto longer = server.connect();
    got = co_await longer.ask(get("/9") + get("/8"));
    EXPECT_FALSE(got.whole) << "said 9, sent 8";
    auto shorter = server.connect();
    got = co_await shorter.ask(get("/7") + get("/8"));
    EXPECT_FALSE(got.whole && got.body.size() == 7) << "said 7, had 8";
    auto rest = co_await shorter.rest();
    EXPECT_EQ(rest.find("HTTP/1.1"), std::string::npos) << "nothing may follow";
    EXPECT_EQ(server.count(counter::body_failures), 2);
  });
}

TEST(http_server_bodies, a_reader_that_stops_stops_the_handlers_stream) {
  auto made = std::make_shared<std::size_t>(0);
  auto app = http::router().get("/", [made] {
    return http::response(
        http::status::ok, http::stream([made]() -> task<weft::result<std::optional<weft::bytes>>> {
          *made += 10'000;
          co_return std::optional<weft::bytes>(weft::bytes::from(std::string(10'000, 'x')));
        }));
  });
  auto limits = http::limits().write_stall(1h);
  with_server(std::move(app), limits, [made](duplex_server& server) -> task<void> {
    auto client = server.connect(64 * 1024);
    co_await client.send(get("/"));
    co_await weft::sleep(1min);
    EXPECT_LE(*made, 400'000U) << "an endless stream nobody reads";
    auto before = *made;
    for (int i = 0; i < 20; ++i) {
      auto read = co_await client.stream().receive();
      EXPECT_TRUE(read.has_value());
    }
    co_await weft::sleep(1s);
    EXPECT_GT(*made, before) << "goes on when it is read";
  });
}

TEST(http_server_bodies, a_reader_that_stops_stops_the_channels_writer) {
  auto made = std::make_shared<std::size_t>(0);
  auto app = http::router().get("/", [made] {
    auto [sender, body] = http::body_channel(10'000);
    auto write = [](std::shared_ptr<std::size_t> count, http::body_sender to) -> task<void> {
      for (;;) {
        auto sent = co_await to.send(weft::bytes::from(std::string(1000, 'x')));
        if (!sent) break;
        *count += 1000;
      }
      *count = 0;  // it heard that the reader is gone
    };
    weft::spawn(write(made, std::move(sender))).detach();
    return http::response(http::status::ok, std::move(body));
  });
  auto limits = http::limits().write_stall(1h);
  with_server(std::move(app), limits, [made](duplex_server& server) -> task<void> {
    auto client = server.connect(64 * 1024);
    co_await client.send(get("/"));
    co_await weft::sleep(1min);
    EXPECT_GT(*made, 64'000U);
    EXPECT_LE(*made, 400'000U);
    client.hang_up();
    co_await weft::sleep(1s);
    EXPECT_EQ(*made, 0U) << "the writer hears that the reader is gone";
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_bodies, a_handler_that_does_not_read_stops_the_sender) {
  auto app = http::router().post("/", [](http::request r) -> task<http::result> {
    co_await weft::sleep(10s);
    auto all = co_await or_return(std::move(r).body().collect(10'000'000));
    co_return http::response(std::to_string(all.size()));
  });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    io::duplex_script script;
    auto client = server.connect(script, 64 * 1024);
    auto writing = [](peer& to) -> task<void> {
      co_await to.send(post("/", std::string(1'000'000, 'x')));
    };
    auto checking = [](io::duplex_script& of) -> task<void> {
      co_await weft::sleep(9s);
      EXPECT_LE(of.second().counters().bytes_received, 64U * 1024)
          << "taken from the peer, asked for by nobody";
    };
    auto reading = [](peer& from) -> task<answer> { co_return co_await from.receive("POST"); };
    auto [sent, checked, got] =
        co_await weft::join(writing(client), checking(script), reading(client));
    EXPECT_EQ(got.body, "1000000");
  });
}

// ---- Expect: 100-continue

constexpr auto expecting =
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";

TEST(http_server_continue, is_said_when_the_body_is_read_and_not_before) {
  auto app = http::router().post("/", [](http::request r) -> task<http::result> {
    co_await weft::sleep(2s);
    auto all = co_await or_return(std::move(r).body().collect(100));
    co_return http::response(std::move(all));
  });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(expecting);
    auto nothing = co_await client.heard(1900ms);
    EXPECT_EQ(nothing, "");
    auto go_on = co_await client.receive();
    EXPECT_EQ(go_on.status, 100);
    auto got = co_await client.ask("hello" + get("/"));
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.field("connection"), "");
    auto next = co_await client.receive();
    EXPECT_EQ(next.status, 405) << "the connection lives";
  });
}

TEST(http_server_continue, a_final_answer_without_it_closes) {
  auto app = http::router().post("/", [] { return http::response(http::status::forbidden); });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(expecting);
    EXPECT_EQ(got.status, 403);
    EXPECT_EQ(got.field("connection"), "close");
    auto rest = co_await client.rest();
    EXPECT_EQ(rest, "");
  });
}

TEST(http_server_continue, is_not_said_when_the_body_came_by_itself) {
  with_server(http::router().post("/", echo), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(std::string(expecting) + "hello");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "hello");
  });
}

TEST(http_server_continue, comes_before_the_head_of_a_streaming_echo) {
  with_server(http::router().post("/", echo), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto go_on = co_await client.ask(expecting);
    EXPECT_EQ(go_on.status, 100);
    auto got = co_await client.ask("hello");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "hello");
    auto next = co_await client.ask(post("/", "x"));
    EXPECT_EQ(next.body, "x");
  });
}

TEST(http_server_continue, a_refused_body_is_answered_without_it) {
  auto limits = http::limits().body(4);
  with_server(http::router().post("/", echo), limits, [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(expecting);
    EXPECT_EQ(got.status, 413);
    EXPECT_EQ(server.refused("body_too_large"), 1);
  });
}

TEST(http_server_continue, a_body_that_breaks_a_limit_behind_it_is_told_so) {
  auto limits = http::limits().body(4);
  with_server(http::router().post("/", echo), limits, [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto go_on = co_await client.ask(
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(go_on.status, 100);
    auto got = co_await client.ask("5\r\nhello\r\n0\r\n\r\n");
    EXPECT_EQ(got.status, 413) << "nothing of the answer was sent before";
  });
}

TEST(http_server_continue, another_expectation_is_refused) {
  with_server(http::router().post("/", echo), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(post("/", "", "Expect: the-unexpected\r\n"));
    EXPECT_EQ(got.status, 417);
    EXPECT_EQ(server.refused("unknown_expectation"), 1);
  });
}

// ---- what is left unread

auto ignoring() {
  return http::router().post("/", [] { return "ignored"; }).get("/", [] { return "next"; });
}

TEST(http_server_unread, a_short_body_is_dropped_and_the_connection_used_again) {
  with_server(ignoring(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    auto got = co_await client.receive();
    EXPECT_EQ(got.body, "ignored") << "answered before the body is there";
    EXPECT_EQ(got.field("connection"), "");
    auto next = co_await client.ask(std::string(1000, 'x') + get("/"));
    EXPECT_EQ(next.body, "next");
    co_await client.send(std::string(chunked_post) + "3\r\nabc\r\n");
    got = co_await client.receive();
    EXPECT_EQ(got.body, "ignored");
    next = co_await client.ask("0\r\nX: y\r\n\r\n" + get("/"));
    EXPECT_EQ(next.body, "next");
  });
}

TEST(http_server_unread, a_long_body_closes_in_good_order) {
  with_server(ignoring(), [](duplex_server& server) -> task<void> {
    io::duplex_script script;
    script.second().resets_when_closed_unread();
    auto client = server.connect(script);
    co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" +
                         std::string(60'000, 'x'));
    auto got = co_await client.receive();
    EXPECT_EQ(got.body, "ignored");
    EXPECT_EQ(got.field("connection"), "close");
    co_await client.send(std::string(60'000, 'x'));  // it has not yet read the answer
    auto rest = co_await client.rest();
    EXPECT_EQ(rest, "");
    EXPECT_FALSE(client.was_reset()) << "the server lingers, so that the answer is not lost";
  });
}

TEST(http_server_unread, a_long_chunked_body_is_dropped_up_to_the_limit) {
  auto limits = http::limits().linger_bytes(10'000);
  with_server(ignoring(), limits, [](duplex_server& server) -> task<void> {
    io::duplex_script script;
    auto client = server.connect(script, 1000);
    auto flood = [](peer& to) -> task<void> {
      std::string chunk = "3e8\r\n" + std::string(1000, 'x') + "\r\n";
      std::string all = chunked_post;
      for (int i = 0; i < 1000; ++i) all += chunk;
      co_await to.send(std::move(all));
    };
    auto read = [](peer& from) -> task<answer> {
      auto got = co_await from.receive();
      co_await from.rest();
      co_return got;
    };
    auto [sent, got] = co_await weft::join(flood(client), read(client));
    EXPECT_EQ(got.body, "ignored");
    EXPECT_LE(script.second().counters().bytes_received, 60'000U);
    co_await weft::sleep(1s);
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_unread, a_body_that_does_not_come_is_not_waited_for_long) {
  with_server(ignoring(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nxxx");
    auto got = co_await client.receive();
    EXPECT_EQ(got.body, "ignored");
    auto closing = co_await client.time_until_closed();
    EXPECT_EQ(closing, 1s) << "limits::linger";
  });
}

TEST(http_server_unread, a_body_kept_beyond_the_answer_ends_with_an_error) {
  auto kept = std::make_shared<std::optional<http::body>>();
  auto app = http::router().post("/", [kept](http::request r) {
    *kept = std::move(r).body();
    return "kept";
  });
  with_server(std::move(app), [kept](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    auto got = co_await client.receive();
    EXPECT_EQ(got.body, "kept");
    auto part = co_await (*kept)->next();
    EXPECT_FALSE(part.has_value());
    kept->reset();
    co_await client.send("defghij");
    auto next = co_await client.ask(post("/", ""));
    EXPECT_EQ(next.body, "kept");
  });
}

}  // namespace
