// Named numbers that a program counts of itself: always, and without slowing anybody down.
//
//   auto& all = weft::metrics::default_registry();
//   auto sent = all.counter("mails_sent_total", {.help = "Mails that were sent."},
//                           {{"relay", "a"}}).value();
//   sent.add();                                                   // some nanoseconds
//
// The kinds are those of OpenTelemetry: a counter, an up_down_counter, a gauge, a histogram.
// weft/metrics/snapshot.hpp reads them, for Prometheus too.
#pragma once

#include <weft/result.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

namespace weft {
inline namespace v0 {
namespace metrics {
class registry;
struct snapshot;
}  // namespace metrics

namespace detail {

class metric_series;
class registry_state;

// A reference to the series of a metric, and what its handles do with it.
class metric_handle {
 public:
  metric_handle() noexcept = default;
  explicit metric_handle(std::shared_ptr<metric_series> series) noexcept
      : series_(std::move(series)) {}
  /// False of one that was made without a registry: it counts nothing.
  explicit operator bool() const noexcept { return series_ != nullptr; }

 protected:
  WEFT_API static void add(metric_series& to, std::uint64_t change) noexcept;
  WEFT_API static std::uint64_t sum(const metric_series& of) noexcept;
  metric_series* series() const noexcept { return series_.get(); }

 private:
  std::shared_ptr<metric_series> series_;
};

}  // namespace detail

namespace metrics {

/// What kind of metric a name stands for.
enum class kind : std::uint8_t { counter, up_down_counter, gauge, histogram };

/// "counter", "up_down_counter", "gauge", "histogram".
WEFT_API std::string_view name_of(kind which) noexcept;

/// What is common to all handles of metrics: copies are of the same metric, which lives as long as
/// one of them or its registry. One made without a registry counts nothing, and reads as zero.
/// Thread-safety: distinct handles, also of one metric, from any threads; so are calls of const
/// members of one handle. Changes are relaxed: they order nothing else. They neither lock nor
/// allocate.

/// A number that only grows: requests served, calls refused.
///
/// Each thread adds to one of several cells, so that threads do not share cache lines; `value`
/// sums them. Beyond 2^64 - 1 it begins anew at zero.
class counter : public detail::metric_handle {
 public:
  using metric_handle::metric_handle;
  void add(std::uint64_t change = 1) const noexcept {
    if (auto* to = series()) metric_handle::add(*to, change);
  }
  /// The sum at about this moment. One thread never sees it fall.
  std::uint64_t value() const noexcept { return series() ? sum(*series()) : 0; }
};

/// A number that rises and falls by steps: connections that are open, calls in flight. In cells,
/// as a counter: what one thread adds another one may take away.
class up_down_counter : public detail::metric_handle {
 public:
  using metric_handle::metric_handle;
  void add(std::int64_t change = 1) const noexcept {
    if (auto* to = series()) metric_handle::add(*to, static_cast<std::uint64_t>(change));
  }
  void sub(std::int64_t change = 1) const noexcept {
    if (auto* to = series())
      metric_handle::add(*to, std::uint64_t{0} - static_cast<std::uint64_t>(change));
  }
  /// The sum at about this moment.
  std::int64_t value() const noexcept {
    return series() ? static_cast<std::int64_t>(sum(*series())) : 0;
  }
};

/// A number that is measured now and then: a temperature, a share, the size of a cache. The last
/// `set` counts, whichever thread it came from; so it is one cell, and not for every request.
class gauge : public detail::metric_handle {
 public:
  using metric_handle::metric_handle;
  WEFT_API void set(double to) const noexcept;
  WEFT_API double value() const noexcept;
};

/// How often values fell between which bounds: times, sizes. The bounds are fixed when the family
/// is made. In cells, as a counter.
class histogram : public detail::metric_handle {
 public:
  using metric_handle::metric_handle;
  /// Counts `value` in the first bucket whose bound is not below it. NaN is left out. While the
  /// family is switched off this is a load and a branch.
  WEFT_API void record(double value) const noexcept;
  /// Whether anything is recorded. Of the whole family: all its series, all their handles.
  WEFT_API bool enabled() const noexcept;
  WEFT_API void enable(bool on) const noexcept;
  /// How many values were recorded, at about this moment.
  WEFT_API std::uint64_t count() const noexcept;
  /// And their sum.
  WEFT_API double sum() const noexcept;
};

/// A name with its value. A view: what is made of it copies it.
struct label {
  std::string_view name;
  std::string_view value;
};

/// Labels of a metric; borrowed until the call returns. Their order does not matter.
class label_list {
 public:
  label_list() noexcept = default;
  label_list(std::initializer_list<label> labels) noexcept
      : label_list(labels.begin(), labels.size()) {}
  label_list(const label* first, std::size_t count) noexcept : first_(first), count_(count) {}
  const label* begin() const noexcept { return first_; }
  const label* end() const noexcept { return first_ + count_; }
  std::size_t size() const noexcept { return count_; }

 private:
  const label* first_ = nullptr;
  std::size_t count_ = 0;
};

/// Bounds of a histogram's buckets; borrowed until the call returns.
class bounds {
 public:
  bounds(std::initializer_list<double> list) noexcept : bounds(list.begin(), list.size()) {}
  bounds(const double* first, std::size_t count) noexcept : first_(first), count_(count) {}
  /// 5 ms to 10 s, for times in seconds: those of Prometheus' own libraries.
  WEFT_API static bounds seconds() noexcept;
  const double* begin() const noexcept { return first_; }
  const double* end() const noexcept { return first_ + count_; }
  std::size_t size() const noexcept { return count_; }

 private:
  const double* first_;
  std::size_t count_;
};

/// What is said of a family of metrics. A view. The first that makes the family decides.
struct about {
  std::string_view help = {};  ///< A sentence, in UTF-8.
  std::string_view unit = {};  ///< "seconds", "bytes"; not added to the name.
};

/// How much a registry holds. What goes beyond does not fail: see registry.
struct limits {
  std::size_t families = 1000;           ///< Names.
  std::size_t series = 1000;             ///< Sets of labels, of one family.
  std::size_t labels = 16;               ///< In one set.
  std::size_t name_bytes = 200;          ///< Of a family or a label.
  std::size_t value_bytes = 1024;        ///< Of a label's value.
  std::size_t help_bytes = 1024;         ///< The rest of a longer text is left out.
  std::size_t buckets = 64;              ///< Bounds of a histogram.
  std::size_t collectors = 64;           ///< See weft/metrics/snapshot.hpp.
  std::size_t collected_series = 10000;  ///< What one collector tells in one go.
};

/// Metrics by name and labels.
///
/// The same name and the same labels give the same metric. All metrics of a name are a *family*:
/// of one kind, with the same names of labels.
///
/// Bounds: what would be one set of labels too many, or has a label's value that is too long,
/// counts into the one series of its family that has the label `overflow="true"`; what would be one
/// family too many, into a family of its kind, `weft_metrics_overflow_counter` and its like. Each
/// refusal adds to `weft_metrics_refused_total`. So nothing fails for lack of room, and nothing
/// grows without end. Metrics are never taken out again.
///
/// Errors of all four: `errc::invalid_argument` when a name is not one of Prometheus' data model
/// ([a-zA-Z_:][a-zA-Z0-9_:]*, labels without colons), longer than the limit, or reserved (families
/// `weft_metrics_…`; labels `__…`, `overflow` and, in histograms, `le`); when a label comes twice,
/// there are too many, or they have other names than those of the family; when a text is no UTF-8;
/// when bounds are not finite, or do not rise, or are too many. `errc::already_exists` when the
/// name is one of another kind or with other bounds, or means the same to Prometheus as a part of a
/// histogram. `errc::out_of_memory`.
/// Each error says what was wrong with which name.
///
/// Cost: a lookup takes a lock; keep the handle. A series takes a cache line for each processor (4
/// to 64 of them, a power of two); a gauge takes one, a histogram several. Ownership: neither
/// copied nor moved. It may go before its handles. Thread-safety: all members from any thread.
class registry {
 public:
  WEFT_API explicit registry(limits bounded = {});
  WEFT_API ~registry();
  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;

  WEFT_API result<metrics::counter> counter(std::string_view name, about what = {},
                                            label_list labels = {});
  WEFT_API result<metrics::up_down_counter> up_down_counter(std::string_view name, about what = {},
                                                            label_list labels = {});
  WEFT_API result<metrics::gauge> gauge(std::string_view name, about what = {},
                                        label_list labels = {});
  /// `upper` are the upper bounds of the buckets, each part of its bucket; one for all that is
  /// larger comes by itself.
  WEFT_API result<metrics::histogram> histogram(std::string_view name, about what, bounds upper,
                                                label_list labels = {});

  /// How many requests for a metric, collectors, and values that these told, found no room or were
  /// left out.
  WEFT_API std::uint64_t refused() const noexcept;

 private:
  friend class detail::registry_state;
  std::shared_ptr<detail::registry_state> state_;
};

/// The registry of the process, which weft's own layers use. It is never destroyed.
WEFT_API registry& default_registry();

}  // namespace metrics
}  // namespace v0
}  // namespace weft
