#include <weft/metrics/snapshot.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace metrics = weft::metrics;
using weft::errc;

// Without what the registry says of itself, which comes last here.
std::string text_of(const metrics::registry& all) {
  std::string text;
  metrics::write_prometheus(all, text);
  auto own = text.find("# HELP weft_metrics_refused_total");
  EXPECT_NE(own, std::string::npos);
  return text.substr(0, own);
}

std::uint64_t counted(const metrics::snapshot& in, std::string_view name,
                      metrics::label_list labels = {}) {
  auto* found = in.find(name, labels);
  return found ? std::get<std::uint64_t>(found->value) : 0;
}

TEST(metrics_snapshot, has_families_by_name_and_series_by_labels) {
  metrics::registry all;
  all.gauge("b", {.help = "Of b.", .unit = "bytes"}).value().set(1.5);
  all.up_down_counter("a", {}, {{"z", "2"}, {"y", "1"}}).value().add(-3);
  all.up_down_counter("a", {}, {{"z", "1"}, {"y", "1"}}).value().add(4);
  auto now = metrics::take_snapshot(all);
  ASSERT_EQ(now.families.size(), 3u);
  EXPECT_EQ(now.families[0].name, "a");
  EXPECT_EQ(now.families[0].kind, metrics::kind::up_down_counter);
  EXPECT_EQ(now.families[1].name, "b");
  EXPECT_EQ(now.families[1].help, "Of b.");
  EXPECT_EQ(now.families[1].unit, "bytes");
  EXPECT_EQ(now.families[2].name, "weft_metrics_refused_total");
  auto& a = now.families[0].series;
  ASSERT_EQ(a.size(), 2u);
  using labels = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(a[0].labels, (labels{{"y", "1"}, {"z", "1"}}));
  EXPECT_EQ(std::get<std::int64_t>(a[0].value), 4);
  EXPECT_EQ(std::get<std::int64_t>(a[1].value), -3);
  EXPECT_EQ(now.find("a", {{"z", "2"}, {"y", "1"}}), &a[1]);
  EXPECT_EQ(now.find("a", {{"z", "2"}}), nullptr);
  EXPECT_EQ(now.find("a", {{"z", "2"}, {"y", "2"}}), nullptr);
  EXPECT_EQ(now.find("c"), nullptr);
  EXPECT_EQ(now.find("c", {}), nullptr);
}

TEST(metrics_snapshot, is_text_for_prometheus) {
  metrics::registry all;
  all.counter("calls_total", {.help = "Calls\nin \\ a \"day\"."},
              {{"of", "a\\b\"c\nd"}, {"by", ""}})
      .value()
      .add(18446744073709551615u);
  all.gauge("nothing").value().set(std::numeric_limits<double>::quiet_NaN());
  all.gauge("much").value().set(std::numeric_limits<double>::infinity());
  all.gauge("little").value().set(-std::numeric_limits<double>::infinity());
  all.gauge("part").value().set(0.1);
  all.up_down_counter("open").value().add(-7);
  auto sizes = all.histogram("sizes", {.help = "Sizes."}, {0.5, 10, 1e9}, {{"of", "x"}}).value();
  for (double value : {0.25, 0.5, 3., 2e9}) sizes.record(value);
  all.histogram("plain", {}, {}).value().record(2);
  EXPECT_EQ(text_of(all), R"(# HELP calls_total Calls\nin \\ a "day".
# TYPE calls_total counter
calls_total{by="",of="a\\b\"c\nd"} 18446744073709551615
# TYPE little gauge
little -Inf
# TYPE much gauge
much +Inf
# TYPE nothing gauge
nothing NaN
# TYPE open gauge
open -7
# TYPE part gauge
part 0.1
# TYPE plain histogram
plain_bucket{le="+Inf"} 1
plain_sum 2
plain_count 1
# HELP sizes Sizes.
# TYPE sizes histogram
sizes_bucket{of="x",le="0.5"} 2
sizes_bucket{of="x",le="10"} 3
sizes_bucket{of="x",le="1e+09"} 3
sizes_bucket{of="x",le="+Inf"} 4
sizes_sum{of="x"} 2000000003.75
sizes_count{of="x"} 4
)");
}

TEST(metrics_snapshot, text_is_appended) {
  metrics::registry all;
  std::string text = "before\n";
  metrics::write_prometheus(all, text);
  EXPECT_EQ(text,
            "before\n"
            "# HELP weft_metrics_refused_total What the registry of metrics had no room for, or "
            "left out.\n"
            "# TYPE weft_metrics_refused_total counter\n"
            "weft_metrics_refused_total 0\n");
}

