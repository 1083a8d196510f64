// Tokio's time_now and time_timeout: the clock, asked in a block_on of its own each time; timeouts
// around what is ready at once; sleeps that are made and not awaited.
#include <weft/spawn.hpp>
#include <weft/time.hpp>

#include <chrono>
#include <vector>

#include "bench.hpp"

namespace bench {

namespace {

using namespace std::chrono_literals;

weft::task<void> ask_the_clock() {
  auto now = weft::time::now();
  keep(now);
  co_return;
}

weft::task<std::size_t> quick_job() {
  co_return 1;
}

weft::task<void> time_out(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    auto ended = co_await weft::timeout(1s, quick_job());
    check(ended == 1, "a timeout of 1 s was over at once");
  }
}

weft::task<void> make_sleeps(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    auto made = weft::sleep(1s);
    keep(made);
  }
  co_return;
}

using looping = weft::task<void> (*)(std::size_t);

weft::task<void> spawn_each(std::size_t tasks, std::size_t n, looping work) {
  std::vector<weft::join_handle<void>> spawned;
  spawned.reserve(tasks);
  for (std::size_t i = 0; i < tasks; ++i) spawned.push_back(weft::spawn(work(n / tasks)));
  for (auto& one : spawned) {
    auto ended = co_await std::move(one);
    check(ended.has_value(), "a task failed");
  }
}

}  // namespace

void run_timeouts(runner& bench) {
  auto asked = bench.scaled(500'000);
  bench.run_prepared("time_now_current_thread", asked, threads::current_thread,
                     [asked](weft::runtime&) {
                       return [asked](weft::runtime& runtime) {
                         for (std::size_t i = 0; i < asked; ++i) runtime.block_on(ask_the_clock());
                       };
                     });

  auto n = bench.scaled(250'000) * 8;
  auto run = [&](const char* name, threads on, std::size_t tasks, looping work) {
    bench.run_task(name, n, [=] { return spawn_each(tasks, n, work); }, on);
  };
  run("single_thread_timeout", threads::current_thread, 1, time_out);
  run("multi_thread_timeout_8", threads::as_asked, 8, time_out);
  run("single_thread_sleep", threads::current_thread, 1, make_sleeps);
  run("multi_thread_sleep_8", threads::as_asked, 8, make_sleeps);
}

}  // namespace bench
