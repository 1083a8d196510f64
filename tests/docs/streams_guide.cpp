// The snippets of docs/guides/streams.md.

#include <weft/interval.hpp>
#include <weft/io/lines.hpp>
#include <weft/io/transport.hpp>
#include <weft/join.hpp>
#include <weft/net/tcp.hpp>
#include <weft/select.hpp>
#include <weft/stream_adaptors.hpp>
#include <weft/sync/broadcast.hpp>
#include <weft/sync/mpsc.hpp>
#include <weft/sync/oneshot.hpp>
#include <weft/sync/watch.hpp>
#include <weft/time.hpp>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

using weft::or_return;
using namespace std::chrono_literals;

namespace streams_guide {

struct page {
  std::string text;
  int next = 0;
};
auto fetch(int number) -> weft::task<weft::result<page>>;
auto name_of(int user) -> weft::task<weft::result<std::string>>;

auto countdown(int from) -> weft::stream<int> {
  for (; from > 0; --from) {
    co_yield from;
    co_await weft::sleep(1s);
  }
}

auto launch() -> weft::task<void> {
  auto seconds = countdown(10);
  while (auto left = co_await seconds.next()) std::printf("%d\n", *left);
}

auto pages(int first) -> weft::stream<weft::result<std::string>> {
  for (int number = first; number != 0;) {
    auto got = co_await or_return(fetch(number));  // an error ends the stream
    number = got.next;
    co_yield std::move(got.text);
  }
}

auto print_all() -> weft::task<weft::result<void>> {
  auto all = pages(1);
  while (auto text = co_await or_return(all.next())) std::puts(text->c_str());
  co_return {};
}

auto names(std::vector<int> users) -> weft::task<weft::result<std::vector<std::string>>> {
  auto found = weft::from(std::move(users)) |
               weft::filter([](const int& user) { return user > 0; }) | weft::map(name_of) |
               weft::buffered(8) | weft::take(100);
  co_return co_await (std::move(found) | weft::collect<std::vector<std::string>>());
}

auto hundred_lines(weft::io::transport& connection) -> weft::task<weft::result<void>> {
  auto lines = weft::io::lines(connection) | weft::timeout(30s) | weft::take(100);
  while (auto line = co_await or_return(lines.next())) {
    std::printf("%zu bytes\n", line->size());
  }
  co_return {};
}

auto wrappers(weft::net::tcp_listener& listener) -> void {
  auto clients = weft::incoming(listener) | weft::take(1000);
  auto reloads = weft::signals(SIGHUP) | weft::throttle(1s);
  auto minutes = weft::interval(60s) | weft::take(60);
}

struct job {
  int number = 0;
};

auto work(weft::sync::mpsc_receiver<job> jobs) -> weft::task<void> {
  auto batches = std::move(jobs) | weft::chunks_timeout(100, 50ms);
  while (auto batch = co_await batches.next()) std::printf("%zu jobs\n", batch->size());
}

auto give_work() -> weft::task<weft::result<void>> {
  auto [tx, rx] = weft::sync::mpsc<job>(128);
  auto feed = [](weft::sync::mpsc_sender<job> to) -> weft::task<weft::result<void>> {
    for (int number = 0; number < 1000; ++number) {
      co_await or_return(to.send(job(number)));  // waits while 128 wait
    }
    co_return {};
  };
  auto [fed, done] = co_await weft::join(feed(std::move(tx)), work(std::move(rx)));
  co_return std::move(fed);
}

auto until_stopped(weft::sync::mpsc_receiver<job> jobs, weft::sync::oneshot_receiver<void> stop)
    -> weft::task<void> {
  while (true) {
    auto [next, stopped] = co_await weft::select(jobs.next(), stop.receive());
    if (!next || !*next) co_return;  // told to stop, or no sender is left
    std::printf("job %d\n", (*next)->number);
  }
}

}  // namespace streams_guide