TEST(metrics_snapshot, a_collector_tells_what_is_counted_elsewhere) {
  metrics::registry all;
  all.counter("b_total", {.help = "Of the registry."}, {{"of", "m"}}).value().add(1);
  int asked = 0;
  auto telling = metrics::add_collector(all, [&](metrics::collection& to) {
                   ++asked;
                   to.gauge("a", {.help = "Told."}, 2.5);
                   to.counter("b_total", {.help = "Not this."}, std::uint64_t{3}, {{"of", "z"}});
                   to.counter("b_total", {}, std::uint64_t{4}, {{"of", "a"}});
                   to.counter("c_seconds_total", {}, 0.5);
                   to.up_down_counter("d", {}, -1);
                 }).value();
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(text_of(all), R"(# HELP a Told.
# TYPE a gauge
a 2.5
# HELP b_total Of the registry.
# TYPE b_total counter
b_total{of="a"} 4
b_total{of="m"} 1
b_total{of="z"} 3
# TYPE c_seconds_total counter
c_seconds_total 0.5
# TYPE d gauge
d -1
)");
  EXPECT_EQ(asked, 1);
  telling.remove();
  telling.remove();
  (void)text_of(all);
  EXPECT_EQ(asked, 1);
}

TEST(metrics_snapshot, a_collector_that_is_dropped_lets_go_of_its_function) {
  metrics::registry all;
  auto token = std::make_shared<int>(0);
  auto tell = [token](metrics::collection&) {};
  {
    auto one = metrics::add_collector(all, tell).value();
    EXPECT_EQ(token.use_count(), 3);
    auto moved = std::move(one);
    EXPECT_EQ(token.use_count(), 3);
  }
  EXPECT_EQ(token.use_count(), 2);
  {
    metrics::registry other;
    metrics::add_collector(other, tell).value().keep();
    EXPECT_EQ(token.use_count(), 3);
  }
  EXPECT_EQ(token.use_count(), 2) << "kept as long as the registry";
  std::optional<metrics::registry> gone(std::in_place);
  auto left = metrics::add_collector(*gone, tell).value();
  gone.reset();
  left.remove();
  EXPECT_EQ(token.use_count(), 2);
}

TEST(metrics_snapshot, what_a_collector_may_not_tell_is_left_out_and_counted) {
  metrics::registry all({.collected_series = 3});
  all.counter("known_total").value().add(5);
  ASSERT_TRUE(all.histogram("h", {}, {1}));
  auto telling = metrics::add_collector(all, [](metrics::collection& to) {
                   to.gauge("no name", {}, 1);
                   to.gauge("known_total", {}, 1);                          // another kind
                   to.counter("known_total", {}, std::uint64_t{1});         // there already
                   to.gauge("h_sum", {}, 1);                                // a part of another
                   to.gauge("a", {}, 1, {{"of", std::string(2000, 'x')}});  // too long
                   to.gauge("a", {}, 1, {{"of", "x"}});
                   to.gauge("a", {}, 2, {{"of", "x"}});  // twice
                   to.gauge("a", {}, 3, {{"of", "y"}});
                   to.gauge("b", {}, 4);
                   to.gauge("c", {}, 5);  // no room
                 }).value();
  auto now = metrics::take_snapshot(all);
  EXPECT_EQ(all.refused(), 7u);
  EXPECT_EQ(counted(now, "weft_metrics_refused_total"), 7u);
  EXPECT_EQ(counted(now, "known_total"), 5u);
  EXPECT_EQ(std::get<double>(now.find("a", {{"of", "x"}})->value), 1);
  EXPECT_EQ(now.find("a")->series.size(), 2u);
  EXPECT_TRUE(now.find("b"));
  EXPECT_FALSE(now.find("c"));
}

TEST(metrics_snapshot, a_collector_that_throws_is_counted) {
  metrics::registry all;
  auto telling = metrics::add_collector(all, [](metrics::collection& to) {
                   to.gauge("before", {}, 1);
                   throw std::runtime_error("oh");
                 }).value();
  auto after = metrics::add_collector(all, [](metrics::collection& to) {
                 to.gauge("other", {}, 1);
               }).value();
  auto now = metrics::take_snapshot(all);
  EXPECT_TRUE(now.find("before"));
  EXPECT_TRUE(now.find("other"));
  EXPECT_EQ(counted(now, "weft_metrics_refused_total"), 1u);
}

TEST(metrics_snapshot, a_collector_may_use_the_registry) {
  metrics::registry all;
  auto telling = metrics::add_collector(all, [&](metrics::collection&) {
                   all.counter("asked_total").value().add();
                 }).value();
  (void)metrics::take_snapshot(all);
  EXPECT_EQ(counted(metrics::take_snapshot(all), "asked_total"), 1u) << "of the time before";
}

TEST(metrics_snapshot, there_is_room_for_so_many_collectors) {
  metrics::registry all({.collectors = 1});
  auto tell = [](metrics::collection&) {};
  auto first = metrics::add_collector(all, tell);
  auto second = metrics::add_collector(all, tell);
  EXPECT_TRUE(!second && second.error() == errc::limit_exceeded);
  EXPECT_EQ(all.refused(), 1u);
  first->remove();
  EXPECT_TRUE(metrics::add_collector(all, tell));
}

