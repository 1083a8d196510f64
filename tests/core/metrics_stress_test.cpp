#include <weft/metrics/snapshot.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "sync_support.hpp"

namespace {

namespace metrics = weft::metrics;
using task_test::stress_time;

// Threads count, look metrics up, come and go; one reads. Nothing is lost, no counter falls.
TEST(metrics_stress, nothing_is_lost) {
  constexpr unsigned threads = 6;
  stress_time time(2);
  while (!time.over()) {
    metrics::registry all({.series = 4});
    std::atomic<unsigned> left{threads};
    auto count = [&](unsigned which) {
      auto own = all.histogram("sizes", {}, {1, 2}).value();
      for (unsigned step = 0; step < 500; ++step) {
        auto calls = all.counter("calls_total", {}, {{"of", std::to_string((which + step) % 8)}});
        calls->add();
        auto open = all.up_down_counter("open").value();
        open.add(3);
        own.record(step % 3);
        open.sub(3);
      }
      --left;
    };
    std::vector<std::thread> counting;
    for (unsigned which = 0; which < threads; ++which) counting.emplace_back(count, which);
    std::uint64_t before = 0;
    auto sum = [&] {
      std::uint64_t calls = 0;
      auto now = metrics::take_snapshot(all);
      if (auto* family = now.find("calls_total")) {
        for (auto& each : family->series) calls += std::get<std::uint64_t>(each.value);
      }
      return calls;
    };
    while (left > 0) {
      auto calls = sum();
      EXPECT_GE(calls, before);
      before = calls;
    }
    for (auto& each : counting) each.join();
    EXPECT_EQ(sum(), threads * 500u);
    EXPECT_EQ(all.up_down_counter("open").value().value(), 0);
    auto sizes = all.histogram("sizes", {}, {1, 2}).value();
    EXPECT_EQ(sizes.count(), threads * 500u);
    EXPECT_EQ(sizes.sum(), threads * (166. * 3 + 1)) << "0, 1, 2, …, 0, 1";
  }
}

// Collectors come and go while others take snapshots: none is asked after it was removed.
TEST(metrics_stress, collectors_come_and_go) {
  stress_time time(2);
  metrics::registry all({.collectors = 2});
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) (void)metrics::take_snapshot(all);
  });
  auto come_and_go = [&](const char* name) {
    while (!stop) {
      auto value = std::make_unique<double>(1);
      auto telling = metrics::add_collector(
          all, [at = value.get(), name](metrics::collection& to) { to.gauge(name, {}, *at); });
      ASSERT_TRUE(telling);
      telling->remove();
      *value = 2;
    }
  };
  std::thread one(come_and_go, "one");
  std::thread other(come_and_go, "other");
  while (!time.over()) std::this_thread::yield();
  stop = true;
  reader.join();
  one.join();
  other.join();
  EXPECT_EQ(metrics::take_snapshot(all).families.size(), 1u);
}

}  // namespace
