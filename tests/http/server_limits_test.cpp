// Every limit and timeout: its number, its answer, its counter.
#include "http/h1_corpus.hpp"
#include "http/h1_transcript.hpp"
#include "http/server_support.hpp"

namespace {

using namespace http_test;

auto collecting() {
  return http::router()
      .get("/", [] { return "hello"; })
      .post("/",
            [](http::request r) -> task<http::result> {
              auto all = co_await or_return(std::move(r).body().collect(1'000'000'000));
              co_return http::response(std::to_string(all.size()));
            })
      .post("/ignore", [] { return "ignored"; });
}

constexpr auto post_of_1000 = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";

/// Sends `request`, expects `status`, the counter of `reason`, and the end of the connection.
auto expect_refused(duplex_server& server, std::string request, int status, std::string reason)
    -> task<void> {
  auto before = server.refused(reason);
  auto client = server.connect(1 << 20);
  auto got = co_await client.ask(std::move(request));
  EXPECT_EQ(got.status, status) << reason;
  EXPECT_EQ(got.field("connection"), "close") << reason;
  auto rest = co_await client.rest();
  EXPECT_EQ(rest, "") << reason << ": what follows must not be taken for a request";
  EXPECT_EQ(server.refused(reason), before + 1) << reason;
}

TEST(http_server_limits, each_refuses_with_its_status_and_counts) {
  with_server(collecting(), [](duplex_server& server) -> task<void> {
    const std::string x40k(40'000, 'x');
    std::string many_fields;
    for (int i = 0; i < 101; ++i) many_fields += "X: y\r\n";
    const std::string chunks = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::string trailers;
    for (int i = 0; i < 33; ++i) trailers += "X: y\r\n";
    const auto next = get("/");
    co_await expect_refused(server, "GET / HTTP/1.1\r\n\r\n" + next, 400, "missing_host");
    co_await expect_refused(server, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n" + next, 400,
                            "bad_request_line");
    co_await expect_refused(server, get("/", "X: " + x40k + "\r\n") + next, 431, "head_too_large");
    co_await expect_refused(server, get("/", many_fields) + next, 431, "too_many_fields");
    co_await expect_refused(server, get("/" + std::string(9000, 'x')) + next, 414,
                            "target_too_long");
    co_await expect_refused(server, "GET / HTTP/2.0\r\nHost: a\r\n\r\n" + next, 505,
                            "unsupported_version");
    co_await expect_refused(server, post("/", "", "Transfer-Encoding: gzip\r\n"), 400,
                            "conflicting_length");
    co_await expect_refused(server,
                            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n" + next,
                            501, "unknown_coding");
    co_await expect_refused(server, post("/", "", "Expect: x\r\n") + next, 417,
                            "unknown_expectation");
    co_await expect_refused(server,
                            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 67108865\r\n\r\n", 413,
                            "body_too_large");
    co_await expect_refused(server,
                            "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 67108865\r\n\r\n",
                            413, "body_too_large");
    co_await expect_refused(server, chunks + "4000001\r\n", 413, "body_too_large");
    co_await expect_refused(server, chunks + "1;" + std::string(1100, 'x') + "\r\nx\r\n", 400,
                            "chunk_extensions_too_large");
    co_await expect_refused(server, chunks + "x\r\n", 400, "bad_chunk");
    co_await expect_refused(server, chunks + "0\r\n" + trailers + "\r\n", 431,
                            "trailers_too_large");
    co_await expect_refused(server, chunks + "0\r\nX: " + std::string(9000, 'x') + "\r\n\r\n", 431,
                            "trailers_too_large");
    co_await expect_refused(server, chunks + "0\r\nContent-Length: 1\r\n\r\n", 400,
                            "forbidden_trailer");
    co_await expect_refused(server, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n" + next, 405,
                            "connect_refused");
    EXPECT_EQ(server.count(counter::protocol_errors), 18);
    co_await weft::sleep(1ms);
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_limits, can_be_changed) {
  auto limits = http::limits().head(200).body(10);
  with_server(collecting(), limits, [](duplex_server& server) -> task<void> {
    co_await expect_refused(server, get("/", "X: " + std::string(200, 'x') + "\r\n"), 431,
                            "head_too_large");
    co_await expect_refused(server, post("/", "12345678901"), 413, "body_too_large");
    auto client = server.connect();
    auto got = co_await client.ask(post("/", "1234567890"));
    EXPECT_EQ(got.body, "10");
  });
}

TEST(http_server_limits, an_idle_connection_is_closed_silently_after_75_s) {
  with_server(collecting(), [](duplex_server& server) -> task<void> {
    auto fresh = server.connect();
    auto open_for = co_await fresh.time_until_closed();
    EXPECT_EQ(open_for, 75s);
    auto used = server.connect();
    co_await weft::sleep(70s);
    auto got = co_await used.ask(get("/"));
    EXPECT_EQ(got.status, 200);
    open_for = co_await used.time_until_closed();
    EXPECT_EQ(open_for, 75s) << "since the last answer";
    auto said = co_await used.rest();
    EXPECT_EQ(said, "");
    EXPECT_EQ(server.count(counter::idle_timeouts), 2);
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_limits, a_head_has_10_s_however_it_trickles) {
  with_server(collecting(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await weft::sleep(30s);  // idle
    auto began = weft::time::now();
    co_await client.send("GET / H");
    static constexpr const char* pieces[] = {"TTP/1.1\r\n", "Host: a\r\n", "X: 1\r\n"};
    for (const auto* more : pieces) {
      co_await weft::sleep(3s);
      co_await client.send(more);
    }
    auto got = co_await client.receive();
    EXPECT_EQ(got.status, 408);
    EXPECT_EQ(got.field("connection"), "close");
    EXPECT_EQ(weft::time::now() - began, 10s)
        << "from the first byte on; later ones do not extend it";
    EXPECT_EQ(server.count(counter::head_timeouts), 1);
    auto rest = co_await client.rest();
    EXPECT_EQ(rest, "");
  });
}

TEST(http_server_limits, empty_lines_do_not_keep_a_connection) {
  with_server(collecting(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto began = weft::time::now();
    co_await client.send("\r");
    co_await weft::sleep(5s);
    co_await client.send("\n");
    auto closing = co_await client.time_until_closed();
    (void)closing;
    EXPECT_LE(weft::time::now() - began, 80s);
    auto flooding = server.connect();
    auto got = co_await flooding.ask("\r\n\r\n" + get("/"));
    EXPECT_EQ(got.status, 400) << "one empty line is passed over, two are not";
  });
}

TEST(http_server_limits, the_head_of_a_pipelined_request_has_10_s_too) {
  with_server(collecting(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(get("/") + "GET /");
    EXPECT_EQ(got.status, 200);
    auto began = weft::time::now();
    auto late = co_await client.receive();
    EXPECT_EQ(late.status, 408);
    EXPECT_EQ(weft::time::now() - began, 10s);
  });
}

TEST(http_server_limits, a_body_that_stops_for_30_s_is_late) {
  auto limits = http::limits().body_rate(0);
  with_server(collecting(), limits, [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(std::string(post_of_1000) + "xxx");
    co_await weft::sleep(29s);
    co_await client.send("xxx");
    auto began = weft::time::now();
    auto got = co_await client.receive();
    EXPECT_EQ(got.status, 408);
    EXPECT_EQ(got.field("connection"), "close");
    EXPECT_EQ(weft::time::now() - began, 30s) << "from the last byte on";
    EXPECT_EQ(server.count(counter::body_timeouts), 1);
    auto rest = co_await client.rest();
    EXPECT_EQ(rest, "");
    client.hang_up();
    co_await weft::sleep(1ms);
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_limits, a_body_has_to_arrive_at_240_bytes_a_second) {
  with_server(collecting(), [](duplex_server& server) -> task<void> {
    // A byte every two seconds never stops for long, and would take half an hour.
    auto client = server.connect();
    auto trickle = [](peer& to) -> task<void> {
      co_await to.send(post_of_1000);
      for (int i = 0; i < 900; ++i) {
        co_await to.send("x");
        co_await weft::sleep(2s);
      }
    };
    auto answer_time = [](peer& from) -> task<std::pair<int, weft::duration>> {
      auto began = weft::time::now();
      auto got = co_await from.receive();
      co_return std::pair(got.status, weft::duration(weft::time::now() - began));
    };
    auto [done, late] = co_await weft::select(trickle(client), answer_time(client));
    EXPECT_TRUE(late.has_value()) << "nothing limits the time that a body takes";
    if (!late) co_return;
    EXPECT_EQ(late->first, 408);
    EXPECT_GE(late->second, 5s) << "the grace";
    EXPECT_LE(late->second, 6s);
    EXPECT_EQ(server.count(counter::body_timeouts), 1);
  });
}

TEST(http_server_limits, a_body_at_300_bytes_a_second_is_in_time) {
  with_server(collecting(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n");
    for (int i = 0; i < 100; ++i) {
      co_await weft::sleep(1s);
      co_await client.send(std::string(300, 'x'));
    }
    auto got = co_await client.receive();
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "30000");
  });
}

TEST(http_server_limits, the_time_in_which_nobody_reads_a_body_is_not_counted) {
  auto app = http::router().post("/", [](http::request r) -> task<http::result> {
    co_await weft::sleep(10min);
    auto all = co_await or_return(std::move(r).body().collect(10'000));
    co_await weft::sleep(10min);
    co_return http::response(std::to_string(all.size()));
  });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    co_await weft::sleep(10min + 4s);
    co_await client.send(std::string(1000, 'x'));
    auto got = co_await client.receive();
    EXPECT_EQ(got.body, "1000");
  });
}

TEST(http_server_limits, a_peer_that_does_not_read_is_cut_after_30_s) {
  auto app = http::router().get("/", [] { return std::string(1'000'000, 'x'); });
  with_server(std::move(app), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    co_await client.send(get("/"));
    co_await weft::sleep(29s);
    EXPECT_EQ(server.open(), 1U);
    auto some = co_await client.stream().receive();  // progress: 30 s more
    EXPECT_TRUE(some.has_value());
    co_await weft::sleep(29s);
    EXPECT_EQ(server.open(), 1U);
    co_await weft::sleep(2s);
    EXPECT_EQ(server.open(), 0U);
    EXPECT_EQ(server.count(counter::write_stalls), 1);
  });
}

TEST(http_server_limits, a_peer_that_trickles_a_body_and_does_not_read_is_cut_all_the_same) {
  // Writing and reading have a deadline each: one must not extend the other.
  auto app = http::router()
                 .get("/", [] { return std::string(1'000'000, 'x'); })
                 .post("/", [](http::request r) -> task<http::result> {
                   auto all = co_await or_return(std::move(r).body().collect(10'000));
                   co_return http::response("got it");
                 });
  auto limits = http::limits().body_rate(0).write_queue(8 << 20);
  with_server(std::move(app), limits, [](duplex_server& server) -> task<void> {
    auto client = server.connect(10'000);
    co_await client.send(get("/"));
    for (int i = 0; i < 10 && server.open() > 0; ++i) {
      co_await weft::sleep(7s);
      co_await client.send(i == 0 ? post_of_1000 : "x");
    }
    EXPECT_EQ(server.open(), 0U) << "still open after 70 s without reading";
    EXPECT_EQ(server.count(counter::write_stalls), 1);
  });
}

TEST(http_server_limits, a_peer_that_does_not_end_its_side_is_left_after_1_s) {
  with_server(collecting(), [](duplex_server& server) -> task<void> {
    auto client = server.connect();
    auto got = co_await client.ask(get("/", "Connection: close\r\n"));
    EXPECT_EQ(got.status, 200);
    auto rest = co_await client.rest();
    EXPECT_EQ(rest, "");
    EXPECT_EQ(server.open(), 1U) << "its own side is ended; it waits for the peer's";
    co_await weft::sleep(990ms);
    EXPECT_EQ(server.open(), 1U);
    co_await weft::sleep(20ms);
    EXPECT_EQ(server.open(), 0U);
  });
}

TEST(http_server_limits, a_peer_that_floods_after_the_end_is_not_read_forever) {
  with_server(collecting(), [](duplex_server& server) -> task<void> {
    io::duplex_script script;
    auto client = server.connect(script);
    co_await client.send("GET / HTTP/1.1\r\n\r\n" + std::string(2'000'000, 'x'));
    EXPECT_LE(script.second().counters().bytes_received, 400'000U);
    EXPECT_EQ(server.open(), 0U);
  });
}

// ---- the corpus, through the server

/// "GET /x; 400 bad_host" says which statuses the server has to answer with.
auto statuses_of(std::string_view verdict) -> std::string {
  std::string statuses;
  auto is_over = [](std::string_view word) {
    return word.size() == 3 && word.find_first_not_of("0123456789") == word.npos;
  };
  std::size_t at = 0;
  bool in_request = false;
  auto note = [&](std::string_view text) {
    statuses += std::string(statuses.empty() ? "" : " ") + std::string(text);
  };
  // Bodies in quotes may hold anything; they are passed over.
  std::string plain;
  for (bool quoted = false; at < verdict.size(); ++at) {
    if (verdict[at] == '\'') {
      auto ends =
          quoted && (at + 1 == verdict.size() || verdict[at + 1] == ';' || verdict[at + 1] == ' ');
      if (!quoted)
        quoted = true;
      else if (ends)
        quoted = false;
      continue;
    }
    if (!quoted) plain += verdict[at];
  }
  for (std::size_t from = 0; from < plain.size();) {
    auto end = plain.find_first_of("; ", from);
    auto word = std::string_view(plain).substr(from, end == std::string::npos ? end : end - from);
    if (is_over(word)) {
      if (in_request) in_request = false;
      note(word);
      return statuses;
    }
    if (word == "...") {
      if (in_request) note("400");  // the client ended its side within the body
      return statuses;
    }
    if (!word.empty() && !in_request) in_request = true;
    if (end == std::string::npos || plain[end] == ';') {
      if (in_request) note("200");
      in_request = false;
    }
    if (end == std::string::npos) break;
    from = end + 1;
  }
  return statuses;
}

auto heard_statuses(std::string_view text) -> std::string {
  std::string statuses;
  for (auto at = text.find("HTTP/1.1 "); at != text.npos; at = text.find("HTTP/1.1 ", at + 1)) {
    auto code = text.substr(at + 9, 3);
    auto is_code =
        code.find_first_not_of("0123456789") == code.npos;  // refusals speak of HTTP/1.1 too
    if (is_code && code != "100")
      statuses += std::string(statuses.empty() ? "" : " ") + std::string(code);
  }
  return statuses;
}

void feed_corpus(std::size_t at_a_time) {
  // Reads every body, answers everything with nothing.
  auto app = [](http::request r) -> task<http::result> {
    auto all = co_await or_return(std::move(r).body().collect(100'000'000));
    co_return http::response(http::status::ok);
  };
  with_server(app, [at_a_time](duplex_server& server) -> task<void> {
    for (const auto& one : http::test::h1_corpus) {
      if (one.input.size() > 200'000) continue;
      io::duplex_script script;
      if (at_a_time > 0) script.second().on_every_receive(io::fault::at_most(at_a_time));
      auto client = server.connect(script, 1 << 20);
      co_await client.send(std::string(one.input));
      co_await client.end();
      auto heard = co_await client.rest();
      EXPECT_EQ(heard_statuses(heard), statuses_of(one.verdict))
          << "case \"" << one.name << "\", verdict \"" << one.verdict << "\", the server said:\n"
          << heard;
    }
  });
}

TEST(http_server_corpus, whole) {
  feed_corpus(0);
}
TEST(http_server_corpus, byte_by_byte) {
  feed_corpus(1);
}
TEST(http_server_corpus, in_sevens) {
  feed_corpus(7);
}

}  // namespace
