#include <weft/metrics.hpp>
#include <weft/metrics/snapshot.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "counted_memory.hpp"

namespace {

namespace metrics = weft::metrics;
using weft::errc;

template <class T>
std::string why(const weft::result<T>& failed) {
  return failed ? "nothing was wrong" : failed.error().message();
}

#define EXPECT_FAILS(expression, code, words)                             \
  do {                                                                    \
    auto failed = (expression);                                           \
    EXPECT_TRUE(!failed && failed.error() == (code)) << why(failed);      \
    EXPECT_NE(why(failed).find(words), std::string::npos) << why(failed); \
  } while (false)

TEST(metrics, a_counter_grows) {
  metrics::registry all;
  auto calls = all.counter("calls_total").value();
  EXPECT_EQ(calls.value(), 0u);
  calls.add();
  calls.add(41);
  EXPECT_EQ(calls.value(), 42u);
  calls.add(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(calls.value(), 41u) << "it begins anew";
}

TEST(metrics, an_up_down_counter_rises_and_falls) {
  metrics::registry all;
  auto open = all.up_down_counter("open").value();
  open.add();
  open.add(2);
  open.sub();
  EXPECT_EQ(open.value(), 2);
  open.sub(5);
  EXPECT_EQ(open.value(), -3);
  open.add(-1);
  EXPECT_EQ(open.value(), -4);
  // What one thread adds another takes away.
  std::thread([&] { open.add(4); }).join();
  EXPECT_EQ(open.value(), 0);
  open.sub(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(open.value(), std::numeric_limits<std::int64_t>::min());
}

TEST(metrics, a_gauge_has_what_was_set_last) {
  metrics::registry all;
  auto share = all.gauge("share").value();
  EXPECT_EQ(share.value(), 0);
  share.set(0.5);
  std::thread([&] { share.set(-0.25); }).join();
  EXPECT_EQ(share.value(), -0.25);
}

TEST(metrics, a_histogram_counts_into_buckets) {
  metrics::registry all;
  auto sizes = all.histogram("sizes", {}, {1, 10}).value();
  for (double value : {-5., 1., 1.5, 10., 10.5, 1e300}) sizes.record(value);
  sizes.record(std::numeric_limits<double>::infinity());
  sizes.record(std::nan(""));  // left out
  EXPECT_EQ(sizes.count(), 7u);
  EXPECT_EQ(sizes.sum(), std::numeric_limits<double>::infinity());
  auto now = metrics::take_snapshot(all);
  auto& has = std::get<metrics::distribution>(now.find("sizes", {})->value);
  EXPECT_EQ(has.upper, (std::vector<double>{1, 10}));
  EXPECT_EQ(has.counts, (std::vector<std::uint64_t>{2, 2, 3}));
  EXPECT_EQ(has.total(), 7u);
}

TEST(metrics, a_histogram_sums) {
  metrics::registry all;
  auto times = all.histogram("times_seconds", {}, metrics::bounds::seconds()).value();
  times.record(0.25);
  std::thread([&] { times.record(0.5); }).join();
  EXPECT_EQ(times.sum(), 0.75);
  auto without = all.histogram("plain", {}, {}).value();
  without.record(3);
  EXPECT_EQ(without.count(), 1u);
}

TEST(metrics, a_family_of_histograms_is_switched_off_and_on) {
  metrics::registry all;
  auto a = all.histogram("sizes", {}, {1}, {{"of", "a"}}).value();
  auto b = all.histogram("sizes", {}, {1}, {{"of", "b"}}).value();
  EXPECT_TRUE(a.enabled());
  a.enable(false);
  EXPECT_FALSE(b.enabled());
  a.record(1);
  b.record(1);
  EXPECT_FALSE(all.histogram("sizes", {}, {1}, {{"of", "c"}}).value().enabled());
  EXPECT_EQ(a.count() + b.count(), 0u);
  b.enable(true);
  a.record(1);
  EXPECT_EQ(a.count(), 1u);
}

TEST(metrics, the_same_name_and_labels_are_the_same_metric) {
  metrics::registry all;
  auto one = all.counter("calls_total", {}, {{"method", "get"}, {"code", "200"}}).value();
  auto same = all.counter("calls_total", {}, {{"code", "200"}, {"method", "get"}}).value();
  auto other = all.counter("calls_total", {}, {{"code", "404"}, {"method", "get"}}).value();
  one.add(2);
  same.add(3);
  other.add(7);
  auto copy = one;
  copy.add();
  EXPECT_EQ(one.value(), 6u);
  EXPECT_EQ(other.value(), 7u);
}

TEST(metrics, registries_are_apart_and_one_is_of_the_process) {
  metrics::registry one;
  metrics::registry other;
  one.counter("calls_total").value().add();
  EXPECT_EQ(other.counter("calls_total").value().value(), 0u);
  auto& process = metrics::default_registry();
  EXPECT_EQ(&process, &metrics::default_registry());
  process.counter("metrics_test_total").value().add(2);
  EXPECT_EQ(process.counter("metrics_test_total").value().value(), 2u);
}

TEST(metrics, a_handle_outlives_its_registry) {
  std::optional<metrics::registry> all(std::in_place);
  auto calls = all->counter("calls_total").value();
  auto sizes = all->histogram("sizes", {}, {1}).value();
  all.reset();
  calls.add();
  sizes.record(1);
  EXPECT_EQ(calls.value(), 1u);
  EXPECT_EQ(sizes.count(), 1u);
}

TEST(metrics, a_handle_without_a_registry_counts_nothing) {
  metrics::counter calls;
  EXPECT_FALSE(calls);
  calls.add();
  EXPECT_EQ(calls.value(), 0u);
  metrics::up_down_counter open;
  open.add();
  open.sub();
  EXPECT_EQ(open.value(), 0);
  metrics::gauge share;
  share.set(1);
  EXPECT_EQ(share.value(), 0);
  metrics::histogram sizes;
  sizes.record(1);
  sizes.enable(true);
  EXPECT_FALSE(sizes.enabled());
  EXPECT_EQ(sizes.count(), 0u);
  EXPECT_EQ(sizes.sum(), 0);
  metrics::registry all;
  calls = all.counter("calls_total").value();
  EXPECT_TRUE(calls);
}

TEST(metrics, names_that_cannot_be_are_refused_with_a_reason) {
  metrics::registry all;
  EXPECT_TRUE(all.counter("a:b_C9"));
  for (const char* name : {"", "9a", "a b", "a-b", "ä", "a\n"}) {
    EXPECT_FAILS(all.counter(name), errc::invalid_argument, "the name is not made of letters");
  }
  EXPECT_FAILS(all.counter("a b"), errc::invalid_argument, "'a b'");
  EXPECT_TRUE(all.counter(std::string(200, 'a')));
  EXPECT_FAILS(all.counter(std::string(201, 'a')), errc::invalid_argument, "more than 200 bytes");
  EXPECT_FAILS(all.counter("weft_metrics_mine"), errc::invalid_argument, "reserved");
  EXPECT_FAILS(all.gauge("a", {.help = "\xff"}), errc::invalid_argument, "not UTF-8");
  EXPECT_FAILS(all.gauge("a", {.unit = "\xc3"}), errc::invalid_argument, "not UTF-8");
  EXPECT_EQ(all.refused(), 0u) << "only what has no room is counted";
}

TEST(metrics, labels_that_cannot_be_are_refused_with_a_reason) {
  metrics::registry all({.labels = 2});
  for (const char* name : {"", "9", "a:b", "a-b"}) {
    EXPECT_FAILS(all.counter("n", {}, {{name, "x"}}), errc::invalid_argument, "the label '");
  }
  for (const char* name : {"__name__", "overflow"}) {
    EXPECT_FAILS(all.counter("n", {}, {{name, "x"}}), errc::invalid_argument, "reserved");
  }
  EXPECT_FAILS(all.histogram("n", {}, {1}, {{"le", "x"}}), errc::invalid_argument, "reserved");
  EXPECT_TRUE(all.counter("with_le", {}, {{"le", "x"}}));
  EXPECT_FAILS(all.counter("n", {}, {{"a", "1"}, {"a", "2"}}), errc::invalid_argument,
               "'a' comes twice");
  EXPECT_FAILS(all.counter("n", {}, {{"a", "1"}, {"b", "2"}, {"c", "3"}}), errc::invalid_argument,
               "3 labels, and the most is 2");
  EXPECT_FAILS(all.counter("n", {}, {{"a", "\xed\xa0\x80"}}), errc::invalid_argument, "not UTF-8");
  EXPECT_FAILS(all.counter("n", {}, {{std::string(201, 'a'), "1"}}), errc::invalid_argument,
               "too long");
  EXPECT_TRUE(all.counter("n", {}, {{"a", "1"}, {"b", ""}}));
  EXPECT_FAILS(all.counter("n", {}, {{"a", "1"}}), errc::invalid_argument,
               "its labels are a, b, not a");
  EXPECT_FAILS(all.counter("n"), errc::invalid_argument, "its labels are a, b, not none");
}

TEST(metrics, bounds_that_cannot_be_are_refused_with_a_reason) {
  metrics::registry all({.buckets = 3});
  EXPECT_FAILS(all.histogram("h", {}, {1, 1}), errc::invalid_argument, "do not rise");
  EXPECT_FAILS(all.histogram("h", {}, {2, 1}), errc::invalid_argument, "do not rise");
  EXPECT_FAILS(all.histogram("h", {}, {std::nan("")}), errc::invalid_argument, "not finite");
  EXPECT_FAILS(all.histogram("h", {}, {1, std::numeric_limits<double>::infinity()}),
               errc::invalid_argument, "not finite");
  EXPECT_FAILS(all.histogram("h", {}, {1, 2, 3, 4}), errc::invalid_argument, "the most is 3");
  EXPECT_TRUE(all.histogram("h", {}, {1, 2, 3}));
}

TEST(metrics, a_name_means_one_thing) {
  metrics::registry all;
  EXPECT_TRUE(all.counter("a", {.help = "first"}));
  EXPECT_TRUE(all.counter("a", {.help = "second"}));
  EXPECT_FAILS(all.gauge("a"), errc::already_exists, "of the kind counter, not gauge");
  EXPECT_FAILS(all.up_down_counter("a"), errc::already_exists, "not up_down_counter");
  EXPECT_FAILS(all.histogram("a", {}, {1}), errc::already_exists, "not histogram");
  EXPECT_TRUE(all.histogram("h", {}, {1, 2}));
  EXPECT_FAILS(all.histogram("h", {}, {1, 3}), errc::already_exists, "other bounds");
  EXPECT_EQ(metrics::take_snapshot(all).find("a")->help, "first");
}

TEST(metrics, a_part_of_a_histogram_is_no_name_for_another) {
  metrics::registry all;
  ASSERT_TRUE(all.histogram("h", {}, {1}));
  for (const char* name : {"h_bucket", "h_sum", "h_count"}) {
    EXPECT_FAILS(all.counter(name), errc::already_exists, "one with 'h'");
  }
  ASSERT_TRUE(all.counter("other_count"));
  EXPECT_FAILS(all.histogram("other", {}, {1}), errc::already_exists, "one with 'other_count'");
  EXPECT_TRUE(all.counter("other"));
}

TEST(metrics, labels_beyond_the_bound_count_into_one_series) {
  metrics::registry all({.series = 2, .value_bytes = 4});
  for (int user = 0; user < 10; ++user) {
    all.counter("calls_total", {}, {{"user", std::to_string(user)}}).value().add();
  }
  EXPECT_EQ(all.refused(), 8u);
  // Those that are known have their own still.
  all.counter("calls_total", {}, {{"user", "1"}}).value().add();
  EXPECT_EQ(all.refused(), 8u);
  auto now = metrics::take_snapshot(all);
  ASSERT_EQ(now.find("calls_total")->series.size(), 3u);
  EXPECT_EQ(std::get<std::uint64_t>(now.find("calls_total", {{"user", "1"}})->value), 2u);
  EXPECT_EQ(std::get<std::uint64_t>(now.find("calls_total", {{"overflow", "true"}})->value), 8u);

  // So does a value that is too long; a name that is wrong stays wrong.
  all.gauge("size", {}, {{"of", "12345"}}).value().set(3);
  EXPECT_EQ(all.refused(), 9u);
  EXPECT_TRUE(all.gauge("size", {}, {{"of", "1234"}}));
  EXPECT_EQ(all.refused(), 9u);
  EXPECT_FAILS(all.gauge("size", {}, {{"by", "12345"}}), errc::invalid_argument, "labels are of");
}

TEST(metrics, names_beyond_the_bound_count_into_a_family_of_their_kind) {
  metrics::registry all({.families = 1});
  ASSERT_TRUE(all.counter("known_total"));
  for (int i = 0; i < 5; ++i) all.counter("c" + std::to_string(i)).value().add(2);
  all.up_down_counter("u").value().add(-1);
  all.gauge("g").value().set(4);
  all.histogram("h1", {}, {1}).value().record(0);
  all.histogram("h2", {}, {2}).value().record(9);
  EXPECT_EQ(all.refused(), 9u);
  all.counter("known_total", {}).value().add();
  auto now = metrics::take_snapshot(all);
  auto* counted = now.find("weft_metrics_overflow_counter", {{"overflow", "true"}});
  ASSERT_TRUE(counted);
  EXPECT_EQ(std::get<std::uint64_t>(counted->value), 10u);
  auto* recorded = now.find("weft_metrics_overflow_histogram", {{"overflow", "true"}});
  ASSERT_TRUE(recorded);
  EXPECT_EQ(std::get<metrics::distribution>(recorded->value).total(), 2u);
  EXPECT_TRUE(now.find("weft_metrics_overflow_up_down_counter"));
  EXPECT_TRUE(now.find("weft_metrics_overflow_gauge"));
  EXPECT_EQ(std::get<std::uint64_t>(now.find("weft_metrics_refused_total", {})->value), 9u);
  EXPECT_EQ(now.families.size(), 6u);
  EXPECT_EQ(std::get<std::uint64_t>(now.find("known_total", {})->value), 1u);
}

TEST(metrics, long_help_is_cut_between_characters) {
  metrics::registry all({.help_bytes = 4});
  ASSERT_TRUE(all.counter("a", {.help = "abcäö"}));
  EXPECT_EQ(metrics::take_snapshot(all).find("a")->help, "abc");
}

TEST(metrics, kinds_have_names) {
  EXPECT_EQ(name_of(metrics::kind::counter), "counter");
  EXPECT_EQ(name_of(metrics::kind::up_down_counter), "up_down_counter");
  EXPECT_EQ(name_of(metrics::kind::gauge), "gauge");
  EXPECT_EQ(name_of(metrics::kind::histogram), "histogram");
}

#if WEFT_TEST_COUNTS_MEMORY
TEST(metrics, counting_allocates_nothing) {
  metrics::registry all;
  auto calls = all.counter("calls_total").value();
  auto open = all.up_down_counter("open").value();
  auto share = all.gauge("share").value();
  auto sizes = all.histogram("sizes", {}, {1, 2}).value();
  auto before = task_test::allocations.load();
  for (int i = 0; i < 100; ++i) {
    auto copy = calls;
    copy.add();
    open.sub();
    share.set(i);
    sizes.record(i);
  }
  EXPECT_EQ(task_test::allocations.load(), before);
}
#endif

#if WEFT_TEST_FAILS_MEMORY
TEST(metrics, without_memory_a_lookup_fails_and_leaves_nothing_wrong) {
  metrics::registry all;
  unsigned failures = 0;
  for (std::size_t nth = 1;; ++nth) {
    task_test::fails_at = nth;
    auto made = all.histogram("sizes", {.help = "A help that is too long for a short string."}, {1},
                              {{"a_label_that_is_long", "a value that is long as well"}});
    task_test::fails_at = 0;
    if (made) break;
    EXPECT_TRUE(made.error() == errc::out_of_memory);
    std::string text;
    metrics::write_prometheus(all, text);
    EXPECT_EQ(text.find("sizes"), std::string::npos) << text;
    ++failures;
  }
  EXPECT_GT(failures, 3u);
}
#endif

}  // namespace
