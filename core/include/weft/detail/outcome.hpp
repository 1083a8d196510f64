// How a coroutine ended: with a value, with an exception, or not yet.
#pragma once

#include <weft/result.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {

namespace detail {

template <class T>
using value_or_unit = std::conditional_t<std::is_void_v<T>, unit, T>;

// result<T>, also when T is one already.
template <class T>
struct flat_result {
  using type = result<T>;
};
template <class T>
struct flat_result<result<T>> {
  using type = result<T>;
};
template <class T>
using flat_result_t = typename flat_result<T>::type;

template <class T>
class outcome {
  using stored = value_or_unit<T>;

 public:
  outcome() noexcept {}
  outcome(outcome&& other) noexcept(std::is_nothrow_move_constructible_v<stored>) {
    if (other.kind_ == kind::value) emplace(std::move(other.value_));
    if (other.kind_ == kind::exception) fail(std::move(other.exception_));
  }
  outcome& operator=(outcome&&) = delete;
  ~outcome() { reset(); }

  template <class... Arguments>
  void emplace(Arguments&&... arguments) {
    reset();
    std::construct_at(&value_, std::forward<Arguments>(arguments)...);
    kind_ = kind::value;
  }
  void fail(std::exception_ptr thrown) noexcept {
    reset();
    std::construct_at(&exception_, std::move(thrown));
    kind_ = kind::exception;
  }
  void reset() noexcept {
    auto had = std::exchange(kind_, kind::none);
    if (had == kind::value) std::destroy_at(&value_);
    if (had == kind::exception) std::destroy_at(&exception_);
  }

  explicit operator bool() const noexcept { return kind_ != kind::none; }
  bool has_value() const noexcept { return kind_ == kind::value; }
  bool has_exception() const noexcept { return kind_ == kind::exception; }
  stored& value() noexcept { return value_; }
  std::exception_ptr& exception() noexcept { return exception_; }

  // The value, moved out; or throws what was thrown.
  T take() {
    if (kind_ == kind::exception) std::rethrow_exception(exception_);
    if constexpr (!std::is_void_v<T>) return std::move(value_);
  }

 private:
  enum class kind : std::uint8_t { none, value, exception };
  union {
    stored value_;
    std::exception_ptr exception_;
  };
  kind kind_ = kind::none;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
