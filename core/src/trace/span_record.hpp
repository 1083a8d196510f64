// What a span consists of, and who has heard of it.
#pragma once

#include <weft/trace/subscriber.hpp>

#include <mutex>

#include "task/context_record.hpp"
#include "trace/subscribers.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

struct kept_field {
  std::string name;
  trace::value what;  // a text is in `text`
  std::string text;

  kept_field(std::string_view called, const trace::value& of);
  trace::value get() const noexcept {
    return what.what() == trace::value::kind::text ? trace::value(text) : what;
  }
};

// Written by whoever holds the span; what may change is under the lock, since its children's
// threads read it.
struct span_record final : context_record {
  span_record(const context_record* around, std::string_view name) noexcept(false);
  ~span_record();

  trace::span_context identity() const noexcept {
    std::lock_guard held(lock);
    return self;
  }
  void keep(std::string_view name, const trace::value& of);

  const span_record* parent;  // owned
  std::string name;
  trace::level importance = trace::level::info;
  std::source_location where;
  std::shared_ptr<const subscriber_set> subscribers;
  std::uint32_t heard_by = 0;  // of their outputs
  std::int64_t started_wall_ns = 0;
  std::uint64_t started_ns = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t busy_ns = 0;  // at the start, what its task had run before
  std::uint64_t task_id = 0;

  mutable std::mutex lock;
  trace::span_context self;
  trace::span_context parent_identity;
  std::vector<kept_field> fields;
  std::vector<trace::span_context> links;
  trace::status ended = trace::status::unset;
  std::string description;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
