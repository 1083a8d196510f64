// Time: something at a fixed period, something that expires unless it is used, on a clock that a
// test may hold still.

#include <weft/delay_queue.hpp>
#include <weft/interval.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/time.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

namespace {

auto since(weft::time::time_point start) -> int {
  return static_cast<int>((weft::time::now() - start) / 1ms);
}

// Busy for 25 ms after the first tick: `skip` drops what was missed and keeps the rhythm.
auto ticking() -> weft::task<void> {
  auto start = weft::time::now();
  weft::interval every(10ms);
  every.behaviour(weft::missed_ticks::skip);
  for (int i = 0; i < 4; ++i) {
    co_await every.tick();
    std::printf("tick at %d ms\n", since(start));
    if (i == 0) co_await weft::sleep(25ms);
  }
}

// A session that is used lives longer.
auto expiring() -> weft::task<void> {
  auto start = weft::time::now();
  weft::delay_queue<std::string> sessions;
  auto ann = sessions.insert("ann", 30ms);
  sessions.insert("bob", 30ms);
  weft::interval use(start + 20ms, 1h);
  while (!sessions.empty()) {
    auto [gone, used] = co_await weft::select(sessions.next(), use.tick());
    if (used) sessions.reset(ann, 30ms);
    if (gone && *gone) std::printf("%s expired at %d ms\n", (*gone)->value.c_str(), since(start));
  }
}

}  // namespace

int main() {
  auto runtime = weft::runtime::current_thread().start_paused(true).build();
  runtime.block_on(ticking());
  runtime.block_on(expiring());
}
