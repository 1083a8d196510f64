// What a registry of metrics has at a moment, the text of it for Prometheus, and collectors, which
// add numbers that are counted elsewhere.
#pragma once

#include <weft/metrics.hpp>

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weft {
inline namespace v0 {

class runtime;

namespace detail {
struct collector_entry;
}  // namespace detail

namespace metrics {

/// What a histogram has counted. `counts` has one more than `upper`: what was larger than all.
struct distribution {
  distribution() = default;
  std::vector<double> upper;
  std::vector<std::uint64_t> counts;  ///< Of each bucket alone.
  double sum = 0;

  std::uint64_t total() const noexcept {
    std::uint64_t all = 0;
    for (auto count : counts) all += count;
    return all;
  }
};

/// One metric of a family: what its labels are, ordered by name, and what it has. A counter has a
/// std::uint64_t (a collected one perhaps a double), an up_down_counter a std::int64_t.
struct series {
  series() = default;
  std::vector<std::pair<std::string, std::string>> labels;
  std::variant<std::uint64_t, std::int64_t, double, distribution> value;
};

/// All metrics of a name, ordered by labels.
struct family {
  family() = default;
  std::string name;
  std::string help;
  std::string unit;
  metrics::kind kind = metrics::kind::counter;
  std::vector<metrics::series> series;
};

/// All families of a registry, ordered by name. Not of one moment: what others add meanwhile is in
/// some numbers and not in others. The counts of one histogram are its total.
struct snapshot {
  snapshot() = default;
  std::vector<family> families;

  /// Null when there is none.
  WEFT_API const family* find(std::string_view name) const noexcept;
  /// Null when there is none with exactly these labels, in any order.
  WEFT_API const metrics::series* find(std::string_view name, label_list labels) const noexcept;
};

/// Looks at all metrics, and asks the collectors. Throws std::bad_alloc.
/// Thread-safety: from any thread; a collector is asked by one at a time.
WEFT_API snapshot take_snapshot(const registry& of);

/// Where a collector puts its numbers. What has a name that cannot be, or is there already, is left
/// out, and so is what goes beyond limits::collected_series; registry::refused counts it. Throws
/// std::bad_alloc.
class collection {
 public:
  WEFT_API void counter(std::string_view name, about what, std::uint64_t value,
                        label_list labels = {});
  /// For what is no whole number, such as seconds.
  WEFT_API void counter(std::string_view name, about what, double value, label_list labels = {});
  WEFT_API void up_down_counter(std::string_view name, about what, std::int64_t value,
                                label_list labels = {});
  WEFT_API void gauge(std::string_view name, about what, double value, label_list labels = {});
  /// One whose `counts` are not one more than its bounds is left out.
  WEFT_API void histogram(std::string_view name, about what, distribution value,
                          label_list labels = {});

  // For the registry.
  explicit collection(void* into) noexcept : into_(into) {}
  collection(const collection&) = delete;
  collection& operator=(const collection&) = delete;

 private:
  void* into_;
};

/// A collector's place in its registry: it is asked until this is destroyed. Move-only.
/// Thread-safety: one thread at a time.
class [[nodiscard("a collector that is dropped is never asked")]] collector {
 public:
  collector() noexcept = default;
  collector(collector&&) noexcept = default;
  collector& operator=(collector&& other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~collector() { remove(); }

  /// Afterwards it is not asked, and what its function refers to may go: this waits while another
  /// thread asks it. Not from the function itself.
  WEFT_API void remove() noexcept;
  /// Lets it be asked as long as the registry lives.
  void keep() && noexcept { entry_.reset(); }

  explicit collector(std::shared_ptr<detail::collector_entry> entry) noexcept
      : entry_(std::move(entry)) {}

 private:
  std::shared_ptr<detail::collector_entry> entry_;
};

/// Has `tell` asked by each snapshot. When it throws, what it told until then counts, and the rest
/// is counted as refused. It may use the registry, but not take a snapshot of it.
/// Errors: `errc::limit_exceeded` beyond limits::collectors; `errc::out_of_memory`.
WEFT_API result<collector> add_collector(registry& to,
                                         std::move_only_function<void(collection&)> tell);

/// Tells the numbers of a runtime (weft/runtime_metrics.hpp) as `weft_runtime_…`: its workers',
/// each with a label `worker`, and what they share; the times of polls once some were measured
/// (runtime::measure_poll_times). Several runtimes need a label each, such as
/// {{"runtime", "main"}}. The runtime must neither go nor be moved before the collector.
/// Errors: those of add_collector; `errc::invalid_argument` of labels that cannot be.
WEFT_API result<collector> add_runtime_metrics(registry& to, const runtime& of,
                                               label_list labels = {});

/// The media type of the text below.
inline constexpr std::string_view prometheus_content_type =
    "text/plain; version=0.0.4; charset=utf-8";

/// Appends what a snapshot has in Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/). Throws std::bad_alloc.
WEFT_API void write_prometheus(const snapshot& what, std::string& to);
/// As above, of a snapshot that is taken now.
WEFT_API void write_prometheus(const registry& of, std::string& to);

}  // namespace metrics
}  // namespace v0
}  // namespace weft
