#include "metrics/registry.hpp"

#include <algorithm>
#include <array>
#include <new>

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

std::string names_of(const metric_labels& labels) {
  std::string all;
  for (auto& [name, value] : labels) {
    if (!all.empty()) all += ", ";
    all += name;
  }
  return all.empty() ? "none" : all;
}

bool same_names(const metric_labels& one, const metric_labels& other) noexcept {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](auto& a, auto& b) { return a.first == b.first; });
}

std::unexpected<error> taken(const metric_wish& wish, const std::string& why) {
  return fail(errc::already_exists, "metric '" + std::string(wish.name) + "': " + why);
}

}  // namespace

result<std::shared_ptr<metric_series>> registry_state::find(metrics::kind kind,
                                                            std::string_view name,
                                                            metrics::about what,
                                                            metrics::label_list labels,
                                                            metrics::bounds upper) noexcept {
  try {
    auto wish = check_metric(limits_, kind, name, what, labels, upper);
    if (!wish) return std::unexpected(std::move(wish.error()));
    std::lock_guard held(lock_);
    return find_locked(*wish);
  } catch (const std::bad_alloc&) {
    return fail(errc::out_of_memory);
  }
}

result<std::shared_ptr<metric_series>> registry_state::find_locked(const metric_wish& wish) {
  auto found = families_.find(wish.name);
  if (found == families_.end()) {
    auto clash = clash_of_histograms(wish.name, wish.kind, [&](std::string_view other) {
      auto it = families_.find(other);
      return it == families_.end() ? std::nullopt : std::optional(it->second.kind);
    });
    if (clash) return taken(wish, "to Prometheus it is one with '" + *clash + "'");
    if (named_families_ >= limits_.families) {
      refuse();
      auto name = std::string(own_metrics) + "overflow_" + std::string(name_of(wish.kind));
      metric_wish instead{wish.kind, name, {}, {}, {}};
      instead.what.help = "What found no room in the registry, whatever it was.";
      auto& family =
          families_.contains(name) ? families_.find(name)->second : add_family(name, instead);
      if (!family.overflow) family.overflow = make_series(family);
      return family.overflow;
    }
    add_family(std::string(wish.name), wish);
    ++named_families_;
    found = families_.find(wish.name);
  }
  auto& family = found->second;
  if (family.kind != wish.kind) {
    return taken(wish, "it is of the kind " + std::string(name_of(family.kind)) + ", not " +
                           std::string(name_of(wish.kind)));
  }
  if (family.shape && family.shape->upper != wish.upper) {
    return taken(wish, "it is a histogram with other bounds");
  }
  if (!family.series.empty() && !same_names(family.series.begin()->first, wish.labels)) {
    return fail(errc::invalid_argument, "metric '" + std::string(wish.name) + "': its labels are " +
                                            names_of(family.series.begin()->first) + ", not " +
                                            names_of(wish.labels));
  }
  if (!wish.too_long) {
    if (auto known = family.series.find(wish.labels); known != family.series.end()) {
      return known->second;
    }
    if (family.series.size() < limits_.series) {
      auto made = make_series(family);
      family.series.emplace(wish.labels, made);
      return made;
    }
  }
  refuse();
  if (!family.overflow) family.overflow = make_series(family);
  return family.overflow;
}

metric_family& registry_state::add_family(std::string name, const metric_wish& wish) {
  metric_family made{wish.kind, std::string(wish.what.help), std::string(wish.what.unit), {}, {},
                     {}};
  if (wish.kind == metrics::kind::histogram) {
    made.shape = std::make_shared<histogram_shape>(wish.upper);
  }
  return families_.emplace(std::move(name), std::move(made)).first->second;
}

std::shared_ptr<metric_series> registry_state::make_series(const metric_family& of) const {
  if (of.shape) return std::make_shared<metric_series>(cells_, of.shape);
  return std::make_shared<metric_series>(of.kind == metrics::kind::gauge ? 1 : cells_);
}

result<std::shared_ptr<collector_entry>> registry_state::add_collector(
    std::move_only_function<void(metrics::collection&)> tell) noexcept {
  try {
    auto entry = std::make_shared<collector_entry>();
    entry->tell = std::move(tell);
    entry->of = weak_from_this();
    std::lock_guard held(lock_);
    if (collectors_.size() >= limits_.collectors) {
      refuse();
      return fail(errc::limit_exceeded, "a registry of metrics has no room for a collector");
    }
    collectors_.push_back(entry);
    return entry;
  } catch (const std::bad_alloc&) {
    return fail(errc::out_of_memory);
  }
}

void registry_state::remove_collector(const collector_entry* gone) noexcept {
  std::lock_guard held(lock_);
  std::erase_if(collectors_, [&](auto& each) { return each.get() == gone; });
}

// A family without a series is one whose first found no memory. What the collectors tell comes
// last, so that it takes no name of the registry's own.
metrics::snapshot registry_state::take_snapshot() {
  gathered all(limits_);
  std::vector<std::shared_ptr<collector_entry>> collectors;
  {
    std::lock_guard held(lock_);
    for (auto& [name, family] : families_) {
      if (!family.series.empty() || family.overflow) all.add(name, family);
    }
    collectors = collectors_;
  }
  for (auto& each : collectors) refuse(all.ask(*each));
  all.add_refused(refused());
  return std::move(all).finish();
}

}  // namespace detail

namespace metrics {

std::string_view name_of(kind which) noexcept {
  switch (which) {
    case kind::counter:
      return "counter";
    case kind::up_down_counter:
      return "up_down_counter";
    case kind::gauge:
      return "gauge";
    case kind::histogram:
      return "histogram";
  }
  return "unknown";
}

bounds bounds::seconds() noexcept {
  static constexpr std::array list{.005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10.};
  return {list.data(), list.size()};
}

registry::registry(limits bounded) : state_(std::make_shared<detail::registry_state>(bounded)) {}
registry::~registry() = default;

result<metrics::counter> registry::counter(std::string_view name, about what, label_list labels) {
  auto found = state_->find(kind::counter, name, what, labels, {nullptr, 0});
  if (!found) return std::unexpected(std::move(found.error()));
  return metrics::counter(std::move(*found));
}
result<metrics::up_down_counter> registry::up_down_counter(std::string_view name, about what,
                                                           label_list labels) {
  auto found = state_->find(kind::up_down_counter, name, what, labels, {nullptr, 0});
  if (!found) return std::unexpected(std::move(found.error()));
  return metrics::up_down_counter(std::move(*found));
}
result<metrics::gauge> registry::gauge(std::string_view name, about what, label_list labels) {
  auto found = state_->find(kind::gauge, name, what, labels, {nullptr, 0});
  if (!found) return std::unexpected(std::move(found.error()));
  return metrics::gauge(std::move(*found));
}
result<metrics::histogram> registry::histogram(std::string_view name, about what, bounds upper,
                                               label_list labels) {
  auto found = state_->find(kind::histogram, name, what, labels, upper);
  if (!found) return std::unexpected(std::move(found.error()));
  return metrics::histogram(std::move(*found));
}

std::uint64_t registry::refused() const noexcept {
  return state_->refused();
}

// Not destroyed: what counts may outlive everything else.
registry& default_registry() {
  static auto& all = *new registry;
  return all;
}

}  // namespace metrics
}  // namespace v0
}  // namespace weft
