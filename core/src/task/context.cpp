#include <weft/context.hpp>

#include <algorithm>
#include <new>

#include "task/context_record.hpp"
#include "task/thread_place.hpp"
#include "trace/span_record.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

constexpr context_word owned_record = 1;  // as owned_context sets it

const context_record& empty_record() noexcept {
  static const context_record empty;
  return empty;
}

context_word ambient_word() noexcept {
  return thread_place.branch ? thread_place.branch->ambient : thread_place.ambient;
}

// The record in force, and, when it is asked for, the earliest deadline of the timeouts inside it.
const context_record* find_record(context_word ambient, std::uint64_t* due_ns) noexcept {
  while (ambient) {
    if (ambient & owned_record)
      return reinterpret_cast<const context_record*>(ambient - owned_record);
    auto& entry = *reinterpret_cast<const context_entry*>(ambient);
    if (entry.record) return entry.record;
    if (due_ns) *due_ns = std::min(*due_ns, entry.due->ns());
    ambient = entry.outer;
  }
  return nullptr;
}

// A copy of what there is, to be changed before anybody sees it.
context_record* copy_of(const context_record* from) {
  return from ? new context_record(*from) : new context_record();
}

// What a spawned task gets of it; owned by the caller; null: nothing.
const context_record* spawned_record(const context_record& from) {
  if (!from.flows_into_spawned()) return nullptr;
  bool stays = from.span || from.remote.valid() || from.cancellation ||
               from.deadline_ns != context_record::no_deadline;
  if (!stays) {
    retain_context(&from);
    return &from;
  }
  auto* made = new context_record();
  made->link = from.span_identity().valid() ? from.span_identity() : from.link;
  made->baggage = from.baggage;
  made->locals = from.locals;
  return made;
}

}  // namespace

context_record::context_record(const context_record& from) noexcept
    : deadline_ns(from.deadline_ns),
      cancellation(from.cancellation),
      span(from.span),
      remote(from.remote),
      link(from.link),
      baggage(from.baggage),
      locals(from.locals) {
  if (span) retain_context(span);
}

context_record::~context_record() {
  if (span && !is_span) release_context(span);
}

trace::span_context context_record::span_identity() const noexcept {
  return span ? span->identity() : remote;
}

bool context_record::flows_into_spawned() const noexcept {
  return span || remote.valid() || link.valid() || baggage || locals;
}

const context_record* record_in(context_word ambient) noexcept {
  return find_record(ambient, nullptr);
}

const context_record* record_here() noexcept {
  return find_record(ambient_word(), nullptr);
}

const context_record* record_of(const context& one) noexcept {
  auto* record = context_access::record(one);
  return record ? record : &empty_record();
}

void retain_context(const context_record* record) noexcept {
  record->references.fetch_add(1, std::memory_order_relaxed);
}

