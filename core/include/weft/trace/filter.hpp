// filter: which spans and events an output wants to hear of.
#pragma once

#include <weft/result.hpp>
#include <weft/trace/field.hpp>

#include <memory>
#include <string_view>

namespace weft {
inline namespace v0 {
namespace detail {

struct filter_rules;

}  // namespace detail

namespace trace {

/// Directives, separated by commas, as in
/// `WEFT_LOG=info,http/server=debug,[checkout{user=7}]=trace`:
///
/// - `level`: from this level on, of everything: `trace`, `debug`, `info`, `warn`, `error`, `off`.
/// - `place=level`: of what stands in source files whose path contains `place`, beginning at a
///   directory or file name: `http/server` is `…/http/server.cpp` and `…/http/server/accept.cpp`.
/// - `place`: all of that place.
/// - `[span]=level`, `[span{field}]=level`, `[span{field=value}]=level`, `place[span]=level`: of
///   what is told within a span of that name, or one with that field, or with that value of it; and
///   these spans themselves.
///
/// The most special place decides; of spans, whatever any of them allows is heard. Spaces around
/// parts are ignored. Bounds: 4,096 bytes, 64 directives.
/// A cheap handle; copies share. Thread-safe.
class filter {
 public:
  /// Everything from a level on.
  WEFT_API filter(level least = level::info);  // NOLINT(google-explicit-constructor)
  /// Errors: `errc::invalid_argument` that names the directive.
  static WEFT_API result<filter> parse(std::string_view directives);
  /// The directives of the environment variable `variable`. When it is not set or empty,
  /// `otherwise`. What cannot be read is said on the standard error output, and `otherwise` holds:
  /// a program starts though its log is ill described. `otherwise` itself must be right.
  /// Thread-safety: not while another thread changes the environment.
  static WEFT_API filter from_environment(std::string_view otherwise = "info",
                                          const char* variable = "WEFT_LOG");

  /// The least level that it may let through anywhere.
  WEFT_API level least() const noexcept;

  const detail::filter_rules& rules() const noexcept { return *rules_; }

 private:
  explicit filter(std::shared_ptr<const detail::filter_rules> rules) noexcept;
  std::shared_ptr<const detail::filter_rules> rules_;
};

}  // namespace trace
}  // namespace v0
}  // namespace weft
