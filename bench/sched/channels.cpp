// Message passing. An operation is one message.
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

}  // namespace

void run_channels(runner& bench) {
  auto n = bench.scaled(1'000'000);
  bench.run_task("oneshot_create_send_recv", n, [n] { return oneshots(n); });
}

}  // namespace bench
