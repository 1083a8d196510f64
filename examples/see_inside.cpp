// Spans that follow their task, events with fields, and a tenant that nobody hands on.

#include <weft/context.hpp>
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/trace.hpp>
#include <weft/trace/outputs.hpp>

#include <cstdio>
#include <memory>
#include <string>

using namespace std::chrono_literals;

namespace trace = weft::trace;

namespace {

// A local of a task: what it calls sees it, and what it spawns.
constexpr weft::task_local<std::string> tenant;

auto charge(int cents) -> weft::task<void> {
  trace::span span("charge", {{"cents", cents}});
  co_await weft::sleep(1ms);  // the span waits with its task
  trace::info("charged", {{"tenant", tenant.get() ? *tenant.get() : "nobody"}});
}

auto checkout(int order) -> weft::task<void> {
  trace::span span("checkout", {{"order", order}});
  trace::debug("looking for a card");
  co_await weft::join(charge(order * 100), charge(order));
  if (order == 2) span.set_status(trace::status::error, "the card is too old");
}

// Whoever asked will not wait longer: this goes down by itself, and sleeps do not care.
auto with_a_deadline() -> weft::task<void> {
  auto context = weft::context::current().with_deadline(weft::time::after(5ms));
  auto late = co_await weft::in_context(context, weft::timeout(1h, weft::sleep(1h)));
  if (!late) trace::warn("late", {{"why", late.error()}});
}

auto show() -> weft::task<void> {
  co_await tenant.scope("acme", checkout(1));
  co_await tenant.scope("umbrella", checkout(2));
  co_await with_a_deadline();
}

}  // namespace

int main() {
  // WEFT_LOG=debug, or WEFT_LOG=error,[charge]=trace, tells more or less; the writer never waits.
  auto writer = std::make_shared<trace::background_writer>(1);
  auto told = trace::install({
      {trace::filter::from_environment("info"),
       trace::text(writer, {.time = false, .span_ends = true})},
      {trace::level::warn, trace::json(writer)},
  });
  if (!told) return std::puts(told.error().message().c_str()), 1;
  return weft::run(show());
}
