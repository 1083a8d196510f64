// Who listens to spans and events: outputs, each with a filter.
//
//   weft::trace::install({{weft::trace::filter::from_environment("info"), weft::trace::text()}});
#pragma once

#include <weft/trace.hpp>
#include <weft/trace/filter.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {
inline namespace v0 {
namespace trace {

/// A span as those who listen see it. Valid during the call that it is handed to.
/// Thread-safety: of that call; it may be in use by others meanwhile, so what changes is copied.
class span_view {
 public:
  WEFT_API std::string_view name() const noexcept;
  WEFT_API level importance() const noexcept;
  WEFT_API const std::source_location& where() const noexcept;
  WEFT_API span_context identity() const noexcept;
  /// Not valid for the first span of a trace.
  WEFT_API span_context parent_identity() const noexcept;
  /// The span around it in this process.
  WEFT_API std::optional<span_view> parent() const noexcept;
  /// Calls `visit(name, value)` for each field, in the order of insertion. `visit` must not touch
  /// the span.
  template <class Visit>
  void for_each_field(Visit&& visit) const {
    fields(&visit, [](void* context, std::string_view name, const value& of) {
      (*static_cast<std::remove_reference_t<Visit>*>(context))(name, of);
    });
  }
  WEFT_API std::vector<span_context> links() const;
  WEFT_API status how_it_ended() const noexcept;
  WEFT_API std::string description() const;
  /// Since 1970.
  WEFT_API std::chrono::nanoseconds started() const noexcept;
  /// Of a span that ended.
  WEFT_API std::chrono::nanoseconds duration() const noexcept;
  /// How much of it the task was running; all of it outside a task.
  WEFT_API std::chrono::nanoseconds busy() const noexcept;
  std::chrono::nanoseconds idle() const noexcept { return duration() - busy(); }

  explicit span_view(const detail::span_record& of) noexcept : record_(&of) {}

 private:
  using visitor = void (*)(void* context, std::string_view name, const value& of);
  WEFT_API void fields(void* context, visitor visit) const;

  const detail::span_record* record_;
};

/// An event as those who listen see it. Everything in it is valid during the call.
struct event_view {
  level importance;
  std::string_view message;
  std::span<const field> fields;
  std::source_location where;
  std::chrono::nanoseconds time;  ///< Since 1970.
  std::optional<span_view> span;  ///< The one in force.
};

/// Something that hears of spans and events. Thread-safety: every member is called from any threads
/// at once. None may wait, install, or tell of events itself (what it tells is dropped).
class WEFT_API output {
 public:
  output() = default;
  output(const output&) = delete;
  output& operator=(const output&) = delete;
  virtual ~output();
  virtual void on_event(const event_view& happened) noexcept = 0;
  virtual void on_span_start(const span_view& started) noexcept;
  virtual void on_span_end(const span_view& ended) noexcept;
};

/// An output, and what it wants to hear of.
struct subscription {
  filter which;
  std::shared_ptr<output> to;
};

/// The most outputs at once.
inline constexpr std::size_t max_outputs = 16;

/// Makes these the ones that listen, in place of all before. For none, nobody listens. When it
/// returns, no event goes to those before any more; spans that they heard begin they hear end, and
/// so long they are kept. Process-wide. Thread-safe; waits for calls of `output` that run, for
/// which reason it must not be called from one.
/// Errors: `errc::limit_exceeded` beyond `max_outputs`.
WEFT_API result<void> install(std::vector<subscription> outputs);

/// How many events and spans could not be told for want of memory, since the program began.
WEFT_API std::uint64_t untold() noexcept;

}  // namespace trace
}  // namespace v0
}  // namespace weft
