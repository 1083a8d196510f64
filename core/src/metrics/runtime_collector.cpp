#include <weft/metrics/snapshot.hpp>
#include <weft/runtime.hpp>

#include <new>
#include <string>

#include "metrics/registry.hpp"

namespace weft {
inline namespace v0 {
namespace metrics {

namespace {

using owned_labels = std::vector<std::pair<std::string, std::string>>;

std::vector<label> views_of(const owned_labels& labels) {
  std::vector<label> views;
  for (auto& [name, value] : labels) views.push_back({name, value});
  return views;
}

double in_seconds(std::chrono::nanoseconds time) noexcept {
  return std::chrono::duration<double>(time).count();
}

void tell_worker(collection& to, const worker_metrics& has, label_list labels) {
  auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    to.counter(name, {.help = help}, value, labels);
  };
  counter("weft_runtime_worker_polls_total", "How often the worker ran a task.", has.polls);
  counter("weft_runtime_worker_local_schedules_total", "Tasks put into the worker's own queue.",
          has.local_schedules);
  counter("weft_runtime_worker_overflows_total", "How often the worker's queue was full.",
          has.overflows);
  counter("weft_runtime_worker_steals_total", "How often it took tasks from another worker.",
          has.steals);
  counter("weft_runtime_worker_stolen_tasks_total", "Tasks that it took from another worker.",
          has.stolen_tasks);
  counter("weft_runtime_worker_parks_total", "How often it waited for work.", has.parks);
  counter("weft_runtime_worker_noops_total", "How often it was woken for nothing.", has.noops);
  counter("weft_runtime_worker_budget_yields_total", "Tasks put back with their budget used up.",
          has.budget_yields);
  counter("weft_runtime_worker_io_events_total", "Events that it took from the kernel.",
          has.io_events);
  to.counter("weft_runtime_worker_busy_seconds_total",
             {.help = "How long it did not wait.", .unit = "seconds"}, in_seconds(has.busy),
             labels);
  to.gauge("weft_runtime_worker_queue_depth", {.help = "Tasks in the worker's queue."},
           static_cast<double>(has.queue_depth), labels);
}

void tell_shared(collection& to, const runtime_metrics& has, label_list labels) {
  auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    to.counter(name, {.help = help}, value, labels);
  };
  auto gauge = [&](std::string_view name, std::string_view help, std::size_t value) {
    to.gauge(name, {.help = help}, static_cast<double>(value), labels);
  };
  gauge("weft_runtime_workers", "Threads that run tasks.", has.workers);
  gauge("weft_runtime_alive_tasks", "Tasks that were spawned and have not ended.", has.alive_tasks);
  counter("weft_runtime_spawned_tasks_total", "Tasks that were spawned.", has.spawned_tasks);
  counter("weft_runtime_remote_schedules_total", "Tasks woken or spawned by other threads.",
          has.remote_schedules);
  gauge("weft_runtime_injection_queue_depth", "Tasks in the common queue.",
        has.injection_queue_depth);
  gauge("weft_runtime_blocking_threads", "Threads of the blocking pool.", has.blocking_threads);
  gauge("weft_runtime_blocking_idle_threads", "Those of them without work.",
        has.idle_blocking_threads);
  gauge("weft_runtime_blocking_queue_depth", "Calls that wait for a thread of the blocking pool.",
        has.blocking_queue_depth);
  gauge("weft_runtime_blocking_waiters", "Tasks that wait for room in the blocking pool's queue.",
        has.blocking_waiters);
  counter("weft_runtime_io_registered_total", "Descriptors that came to the driver.",
          has.io_registered);
  counter("weft_runtime_io_deregistered_total", "Descriptors that left the driver.",
          has.io_deregistered);
}

void tell_poll_times(collection& to, const poll_times& has, label_list labels) {
  if (has.total() == 0) return;
  distribution spread;
  spread.sum = in_seconds(has.sum());
  for (std::size_t bucket = 0; bucket < poll_times::buckets; ++bucket) {
    if (bucket + 1 < poll_times::buckets)
      spread.upper.push_back(in_seconds(poll_times::bound(bucket)));
    spread.counts.push_back(has.count(bucket));
  }
  to.histogram("weft_runtime_poll_seconds",
               {.help = "How long tasks ran at a stretch.", .unit = "seconds"}, std::move(spread),
               labels);
}

void tell_runtime(collection& to, const runtime& of, const owned_labels& own) {
  auto labels = views_of(own);
  auto shared = of.metrics();
  tell_shared(to, shared, {labels.data(), labels.size()});
  tell_poll_times(to, of.poll_times(), {labels.data(), labels.size()});
  labels.push_back({});
  for (std::size_t worker = 0; worker < shared.workers; ++worker) {
    auto number = std::to_string(worker);
    labels.back() = {"worker", number};
    tell_worker(to, of.worker_metrics(worker), {labels.data(), labels.size()});
  }
}

}  // namespace

result<collector> add_runtime_metrics(registry& to, const runtime& of, label_list labels) {
  try {
    owned_labels own;
    for (auto& each : labels) own.emplace_back(each.name, each.value);
    auto views = views_of(own);
    views.push_back({"worker", "0"});
    auto wish = detail::check_metric(detail::registry_state::of(to).limits(), kind::gauge,
                                     "weft_runtime_workers", {}, {views.data(), views.size()},
                                     {nullptr, 0});
    if (!wish) return std::unexpected(std::move(wish.error()));
    return add_collector(
        to, [&of, own = std::move(own)](collection& into) { tell_runtime(into, of, own); });
  } catch (const std::bad_alloc&) {
    return fail(errc::out_of_memory);
  }
}

}  // namespace metrics
}  // namespace v0
}  // namespace weft