TEST(metrics_snapshot, removing_waits_for_who_asks) {
  metrics::registry all;
  std::latch asked(1);
  std::atomic<bool> ended{false};
  std::atomic<bool> removing{false};
  auto telling = metrics::add_collector(all, [&](metrics::collection&) {
                   asked.count_down();
                   removing.wait(false);
                   for (int i = 0; i < 1000; ++i) std::this_thread::yield();
                   ended = true;
                 }).value();
  std::thread other([&] { (void)metrics::take_snapshot(all); });
  asked.wait();
  removing = true;
  removing.notify_all();
  telling.remove();
  EXPECT_TRUE(ended);
  other.join();
}

weft::task<void> yields() {
  for (int i = 0; i < 10; ++i) co_await weft::yield_now();
}

TEST(metrics_snapshot, a_runtime_tells_what_it_counts) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  metrics::registry all;
  auto telling = metrics::add_runtime_metrics(all, runtime, {{"runtime", "main"}}).value();
  runtime.block_on(yields());
  auto now = metrics::take_snapshot(all);
  auto* workers = now.find("weft_runtime_workers", {{"runtime", "main"}});
  ASSERT_TRUE(workers);
  EXPECT_EQ(std::get<double>(workers->value), 2);
  EXPECT_EQ(counted(now, "weft_runtime_spawned_tasks_total", {{"runtime", "main"}}),
            runtime.metrics().spawned_tasks);
  auto polls = [&](const char* worker) {
    return counted(now, "weft_runtime_worker_polls_total",
                   {{"runtime", "main"}, {"worker", worker}});
  };
  EXPECT_GE(polls("0") + polls("1"), 11u);
  EXPECT_EQ(now.find("weft_runtime_worker_busy_seconds_total")->unit, "seconds");
  EXPECT_EQ(all.refused(), 0u);

  auto other = weft::runtime::current_thread().build();
  auto also = metrics::add_runtime_metrics(all, other, {{"runtime", "other"}}).value();
  EXPECT_EQ(metrics::take_snapshot(all).find("weft_runtime_workers")->series.size(), 2u);
  EXPECT_EQ(all.refused(), 0u);
}

TEST(metrics_snapshot, a_runtime_tells_the_times_of_polls_once_they_are_measured) {
  auto runtime = weft::runtime::multi_thread().worker_threads(1).build();
  metrics::registry all;
  auto telling = metrics::add_runtime_metrics(all, runtime).value();
  runtime.block_on(yields());
  EXPECT_FALSE(metrics::take_snapshot(all).find("weft_runtime_poll_seconds"));
  runtime.measure_poll_times(true);
  runtime.block_on(yields());
  auto now = metrics::take_snapshot(all);
  auto* told = now.find("weft_runtime_poll_seconds", {});
  ASSERT_TRUE(told);
  auto& spread = std::get<metrics::distribution>(told->value);
  EXPECT_EQ(spread.upper.size(), weft::poll_times::buckets - 1);
  EXPECT_EQ(spread.upper.front(), 1e-6);
  // The last poll is counted after it has ended the task.
  EXPECT_GE(spread.total(), 10u);
  EXPECT_GT(spread.sum, 0);
  std::string text;
  metrics::write_prometheus(now, text);
  EXPECT_NE(text.find("weft_runtime_poll_seconds_bucket{le=\"+Inf\"} "), std::string::npos);
}

TEST(metrics_snapshot, a_collected_histogram_has_a_count_more_than_bounds) {
  metrics::registry all;
  auto telling = metrics::add_collector(all, [](metrics::collection& to) {
                   metrics::distribution spread;
                   spread.upper = {1, 2};
                   spread.counts = {3, 4, 5};
                   spread.sum = 20;
                   to.histogram("right", {}, spread);
                   spread.counts.pop_back();
                   to.histogram("too_few", {}, spread);
                   spread.upper = {1};
                   to.histogram("reserved", {}, spread, {{"le", "1"}});
                 }).value();
  auto now = metrics::take_snapshot(all);
  ASSERT_TRUE(now.find("right", {}));
  EXPECT_EQ(std::get<metrics::distribution>(now.find("right", {})->value).total(), 12u);
  EXPECT_FALSE(now.find("too_few"));
  EXPECT_FALSE(now.find("reserved"));
  EXPECT_EQ(all.refused(), 2u);
}

TEST(metrics_snapshot, a_runtime_with_labels_that_cannot_be_is_refused) {
  auto runtime = weft::runtime::current_thread().build();
  metrics::registry all;
  for (const char* name : {"worker", "not a name"}) {
    auto telling = metrics::add_runtime_metrics(all, runtime, {{name, "x"}});
    EXPECT_TRUE(!telling && telling.error() == errc::invalid_argument) << name;
  }
}

}  // namespace
