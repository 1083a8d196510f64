// Peers that vanish, handlers that are cancelled, and the end of the server.
#include "http/server_support.hpp"

namespace {

using namespace http_test;

/// Counts how many of its kind are alive.
class alive {
 public:
  explicit alive(int& count) : count_(&count) { ++*count_; }
  alive(const alive& other) : alive(*other.count_) {}
  auto operator=(const alive&) -> alive& = delete;
  ~alive() { --*count_; }

 private:
  int* count_;
};

auto sleeping(int& handlers) {
  return http::router()
      .get("/", [] { return "hello"; })
      .get("/sleep/{s}", [&handlers](http::request r) -> task<std::string> {
        alive here(handlers);
        co_await weft::sleep(std::chrono::seconds(std::stoi(std::string(r.parameter(0)))));
        co_return "awake";
      });
}

TEST(http_server_disconnect, cancels_the_handler) {
  int handlers = 0;
  with_server(sleeping(handlers), [&](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(get("/sleep/100"));
    co_await weft::sleep(1s);
    EXPECT_EQ(handlers, 1);
    client.hang_up();
    co_await weft::sleep(990ms);
    EXPECT_EQ(handlers, 1) << "limits::linger: it may have ended its side only";
    co_await weft::sleep(20ms);
    EXPECT_EQ(handlers, 0) << "its locals are destroyed";
    EXPECT_EQ(server.open(), 0U);
    EXPECT_EQ(server.count(counter::peer_disconnects), 1);
  });
}

TEST(http_server_disconnect, by_reset_cancels_the_handler) {
  int handlers = 0;
  with_server(sleeping(handlers), [&](duplex_server& server) -> task<void> {
    io::duplex_script script;
    auto client = server.connect(script);
    co_await client.send(get("/sleep/100"));
    co_await weft::sleep(1s);
    script.first().reset();
    co_await weft::sleep(1s + 10ms);
    EXPECT_EQ(handlers, 0);
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_disconnect, within_a_body_cancels_its_reader) {
  int handlers = 0;
  auto app = http::router().post("/", [&handlers](http::request r) -> task<http::result> {
    alive here(handlers);
    auto all = co_await or_return(std::move(r).body().collect(10'000));
    co_return http::response("unreachable");
  });
  with_server(std::move(app), [&](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nxx");
    co_await weft::sleep(1s);
    EXPECT_EQ(handlers, 1);
    client.hang_up();
    co_await weft::sleep(1ms);
    EXPECT_EQ(handlers, 0);
    EXPECT_EQ(server.open(), 0U);
    EXPECT_EQ(server.count(counter::peer_disconnects), 1);
  });
}

// Reads its body, if at all, after `wait`.
auto reading_late(int& handlers, weft::duration wait) {
  return http::router().post("/", [&handlers, wait](http::request r) -> task<http::result> {
    alive here(handlers);
    co_await weft::sleep(wait);
    auto all = co_await or_return(std::move(r).body().collect(100'000));
    co_return http::response(std::to_string(all.size()));
  });
}

TEST(http_server_disconnect, behind_an_unread_body_cancels_the_handler) {
  // The client hangs up, resets, or ends its side: before or after the rest of the body.
  for (int how = 0; how < 4; ++how) {
    int handlers = 0;
    with_server(reading_late(handlers, 1h), [&](duplex_server& server) -> task<void> {
      io::duplex_script script;
      auto client = server.connect(script);
      co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nxx");
      co_await weft::sleep(1s);
      EXPECT_EQ(handlers, 1);
      if (how == 3) co_await client.send(std::string(998, 'x'));
      if (how == 0) client.hang_up();
      if (how == 1) script.first().reset();
      if (how >= 2) co_await client.end();
      co_await weft::sleep(990ms);
      EXPECT_EQ(handlers, 1) << "limits::linger: it may have ended its side only";
      co_await weft::sleep(20ms);
      EXPECT_EQ(handlers, 0) << how;
      EXPECT_EQ(server.open(), 0U) << how;
      EXPECT_EQ(server.count(counter::peer_disconnects), 1) << how;
    });
  }
}

TEST(http_server_disconnect, behind_an_unread_body_that_is_whole_leaves_time_to_answer) {
  int handlers = 0;
  with_server(reading_late(handlers, 900ms), [&](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nxx");
    co_await client.send(std::string(998, 'x'));
    co_await client.end();
    auto got = co_await client.receive();
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "1000");
    EXPECT_EQ(server.count(counter::peer_disconnects), 0);
  });
}

TEST(http_server_disconnect, behind_a_body_that_is_read_slowly_does_not_cut_it) {
  auto app = http::router().post("/", [](http::request r) -> task<http::result> {
    std::size_t size = 0;
    while (auto part = co_await or_return(r.body().next())) {
      size += part->size();
      co_await weft::sleep(900ms);
    }
    co_return http::response(std::to_string(size));
  });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    io::duplex_script script;
    script.second().on_every_receive(io::fault::at_most(1000));
    auto client = server.connect(script);
    co_await client.send(post("/", std::string(20'000, 'x')));
    co_await client.end();
    auto got = co_await client.receive();
    EXPECT_EQ(got.body, "20000");
    EXPECT_EQ(server.count(counter::peer_disconnects), 0);
  });
}

TEST(http_server_disconnect, within_a_body_is_an_error_of_its_reader_and_is_answered) {
  static constexpr weft::duration waits[] = {0s, 500ms};  // before it comes, and after it
  for (auto wait : waits) {
    int handlers = 0;
    with_server(reading_late(handlers, wait), [&](duplex_server& server) -> task<void> {
      auto client = server.connect();
      co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nxx");
      co_await weft::sleep(1ms);
      co_await client.end();
      auto got = co_await client.receive();
      EXPECT_EQ(got.status, 400);
      EXPECT_EQ(got.field("connection"), "close");
      auto rest = co_await client.rest();
      EXPECT_EQ(rest, "");
      client.hang_up();
      co_await weft::sleep(1ms);
      EXPECT_EQ(server.open(), 0U);
      EXPECT_EQ(server.count(counter::peer_disconnects), 1);
    });
  }
}

TEST(http_server_disconnect, within_a_body_leaves_its_reader_a_while_to_answer) {
  int handlers = 0;
  auto app = http::router().post("/", [&handlers](http::request r) -> task<std::string> {
    alive here(handlers);
    auto all = co_await std::move(r).body().collect(10'000);
    EXPECT_TRUE(!all && all.error() == weft::errc::end_of_stream);
    co_await weft::sleep(1h);
    co_return "too late";
  });
  with_server(std::move(app), [&](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nxx");
    co_await client.end();
    co_await weft::sleep(990ms);
    EXPECT_EQ(handlers, 1);
    co_await weft::sleep(20ms);
    EXPECT_EQ(handlers, 0);
    EXPECT_EQ(server.open(), 0U);
    EXPECT_EQ(server.count(counter::peer_disconnects), 1);
  });
}

TEST(http_server_disconnect, within_a_response_stops_its_stream) {
  int streams = 0;
  auto app = http::router().get("/", [&streams] {
    return http::response(
        http::status::ok,
        http::stream([here = alive(streams)]() -> task<weft::result<std::optional<weft::bytes>>> {
          co_await weft::sleep(1h);
          co_return std::optional<weft::bytes>();
        }));
  });
  with_server(std::move(app), [&](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(get("/"));
    auto head = co_await client.receive_head();
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(streams, 1);
    client.hang_up();
    co_await weft::sleep(1s + 10ms);
    EXPECT_EQ(streams, 0);
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_disconnect, while_a_stream_is_written_counts_once) {
  auto app = http::router().get("/", [] {
    return http::response(http::stream([]() -> task<weft::result<std::optional<weft::bytes>>> {
      co_await weft::sleep(10ms);
      co_return weft::bytes::copy(std::string(1000, 'x'));
    }));
  });
  with_server(std::move(app), [&](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(get("/"));
    auto head = co_await client.receive_head();
    EXPECT_EQ(head.status, 200);
    client.hang_up();
    co_await weft::sleep(100ms);
    EXPECT_EQ(server.open(), 0U) << "a write has failed";
    EXPECT_EQ(server.count(counter::peer_disconnects), 1);
  });
}

TEST(http_server_disconnect, at_any_operation_leaves_nothing_behind) {
  // The connection breaks at the n-th read or write of the server, for every n that there is.
  int handlers = 0;
  auto app = http::router()
                 .get("/", [] { return std::string(100'000, 'x'); })
                 .post("/", [](http::request r) { return http::response(std::move(r).body()); })
                 .get("/sleep", [&handlers]() -> task<std::string> {
                   alive here(handlers);
                   co_await weft::sleep(1s);
                   co_return "awake";
                 });
  with_server(std::move(app), [&](duplex_server& server) -> task<void> {
    auto requests = get("/") + get("/sleep") +
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                    "5\r\nhello\r\n0\r\n\r\n" + get("/", "Connection: close\r\n");
    for (unsigned nth = 1; nth <= 60; ++nth) {
      for (int what = 0; what < 4; ++what) {
        io::duplex_script script;
        script.second()
            .on_every_receive(io::fault::at_most(40))
            .on_every_send(io::fault::at_most(10'000));
        if (what == 0) script.second().on_receive(nth, io::fault::reset());
        if (what == 1) script.second().on_send(nth, io::fault::reset());
        if (what == 2)
          script.second().on_receive(nth, io::fault::fail(std::errc::connection_reset));
        if (what == 3) script.second().on_send(nth, io::fault::suspend());
        auto client = server.connect(script, 10'000);
        co_await client.send(requests);
        auto heard = co_await client.rest();
        client.hang_up();
        co_await weft::sleep(3s);
        EXPECT_EQ(server.open(), 0U) << "fault " << what << " at operation " << nth;
        EXPECT_EQ(handlers, 0) << "fault " << what << " at operation " << nth;
        if (server.open() != 0) co_return;
      }
    }
  });
}

TEST(http_server_shutdown, closes_idle_connections_at_once) {
  int handlers = 0;
  with_server(sleeping(handlers), [](duplex_server& server) -> task<void> {
    auto fresh = server.connect();
    auto used = server.connect();
    auto got = co_await used.ask(get("/"));
    EXPECT_EQ(got.status, 200);
    co_await weft::sleep(1s);
    server.state().enter(http::phase::draining);
    auto fresh_for = co_await fresh.time_until_closed();
    auto used_for = co_await used.time_until_closed();
    EXPECT_EQ(fresh_for, 0s);
    EXPECT_EQ(used_for, 0s);
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_shutdown, lets_busy_connections_end_and_says_so) {
  int handlers = 0;
  with_server(sleeping(handlers), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(get("/sleep/3") + get("/"));
    co_await weft::sleep(1s);
    server.state().enter(http::phase::draining);
    auto got = co_await client.receive();
    EXPECT_EQ(got.body, "awake");
    EXPECT_EQ(got.field("connection"), "close");
    auto rest = co_await client.rest();
    EXPECT_EQ(rest, "");
    client.hang_up();
    co_await weft::sleep(1ms);
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_shutdown, answers_a_request_that_had_arrived) {
  int handlers = 0;
  with_server(sleeping(handlers), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(get("/"));
    EXPECT_EQ(got.status, 200);
    co_await weft::sleep(1s);
    auto sent = co_await client.stream().write(get("/"));
    EXPECT_TRUE(sent.has_value());
    server.state().enter(http::phase::draining);
    got = co_await client.receive();
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.field("connection"), "close");
  });
}

TEST(http_server_shutdown, the_cut_ends_everything) {
  int handlers = 0;
  int streams = 0;
  auto app = sleeping(handlers).get("/stream", [&streams] {
    return http::response(
        http::status::ok,
        http::stream([here = alive(streams)]() -> task<weft::result<std::optional<weft::bytes>>> {
          co_await weft::sleep(1h);
          co_return std::optional<weft::bytes>();
        }));
  });
  with_server(std::move(app), [&](duplex_server& server) -> task<void> {
    auto sleeper = server.connect();
    auto streamer = server.connect();
    auto trickler = server.connect();
    auto leaving = server.connect();
    co_await sleeper.send(get("/sleep/1000"));
    co_await streamer.send(get("/stream"));
    co_await trickler.send("GET /");
    co_await leaving.send(get("/", "Connection: close\r\n"));
    co_await weft::sleep(500ms);
    EXPECT_EQ(server.open(), 4U);
    server.state().enter(http::phase::draining);
    co_await weft::sleep(1ms);
    EXPECT_EQ(server.open(), 4U);
    server.state().enter(http::phase::cutting);
    co_await weft::sleep(1ms);
    EXPECT_EQ(server.open(), 0U);
    EXPECT_EQ(handlers, 0);
    EXPECT_EQ(streams, 0);
  });
}

TEST(http_server_shutdown, a_runtime_that_ends_takes_its_connections_along) {
  int handlers = 0;
  {
    auto runtime = weft::runtime::current_thread().start_paused(true).build();
    duplex_server server(sleeping(handlers));
    std::optional<peer> client;
    auto run = [&]() -> task<void> {
      client.emplace(server.connect());
      co_await client->send(get("/sleep/100"));
      co_await weft::sleep(1s);
      EXPECT_EQ(handlers, 1);
    };
    runtime.block_on(run());
    runtime.shut_down();
    EXPECT_EQ(handlers, 0);
    EXPECT_EQ(server.open(), 0U);
    client.reset();
  }
  EXPECT_EQ(handlers, 0);
}

}  // namespace
