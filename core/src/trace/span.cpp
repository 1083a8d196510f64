#include <weft/trace/subscriber.hpp>

#include <algorithm>
#include <new>

#include "task/thread_place.hpp"
#include "trace/span_record.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

std::uint64_t random_bits() noexcept;

namespace {

template <std::size_t Size>
void fill_randomly(std::array<std::uint8_t, Size>& bytes) noexcept {
  do {
    for (std::size_t i = 0; i < Size; i += 8) {
      auto bits = random_bits();
      for (std::size_t j = 0; j < 8; ++j) bytes[i + j] = static_cast<std::uint8_t>(bits >> 8 * j);
    }
  } while (bytes == std::array<std::uint8_t, Size>{});
}

// How long the task that this thread runs has been running.
std::uint64_t task_busy_ns(const task_header& task, std::uint64_t now) noexcept {
  return task.busy_ns + (now - thread_place.running_since_ns);
}

void start_timing(span_record& record) noexcept {
  record.started_ns = now_ns();
  record.started_wall_ns = time::wall_clock_ns();
  auto* task = thread_place.task;
  if (!task) return;
  record.task_id = task->id;
  if (task->timed++ == 0) thread_place.running_since_ns = record.started_ns;
  record.busy_ns = task_busy_ns(*task, record.started_ns);
}

void stop_timing(span_record& record) noexcept {
  auto now = now_ns();
  record.duration_ns = now - record.started_ns;
  auto* task = thread_place.task;
  if (!task || task->id != record.task_id) {
    record.busy_ns = record.duration_ns;
    return;
  }
  record.busy_ns = std::min(task_busy_ns(*task, now) - record.busy_ns, record.duration_ns);
  if (--task->timed == 0) task->busy_ns += now - thread_place.running_since_ns;
}

}  // namespace

kept_field::kept_field(std::string_view called, const trace::value& of) : name(called), what(of) {
  if (of.what() == trace::value::kind::failure) {
    text = of.failure().message();
    what = trace::value(std::string_view());
  } else if (of.what() == trace::value::kind::text) {
    text = of.text();
  }
}

span_record::span_record(const context_record* around, std::string_view called)
    : context_record(around ? *around : context_record()),
      parent(std::exchange(span, this)),
      name(called),
      parent_identity(parent ? parent->identity() : remote) {
  is_span = true;
  fill_randomly(self.span_id);
  if (parent_identity.valid()) {
    self.trace_id = parent_identity.trace_id;
    self.flags = parent_identity.flags;
  } else {
    fill_randomly(self.trace_id);
    self.flags = trace::span_context::sampled_flag;
    if (link.valid()) links.push_back(link);
  }
}

span_record::~span_record() {
  if (parent) release_context(parent);
}

void span_record::keep(std::string_view called, const trace::value& of) {
  kept_field made(called, of);
  std::lock_guard held(lock);
  auto same = std::find_if(fields.begin(), fields.end(),
                           [&](const kept_field& one) { return one.name == called; });
  if (same != fields.end()) {
    *same = std::move(made);
  } else if (fields.size() < trace::manual_span::max_fields) {
    fields.push_back(std::move(made));
  }
}

}  // namespace detail

