// Tokio's signal: the process sends itself SIGCHLD, then SIGIO, and ten listeners of each say that
// they have heard it. An operation is one signal heard by one listener.
#include <weft/signal.hpp>
#include <weft/spawn.hpp>
#include <weft/sync/mpsc.hpp>
#include <weft/yield.hpp>

#include <signal.h>
#include <unistd.h>

#include "bench.hpp"

namespace bench {

namespace {

constexpr std::size_t listeners = 10;

using telling = weft::sync::mpsc_sender<int>;
using hearing = weft::sync::mpsc_receiver<int>;

weft::task<void> listen(weft::signal::kind which, telling to) {
  weft::signal::listener signals(which);
  while (true) {
    auto heard = co_await signals.next();
    check(heard.has_value(), "a signal cannot be heard");
    auto told = co_await to.send(*heard);
    if (!told) break;
  }
}

weft::task<void> raise_and_hear(int number, hearing& from) {
  check(::kill(::getpid(), number) == 0, "a signal was not sent");
  for (std::size_t i = 0; i < listeners; ++i) {
    auto heard = co_await from.next();
    check(heard == number, "another signal was heard");
  }
}

weft::task<void> raise_both(std::size_t times, std::shared_ptr<hearing> from) {
  for (std::size_t i = 0; i < times; ++i) {
    co_await raise_and_hear(SIGCHLD, *from);
    co_await raise_and_hear(SIGIO, *from);
  }
}

// So that all listen before there is a signal.
weft::task<void> let_all_start() {
  for (int i = 0; i < 4; ++i) co_await weft::yield_now();
}

}  // namespace

void run_signals(runner& bench) {
  auto times = bench.scaled(500);
  bench.run_prepared("many_signals", times * 2 * listeners, threads::current_thread,
                     [times](weft::runtime& runtime) {
                       auto [to, from] = weft::sync::mpsc<int>(listeners);
                       for (std::size_t i = 0; i < listeners; ++i) {
                         runtime.spawn(listen(weft::signal::kind::child, to)).detach();
                         runtime.spawn(listen(weft::signal::kind::io, to)).detach();
                       }
                       runtime.block_on(let_all_start());
                       auto heard = std::make_shared<hearing>(std::move(from));
                       return
                           [=](weft::runtime& on_it) { on_it.block_on(raise_both(times, heard)); };
                     });
}

}  // namespace bench
