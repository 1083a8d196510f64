// Message passing. An operation is one message.
#include <weft/sync/mpsc.hpp>
#include <weft/sync/mpsc_unbounded.hpp>
#include <weft/sync/oneshot.hpp>

#include "bench.hpp"

namespace bench {

namespace {

weft::task<void> oneshots(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    auto [sender, receiver] = weft::sync::oneshot<std::size_t>();
    check(sender.send(i).has_value(), "a oneshot lost its receiver");
    auto received = co_await std::move(receiver);
    check(received == i, "a oneshot gave another value");
  }
}

weft::task<void> send_bounded(weft::sync::mpsc_sender<std::size_t> to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    auto sent = co_await to.send(i);
    check(sent.has_value(), "a channel lost its receiver");
  }
}

weft::task<void> send_unbounded(weft::sync::mpsc_unbounded_sender<std::size_t> to,
                                std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    check(to.send(std::size_t{i}).has_value(), "a channel lost its receiver");
  }
  co_return;
}

weft::task<std::size_t> count_all(weft::sync::mpsc_receiver<std::size_t> from) {
  std::size_t count = 0;
  while (auto value = co_await from.next()) ++count;
  co_return count;
}

void bounded(weft::runtime& runtime, std::size_t senders, std::size_t each) {
  auto [sender, receiver] = weft::sync::mpsc<std::size_t>(100);
  for (std::size_t i = 0; i < senders; ++i) runtime.spawn(send_bounded(sender, each)).detach();
  {
    auto last = std::move(sender);
  }
  auto count = runtime.block_on(runtime.spawn(count_all(std::move(receiver))));
  check(count == senders * each, "a channel lost a value");
}

void unbounded(weft::runtime& runtime, std::size_t senders, std::size_t each) {
  auto [sender, receiver] = weft::sync::mpsc_unbounded<std::size_t>();
  for (std::size_t i = 0; i < senders; ++i) runtime.spawn(send_unbounded(sender, each)).detach();
  {
    auto last = std::move(sender);
  }
  auto count = runtime.block_on(runtime.spawn(count_all(std::move(receiver))));
  check(count == senders * each, "a channel lost a value");
}

}  // namespace

void run_channels(runner& bench) {
  auto n = bench.scaled(1'000'000);
  auto quarter = n / 4;
  bench.run("mpsc_bounded100_1p1c", n, [n](weft::runtime& runtime) { bounded(runtime, 1, n); });
  bench.run("mpsc_unbounded_4p1c", quarter * 4,
            [quarter](weft::runtime& runtime) { unbounded(runtime, 4, quarter); });
  bench.run("mpsc_bounded100_4p1c", quarter * 4,
            [quarter](weft::runtime& runtime) { bounded(runtime, 4, quarter); });
  bench.run_task("oneshot_create_send_recv", n, [n] { return oneshots(n); });
}

}  // namespace bench
