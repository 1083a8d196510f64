// span_context: what names a span across processes.
#pragma once

#include <weft/export.hpp>
#include <weft/result.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft {
inline namespace v0 {
namespace trace {

/// The identity of a span: the trace that it belongs to, its own number, and whether the trace is
/// recorded. A plain value. Source: W3C Trace Context, https://www.w3.org/TR/trace-context/.
struct span_context {
  static constexpr std::uint8_t sampled_flag = 1;

  std::array<std::uint8_t, 16> trace_id{};  ///< All zeros: there is no trace.
  std::array<std::uint8_t, 8> span_id{};    ///< All zeros: there is no span.
  std::uint8_t flags = 0;

  /// Whether it names a span.
  bool valid() const noexcept {
    return trace_id != decltype(trace_id){} && span_id != decltype(span_id){};
  }
  explicit operator bool() const noexcept { return valid(); }
  bool sampled() const noexcept { return flags & sampled_flag; }
  friend bool operator==(const span_context&, const span_context&) noexcept = default;

  /// Reads the header `traceparent`. A version later than 00 is read as far as 00 goes, as the
  /// specification says (§3.2.3, §4.3). Errors: `errc::invalid_data` that says which part is wrong.
  static WEFT_API result<span_context> from_traceparent(std::string_view header) noexcept;
  /// The header `traceparent`, version 00: 55 characters. Nothing when it is not valid.
  WEFT_API std::string to_traceparent() const;
};

}  // namespace trace
}  // namespace v0
}  // namespace weft
