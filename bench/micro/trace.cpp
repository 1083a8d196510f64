// What it costs to tell: events that nobody hears, events as JSON, spans.
#include <weft/trace.hpp>
#include <weft/trace/outputs.hpp>

#include <benchmark/benchmark.h>

#include <memory>
#include <string_view>

namespace {

namespace trace = weft::trace;

// Takes lines and throws them away: what is timed is the telling.
struct nowhere final : trace::writer {
  void write(std::string_view line) noexcept override { benchmark::DoNotOptimize(line.data()); }
};

void event_nobody_listens(benchmark::State& state) {
  int amount = 12;
  for (auto _ : state) {
    benchmark::DoNotOptimize(amount);
    trace::info("charged", {{"amount", amount}, {"currency", "EUR"}});
  }
}

void event_below_the_level(benchmark::State& state) {
  trace::install({{trace::level::warn, trace::json(std::make_shared<nowhere>())}}).value();
  event_nobody_listens(state);
  trace::install({}).value();
}

void event_not_of_this_place(benchmark::State& state) {
  trace::install({{trace::filter::parse("error,some/where/else=trace").value(),
                   trace::json(std::make_shared<nowhere>())}})
      .value();
  event_nobody_listens(state);
  trace::install({}).value();
}

void event_as_json(benchmark::State& state) {
  trace::install({{trace::level::info, trace::json(std::make_shared<nowhere>())}}).value();
  event_nobody_listens(state);
  trace::install({}).value();
}

void event_as_json_in_two_spans(benchmark::State& state) {
  trace::install({{trace::level::info, trace::json(std::make_shared<nowhere>())}}).value();
  {
    trace::span outer("checkout", {{"order", 7}});
    trace::span inner("charge");
    event_nobody_listens(state);
  }
  trace::install({}).value();
}

void event_as_text(benchmark::State& state) {
  trace::install({{trace::level::info, trace::text(std::make_shared<nowhere>())}}).value();
  event_nobody_listens(state);
  trace::install({}).value();
}

void event_in_the_background(benchmark::State& state) {
  auto writer = std::make_shared<trace::background_writer>(-1);
  trace::install({{trace::level::info, trace::json(writer)}}).value();
  event_nobody_listens(state);
  trace::install({}).value();
}

void span_nobody_listens(benchmark::State& state) {
  for (auto _ : state) {
    trace::span span("charge", {{"amount", 12}});
    benchmark::DoNotOptimize(&span);
  }
}

// Heard by an output that does nothing with spans.
void span_heard(benchmark::State& state) {
  trace::install({{trace::level::info, trace::text(std::make_shared<nowhere>())}}).value();
  span_nobody_listens(state);
  trace::install({}).value();
}

BENCHMARK(event_nobody_listens);
BENCHMARK(event_below_the_level);
BENCHMARK(event_not_of_this_place);
BENCHMARK(event_as_json);
BENCHMARK(event_as_json_in_two_spans);
BENCHMARK(event_as_text);
BENCHMARK(event_in_the_background);
BENCHMARK(span_nobody_listens);
BENCHMARK(span_heard);

}  // namespace