// Whoever drops the last reference has seen all that the others did with it.
void release_context(const context_record* record) noexcept {
  if (record->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (record->is_span) {
    delete static_cast<const span_record*>(record);
  } else {
    delete record;
  }
}

std::uint64_t context_deadline_ns(context_word ambient) noexcept {
  auto* record = find_record(ambient, nullptr);
  return record ? record->deadline_ns : context_record::no_deadline;
}

context_word inherit_context(context_word ambient) noexcept {
  auto* record = find_record(ambient, nullptr);
  if (!record) return 0;
  try {
    auto* inherited = spawned_record(*record);
    return owned_context(inherited);
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

void hand_on_context(task_header* task) noexcept {
  try {
    auto here = context::current();
    auto* record = context_access::record(here);
    if (record) retain_context(record);
    task->root.ambient = owned_context(record);
  } catch (const std::bad_alloc&) {  // then as much as submit can hand on
  }
}

void drop_inherited(context_word owned) noexcept {
  release_context(reinterpret_cast<const context_record*>(owned - owned_record));
}

}  // namespace detail

context context::current() {
  auto due_ns = detail::context_record::no_deadline;
  auto* record = detail::find_record(detail::ambient_word(), &due_ns);
  if (record == &detail::empty_record()) record = nullptr;
  if (due_ns < (record ? record->deadline_ns : detail::context_record::no_deadline)) {
    auto* made = detail::copy_of(record);
    made->deadline_ns = due_ns;
    return context(made);
  }
  if (record) detail::retain_context(record);
  return context(record);
}

context context::for_spawn() const {
  return record_ ? context(detail::spawned_record(*record_)) : context();
}

time::time_point context::deadline() const noexcept {
  if (!record_ || record_->deadline_ns == detail::context_record::no_deadline) return time::never;
  return time::time_point(duration(static_cast<duration::rep>(record_->deadline_ns)));
}

std::optional<cancellation_token> context::cancellation() const noexcept {
  return record_ ? record_->cancellation : std::nullopt;
}

trace::span_context context::span() const noexcept {
  return record_ ? record_->span_identity() : trace::span_context();
}

trace::span_context context::linked_span() const noexcept {
  return record_ ? record_->link : trace::span_context();
}

std::optional<std::string_view> context::baggage(std::string_view name) const noexcept {
  if (!record_ || !record_->baggage) return std::nullopt;
  for (const auto& item : *record_->baggage) {
    if (item.name == name) return item.value;
  }
  return std::nullopt;
}

std::vector<context::baggage_entry> context::baggage() const {
  std::vector<baggage_entry> entries;
  if (!record_ || !record_->baggage) return entries;
  entries.reserve(record_->baggage->size());
  for (const auto& item : *record_->baggage) entries.push_back({item.name, item.value});
  return entries;
}

context context::with_deadline(time::time_point deadline) const {
  auto* made = detail::copy_of(record_);
  made->deadline_ns = std::min(made->deadline_ns, detail::deadline_ns(deadline));
  return context(made);
}

context context::with_cancellation(cancellation_token token) const {
  auto* made = detail::copy_of(record_);
  made->cancellation = std::move(token);
  return context(made);
}

context context::detached() const {
  auto* made = detail::copy_of(record_);
  made->deadline_ns = detail::context_record::no_deadline;
  made->cancellation.reset();
  return context(made);
}

context context::with_remote_parent(trace::span_context parent) const {
  auto* made = detail::copy_of(record_);
  if (made->span) detail::release_context(std::exchange(made->span, nullptr));
  made->remote = parent;
  return context(made);
}

namespace {

// RFC 9110 §5.6.2.
bool is_token(std::string_view name) noexcept {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != others.npos;
  });
}

detail::baggage_list baggage_without(const detail::context_record* record, std::string_view name) {
  detail::baggage_list kept;
  if (!record || !record->baggage) return kept;
  for (const auto& item : *record->baggage) {
    if (item.name != name) kept.push_back(item);
  }
  return kept;
}

}  // namespace

result<context> context::with_baggage(std::string_view name, std::string_view value) const {
  if (!is_token(name)) return fail(errc::invalid_argument, "baggage: the name is no token");
  auto items = baggage_without(record_, name);
  auto bytes = name.size() + 1 + value.size();
  for (const auto& item : items) bytes += item.name.size() + item.value.size() + 2;  // "=" and ","
  if (items.size() == max_baggage_entries) {
    return fail(errc::limit_exceeded, "baggage: more than 64 entries");
  }
  if (bytes > max_baggage_bytes) return fail(errc::limit_exceeded, "baggage: more than 8192 bytes");
  items.push_back({std::string(name), std::string(value)});
  auto shared = std::make_shared<const detail::baggage_list>(std::move(items));
  auto* made = detail::copy_of(record_);
  made->baggage = std::move(shared);
  return context(made);
}

context context::without_baggage(std::string_view name) const {
  if (!baggage(name)) return *this;
  auto shared = std::make_shared<const detail::baggage_list>(baggage_without(record_, name));
  auto* made = detail::copy_of(record_);
  made->baggage = shared->empty() ? nullptr : std::move(shared);
  return context(made);
}

context context::with_local(const void* key, std::shared_ptr<const void> value) const {
  auto node = std::make_shared<const detail::local_node>(
      detail::local_node{key, std::move(value), record_ ? record_->locals : nullptr});
  auto* made = detail::copy_of(record_);
  made->locals = std::move(node);
  return context(made);
}

const void* context::find_local(const detail::context_record* record, const void* key) noexcept {
  for (auto* node = record->locals.get(); node; node = node->next.get()) {
    if (node->key == key) return node->value.get();
  }
  return nullptr;
}

}  // namespace v0
}  // namespace weft
