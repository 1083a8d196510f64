// trace: what happened, told with typed fields; spans that follow their task across co_await.
//
//   weft::trace::span span("checkout", {{"order", id}, {"items", count}});
//   weft::trace::info("charged", {{"amount", amount}});
//
// Nobody listens, and nothing is told, until `trace::install` (weft/trace/subscriber.hpp).
#pragma once

#include <weft/context.hpp>
#include <weft/trace/field.hpp>
#include <weft/trace/span_context.hpp>

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <source_location>
#include <string_view>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// The least level that anybody wants to hear of.
WEFT_API extern std::atomic<std::uint8_t> least_traced;
struct span_record;

WEFT_API void emit_event(trace::level importance, std::string_view message,
                         const trace::field* fields, std::size_t count,
                         const std::source_location& where) noexcept;

}  // namespace detail

namespace trace {

/// Whether anybody may want to hear of something that matters so much: a load and a branch. Ask
/// before making what is costly to make; the functions below ask by themselves.
inline bool enabled(level importance) noexcept {
  return static_cast<std::uint8_t>(importance) >=
         detail::least_traced.load(std::memory_order_relaxed);
}

/// Tells what happened, in the span that is in force here. `message` and `fields` are borrowed
/// until it returns. Never throws: what there is no memory for is not told, and counted (see
/// `trace::untold`). Thread-safe, also outside a runtime.
/// Cost: a load and a branch when nobody wants to hear of the level; a lookup by place when the
/// level is heard of, but not from here.
inline void event(level importance, std::string_view message,
                  std::initializer_list<field> fields = {},
                  const std::source_location& where = std::source_location::current()) noexcept {
  if (!enabled(importance)) [[likely]]
    return;
  detail::emit_event(importance, message, fields.begin(), fields.size(), where);
}

inline void trace(std::string_view message, std::initializer_list<field> fields = {},
                  const std::source_location& where = std::source_location::current()) noexcept {
  event(level::trace, message, fields, where);
}
inline void debug(std::string_view message, std::initializer_list<field> fields = {},
                  const std::source_location& where = std::source_location::current()) noexcept {
  event(level::debug, message, fields, where);
}
inline void info(std::string_view message, std::initializer_list<field> fields = {},
                 const std::source_location& where = std::source_location::current()) noexcept {
  event(level::info, message, fields, where);
}
inline void warn(std::string_view message, std::initializer_list<field> fields = {},
                 const std::source_location& where = std::source_location::current()) noexcept {
  event(level::warn, message, fields, where);
}
inline void error(std::string_view message, std::initializer_list<field> fields = {},
                  const std::source_location& where = std::source_location::current()) noexcept {
  event(level::error, message, fields, where);
}

/// How what a span stands for ended. Source: OpenTelemetry, "Span status".
enum class status : std::uint8_t { unset, ok, error };

/// A span that is not in force by itself: for work that is no block of code, such as what begins
/// in one callback and ends in another. Move-only; it ends when it is destroyed, or by `end`.
///
/// Its parent is the span in force where it is made, or the context's remote parent. A span that
/// nobody wants to hear of is empty: `if (span)` says so, and everything about it does nothing.
/// Bounds: 64 fields and 32 links; more are not kept. Names and texts are copied.
/// Thread-safety: one thread at a time; `child_context` may be used by any number of others.
/// Cost: one allocation when somebody listens, none else. Never throws.
class manual_span {
 public:
  static constexpr std::size_t max_fields = 64;
  static constexpr std::size_t max_links = 32;

  manual_span() noexcept = default;
  explicit manual_span(
      std::string_view name, std::initializer_list<field> fields = {},
      level importance = level::info,
      const std::source_location& where = std::source_location::current()) noexcept {
    if (enabled(importance)) start(name, fields, importance, where);
  }
  manual_span(manual_span&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  manual_span& operator=(manual_span&& other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  ~manual_span() { end(); }

  explicit operator bool() const noexcept { return record_ != nullptr; }
  /// Its identity; not valid when it is empty.
  WEFT_API span_context identity() const noexcept;
  /// The context in force here, with this span in place of what there is.
  WEFT_API context child_context() const;

  /// Adds a field, or replaces the one of that name.
  WEFT_API void set(std::string_view name, value of) noexcept;
  /// Puts the span into the trace that a request from another process named. Children that were
  /// made before keep the trace that they were made in.
  WEFT_API void set_parent(const span_context& remote) noexcept;
  /// Names another span that this one has to do with.
  WEFT_API void add_link(const span_context& to) noexcept;
  /// `description` is kept for errors only.
  WEFT_API void set_status(status ended, std::string_view description = {}) noexcept;
  /// Idempotent.
  void end() noexcept {
    if (record_) finish();
  }

 private:
  friend class span;
  WEFT_API void start(std::string_view name, std::initializer_list<field> fields, level importance,
                      const std::source_location& where) noexcept;
  WEFT_API void finish() noexcept;

  detail::span_record* record_ = nullptr;
};

/// A span that is in force from here to the end of the block, across suspensions and threads: of
/// this branch of this task, and of the branches that it starts meanwhile. Pinned.
///
/// Besides its duration it knows how long its task was running meanwhile (busy), and how long not
/// (idle).
/// Bounds, cost: as of `manual_span`.
class [[nodiscard("a span that is dropped ends at once")]] span {
 public:
  explicit span(std::string_view name, std::initializer_list<field> fields = {},
                level importance = level::info,
                const std::source_location& where = std::source_location::current()) noexcept
      : span_(name, fields, importance, where) {
    if (span_) enter();
  }
  span(const span&) = delete;
  span& operator=(const span&) = delete;
  ~span() {
    if (span_) leave();
  }

  explicit operator bool() const noexcept { return static_cast<bool>(span_); }
  /// As of `manual_span`.
  span_context identity() const noexcept { return span_.identity(); }
  void set(std::string_view name, value of) noexcept { span_.set(name, of); }
  void set_parent(const span_context& remote) noexcept { span_.set_parent(remote); }
  void add_link(const span_context& to) noexcept { span_.add_link(to); }
  void set_status(status ended, std::string_view description = {}) noexcept {
    span_.set_status(ended, description);
  }

 private:
  WEFT_API void enter() noexcept;
  WEFT_API void leave() noexcept;

  manual_span span_;
  detail::context_entry entry_{};
};

}  // namespace trace
}  // namespace v0
}  // namespace weft