namespace trace {

using detail::span_record;

void manual_span::start(std::string_view name, std::initializer_list<field> fields,
                        level importance, const std::source_location& where) noexcept {
  detail::subscribers_in_use listeners;
  auto* set = listeners.get();
  if (!set) return;
  try {
    auto wanted = detail::interest_of(*set, importance, where);
    if (wanted.none()) return;
    auto made = std::make_unique<span_record>(detail::record_here(), name);
    made->importance = importance;
    made->where = where;
    for (const auto& one : fields) made->keep(one.name, one.what);
    made->heard_by = detail::settle_interest(*set, wanted, importance, where, made.get());
    if (!made->heard_by) return;
    made->subscribers = set->shared_from_this();
    record_ = made.release();
  } catch (const std::bad_alloc&) {
    return detail::count_untold();
  }
  detail::start_timing(*record_);
  for (std::size_t i = 0; record_->heard_by >> i; ++i) {
    if (record_->heard_by >> i & 1) set->outputs[i].to->on_span_start(span_view(*record_));
  }
}

void manual_span::finish() noexcept {
  auto* record = std::exchange(record_, nullptr);
  detail::stop_timing(*record);
  const auto& outputs = record->subscribers->outputs;
  for (std::size_t i = 0; record->heard_by >> i; ++i) {
    if (record->heard_by >> i & 1) outputs[i].to->on_span_end(span_view(*record));
  }
  detail::release_context(record);
}

span_context manual_span::identity() const noexcept {
  return record_ ? record_->identity() : span_context();
}

context manual_span::child_context() const {
  if (!record_) return context::current();
  detail::retain_context(record_);
  return detail::context_access::adopt(record_);
}

void manual_span::set(std::string_view name, value of) noexcept {
  if (!record_) return;
  try {
    record_->keep(name, of);
  } catch (const std::bad_alloc&) {
    detail::count_untold();
  }
}

void manual_span::set_parent(const span_context& remote) noexcept {
  if (!record_ || !remote.valid()) return;
  std::lock_guard held(record_->lock);
  record_->parent_identity = remote;
  record_->self.trace_id = remote.trace_id;
  record_->self.flags = remote.flags;
}

void manual_span::add_link(const span_context& to) noexcept {
  if (!record_ || !to.valid()) return;
  try {
    std::lock_guard held(record_->lock);
    if (record_->links.size() < max_links) record_->links.push_back(to);
  } catch (const std::bad_alloc&) {
    detail::count_untold();
  }
}

void manual_span::set_status(status ended, std::string_view description) noexcept {
  if (!record_) return;
  try {
    std::lock_guard held(record_->lock);
    record_->ended = ended;
    record_->description = ended == status::error ? std::string(description) : std::string();
  } catch (const std::bad_alloc&) {
    detail::count_untold();
  }
}

void span::enter() noexcept {
  auto& ambient = detail::ambient_here();
  entry_ = {ambient, span_.record_, nullptr};
  ambient = reinterpret_cast<detail::context_word>(&entry_);
}

void span::leave() noexcept {
  auto& ambient = detail::ambient_here();
  if (ambient == reinterpret_cast<detail::context_word>(&entry_)) ambient = entry_.outer;
}

std::string_view span_view::name() const noexcept {
  return record_->name;
}
level span_view::importance() const noexcept {
  return record_->importance;
}
const std::source_location& span_view::where() const noexcept {
  return record_->where;
}
span_context span_view::identity() const noexcept {
  return record_->identity();
}

span_context span_view::parent_identity() const noexcept {
  std::lock_guard held(record_->lock);
  return record_->parent_identity;
}

std::optional<span_view> span_view::parent() const noexcept {
  return record_->parent ? std::optional(span_view(*record_->parent)) : std::nullopt;
}

void span_view::fields(void* context, visitor visit) const {
  std::lock_guard held(record_->lock);
  for (const auto& one : record_->fields) visit(context, one.name, one.get());
}

std::vector<span_context> span_view::links() const {
  std::lock_guard held(record_->lock);
  return record_->links;
}

status span_view::how_it_ended() const noexcept {
  std::lock_guard held(record_->lock);
  return record_->ended;
}

std::string span_view::description() const {
  std::lock_guard held(record_->lock);
  return record_->description;
}

std::chrono::nanoseconds span_view::started() const noexcept {
  return std::chrono::nanoseconds(record_->started_wall_ns);
}
std::chrono::nanoseconds span_view::duration() const noexcept {
  return std::chrono::nanoseconds(record_->duration_ns);
}
std::chrono::nanoseconds span_view::busy() const noexcept {
  return std::chrono::nanoseconds(record_->busy_ns);
}

}  // namespace trace
}  // namespace v0
}  // namespace weft
