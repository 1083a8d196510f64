#include <weft/metrics/snapshot.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

namespace weft {
inline namespace v0 {
namespace metrics {

namespace {

// Go's ParseFloat reads it; the shortest that reads back the same.
template <class Number>
void append_decimal(std::string& to, Number value) {
  if constexpr (std::is_floating_point_v<Number>) {
    if (std::isnan(value)) {
      to += "NaN";
      return;
    }
    if (std::isinf(value)) {
      to += value > 0 ? "+Inf" : "-Inf";
      return;
    }
  }
  std::array<char, 32> text;
  to.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

void append_escaped(std::string& to, std::string_view text, bool quotes) {
  for (char c : text) {
    if (c == '\n') {
      to += "\\n";
    } else if (c == '\\' || (quotes && c == '"')) {
      to += '\\';
      to += c;
    } else {
      to += c;
    }
  }
}

void append_label(std::string& to, std::string_view name, std::string_view value) {
  to += to.back() == '{' ? "" : ",";
  to += name;
  to += "=\"";
  append_escaped(to, value, true);
  to += '"';
}

template <class Number>
void append_line(std::string& to, const family& of, std::string_view part, const series& one,
                 Number value, std::string_view below = {}) {
  to += of.name;
  to += part;
  if (!one.labels.empty() || !below.empty()) {
    to += '{';
    for (auto& [name, has] : one.labels) append_label(to, name, has);
    if (!below.empty()) append_label(to, "le", below);
    to += '}';
  }
  to += ' ';
  append_decimal(to, value);
  to += '\n';
}

void append_distribution(std::string& to, const family& of, const series& one,
                         const distribution& has) {
  std::uint64_t below = 0;
  for (std::size_t bucket = 0; bucket < has.upper.size(); ++bucket) {
    below += has.counts[bucket];
    std::string bound;
    append_decimal(bound, has.upper[bucket]);
    append_line(to, of, "_bucket", one, below, bound);
  }
  append_line(to, of, "_bucket", one, has.total(), "+Inf");
  append_line(to, of, "_sum", one, has.sum);
  append_line(to, of, "_count", one, has.total());
}

std::string_view prometheus_type(kind of) noexcept {
  switch (of) {
    case kind::counter:
      return "counter";
    case kind::histogram:
      return "histogram";
    case kind::up_down_counter:
    case kind::gauge:
      break;
  }
  return "gauge";
}

}  // namespace

void write_prometheus(const snapshot& what, std::string& to) {
  for (auto& each : what.families) {
    if (!each.help.empty()) {
      to += "# HELP " + each.name + ' ';
      append_escaped(to, each.help, false);
      to += '\n';
    }
    to += "# TYPE " + each.name + ' ';
    to += prometheus_type(each.kind);
    to += '\n';
    for (auto& one : each.series) {
      std::visit(
          [&](auto& value) {
            if constexpr (std::is_same_v<decltype(value), const distribution&>) {
              append_distribution(to, each, one, value);
            } else {
              append_line(to, each, "", one, value);
            }
          },
          one.value);
    }
  }
}

void write_prometheus(const registry& of, std::string& to) {
  write_prometheus(take_snapshot(of), to);
}

}  // namespace metrics
}  // namespace v0
}  // namespace weft
