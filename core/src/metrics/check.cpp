// Which names, labels, texts and bounds a metric may have:
// https://prometheus.io/docs/concepts/data_model/
#include <algorithm>
#include <cmath>

#include "metrics/registry.hpp"
#include "trace/format.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name(std::string_view text, bool colons) noexcept {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool digit = i > 0 && text[i] >= '0' && text[i] <= '9';
    if (!digit && !is_letter(text[i]) && !(colons && text[i] == ':')) return false;
  }
  return true;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    auto length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// For a sentence: what is long is cut.
std::string quoted(std::string_view text) {
  constexpr std::size_t enough = 80;
  if (text.size() <= enough) return "'" + std::string(text) + "'";
  return "'" + std::string(text.substr(0, enough)) + "'…";
}

std::unexpected<error> wrong(std::string_view name, const std::string& what) {
  return fail(errc::invalid_argument, "metric " + quoted(name) + ": " + what);
}

// Without half a character at the end.
std::string_view cut(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return text.substr(0, most);
}

result<metric_labels> check_labels(const metrics::limits& limits, metrics::kind kind,
                                   std::string_view name, metrics::label_list labels) {
  if (labels.size() > limits.labels) {
    return wrong(name, "it has " + std::to_string(labels.size()) + " labels, and the most is " +
                           std::to_string(limits.labels));
  }
  metric_labels checked;
  checked.reserve(labels.size());
  for (auto& each : labels) {
    if (!is_name(each.name, false)) {
      return wrong(name, "the label " + quoted(each.name) +
                             " is not made of letters, digits after the first, and _");
    }
    if (each.name.size() > limits.name_bytes) {
      return wrong(name, "the name of the label " + quoted(each.name) + " is too long");
    }
    if (each.name.starts_with("__") || each.name == overflow_label ||
        (kind == metrics::kind::histogram && each.name == "le")) {
      return wrong(name, "the label " + quoted(each.name) + " is reserved");
    }
    if (!is_utf8(each.value)) {
      return wrong(name, "the value of the label " + quoted(each.name) + " is not UTF-8");
    }
    checked.emplace_back(each.name, cut(each.value, limits.value_bytes));
  }
  std::sort(checked.begin(), checked.end());
  auto twice = std::adjacent_find(checked.begin(), checked.end(),
                                  [](auto& a, auto& b) { return a.first == b.first; });
  if (twice != checked.end()) {
    return wrong(name, "the label " + quoted(twice->first) + " comes twice");
  }
  return checked;
}

}  // namespace

std::string_view without_histogram_part(std::string_view name) noexcept {
  for (std::string_view part : {"_bucket", "_sum", "_count"}) {
    if (name.ends_with(part)) return name.substr(0, name.size() - part.size());
  }
  return {};
}

result<metric_wish> check_metric(const metrics::limits& limits, metrics::kind kind,
                                 std::string_view name, metrics::about what,
                                 metrics::label_list labels, metrics::bounds upper) {
  if (!is_name(name, true)) {
    return wrong(name, "the name is not made of letters, digits after the first, _ and :");
  }
  if (name.size() > limits.name_bytes) {
    return wrong(name, "the name has more than " + std::to_string(limits.name_bytes) + " bytes");
  }
  if (name.starts_with(own_metrics)) {
    return wrong(name, "names that begin with " + std::string(own_metrics) + " are reserved");
  }
  if (!is_utf8(what.help) || !is_utf8(what.unit)) {
    return wrong(name, "its help or its unit is not UTF-8");
  }
  if (upper.size() > limits.buckets) {
    return wrong(name, "it has " + std::to_string(upper.size()) + " bounds, and the most is " +
                           std::to_string(limits.buckets));
  }
  const double* before = nullptr;
  for (auto& each : upper) {
    if (!std::isfinite(each)) return wrong(name, "a bound is not finite");
    if (before && each <= *before) return wrong(name, "its bounds do not rise");
    before = &each;
  }
  auto checked = check_labels(limits, kind, name, labels);
  if (!checked) return std::unexpected(std::move(checked.error()));
  metric_wish wish{kind, name, what, std::move(*checked), {upper.begin(), upper.end()}};
  wish.what.help = cut(what.help, limits.help_bytes);
  wish.what.unit = cut(what.unit, limits.help_bytes);
  wish.too_long = std::any_of(labels.begin(), labels.end(),
                              [&](auto& each) { return each.value.size() > limits.value_bytes; });
  return wish;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
