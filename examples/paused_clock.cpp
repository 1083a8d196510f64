// A test of what waits, without waiting: the clock of the runtime stands still, and jumps to the
// next timer as soon as there is nothing else to do. An hour passes at once, and to the nanosecond.

#include <weft/interval.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <cstdio>

using namespace std::chrono_literals;

namespace {

// What is tested: each attempt has ten seconds, and the pause doubles after each that failed.
auto with_retries(auto attempt, int most) -> weft::task<weft::result<int>> {
  for (weft::duration pause = 1s;; pause *= 2) {
    auto answer = co_await weft::timeout(10s, attempt());
    if (answer || --most == 0) co_return answer;
    co_await weft::sleep(pause);
  }
}

int wrong = 0;

void check(bool right, const char* what) {
  std::printf("%s: %s\n", what, right ? "right" : "WRONG");
  if (!right) ++wrong;
}

auto hangs() -> weft::task<weft::result<int>> {
  co_await weft::sleep(1h);
  co_return 42;
}

auto tests_timeouts() -> weft::task<void> {
  auto start = weft::time::now();
  auto answer = co_await with_retries(hangs, 3);
  check(!answer && answer.error() == weft::errc::timed_out, "who hangs is given up");
  check(weft::time::now() - start == 10s + 1s + 10s + 2s + 10s, "after three attempts");
}

auto counts_ticks(int& ticks) -> weft::task<void> {
  weft::interval every(60s);
  while (true) {
    co_await every.tick();
    ++ticks;
  }
}

// By hand: `advance` moves the clock, and lets all that became due run.
auto tests_interval() -> weft::task<void> {
  int ticks = 0;
  auto counting = weft::spawn(counts_ticks(ticks));
  co_await weft::yield_now();  // it begins, at the time that it is
  for (int minute = 0; minute < 60; ++minute) (void)co_await weft::time::advance(60s);
  check(ticks == 61, "a tick at once, and one a minute");
  counting.abort();
  (void)co_await std::move(counting);
}

}  // namespace

int main() {
  auto runtime = weft::runtime::current_thread().start_paused(true).build();
  runtime.block_on(tests_timeouts());
  runtime.block_on(tests_interval());
  return wrong == 0 ? 0 : 1;
}
