#pragma once

#include <weft/export.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

// Errors are values. weft::error is one machine word for every package: it points to a static
// record of a code (the common case: nothing is allocated), or to a reference-counted detail when
// there is something dynamic to say: a context, a cause, a typed payload.
//
//   return weft::fail(weft::errc::not_found, "user 7");
//   if (e == weft::errc::timed_out || e == std::errc::connection_refused) retry();

namespace weft::inline v0 {

/// What can go wrong in core: a value for each thing that a caller would handle differently.
/// Codes of the operating system keep their own category (see error::from_errno).
enum class errc : int {
  unknown = 0,          ///< Nothing better is known; also what a moved-from error reports.
  timed_out = 1,        ///< A deadline passed first.
  cancelled,            ///< Somebody asked for the operation to stop.
  closed,               ///< This end or the peer closed the channel, stream or handle.
  end_of_stream,        ///< The stream ended before what was asked for had arrived.
  overloaded,           ///< There is no capacity now; later there may be.
  limit_exceeded,       ///< The input is larger than a configured limit allows.
  invalid_argument,     ///< A parameter cannot be right, whatever the state.
  invalid_state,        ///< The object cannot do this now (moved from, awaited twice, not started).
  invalid_data,         ///< Input from outside is malformed.
  not_found,            ///< The thing asked for does not exist.
  already_exists,       ///< The thing to be created exists.
  permission_denied,    ///< It exists, but not for this caller.
  shut_down,            ///< The runtime or service is going away and takes no new work.
  no_runtime,           ///< Called outside a runtime.
  would_block_runtime,  ///< A blocking call from inside a worker, such as block_on.
  task_failed,          ///< An exception escaped a task.
  task_aborted,         ///< The task was aborted before it completed.
  unsupported,          ///< Not implemented here, or not by this kernel.
  out_of_memory,        ///< An allocation failed.
  lagged,               ///< A receiver was too slow: values were overwritten (sync::broadcast).
};

/// The category of errc; its name is "weft".
WEFT_API auto core_category() noexcept -> const std::error_category&;

inline auto make_error_code(errc code) noexcept -> std::error_code {
  return {static_cast<int>(code), core_category()};
}

/// A code with static storage. Packages keep tables of these, so that their errors allocate
/// nothing.
struct error_record {
  const std::error_category* category;
  int value;
  const char* context;  ///< May be null. Shown before the category's message.
};

class error;

}  // namespace weft::inline v0

template <>
struct std::is_error_code_enum<weft::errc> : std::true_type {};

namespace weft::inline v0 {

namespace detail {

struct error_detail;

/// The type's identity without RTTI. A payload type that crosses shared libraries must be exported
/// by one of them, as for exceptions.
template <class T>
WEFT_API inline constexpr char payload_type = 0;

struct error_payload {
  std::atomic<std::uint32_t> references{1};
  const void* type;
  void (*destroy)(error_payload*) noexcept;
  error_payload* next = nullptr;

  error_payload(const void* identity, void (*destroyer)(error_payload*) noexcept) noexcept
      : type(identity), destroy(destroyer) {}
};

template <class T>
struct error_payload_of final : error_payload {
  T value;

  explicit error_payload_of(T&& object)
      : error_payload(
            &payload_type<T>,
            [](error_payload* self) noexcept { delete static_cast<error_payload_of*>(self); }),
        value(std::move(object)) {}
};

template <class E>
concept error_code_enum = std::is_error_code_enum_v<E>;

template <class E>
concept error_condition_enum = std::is_error_condition_enum_v<E>;

}  // namespace detail

/// What went wrong, in one machine word.
///
/// Copies share the detail. A moved-from error reports errc::unknown and may be assigned to.
/// Construction and the with_ functions never fail: when memory runs out, what was to be added is
/// dropped and the code remains.
/// Thread-safety: distinct objects may be used from distinct threads, also when they share a
/// detail.
class error {
 public:
  error(errc code) noexcept;  // NOLINT(google-explicit-constructor): `return fail(errc::closed)`

  template <detail::error_code_enum E>
  error(E code) noexcept  // NOLINT(google-explicit-constructor)
      : error(std::error_code(code)) {}

  /// Any code of any category. Codes are interned: a code costs no allocation.
  WEFT_API explicit error(std::error_code code) noexcept;

  /// With a sentence on what was being done: "connecting to 10.0.0.1:80".
  template <detail::error_code_enum E>
  error(E code, std::string context) noexcept
      : error(error(code).with_context(std::move(context))) {}

  /// An error of the operating system, in std::system_category. Allocates nothing.
  static auto from_errno(int number) noexcept -> error {
    return error(std::error_code(number, std::system_category()));
  }

  /// Refers to `record`, which must live as long as the program.
  static auto from_record(const error_record& record) noexcept -> error {
    return error(reinterpret_cast<std::uintptr_t>(&record));
  }

  error(const error& other) noexcept : word_(other.word_) {
    if (has_detail()) retain();
  }
  error(error&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  auto operator=(const error& other) noexcept -> error& {
    error(other).swap(*this);
    return *this;
  }
  auto operator=(error&& other) noexcept -> error& {
    error(std::move(other)).swap(*this);
    return *this;
  }
  ~error() {
    if (has_detail()) release();
  }
  void swap(error& other) noexcept { std::swap(word_, other.word_); }

  /// Puts `context` in front of what there is: "context: earlier context: message".
  [[nodiscard]] WEFT_API auto with_context(std::string context) && noexcept -> error;

  /// Says what led to this error. Replaces an earlier cause.
  [[nodiscard]] WEFT_API auto with_cause(error cause) && noexcept -> error;

  /// Attaches a value that callers find again by its type, with get<T>().
  template <class T>
    requires(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>)
  [[nodiscard]] auto with_payload(T value) && noexcept -> error {
    return std::move(*this).attach(new (std::nothrow)
                                       detail::error_payload_of<T>(std::move(value)));
  }

  [[nodiscard]] WEFT_API auto code() const noexcept -> std::error_code;

  /// The whole story: "context: message: caused by: context: message". Allocates; for people.
  [[nodiscard]] WEFT_API auto message() const -> std::string;

  /// What with_context gave; empty when there is none. Valid as long as this error.
  [[nodiscard]] WEFT_API auto context() const noexcept -> std::string_view;

  /// What led to this error, or null. Owned by this error.
  [[nodiscard]] WEFT_API auto cause() const noexcept -> const error*;

  /// The payload of type T that was attached last, to this error or to one of its causes, or null.
  template <class T>
  [[nodiscard]] auto get() const noexcept -> const T* {
    const auto* found = find_payload(&detail::payload_type<T>);
    return found ? &static_cast<const detail::error_payload_of<T>*>(found)->value : nullptr;
  }

  /// Equal codes; contexts and causes do not count.
  friend auto operator==(const error& left, const error& right) noexcept -> bool {
    return left.code() == right.code();
  }
  template <detail::error_code_enum E>
  friend auto operator==(const error& left, E right) noexcept -> bool {
    return left.code() == std::error_code(right);
  }
  template <detail::error_condition_enum E>
  friend auto operator==(const error& left, E right) noexcept -> bool {
    return left.code() == std::error_condition(right);
  }
  friend auto operator==(const error& left, const std::error_condition& right) noexcept -> bool {
    return left.code() == right;
  }

 private:
  friend struct detail::error_detail;

  // 0 when moved from; else the address of an error_record, or of an error_detail with bit 0 set.
  std::uintptr_t word_;

  explicit error(std::uintptr_t word) noexcept : word_(word) {}
  WEFT_API static auto record_of(errc code) noexcept -> const error_record&;

  [[nodiscard]] auto has_detail() const noexcept -> bool { return (word_ & 1) != 0; }
  [[nodiscard]] auto extra() const noexcept -> detail::error_detail*;
  [[nodiscard]] auto record() const noexcept -> const error_record&;
  [[nodiscard]] auto own_detail() noexcept -> detail::error_detail*;
  WEFT_API void retain() const noexcept;
  WEFT_API void release() noexcept;
  WEFT_API auto attach(detail::error_payload* payload) && noexcept -> error;
  [[nodiscard]] WEFT_API auto find_payload(const void* type) const noexcept
      -> const detail::error_payload*;
};

inline error::error(errc code) noexcept
    : word_(reinterpret_cast<std::uintptr_t>(&record_of(code))) {}

static_assert(sizeof(error) == sizeof(void*));
static_assert(std::is_nothrow_move_constructible_v<error>);

}  // namespace weft::inline v0
