#include <weft/metrics/snapshot.hpp>

#include <algorithm>
#include <new>

#include "metrics/registry.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

metrics::series read_series(const metric_family& of, const metric_series& from) {
  metrics::series one;
  switch (of.kind) {
    case metrics::kind::counter:
      one.value = from.sum();
      break;
    case metrics::kind::up_down_counter:
      one.value = static_cast<std::int64_t>(from.sum());
      break;
    case metrics::kind::gauge:
      one.value = from.get();
      break;
    case metrics::kind::histogram: {
      metrics::distribution has;
      has.upper = of.shape->upper;
      for (std::size_t bucket = 0; bucket <= has.upper.size(); ++bucket) {
        has.counts.push_back(from.sum(bucket));
      }
      has.sum = from.sum_of_values();
      one.value = std::move(has);
      break;
    }
  }
  return one;
}

}  // namespace

void gathered::add(const std::string& name, const metric_family& of) {
  metrics::family made;
  made.name = name;
  made.help = of.help;
  made.unit = of.unit;
  made.kind = of.kind;
  for (auto& [labels, series] : of.series) {
    made.series.push_back(read_series(of, *series));
    made.series.back().labels = labels;
  }
  if (of.overflow) {
    made.series.push_back(read_series(of, *of.overflow));
    made.series.back().labels = {{std::string(overflow_label), "true"}};
  }
  families_.emplace(name, std::move(made));
}

// Its function goes under the lock: whoever removes it waits until it is not being asked.
std::uint64_t gathered::ask(collector_entry& one) {
  room_ = limits_.collected_series;
  left_out_ = 0;
  std::lock_guard held(one.lock);
  if (!one.tell) return 0;
  metrics::collection into(this);
  try {
    one.tell(into);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (...) {
    ++left_out_;
  }
  return left_out_;
}

template <class Value>
void gathered::tell(metrics::kind kind, std::string_view name, metrics::about what,
                    metrics::label_list labels, Value value) {
  auto wish = check_metric(limits_, kind, name, what, labels, {nullptr, 0});
  metrics::series told;
  told.value = value;
  if (!wish || wish->too_long || !take(*wish, std::move(told))) ++left_out_;
}

void gathered::tell(std::string_view name, metrics::about what, metrics::label_list labels,
                    metrics::distribution value) {
  auto wish = check_metric(limits_, metrics::kind::histogram, name, what, labels,
                           {value.upper.data(), value.upper.size()});
  bool right = wish && !wish->too_long && value.counts.size() == value.upper.size() + 1;
  metrics::series told;
  told.value = std::move(value);
  if (!right || !take(*wish, std::move(told))) ++left_out_;
}

bool gathered::take(const metric_wish& wish, metrics::series&& told) {
  if (room_ == 0) return false;
  auto found = families_.find(wish.name);
  if (found == families_.end()) {
    auto clash = clash_of_histograms(wish.name, wish.kind, [&](std::string_view other) {
      auto it = families_.find(other);
      return it == families_.end() ? std::nullopt : std::optional(it->second.kind);
    });
    if (clash) return false;
    metrics::family made;
    made.name = wish.name;
    made.help = wish.what.help;
    made.unit = wish.what.unit;
    made.kind = wish.kind;
    found = families_.emplace(made.name, std::move(made)).first;
  } else if (found->second.kind != wish.kind) {
    return false;
  }
  auto& known = told_[found->first];
  if (known.empty()) {
    for (auto& each : found->second.series) known.insert(each.labels);
  }
  if (!known.insert(wish.labels).second) return false;
  told.labels = wish.labels;
  found->second.series.push_back(std::move(told));
  --room_;
  return true;
}

void gathered::add_refused(std::uint64_t count) {
  metrics::family made;
  made.name = std::string(own_metrics) + "refused_total";
  made.help = "What the registry of metrics had no room for, or left out.";
  made.series.emplace_back().value = count;
  families_.emplace(made.name, std::move(made));
}

metrics::snapshot gathered::finish() && {
  metrics::snapshot all;
  for (auto& [name, each] : families_) {
    if (told_.contains(name)) {
      std::sort(each.series.begin(), each.series.end(),
                [](auto& one, auto& other) { return one.labels < other.labels; });
    }
    all.families.push_back(std::move(each));
  }
  return all;
}

}  // namespace detail

namespace metrics {

const family* snapshot::find(std::string_view name) const noexcept {
  auto found = std::lower_bound(families.begin(), families.end(), name,
                                [](auto& one, auto& wanted) { return one.name < wanted; });
  return found != families.end() && found->name == name ? &*found : nullptr;
}

const series* snapshot::find(std::string_view name, label_list labels) const noexcept {
  auto* of = find(name);
  if (!of) return nullptr;
  for (auto& each : of->series) {
    bool same = each.labels.size() == labels.size() &&
                std::all_of(labels.begin(), labels.end(), [&](auto& wanted) {
                  return std::any_of(each.labels.begin(), each.labels.end(), [&](auto& has) {
                    return has.first == wanted.name && has.second == wanted.value;
                  });
                });
    if (same) return &each;
  }
  return nullptr;
}

snapshot take_snapshot(const registry& of) {
  return detail::registry_state::of(of).take_snapshot();
}

void collection::counter(std::string_view name, about what, std::uint64_t value,
                         label_list labels) {
  static_cast<detail::gathered*>(into_)->tell(kind::counter, name, what, labels, value);
}
void collection::counter(std::string_view name, about what, double value, label_list labels) {
  static_cast<detail::gathered*>(into_)->tell(kind::counter, name, what, labels, value);
}
void collection::up_down_counter(std::string_view name, about what, std::int64_t value,
                                 label_list labels) {
  static_cast<detail::gathered*>(into_)->tell(kind::up_down_counter, name, what, labels, value);
}
void collection::gauge(std::string_view name, about what, double value, label_list labels) {
  static_cast<detail::gathered*>(into_)->tell(kind::gauge, name, what, labels, value);
}
void collection::histogram(std::string_view name, about what, distribution value,
                           label_list labels) {
  static_cast<detail::gathered*>(into_)->tell(name, what, labels, std::move(value));
}

void collector::remove() noexcept {
  auto gone = std::exchange(entry_, nullptr);
  if (!gone) return;
  std::move_only_function<void(collection&)> tell;  // destroyed outside the locks
  {
    std::lock_guard held(gone->lock);
    tell = std::move(gone->tell);
    gone->tell = nullptr;
  }
  if (auto of = gone->of.lock()) of->remove_collector(gone.get());
}

result<collector> add_collector(registry& to, std::move_only_function<void(collection&)> tell) {
  auto entry = detail::registry_state::of(to).add_collector(std::move(tell));
  if (!entry) return std::unexpected(std::move(entry.error()));
  return collector(std::move(*entry));
}

}  // namespace metrics
}  // namespace v0
}  // namespace weft
