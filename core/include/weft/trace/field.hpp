// What spans and events say: levels, and values with names.
#pragma once

#include <weft/error.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace weft {
inline namespace v0 {
namespace trace {

/// How much something matters; the least first.
enum class level : std::uint8_t {
  trace,  ///< Every step.
  debug,  ///< For whoever looks for a fault.
  info,   ///< What goes on.
  warn,   ///< Something is not as it should be, and work goes on.
  error,  ///< Work failed.
  off,    ///< For filters: nothing at all.
};

/// The name of a level in small letters.
WEFT_API std::string_view name_of(level of) noexcept;

/// What a field is. A view: text and errors are borrowed until the call returns, and copied then by
/// whoever keeps them.
class value {
 public:
  enum class kind : std::uint8_t { boolean, integer, natural, real, text, duration, failure };

  value(bool of) noexcept : boolean_(of), kind_(kind::boolean) {}  // NOLINT: {"name", true}
  template <std::signed_integral T>
  value(T of) noexcept : integer_(of), kind_(kind::integer) {}  // NOLINT
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  value(T of) noexcept : natural_(of), kind_(kind::natural) {}  // NOLINT
  template <std::floating_point T>
  value(T of) noexcept : real_(static_cast<double>(of)), kind_(kind::real) {}  // NOLINT
  template <class T>
    requires std::convertible_to<const T&, std::string_view>
  value(const T& of) noexcept : text_(of), kind_(kind::text) {}  // NOLINT
  template <class T>
    requires std::is_enum_v<T>
  value(T of) noexcept : value(static_cast<std::underlying_type_t<T>>(of)) {}  // NOLINT
  template <class Rep, class Period>
  value(std::chrono::duration<Rep, Period> of) noexcept  // NOLINT
      : integer_(std::chrono::duration_cast<std::chrono::nanoseconds>(of).count()),
        kind_(kind::duration) {}
  value(const weft::error& of) noexcept : failure_(&of), kind_(kind::failure) {}  // NOLINT

  kind what() const noexcept { return kind_; }
  bool boolean() const noexcept { return boolean_; }
  std::int64_t integer() const noexcept { return integer_; }
  std::uint64_t natural() const noexcept { return natural_; }
  double real() const noexcept { return real_; }
  std::string_view text() const noexcept { return text_; }
  std::chrono::nanoseconds duration() const noexcept { return std::chrono::nanoseconds(integer_); }
  const weft::error& failure() const noexcept { return *failure_; }

 private:
  union {
    bool boolean_;
    std::int64_t integer_;
    std::uint64_t natural_;
    double real_;
    std::string_view text_;
    const weft::error* failure_;
  };
  kind kind_;
};

/// A value with its name, which is best a constant.
struct field {
  std::string_view name;
  value what;
};

}  // namespace trace
}  // namespace v0
}  // namespace weft
