// Tokio's spawn_blocking: one or two tasks, each of which starts 16 calls that do nothing, a
// hundred times, and waits for each 16. An operation is one call.
#include <weft/join_set.hpp>

#include "bench.hpp"

namespace bench {

namespace {

constexpr std::size_t batches = 100;
constexpr std::size_t batch_size = 16;

weft::task<void> call() {
  for (std::size_t i = 0; i < batches; ++i) {
    weft::join_set<int> batch;
    for (std::size_t one = 0; one < batch_size; ++one) {
      batch.spawn_blocking([] {
        int zero = 0;
        keep(zero);
        return zero;
      });
    }
    auto ended = co_await batch.join_all();
    check(ended.size() == batch_size, "a call was lost");
    for (auto& one : ended) check(one == 0, "a call failed");
  }
}

weft::task<void> call_concurrently(std::size_t tasks, std::size_t times) {
  for (std::size_t time = 0; time < times; ++time) {
    weft::join_set<> calling;
    for (std::size_t i = 0; i < tasks; ++i) calling.spawn(call());
    auto ended = co_await calling.join_all();
    check(ended.size() == tasks, "a task was lost");
    for (auto& one : ended) check(one.has_value(), "a task failed");
  }
}

}  // namespace

void run_blocking(runner& bench) {
  for (std::size_t tasks : {1uz, 2uz}) {
    auto times = bench.scaled(10 / tasks);
    bench.run_task("spawn_blocking_concurrency_" + std::to_string(tasks),
                   times * tasks * batches * batch_size,
                   [=] { return call_concurrently(tasks, times); });
  }
}

}  // namespace bench
