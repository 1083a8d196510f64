// The server on real sockets: curl, and clients that are slow, half-open, resetting, flooding or
// gone.
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "http/live_server.hpp"

namespace {

using namespace http_test;

auto app() {
  return http::router()
      .get("/", [] { return "hello"; })
      .get(
          "/bytes/{n}",
          [](http::request r) { return std::string(std::stoul(std::string(r.parameter(0))), 'x'); })
      .get(
          "/sleep/{ms}",
          [](http::request r) -> task<std::string> {
            co_await weft::sleep(std::chrono::milliseconds(std::stoi(std::string(r.parameter(0)))));
            co_return "awake";
          })
      .put("/echo", [](http::request r) { return http::response(std::move(r).body()); })
      .post("/echo", [](http::request r) { return http::response(std::move(r).body()); })
      .post("/collect",
            [](http::request r) -> task<http::result> {
              auto all = co_await or_return(std::move(r).body().collect(100'000));
              co_return http::response(std::move(all));
            })
      .post("/ignore", [] { return "ignored"; });
}

/// What curl prints; expects that it succeeds.
auto curl(const std::string& arguments) -> std::string {
  auto* from = ::popen(("curl -sS --max-time 20 " + arguments + " 2>&1").c_str(), "r");
  std::string printed;
  char part[65536];
  for (std::size_t got = 0; (got = std::fread(part, 1, sizeof part, from)) > 0;)
    printed.append(part, got);
  EXPECT_EQ(::pclose(from), 0) << "curl " << arguments << "\n" << printed.substr(0, 2000);
  return printed;
}

auto request(std::string_view path, std::string_view fields = {}) -> std::string {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

TEST(http_server_curl, gets) {
  live_server server(app());
  EXPECT_EQ(curl(server.url("/")), "hello");
  EXPECT_EQ(curl("-o /dev/null -w '%{http_code}' " + server.url("/nowhere")), "404");
  EXPECT_EQ(curl("-X DELETE -o /dev/null -w '%{http_code}' " + server.url("/")), "405");
}

TEST(http_server_curl, gets_with_http_1_0) {
  live_server server(app());
  EXPECT_EQ(curl("--http1.0 " + server.url("/")), "hello");
}

TEST(http_server_curl, asks_for_heads) {
  live_server server(app());
  auto head = curl("-I " + server.url("/"));
  EXPECT_NE(head.find("200 OK"), std::string::npos) << head;
  EXPECT_NE(head.find("Content-Length: 5"), std::string::npos) << head;
}

TEST(http_server_curl, uses_a_connection_again) {
  live_server server(app());
  EXPECT_EQ(curl(server.url("/") + " " + server.url("/sleep/1") + " " + server.url("/")),
            "helloawakehello");
  EXPECT_EQ(server.count(counter::connections_accepted), 1);
  EXPECT_EQ(server.count(counter::requests), 3);
}

TEST(http_server_curl, gets_bodies_of_all_sizes) {
  live_server server(app());
  for (std::size_t size : {0U, 1U, 1000U, 16383U, 16384U, 16385U, 65536U, 100'000U, 5'000'000U}) {
    auto got = curl(server.url("/bytes/" + std::to_string(size)));
    EXPECT_EQ(got.size(), size);
  }
}

TEST(http_server_curl, posts_and_uploads) {
  live_server server(app());
  EXPECT_EQ(curl("-d some=body " + server.url("/echo")), "some=body");
  // From a pipe: chunked. More than 1 MiB: with Expect: 100-continue.
  EXPECT_EQ(curl("-T - " + server.url("/echo") + " < /dev/null"), "");
  auto sum = "| sha256sum";
  auto sent =
      curl("--version > /dev/null; head -c 3000000 /dev/zero | tr '\\0' 'y' " + std::string(sum));
  EXPECT_EQ(
      curl("--version > /dev/null; head -c 3000000 /dev/zero | tr '\\0' 'y' | curl -sS -T - " +
           server.url("/echo") + " " + sum),
      sent);
  EXPECT_EQ(curl("--version > /dev/null; head -c 3000000 /dev/zero | tr '\\0' 'y' | curl -sS "
                 "--data-binary @- " +
                 server.url("/echo") + " " + sum),
            sent);
}

TEST(http_server_curl, expects_100_continue) {
  live_server server(app());
  auto said = curl("-v -H 'Expect: 100-continue' -d x " + server.url("/echo"));
  EXPECT_NE(said.find("< HTTP/1.1 100"), std::string::npos) << said;
  EXPECT_NE(said.find("< HTTP/1.1 200"), std::string::npos) << said;
}

TEST(http_server_sockets, a_body_that_fails_does_not_look_whole_to_http_1_0) {
  using part = weft::result<std::optional<weft::bytes>>;
  auto half = [] {
    return http::response(http::status::ok, http::stream([first = true]() mutable -> task<part> {
                            if (!std::exchange(first, false))
                              co_return weft::fail(weft::errc::unknown);
                            co_return std::optional<weft::bytes>(weft::bytes::copy("half"));
                          }));
  };
  live_server server(http::router().get("/", half));
  client_socket client(server.port());
  client.send("GET / HTTP/1.0\r\n\r\n");
  (void)client.rest();
  EXPECT_TRUE(client.was_reset());
  server.await_count(counter::connections_open, 0);
}

TEST(http_server_sockets, a_half_open_client_gets_its_answer) {
  live_server server(app());
  client_socket client(server.port());
  client.send(request("/"));
  client.end();
  auto got = client.rest();
  EXPECT_TRUE(got.ends_with("hello")) << got;
  server.await_count(counter::connections_open, 0);
}

TEST(http_server_sockets, a_half_open_client_gets_its_large_echo) {
  live_server server(app());
  client_socket client(server.port());
  std::string body(3'000'000, 'x');
  std::thread writer([&] {
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
    client.send(body);
    client.end();
  });
  auto got = client.rest();
  writer.join();
  EXPECT_GT(got.size(), body.size());
}

TEST(http_server_sockets, a_client_that_vanishes_cancels_its_handler) {
  live_server server(app());
  {
    client_socket client(server.port());
    client.send(request("/sleep/60000"));
    server.await_count(counter::requests, 1);
  }
  server.await_count(counter::connections_open, 0);
  EXPECT_EQ(server.count(counter::peer_disconnects), 1);
}

TEST(http_server_sockets, a_client_that_resets_cancels_its_handler) {
  live_server server(app());
  client_socket client(server.port());
  client.send(request("/sleep/60000"));
  server.await_count(counter::requests, 1);
  client.reset();
  server.await_count(counter::connections_open, 0);
}

TEST(http_server_sockets, a_client_that_resets_cancels_a_handler_that_does_not_read_its_body) {
  auto late = [](http::request) -> task<std::string> {
    co_await weft::sleep(1min);
    co_return "too late";
  };
  live_server server(http::router().post("/", late));
  client_socket resets(server.port());
  client_socket ends(server.port());
  auto half = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf";
  resets.send(half);
  ends.send(half);
  server.await_count(counter::requests, 2);
  resets.reset();
  ends.end();
  server.await_count(counter::connections_open, 0);
  EXPECT_EQ(server.count(counter::peer_disconnects), 2);
}

TEST(http_server_sockets, a_client_that_ends_within_a_body_is_told) {
  live_server server(app());
  client_socket client(server.port());
  client.send("POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  server.await_count(counter::requests, 1);
  client.end();
  auto got = client.rest();
  EXPECT_TRUE(got.starts_with("HTTP/1.1 400 ")) << got;
  EXPECT_FALSE(client.was_reset());
  server.await_count(counter::connections_open, 0);
}

TEST(http_server_sockets, clients_that_reset_anywhere_leave_nothing_behind) {
  live_server server(app());
  auto post =
      std::string("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n") +
      std::string(1024, 'x') + "\r\n0\r\n\r\n";
  auto all = request("/bytes/1000000") + post + request("/sleep/10");
  constexpr int clients = 300;
  for (int i = 0; i < clients; ++i) {
    client_socket client(server.port());
    EXPECT_TRUE(client.connected());
    auto sent = std::string_view(all).substr(0, all.size() * static_cast<std::size_t>(i) / clients);
    client.send(sent);
    auto is_asked = sent.size() > request("/bytes/1000000").size();
    if (i % 3 == 1 && is_asked) (void)client.receive();
    i % 2 == 0 ? client.reset() : client.close();
  }
  server.await_count(counter::connections_accepted, clients);  // the last may still be queued
  server.await_count(counter::connections_open, 0);
  EXPECT_EQ(curl(server.url("/")), "hello");
}

TEST(http_server_sockets, a_slow_client_is_served_beside_others) {
  live_server server(app());
  client_socket slow(server.port());
  auto text = request("/");
  for (auto c : text) {
    slow.send(std::string_view(&c, 1));
    client_socket other(server.port());
    other.send(request("/", "Connection: close\r\n"));
    EXPECT_TRUE(other.rest().ends_with("hello"));
  }
  EXPECT_TRUE(slow.receive_until("hello").ends_with("hello"));
}

TEST(http_server_sockets, a_client_that_floods_does_not_starve_others) {
  // One thread for the server, and a client that never stops asking.
  live_server server(app(), {}, 5s, weft::runtime::multi_thread().worker_threads(1).build());
  std::atomic<bool> stop{false};
  std::string many;
  for (int i = 0; i < 1000; ++i) many += request("/");
  client_socket flooding(server.port());
  std::thread writer([&] {
    while (!stop && flooding.send(many)) {
    }
    flooding.end();
  });
  std::thread reader([&] {
    while (!flooding.receive().empty()) {
    }
  });
  server.await_count(counter::connections_open, 1);
  for (int i = 0; i < 20; ++i) {
    client_socket other(server.port());
    other.send(request("/", "Connection: close\r\n"));
    EXPECT_TRUE(other.rest().ends_with("hello"));
  }
  stop = true;
  writer.join();
  reader.join();
}

TEST(http_server_sockets, an_answer_to_an_unread_upload_is_not_lost) {
  live_server server(app());
  client_socket client(server.port());
  client.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  client.send(std::string(200'000, 'x'));
  auto got = client.rest();
  EXPECT_TRUE(got.ends_with("ignored") || got.find("413") != std::string::npos) << got;
  EXPECT_FALSE(client.was_reset());
}

TEST(http_server_sockets, connections_above_the_limit_are_closed_at_once) {
  live_server server(app(), http::limits().connections(3));
  std::vector<client_socket> clients;
  for (int i = 0; i < 10; ++i) clients.emplace_back(server.port());
  server.await_count(counter::connections_accepted, 10);
  EXPECT_EQ(server.count(counter::connections_refused), 7);
  EXPECT_EQ(server.count(counter::connections_open), 3);
  int served = 0;
  for (auto& one : clients) {
    if (one.send(request("/", "Connection: close\r\n")) && one.rest().ends_with("hello")) ++served;
  }
  EXPECT_EQ(served, 3);
  clients.clear();
  server.await_count(counter::connections_open, 0);
  EXPECT_EQ(curl(server.url("/")), "hello") << "there is room again";
}

TEST(http_server_sockets, a_graceful_stop_reports_what_was_open) {
  live_server server(app());
  client_socket idle(server.port());
  client_socket busy(server.port());
  idle.send(request("/"));
  EXPECT_TRUE(idle.receive_until("hello").ends_with("hello"));
  busy.send(request("/sleep/300"));
  server.await_count(counter::requests, 2);
  server.begin_stop();
  auto got = busy.rest();
  EXPECT_TRUE(got.ends_with("awake")) << got;
  EXPECT_NE(got.find("Connection: close"), std::string::npos) << got;
  EXPECT_EQ(idle.rest(), "");
  idle.close();
  busy.close();
  auto report = server.stop();
  EXPECT_EQ(report.open, 2U);
  EXPECT_EQ(report.cut, 0U);
  EXPECT_LT(report.took, 5s);
  EXPECT_EQ(server.count(counter::connections_open), 0);
  client_socket late(server.port());
  EXPECT_FALSE(late.connected()) << "the listener is closed";
}

TEST(http_server_sockets, the_deadline_of_a_stop_cuts) {
  live_server server(app(), {}, 200ms);
  client_socket busy(server.port());
  busy.send(request("/sleep/60000"));
  server.await_count(counter::requests, 1);
  auto report = server.stop();
  EXPECT_EQ(report.open, 1U);
  EXPECT_EQ(report.cut, 1U);
  EXPECT_GE(report.took, 200ms);
  EXPECT_EQ(server.count(counter::connections_cut), 1);
  EXPECT_EQ(server.count(counter::connections_open), 0);
  EXPECT_EQ(busy.rest(), "");
}

TEST(http_server_sockets, destroying_the_servers_operation_ends_everything) {
  live_server server(app());
  client_socket busy(server.port());
  client_socket idle(server.port());
  busy.send(request("/sleep/60000"));
  server.await_count(counter::requests, 1);
  server.await_count(counter::connections_open, 2);
  server.abort();
  EXPECT_EQ(busy.rest(), "");
  EXPECT_EQ(idle.rest(), "");
  server.await_count(counter::connections_open, 0);
  client_socket late(server.port());
  EXPECT_FALSE(late.connected());
}

TEST(http_server_sockets, an_address_in_use_is_an_error_of_bind) {
  live_server server(app());
  auto runtime = weft::runtime::current_thread().build();
  auto bound =
      runtime.block_on(weft::net::tcp_listener::bind("127.0.0.1:" + std::to_string(server.port())));
  EXPECT_FALSE(bound.has_value());
}

}  // namespace
