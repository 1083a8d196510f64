// What a runtime counts of itself, and how long tasks keep a worker.

#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/yield.hpp>

#include <cstdio>

namespace {

auto works() -> weft::task<void> {
  for (int i = 0; i < 10; ++i) co_await weft::yield_now();
}

auto starts() -> weft::task<void> {
  for (int i = 0; i < 3; ++i) {
    auto handle = weft::spawn(works());
    (void)co_await std::move(handle);
  }
}

}  // namespace

int main() {
  auto runtime = weft::runtime::current_thread().build();
  runtime.measure_poll_times(true);
  runtime.block_on(starts());
  auto counted = runtime.metrics();
  std::printf("spawned %llu, alive %zu\n", static_cast<unsigned long long>(counted.spawned_tasks),
              counted.alive_tasks);
  auto times = runtime.poll_times();
  std::printf("measured all polls: %s\n", times.total() == counted.polls ? "yes" : "no");
}
