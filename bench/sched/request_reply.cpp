// Tokio's sync_mpsc_oneshot: one task asks, another answers, each time by a oneshot. An operation
// is one answer.
#include <weft/spawn.hpp>
#include <weft/sync/mpsc.hpp>
#include <weft/sync/oneshot.hpp>

#include "bench.hpp"

namespace bench {

namespace {

using reply = weft::sync::oneshot_sender<void>;
using requests = weft::sync::mpsc_sender<reply>;

weft::task<void> answer_all(weft::sync::mpsc_receiver<reply> from) {
  while (auto asked = co_await from.next()) {
    check(asked->send(), "nobody waits for an answer");
  }
}

weft::task<void> ask(std::size_t n, requests to) {
  for (std::size_t i = 0; i < n; ++i) {
    auto [replying, replied] = weft::sync::oneshot<void>();
    auto sent = co_await to.send(std::move(replying));
    check(sent.has_value(), "nobody answers");
    auto came = co_await std::move(replied);
    check(came.has_value(), "an answer was lost");
  }
}

}  // namespace

void run_request_reply(runner& bench) {
  auto n = bench.scaled(300) * 1000;
  auto request_reply = [&](const char* name, threads on) {
    bench.run_prepared(name, n, on, [n](weft::runtime& runtime) {
      auto [to, from] = weft::sync::mpsc<reply>(10);
      runtime.spawn(answer_all(std::move(from))).detach();
      return [n, asking = to](weft::runtime& on_it) { on_it.block_on(ask(n, asking)); };
    });
  };
  request_reply("request_reply_current_thread", threads::current_thread);
  request_reply("request_reply_multi_threaded", threads::one_worker);
}

}  // namespace bench
