#include "trace/subscribers.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <new>
#include <thread>

#include "facade.hpp"
#include "task/context_record.hpp"
#include "task/thread_place.hpp"
#include "trace/filter_rules.hpp"
#include "trace/span_record.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

constinit std::atomic<std::uint8_t> least_traced{static_cast<std::uint8_t>(trace::level::off)};

namespace {

// Who tells something announces itself in a counter (one of several, so that threads seldom meet),
// then reads who listens. Who installs changes who listens, then waits until each counter was seen
// at zero. Announcing, reading, changing and seeing are seq_cst: either the teller reads the new
// set, or the installer sees its announcement. A teller that comes later reads the new set.
struct alignas(64) teller_count {
  facade::atomic<std::uint32_t> tellers{0};
};
std::array<teller_count, 16> teller_counts;
facade::atomic<const subscriber_set*> listening{nullptr};

facade::atomic<std::uint64_t> untold_count{0};

// Guards what follows; installing is rare.
std::mutex& install_lock() {
  static std::mutex lock;
  return lock;
}
std::shared_ptr<const subscriber_set>& installed() {
  static std::shared_ptr<const subscriber_set> current;
  return current;
}

thread_local bool telling = false;

teller_count& my_count() noexcept {
  auto place = reinterpret_cast<std::uintptr_t>(&thread_place);
  return teller_counts[(place >> 12) % teller_counts.size()];
}

}  // namespace

subscribers_in_use::subscribers_in_use() noexcept {
  if (telling) return;
  telling = true;
  my_count().tellers.fetch_add(1, std::memory_order_seq_cst);
  set_ = listening.load(std::memory_order_seq_cst);
  if (!set_) {
    my_count().tellers.fetch_sub(1, std::memory_order_release);
    telling = false;
  }
}

subscribers_in_use::~subscribers_in_use() {
  if (!set_) return;
  my_count().tellers.fetch_sub(1, std::memory_order_release);
  telling = false;
}

void count_untold() noexcept {
  untold_count.fetch_add(1, std::memory_order_relaxed);
}

namespace {

// A place in the program that tells something. Kept for ever: there are as many as there are
// places.
struct callsite {
  const char* file;
  std::uint32_t line;
  std::uint32_t column;
  trace::level importance;
  callsite* next;
  // In bits 0..15 what is always heard, in 16..31 what within spans, in 32..63 the generation of
  // the set that this holds for.
  facade::atomic<std::uint64_t> heard{0};

  bool is(trace::level level, const std::source_location& where) const noexcept {
    return file == where.file_name() && line == where.line() && column == where.column() &&
           importance == level;
  }
};

// Chains that only grow at their front: readers take no lock.
std::array<facade::atomic<callsite*>, 1024> callsites;
spin_lock callsites_lock;

callsite& find_callsite(trace::level importance, const std::source_location& where) {
  auto hash = reinterpret_cast<std::uintptr_t>(where.file_name()) * 31 +
              where.line() * 2654435761u + where.column() * 40503u +
              static_cast<std::uint32_t>(importance);
  auto& chain = callsites[(hash ^ hash >> 17) % callsites.size()];
  for (auto* one = chain.load(std::memory_order_acquire); one; one = one->next) {
    if (one->is(importance, where)) return *one;
  }
  auto* made = new callsite{where.file_name(), where.line(), where.column(), importance, nullptr};
  std::lock_guard held(callsites_lock);
  for (auto* one = chain.load(std::memory_order_relaxed); one; one = one->next) {
    if (one->is(importance, where)) {
      delete made;
      return *one;
    }
  }
  made->next = chain.load(std::memory_order_relaxed);
  chain.store(made, std::memory_order_release);
  return *made;
}

interest ask_filters(const subscriber_set& set, trace::level importance, std::string_view path) {
  interest wanted;
  for (std::size_t i = 0; i < set.outputs.size(); ++i) {
    const auto& rules = set.outputs[i].which.rules();
    auto bit = static_cast<std::uint16_t>(1u << i);
    if (importance >= rules.least_at(path)) {
      wanted.always |= bit;
    } else if (rules.may_hear(path, importance)) {
      wanted.within_spans |= bit;
    }
  }
  return wanted;
}

}  // namespace

// Threads that find an old generation ask the filters at the same time, and store the same.
interest interest_of(const subscriber_set& set, trace::level importance,
                     const std::source_location& where) {
  auto& site = find_callsite(importance, where);
  auto heard = site.heard.load(std::memory_order_relaxed);
  if (heard >> 32 == set.generation) {
    return {static_cast<std::uint16_t>(heard), static_cast<std::uint16_t>(heard >> 16)};
  }
  auto wanted = ask_filters(set, importance, where.file_name());
  site.heard.store(std::uint64_t{set.generation} << 32 | std::uint64_t{wanted.within_spans} << 16 |
                       wanted.always,
                   std::memory_order_relaxed);
  return wanted;
}

std::uint16_t settle_interest(const subscriber_set& set, interest wanted, trace::level importance,
                              const std::source_location& where, const span_record* innermost) {
  auto heard = wanted.always;
  for (std::size_t i = 0; wanted.within_spans >> i; ++i) {
    auto bit = static_cast<std::uint16_t>(1u << i);
    if (!(wanted.within_spans & bit)) continue;
    if (set.outputs[i].which.rules().hears_within(where.file_name(), importance, innermost)) {
      heard |= bit;
    }
  }
  return heard;
}

void emit_event(trace::level importance, std::string_view message, const trace::field* fields,
                std::size_t count, const std::source_location& where) noexcept {
  subscribers_in_use listeners;
  auto* set = listeners.get();
  if (!set) return;
  try {
    auto wanted = interest_of(*set, importance, where);
    if (wanted.none()) return;
    auto* record = record_here();
    auto* span = record ? record->span : nullptr;
    auto heard = settle_interest(*set, wanted, importance, where, span);
    if (!heard) return;
    trace::event_view happened{importance,
                               message,
                               {fields, count},
                               where,
                               std::chrono::nanoseconds(time::wall_clock_ns()),
                               span ? std::optional(trace::span_view(*span)) : std::nullopt};
    for (std::size_t i = 0; heard >> i; ++i) {
      if (heard >> i & 1) set->outputs[i].to->on_event(happened);
    }
  } catch (const std::bad_alloc&) {
    count_untold();
  }
}

}  // namespace detail

namespace trace {

output::~output() = default;
void output::on_span_start(const span_view&) noexcept {}
void output::on_span_end(const span_view&) noexcept {}

result<void> install(std::vector<subscription> outputs) {
  using namespace detail;
  if (outputs.size() > max_outputs) {
    return fail(errc::limit_exceeded, "trace: more than 16 outputs at once");
  }
  if (telling) misuse("trace::install was called by an output that is being told something");
  std::lock_guard held(install_lock());
  static std::uint32_t generations = 0;
  std::shared_ptr<const subscriber_set> made;
  auto least = level::off;
  if (!outputs.empty()) {
    for (const auto& one : outputs) least = std::min(least, one.which.least());
    made = std::make_shared<const subscriber_set>(++generations, std::move(outputs));
  }
  listening.store(made.get(), std::memory_order_seq_cst);
  least_traced.store(static_cast<std::uint8_t>(least), std::memory_order_relaxed);
  for (auto& one : teller_counts) {
    while (one.tellers.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
  }
  installed().swap(made);
  return {};
}

std::uint64_t untold() noexcept {
  return detail::untold_count.load(std::memory_order_relaxed);
}

}  // namespace trace
}  // namespace v0
}  // namespace weft
