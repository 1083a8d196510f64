#include <weft/error.hpp>

#include <array>
#include <cstddef>
#include <optional>

namespace weft::inline v0 {

namespace {

struct errc_entry {
  const char* message;
  std::optional<std::errc> condition;  // what std::errc it is equivalent to
};

constexpr std::array errc_entries{
    errc_entry{"unknown error", {}},
    errc_entry{"timed out: the deadline passed first", std::errc::timed_out},
    errc_entry{"cancelled", std::errc::operation_canceled},
    errc_entry{"closed: this end or the peer has closed it", std::errc::broken_pipe},
    errc_entry{"the stream ended too early", {}},
    errc_entry{"overloaded: no capacity now, try again later",
               std::errc::resource_unavailable_try_again},
    errc_entry{"a configured limit was exceeded", {}},
    errc_entry{"invalid argument", std::errc::invalid_argument},
    errc_entry{"the object is in no state to do this (moved from, used twice, or not started)", {}},
    errc_entry{"malformed input", std::errc::bad_message},
    errc_entry{"not found", std::errc::no_such_file_or_directory},
    errc_entry{"it exists already", std::errc::file_exists},
    errc_entry{"permission denied", std::errc::permission_denied},
    errc_entry{"shutting down: no new work is taken", {}},
    errc_entry{"there is no runtime here: call this from a task, or use weft::run or block_on", {}},
    errc_entry{"this would block a worker of the runtime: await it, or use spawn_blocking", {}},
    errc_entry{"an exception escaped the task", {}},
    errc_entry{"the task was aborted before it completed", {}},
    errc_entry{"unsupported here", std::errc::function_not_supported},
    errc_entry{"out of memory", std::errc::not_enough_memory},
    errc_entry{"fell behind; values were missed", std::errc::no_buffer_space},
};
static_assert(errc_entries.size() == static_cast<std::size_t>(errc::lagged) + 1);

class core_category_type final : public std::error_category {
 public:
  constexpr core_category_type() = default;

  auto name() const noexcept -> const char* override { return "weft"; }
  auto message(int value) const -> std::string override { return entry_of(value).message; }
  auto default_error_condition(int value) const noexcept -> std::error_condition override {
    const auto& found = entry_of(value);
    return found.condition ? std::make_error_condition(*found.condition)
                           : std::error_condition(value, *this);
  }

 private:
  static auto entry_of(int value) noexcept -> const errc_entry& {
    const auto index = static_cast<std::size_t>(value);
    return index < errc_entries.size() ? errc_entries[index] : errc_entries[0];
  }
};

// Never destroyed: errors may outlive every static destructor.
template <class T>
union immortal {
  T value;
  constexpr immortal() : value() {}
  ~immortal() {}
};

constinit immortal<core_category_type> core_category_instance;

constinit const auto errc_records = [] {
  std::array<error_record, errc_entries.size()> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = {&core_category_instance.value, static_cast<int>(i), nullptr};
  }
  return table;
}();

// Interned codes of foreign categories. A slot goes from free through writing to ready and then
// stays; a slot that another thread is writing is passed over, so nobody ever waits, and at worst a
// code is stored twice.
class code_interner {
 public:
  auto find_or_add(std::error_code code) noexcept -> const error_record* {
    auto at = (reinterpret_cast<std::uintptr_t>(&code.category()) / 16 +
               static_cast<unsigned>(code.value())) %
              slots_.size();
    for (std::size_t probes = 0; probes < max_probes; ++probes, at = (at + 1) % slots_.size()) {
      auto& slot = slots_[at];
      auto now = slot.state.load(std::memory_order_acquire);  // pairs with the release below
      if (now == phase::free &&
          slot.state.compare_exchange_strong(now, phase::writing, std::memory_order_acquire)) {
        slot.record = {&code.category(), code.value(), nullptr};
        slot.state.store(phase::ready, std::memory_order_release);
        return &slot.record;
      }
      if (now == phase::ready && slot.record.value == code.value() &&
          *slot.record.category == code.category()) {
        return &slot.record;
      }
    }
    return nullptr;
  }

 private:
  enum class phase : std::uint8_t { free, writing, ready };
  struct slot_type {
    error_record record{};
    std::atomic<phase> state{phase::free};
  };
  static constexpr std::size_t max_probes = 64;

  std::array<slot_type, 1024> slots_{};
};

constinit code_interner interned_codes;

void release_payloads(detail::error_payload* payload) noexcept {
  // acq_rel: the last owner sees what the others wrote before they let go.
  while (payload != nullptr && payload->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    auto* next = payload->next;
    payload->destroy(payload);
    payload = next;
  }
}

}  // namespace

namespace detail {

struct error_detail {
  std::atomic<std::uint32_t> references{1};
  const error_record* record;
  error_record own{};  // used when the code could not be interned
  std::string context;
  error cause{std::uintptr_t{0}};  // a word of 0 is no cause
  error_payload* payloads = nullptr;

  explicit error_detail(const error_record& of) noexcept : record(&of) {}
  error_detail(const error_detail&) = delete;
  auto operator=(const error_detail&) -> error_detail& = delete;
  ~error_detail() { release_payloads(payloads); }

  auto word() const noexcept -> std::uintptr_t {
    return reinterpret_cast<std::uintptr_t>(this) | 1;
  }

