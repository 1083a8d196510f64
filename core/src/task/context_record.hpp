// What a context consists of.
#pragma once

#include <weft/context.hpp>

#include <atomic>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft {
inline namespace v0 {
namespace detail {

struct span_record;

struct baggage_item {
  std::string name;
  std::string value;
};
using baggage_list = std::vector<baggage_item>;

// A list that only grows at its front, so that contexts share what is behind.
struct local_node {
  const void* key;
  std::shared_ptr<const void> value;
  std::shared_ptr<const local_node> next;
};

// Constant once it can be seen by others. A span's record is a context with that span.
struct context_record {
  static constexpr std::uint64_t no_deadline = std::numeric_limits<std::uint64_t>::max();

  context_record() noexcept = default;
  context_record(const context_record& from) noexcept;
  context_record& operator=(const context_record&) = delete;
  ~context_record();

  trace::span_context span_identity() const noexcept;
  bool flows_into_spawned() const noexcept;

  mutable std::atomic<std::uint32_t> references{1};
  bool is_span = false;
  std::uint64_t deadline_ns = no_deadline;
  std::optional<cancellation_token> cancellation;
  const span_record* span = nullptr;  // owned, unless it is this
  trace::span_context remote;
  trace::span_context link;
  std::shared_ptr<const baggage_list> baggage;
  std::shared_ptr<const local_node> locals;
};

// The record in force; null: none.
const context_record* record_in(context_word ambient) noexcept;
// As the first of a chain; whoever keeps it owns a reference.
inline context_word owned_context(const context_record* record) noexcept {
  return record ? reinterpret_cast<context_word>(record) | 1 : 0;
}
// The context that a task begins with, when it is spawned where `ambient` is in force: as much as
// there is memory for.
context_word inherit_context(context_word ambient) noexcept;
// Before a task is submitted: it begins with all that is in force here.
void hand_on_context(task_header* task) noexcept;
// Of a task that is complete.
void drop_inherited(context_word owned) noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft
