// The directives of a filter.
#pragma once

#include <weft/trace/filter.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weft {
inline namespace v0 {
namespace detail {

struct span_record;

struct filter_directive {
  std::string place;  // empty: everywhere
  bool within_span = false;
  std::string span;   // empty: any
  std::string field;  // empty: none is asked for
  std::string value;
  bool has_value = false;
  trace::level least = trace::level::trace;
};

struct filter_rules {
  std::vector<filter_directive> directives;

  // What is told at `path` is heard from this level on.
  trace::level least_at(std::string_view path) const noexcept;
  // Whether one about spans could let it through there.
  bool may_hear(std::string_view path, trace::level importance) const noexcept;
  bool hears_within(std::string_view path, trace::level importance,
                    const span_record* innermost) const;
};

// Whether `place` is in `path`, from the beginning of a name to the end of one, or to its suffix.
bool is_place_in(std::string_view path, std::string_view place) noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft
