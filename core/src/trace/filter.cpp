#include <weft/trace/filter.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "trace/filter_rules.hpp"
#include "trace/format.hpp"
#include "trace/span_record.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

bool is_place_in(std::string_view path, std::string_view place) noexcept {
  for (auto at = path.find(place); at != path.npos; at = path.find(place, at + 1)) {
    auto end = at + place.size();
    bool begins = at == 0 || path[at - 1] == '/';
    bool ends = end == path.size() || path[end] == '/' || path[end] == '.';
    if (begins && ends) return true;
  }
  return false;
}

trace::level filter_rules::least_at(std::string_view path) const noexcept {
  auto least = trace::level::error;
  std::optional<std::size_t> most_special;
  for (const auto& one : directives) {
    if (one.within_span || !(one.place.empty() || is_place_in(path, one.place))) continue;
    if (most_special && one.place.size() < *most_special) continue;
    most_special = one.place.size();
    least = one.least;
  }
  return least;
}

namespace {

bool concerns(const filter_directive& one, std::string_view path,
              trace::level importance) noexcept {
  return one.within_span && importance >= one.least &&
         (one.place.empty() || is_place_in(path, one.place));
}

std::string text_of(const trace::value& of) {
  std::string text;
  append_value(text, of);
  return text;
}

bool names(const filter_directive& one, const span_record& span) {
  if (!one.span.empty() && one.span != span.name) return false;
  if (one.field.empty()) return true;
  std::lock_guard held(span.lock);
  return std::any_of(span.fields.begin(), span.fields.end(), [&](const kept_field& field) {
    return field.name == one.field && (!one.has_value || text_of(field.get()) == one.value);
  });
}

}  // namespace

bool filter_rules::may_hear(std::string_view path, trace::level importance) const noexcept {
  return std::any_of(directives.begin(), directives.end(),
                     [&](const auto& one) { return concerns(one, path, importance); });
}

bool filter_rules::hears_within(std::string_view path, trace::level importance,
                                const span_record* innermost) const {
  for (const auto& one : directives) {
    if (!concerns(one, path, importance)) continue;
    for (auto* span = innermost; span; span = span->parent) {
      if (names(one, *span)) return true;
    }
  }
  return false;
}

}  // namespace detail

namespace trace {

namespace {

using detail::filter_directive;

constexpr std::array<std::string_view, 6> level_names{"trace", "debug", "info",
                                                      "warn",  "error", "off"};
constexpr std::size_t max_bytes = 4096;
constexpr std::size_t max_directives = 64;

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blank = " \t";
  auto first = text.find_first_not_of(blank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::optional<level> read_level(std::string_view text) noexcept {
  auto found = std::find(level_names.begin(), level_names.end(), text);
  if (found == level_names.end()) return std::nullopt;
  return static_cast<level>(found - level_names.begin());
}

auto refuse(std::string_view directive, const char* why) {
  return fail(errc::invalid_argument,
              "filter: '" + std::string(directive) + "': " + std::string(why));
}

// What stands between the brackets.
bool read_span(std::string_view text, filter_directive& one) {
  one.within_span = true;
  auto brace = text.find('{');
  one.span = trimmed(text.substr(0, brace));
  if (brace == text.npos) return !one.span.empty();
  if (text.back() != '}') return false;
  auto field = text.substr(brace + 1, text.size() - brace - 2);
  auto equals = field.find('=');
  one.field = trimmed(field.substr(0, equals));
  one.has_value = equals != field.npos;
  if (one.has_value) one.value = trimmed(field.substr(equals + 1));
  return !one.field.empty();
}

result<filter_directive> read_directive(std::string_view text) {
  filter_directive one;
  if (auto only = read_level(text)) {
    one.least = *only;
    return one;
  }
  auto rest = text;
  auto bracket = text.find('[');
  if (bracket != text.npos) {
    auto end = text.find(']', bracket);
    if (end == text.npos) return refuse(text, "the ']' is missing");
    if (!read_span(trimmed(text.substr(bracket + 1, end - bracket - 1)), one)) {
      return refuse(text, "between the brackets stands a span's name, a {field} or both");
    }
    one.place = trimmed(text.substr(0, bracket));
    rest = trimmed(text.substr(end + 1));
    if (!rest.empty() && rest.front() != '=')
      return refuse(text, "after ']' comes '=' and a level");
  } else {
    auto equals = text.find('=');
    one.place = trimmed(text.substr(0, equals));
    if (one.place.empty()) return refuse(text, "before '=' stands a place");
    rest = equals == text.npos ? std::string_view() : text.substr(equals);
  }
  if (rest.empty()) return one;
  auto least = read_level(trimmed(rest.substr(1)));
  if (!least) return refuse(text, "the level is none of trace, debug, info, warn, error, off");
  one.least = *least;
  return one;
}

// At the commas that are not between braces.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && (text[i] == '{' || text[i] == '[')) ++depth;
    if (i < text.size() && (text[i] == '}' || text[i] == ']')) --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    parts.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  return parts;
}

}  // namespace

std::string_view name_of(level of) noexcept {
  return level_names[static_cast<std::size_t>(of)];
}

filter::filter(std::shared_ptr<const detail::filter_rules> rules) noexcept
    : rules_(std::move(rules)) {}

filter::filter(level least) {
  auto rules = std::make_shared<detail::filter_rules>();
  rules->directives.push_back({.least = least});
  rules_ = std::move(rules);
}

result<filter> filter::parse(std::string_view directives) {
  if (directives.size() > max_bytes) {
    return fail(errc::invalid_argument, "filter: longer than 4096 bytes");
  }
  auto rules = std::make_shared<detail::filter_rules>();
  for (auto part : split(directives)) {
    if (part.empty()) continue;
    auto one = read_directive(part);
    if (!one) return std::unexpected(std::move(one.error()));
    if (rules->directives.size() == max_directives) {
      return fail(errc::invalid_argument, "filter: more than 64 directives");
    }
    rules->directives.push_back(std::move(*one));
  }
  return filter(std::move(rules));
}

filter filter::from_environment(std::string_view otherwise, const char* variable) {
  const auto* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): said of it
  if (text && *text) {
    auto read = parse(text);
    if (read) return *read;
    std::fprintf(stderr, "weft: %s: %s; it is not heeded\n", variable,
                 read.error().message().c_str());
  }
  return parse(otherwise).value();
}

level filter::least() const noexcept {
  auto least = level::off;
  bool everywhere = false;
  for (const auto& one : rules_->directives) {
    everywhere |= !one.within_span && one.place.empty();
    least = std::min(least, one.least);
  }
  return everywhere ? least : std::min(least, level::error);
}

}  // namespace trace
}  // namespace v0
}  // namespace weft
