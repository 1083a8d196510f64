// context: what flows down a call by itself: deadline, cancellation, span, baggage, task locals.
#pragma once

#include <weft/cancellation_token.hpp>
#include <weft/detail/single_branch.hpp>
#include <weft/time.hpp>
#include <weft/trace/span_context.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace weft {
inline namespace v0 {

class context;
template <class T>
class task_local;

namespace detail {

struct context_access;

// In force here; null: nothing.
WEFT_API const context_record* record_here() noexcept;
// As a scope refers to it: never null.
WEFT_API const context_record* record_of(const context& one) noexcept;
WEFT_API void retain_context(const context_record* record) noexcept;
WEFT_API void release_context(const context_record* record) noexcept;

}  // namespace detail

/// What flows down a call by itself. An immutable value: to change it is to make another one.
///
///     auto limited = weft::context::current().with_deadline(weft::time::after(100ms));
///     auto reply = co_await or_return(weft::in_context(limited, client.get("/users/7")));
///
/// Each branch of a task has its own context, and so has each thread outside a runtime. Who begins
/// something gets it from whom:
///
/// | begun by                            | deadline | cancellation | span      | baggage, locals |
/// |-------------------------------------|----------|--------------|-----------|-----------------|
/// | `co_await`, `join`, `select`, …     | yes      | yes          | yes       | yes             |
/// | `task_group`                        | yes      | yes          | yes       | yes             |
/// | `spawn`, `shield`, `spawn_blocking` | no       | no           | as a link | yes             |
///
/// Nothing of it acts by itself: deadlines are kept by `timeout` and by servers and clients,
/// cancellation by whoever awaits the token. So a spawned task may outlive the request that started
/// it, and a call that is made for a request may not.
/// Ownership: a cheap handle; copies share. Thread-safety: distinct objects from any threads; const
/// members of one from many.
/// Cost: nothing where it is not used; each `with_…` is one allocation or two. Throws
/// std::bad_alloc.
class context {
 public:
  /// The most baggage, counted as the header `baggage` would be. Source: W3C Baggage §3.3.2.
  static constexpr std::size_t max_baggage_entries = 64;
  static constexpr std::size_t max_baggage_bytes = 8192;

  struct baggage_entry {
    std::string_view name;
    std::string_view value;
  };

  /// The empty one: nothing flows from outside into what runs in it.
  context() noexcept = default;
  context(const context& other) noexcept : record_(other.record_) {
    if (record_) detail::retain_context(record_);
  }
  context(context&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  context& operator=(context other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  ~context() {
    if (record_) detail::release_context(record_);
  }

  /// The one that is in force where this is called, the deadlines of the timeouts around included.
  static WEFT_API context current();
  /// What a spawned task would get of it.
  WEFT_API context for_spawn() const;

  /// When whoever asked will not wait any longer; `time::never`.
  WEFT_API time::time_point deadline() const noexcept;
  /// The token that tells that whoever asked wants no answer any more.
  WEFT_API std::optional<cancellation_token> cancellation() const noexcept;
  /// What a request to another process should name as its parent: the current span, or, without
  /// one, the remote parent. Not `valid()` without either.
  WEFT_API trace::span_context span() const noexcept;
  /// The span from which this task was spawned. Not `valid()` without one.
  WEFT_API trace::span_context linked_span() const noexcept;
  /// Views of the context.
  WEFT_API std::optional<std::string_view> baggage(std::string_view name) const noexcept
      WEFT_LIFETIMEBOUND;
  /// In the order of insertion.
  WEFT_API std::vector<baggage_entry> baggage() const WEFT_LIFETIMEBOUND;

  /// With a deadline: the earlier one of this and what there was.
  [[nodiscard]] WEFT_API context with_deadline(time::time_point deadline) const;
  /// With another token. Make it a child of `cancellation()`, unless work shall survive that.
  [[nodiscard]] WEFT_API context with_cancellation(cancellation_token token) const;
  /// Without deadline and cancellation: for work that has to be done whoever waits.
  [[nodiscard]] WEFT_API context detached() const;
  /// With the parent that a request from another process named. New spans are its children.
  [[nodiscard]] WEFT_API context with_remote_parent(trace::span_context parent) const;
  /// With an entry, which replaces one of the same name. Errors: `errc::limit_exceeded` beyond the
  /// limits above; `errc::invalid_argument` for a name that is no token (RFC 9110 §5.6.2).
  WEFT_API result<context> with_baggage(std::string_view name, std::string_view value) const;
  [[nodiscard]] WEFT_API context without_baggage(std::string_view name) const;
  /// With a value for a task local.
  template <class T>
  [[nodiscard]] context with(const task_local<T>& local, T value) const;
  /// The value of a task local, or null. It lives as long as this context.
  template <class T>
  const T* find(const task_local<T>& local) const noexcept WEFT_LIFETIMEBOUND;

  explicit operator bool() const noexcept { return record_ != nullptr; }
  friend bool operator==(const context& left, const context& right) noexcept {
    return left.record_ == right.record_;
  }

 private:
  friend struct detail::context_access;
  template <class T>
  friend class task_local;

  explicit context(const detail::context_record* owned) noexcept : record_(owned) {}
  WEFT_API context with_local(const void* key, std::shared_ptr<const void> value) const;
  static WEFT_API const void* find_local(const detail::context_record* record,
                                         const void* key) noexcept;

  const detail::context_record* record_ = nullptr;
};

/// Puts a context in force until the end of the block, across suspensions: in this branch of this
/// task, or, outside a runtime, in this thread. Scopes end in the reverse of their order.
///
///     weft::context_scope scope(weft::context::current().with(current_tenant, tenant));
///
/// Pinned. Thread-safety: of the branch that made it.
class [[nodiscard("a scope that is dropped ends at once")]] context_scope {
 public:
  explicit context_scope(context entered) noexcept : context_(std::move(entered)) {
    auto& ambient = detail::ambient_here();
    entry_ = {ambient, detail::record_of(context_), nullptr};
    ambient = reinterpret_cast<detail::context_word>(&entry_);
  }
  context_scope(const context_scope&) = delete;
  context_scope& operator=(const context_scope&) = delete;
  // A frame may be destroyed from outside its branch, whose context is then of no interest.
  ~context_scope() {
    auto& ambient = detail::ambient_here();
    if (ambient == reinterpret_cast<detail::context_word>(&entry_)) ambient = entry_.outer;
  }

 private:
  context context_;
  detail::context_entry entry_;
};

namespace detail {

struct context_access {
  static context adopt(const context_record* owned) noexcept { return context(owned); }
  static const context_record* record(const context& of) noexcept { return of.record_; }
  static context with_local(const context& outer, const void* key,
                            std::shared_ptr<const void> value) {
    return outer.with_local(key, std::move(value));
  }
};

// Where an operation gets its context from, when it is awaited.
struct given_context {
  context within;
  context operator()() noexcept { return std::move(within); }
};
struct local_value {
  const void* key;
  std::shared_ptr<const void> value;
  context operator()() {
    return context_access::with_local(context::current(), key, std::move(value));
  }
};

template <class Source, class Operation>
class in_context_awaiter : public leaf_awaiter<in_context_awaiter<Source, Operation>> {
 public:
  in_context_awaiter(Source&& source, Operation&& operation)
      : source_(std::move(source)), inner_(std::move(operation)) {}

  static constexpr const char* name = "in_context";
  static constexpr bool lends_bits = true;
  bool poll() noexcept {
    if (inner_.started()) return inner_.poll();
    try {
      context_ = source_();
    } catch (...) {
      inner_.result().fail(std::current_exception());
      return true;
    }
    entry_.record = record_of(context_);
    return inner_.start(*this, reinterpret_cast<context_word>(&entry_));
  }
  auto take() { return inner_.result().take(); }
  void branch_done() noexcept { inner_.ended(); }

 private:
  Source source_;
  context context_;
  context_entry entry_{};
  single_branch<in_context_awaiter, Operation> inner_;
};

template <class Source, class Operation>
class [[nodiscard]] in_context_operation {
 public:
  in_context_operation(Source&& source, Operation&& operation)
      : source_(std::move(source)), operation_(std::move(operation)) {}
  auto operator co_await() && {
    return in_context_awaiter<Source, Operation>(std::move(source_), std::move(operation_));
  }

 private:
  Source source_;
  Operation operation_;
};

}  // namespace detail

/// Runs `operation` in `within`, whatever is in force where it is awaited; so
/// `spawn(in_context(context::current(), …))` inherits all. Yields what the operation yields.
/// Cancel-safety: that of the operation.
template <detail::operation_argument Argument>
auto in_context(context within, Argument&& operation) {
  using source = detail::given_context;
  return detail::in_context_operation<source, std::remove_cvref_t<Argument>>(
      source{std::move(within)}, detail::take_operation(std::forward<Argument>(operation)));
}

/// A value that belongs to a task instead of a thread. Each object is a local of its own; it has to
/// outlive whoever uses it, so it is best a constant of a namespace:
///
///     inline constexpr weft::task_local<tenant> current_tenant;
///     co_await current_tenant.scope(tenant("acme"), handle(request));
///     if (auto* tenant = current_tenant.get()) …
///
/// Values are constant, since all that a task spawns shares them: they flow as the context does.
template <class T>
class task_local {
 public:
  constexpr task_local() noexcept = default;
  task_local(const task_local&) = delete;
  task_local& operator=(const task_local&) = delete;

  /// The value in force here, or null. It lives as long as the scope that set it.
  const T* get() const noexcept {
    auto* record = detail::record_here();
    return record ? static_cast<const T*>(context::find_local(record, this)) : nullptr;
  }
  /// Runs `operation` with a value, in the context in force where that is awaited. Yields what the
  /// operation yields; throws what it throws, and std::bad_alloc. Cancel-safety: that of the
  /// operation.
  template <detail::operation_argument Argument>
  auto scope(T value, Argument&& operation) const {
    using source = detail::local_value;
    return detail::in_context_operation<source, std::remove_cvref_t<Argument>>(
        source{this, std::make_shared<const T>(std::move(value))},
        detail::take_operation(std::forward<Argument>(operation)));
  }
};

template <class T>
context context::with(const task_local<T>& local, T value) const {
  return with_local(&local, std::make_shared<const T>(std::move(value)));
}
template <class T>
const T* context::find(const task_local<T>& local) const noexcept {
  return record_ ? static_cast<const T*>(find_local(record_, &local)) : nullptr;
}

}  // namespace v0
}  // namespace weft
