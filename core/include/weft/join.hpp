// join and try_join: several things at once, in one task.
#pragma once

#include <weft/detail/composite.hpp>

namespace weft {
inline namespace v0 {
namespace detail {

struct join_rule {
  static constexpr const char* name = "join";
  static constexpr bool fair = false;
  template <class T>
  static bool ends(outcome<T>& ended) noexcept {
    return ended.has_exception();
  }
  template <class... Branches>
  static auto take(std::tuple<Branches...>& branches, unsigned won) {
    return std::apply(
        [&](auto&... branch) {
          (rethrow(branch, won), ...);
          return std::tuple<value_or_unit<typename Branches::value_type>...>(
              std::move(branch.result().value())...);
        },
        branches);
  }
  template <class Branch>
  static void rethrow(Branch& branch, unsigned) {
    if (branch.result().has_exception()) std::rethrow_exception(branch.result().exception());
  }
};

template <class T>
struct joined {
  using type = value_or_unit<T>;
  static bool failed(T&) noexcept { return false; }
};
template <>
struct joined<void> {
  using type = unit;
  static bool failed(unit&) noexcept { return false; }
};
template <class T>
struct joined<result<T>> {
  using type = value_or_unit<T>;
  static bool failed(result<T>& ended) noexcept { return !ended.has_value(); }
};

struct try_join_rule {
  static constexpr const char* name = "try_join";
  static constexpr bool fair = false;
  template <class T>
  static bool ends(outcome<T>& ended) noexcept {
    return ended.has_exception() || joined<T>::failed(ended.value());
  }
  template <class... Branches>
  static auto take(std::tuple<Branches...>& branches, unsigned)
      -> result<std::tuple<typename joined<typename Branches::value_type>::type...>> {
    return std::apply(
        [](auto&... branch)
            -> result<std::tuple<typename joined<typename Branches::value_type>::type...>> {
          (join_rule::rethrow(branch, 0), ...);
          const error* failure = nullptr;
          ((failure = failure ? failure : error_of(branch.result())), ...);
          if (failure) return std::unexpected(*failure);
          return std::tuple<typename joined<typename Branches::value_type>::type...>(
              value_of(branch.result().value())...);
        },
        branches);
  }
  // Null also for a branch that was cancelled before it ended.
  template <class T>
  static const error* error_of(outcome<T>& ended) noexcept {
    if constexpr (is_result_v<T>) {
      if (ended.has_value() && !ended.value().has_value()) return &ended.value().error();
    }
    return nullptr;
  }
  template <class T>
  static auto value_of(T& ended) {
    if constexpr (!is_result_v<T>)
      return std::move(ended);
    else if constexpr (std::is_void_v<typename T::value_type>)
      return unit{};
    else
      return std::move(*ended);
  }
};

}  // namespace detail

/// Runs all at once, as branches of this task (concurrent, on one thread), and yields a tuple of
/// their values; `void` becomes `unit`. What one throws cancels the others and comes out of the
/// `co_await`. Each branch is destroyed as soon as it is done. Cancel-safety: cancels every branch.
template <detail::operation_argument... Arguments>
auto join(Arguments&&... operations) {
  return detail::composite_operation<detail::join_rule, std::remove_cvref_t<Arguments>...>(
      detail::take_operation(std::forward<Arguments>(operations))...);
}

/// As `join`, over things that yield a `result`: the first error cancels the others. Yields a
/// `result<std::tuple<...>>` of the values.
template <detail::operation_argument... Arguments>
auto try_join(Arguments&&... operations) {
  return detail::composite_operation<detail::try_join_rule, std::remove_cvref_t<Arguments>...>(
      detail::take_operation(std::forward<Arguments>(operations))...);
}

}  // namespace v0
}  // namespace weft
