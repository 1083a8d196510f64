// What it costs to count, by one thread and by several.
#include <weft/metrics.hpp>

#include <benchmark/benchmark.h>

namespace {

namespace metrics = weft::metrics;

void counter_add(benchmark::State& state) {
  static auto calls = metrics::default_registry().counter("bench_calls_total").value();
  for (auto _ : state) calls.add();
}

void up_down_counter_add(benchmark::State& state) {
  static auto open = metrics::default_registry().up_down_counter("bench_open").value();
  for (auto _ : state) open.add();
}

void histogram_record(benchmark::State& state) {
  static auto times = metrics::default_registry()
                          .histogram("bench_times_seconds", {}, metrics::bounds::seconds())
                          .value();
  for (auto _ : state) times.record(0.3);
}

void histogram_switched_off(benchmark::State& state) {
  static auto times = metrics::default_registry()
                          .histogram("bench_off_seconds", {}, metrics::bounds::seconds())
                          .value();
  times.enable(false);
  for (auto _ : state) times.record(0.3);
}

void counter_lookup(benchmark::State& state) {
  for (auto _ : state) {
    auto found = metrics::default_registry().counter("bench_labels_total", {}, {{"of", "a"}});
    benchmark::DoNotOptimize(found);
  }
}

BENCHMARK(counter_add)->ThreadRange(1, 2);
BENCHMARK(up_down_counter_add);
BENCHMARK(histogram_record)->ThreadRange(1, 2);
BENCHMARK(histogram_switched_off);
BENCHMARK(counter_lookup);

}  // namespace
