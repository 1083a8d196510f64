// What is behind a registry of metrics.
#pragma once

#include <weft/metrics/snapshot.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "facade.hpp"
#include "metrics/series.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

using metric_labels = std::vector<std::pair<std::string, std::string>>;  // ordered by name

struct metric_family {
  metrics::kind kind;
  std::string help;
  std::string unit;
  std::shared_ptr<histogram_shape> shape;  // of a histogram
  std::map<metric_labels, std::shared_ptr<metric_series>> series;
  std::shared_ptr<metric_series> overflow;  // has the series that found no room
};

struct collector_entry {
  std::mutex lock;  // while it is asked
  std::move_only_function<void(metrics::collection&)> tell;
  std::weak_ptr<registry_state> of;
};

// What somebody wants a metric to be; checked.
struct metric_wish {
  metrics::kind kind;
  std::string_view name;
  metrics::about what;
  metric_labels labels;
  std::vector<double> upper;
  bool too_long = false;  // a label's value
};

// What becomes a snapshot. Also what a metrics::collection tells it to.
class gathered {
 public:
  explicit gathered(const metrics::limits& limits) : limits_(limits) {}

  void add(const std::string& name, const metric_family& of);
  // Returns how many of the values that it told were left out.
  std::uint64_t ask(collector_entry& one);
  void add_refused(std::uint64_t count);
  metrics::snapshot finish() &&;

  template <class Value>
  void tell(metrics::kind kind, std::string_view name, metrics::about what,
            metrics::label_list labels, Value value);
  void tell(std::string_view name, metrics::about what, metrics::label_list labels,
            metrics::distribution value);

 private:
  bool take(const metric_wish& wish, metrics::series&& told);

  const metrics::limits& limits_;
  std::map<std::string, metrics::family, std::less<>> families_;
  std::map<std::string, std::set<metric_labels>, std::less<>> told_;  // by collectors
  std::size_t room_ = 0;  // of the collector that is asked
  std::uint64_t left_out_ = 0;
};

class registry_state : public std::enable_shared_from_this<registry_state> {
 public:
  explicit registry_state(metrics::limits bounded) : limits_(bounded) {}
  static registry_state& of(const metrics::registry& one) noexcept { return *one.state_; }

  result<std::shared_ptr<metric_series>> find(metrics::kind kind, std::string_view name,
                                              metrics::about what, metrics::label_list labels,
                                              metrics::bounds upper) noexcept;
  metrics::snapshot take_snapshot();
  result<std::shared_ptr<collector_entry>> add_collector(
      std::move_only_function<void(metrics::collection&)> tell) noexcept;
  void remove_collector(const collector_entry* gone) noexcept;

  const metrics::limits& limits() const noexcept { return limits_; }
  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }
  void refuse(std::uint64_t count = 1) noexcept {
    refused_.fetch_add(count, std::memory_order_relaxed);
  }

 private:
  result<std::shared_ptr<metric_series>> find_locked(const metric_wish& wish);
  metric_family& add_family(std::string name, const metric_wish& wish);
  std::shared_ptr<metric_series> make_series(const metric_family& of) const;

  const metrics::limits limits_;
  const unsigned cells_ = metric_series::cells_for_this_machine();
  facade::atomic<std::uint64_t> refused_{0};

  std::mutex lock_;  // of all that follows; held while no function of a user runs
  std::map<std::string, metric_family, std::less<>> families_;
  std::size_t named_families_ = 0;  // without those for overflow
  std::vector<std::shared_ptr<collector_entry>> collectors_;
};

// A wish that can be fulfilled, but for what else there is; or what is wrong with it.
result<metric_wish> check_metric(const metrics::limits& limits, metrics::kind kind,
                                 std::string_view name, metrics::about what,
                                 metrics::label_list labels, metrics::bounds upper);

// The name without the end that Prometheus gives a part of a histogram; empty when it has none.
std::string_view without_histogram_part(std::string_view name) noexcept;

// Whether Prometheus would take a family `name` and others, of which `kind_of` tells, for one.
template <class KindOf>
std::optional<std::string> clash_of_histograms(std::string_view name, metrics::kind kind,
                                               KindOf kind_of) {
  if (auto whole = without_histogram_part(name); !whole.empty()) {
    if (kind_of(whole) == metrics::kind::histogram) return std::string(whole);
  }
  if (kind == metrics::kind::histogram) {
    for (const char* part : {"_bucket", "_sum", "_count"}) {
      auto other = std::string(name) + part;
      if (kind_of(other)) return other;
    }
  }
  return std::nullopt;
}

inline constexpr std::string_view overflow_label = "overflow";
inline constexpr std::string_view own_metrics = "weft_metrics_";

}  // namespace detail
}  // namespace v0
}  // namespace weft