  /// What a shared detail becomes before it is changed; null when memory runs out.
  auto clone() const noexcept -> error_detail* {
    auto* copy = new (std::nothrow) error_detail(*record);
    if (copy == nullptr) return nullptr;
    if (record == &own) {
      copy->own = own;
      copy->record = &copy->own;
    }
    copy->cause = cause;
    copy->payloads = payloads;
    if (payloads != nullptr) payloads->references.fetch_add(1, std::memory_order_relaxed);
    try {
      copy->context = context;
    } catch (const std::bad_alloc&) {  // the code, cause and payload survive without the sentence
    }
    return copy;
  }

  auto take_cause() noexcept -> std::uintptr_t { return std::exchange(cause.word_, 0); }
  auto has_cause() const noexcept -> bool { return cause.word_ != 0; }
};

}  // namespace detail

auto core_category() noexcept -> const std::error_category& {
  return core_category_instance.value;
}

auto error::record_of(errc code) noexcept -> const error_record& {
  const auto index = static_cast<std::size_t>(code);
  return index < errc_records.size() ? errc_records[index] : errc_records[0];
}

error::error(std::error_code code) noexcept : word_(0) {
  if (code.category() == core_category()) {
    word_ = reinterpret_cast<std::uintptr_t>(&record_of(static_cast<errc>(code.value())));
    return;
  }
  if (const auto* record = interned_codes.find_or_add(code)) {
    word_ = reinterpret_cast<std::uintptr_t>(record);
  } else if (auto* detail = new (std::nothrow) detail::error_detail(errc_records[0])) {
    detail->own = {&code.category(), code.value(), nullptr};
    detail->record = &detail->own;
    word_ = detail->word();
  }
}

auto error::extra() const noexcept -> detail::error_detail* {
  return has_detail() ? reinterpret_cast<detail::error_detail*>(word_ & ~std::uintptr_t{1})
                      : nullptr;
}

auto error::record() const noexcept -> const error_record& {
  if (const auto* detail = extra()) return *detail->record;
  return word_ != 0 ? *reinterpret_cast<const error_record*>(word_) : errc_records[0];
}

void error::retain() const noexcept {
  extra()->references.fetch_add(1, std::memory_order_relaxed);
}

// A loop, not a recursion: a chain of causes may be as long as a program kept adding to it.
void error::release() noexcept {
  auto word = std::exchange(word_, 0);
  while ((word & 1) != 0) {
    auto* detail = reinterpret_cast<detail::error_detail*>(word & ~std::uintptr_t{1});
    // acq_rel: the last owner sees what the others wrote before they let go.
    if (detail->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    word = detail->take_cause();
    delete detail;
  }
}

// The detail of this error alone, to be changed: made, or cloned when others share it.
auto error::own_detail() noexcept -> detail::error_detail* {
  auto* detail = extra();
  if (detail == nullptr) {
    detail = new (std::nothrow) detail::error_detail(record());
    if (detail != nullptr) word_ = detail->word();
    return detail;
  }
  // acquire: what former sharers read happened before what is written next.
  if (detail->references.load(std::memory_order_acquire) == 1) return detail;
  auto* copy = detail->clone();
  if (copy != nullptr) {
    release();
    word_ = copy->word();
  }
  return copy;
}

auto error::with_context(std::string context) && noexcept -> error {
  if (auto* detail = own_detail()) {
    try {
      if (!detail->context.empty()) context.append(": ").append(detail->context);
      detail->context = std::move(context);
    } catch (const std::bad_alloc&) {  // keep the context that there is
    }
  }
  return std::move(*this);
}

auto error::with_cause(error cause) && noexcept -> error {
  if (auto* detail = own_detail()) detail->cause = std::move(cause);
  return std::move(*this);
}

auto error::attach(detail::error_payload* payload) && noexcept -> error {
  if (payload == nullptr) return std::move(*this);
  if (auto* detail = own_detail()) {
    payload->next = std::exchange(detail->payloads, payload);
  } else {
    payload->destroy(payload);
  }
  return std::move(*this);
}

auto error::find_payload(const void* type) const noexcept -> const detail::error_payload* {
  for (const auto* at = this; at != nullptr; at = at->cause()) {
    const auto* detail = at->extra();
    if (detail == nullptr) return nullptr;
    for (const auto* found = detail->payloads; found != nullptr; found = found->next) {
      if (found->type == type) return found;
    }
  }
  return nullptr;
}

auto error::code() const noexcept -> std::error_code {
  const auto& found = record();
  return {found.value, *found.category};
}

auto error::context() const noexcept -> std::string_view {
  if (const auto* detail = extra(); detail != nullptr && !detail->context.empty()) {
    return detail->context;
  }
  const auto* fixed = record().context;
  return fixed != nullptr ? std::string_view(fixed) : std::string_view();
}

auto error::cause() const noexcept -> const error* {
  const auto* detail = extra();
  return detail != nullptr && detail->has_cause() ? &detail->cause : nullptr;
}

auto error::message() const -> std::string {
  std::string text;
  for (const auto* at = this; at != nullptr; at = at->cause()) {
    if (at != this) text.append(": caused by: ");
    const auto& record = at->record();
    if (const auto* detail = at->extra(); detail != nullptr && !detail->context.empty()) {
      text.append(detail->context).append(": ");
    }
    if (record.context != nullptr) text.append(record.context).append(": ");
    text.append(record.category->message(record.value));
  }
  return text;
}

}  // namespace weft::inline v0
