// select: the first of several things, in one task.
#pragma once

#include <weft/detail/composite.hpp>

#include <optional>

namespace weft {
inline namespace v0 {
namespace detail {

template <bool Fair>
struct select_rule {
  static constexpr const char* name = "select";
  static constexpr bool fair = Fair;
  template <class T>
  static bool ends(outcome<T>&) noexcept {
    return true;
  }
  template <class... Branches>
  static auto take(std::tuple<Branches...>& branches, unsigned) {
    return std::apply(
        [](auto&... branch) {
          return std::tuple<std::optional<value_or_unit<typename Branches::value_type>>...>(
              taken(branch.result())...);
        },
        branches);
  }
  template <class T>
  static std::optional<value_or_unit<T>> taken(outcome<T>& ended) {
    if (ended.has_exception()) std::rethrow_exception(ended.exception());
    if (!ended.has_value()) return std::nullopt;
    return std::optional<value_or_unit<T>>(std::move(ended.value()));
  }
};

}  // namespace detail

/// Runs all at once, as branches of this task, until the first is done; the others are destroyed,
/// and that cancels them. Yields a tuple of optionals of which exactly one is set:
///
///     auto [bytes, late] = co_await weft::select(socket.read(buffer), weft::sleep(1s));
///
/// The first to be looked at is chosen at random, so that none is starved; `select_biased` looks in
/// order. What the winner throws comes out of the `co_await`. Cancel-safety: cancels every branch;
/// whether a loser may be taken up again is said where its operation is documented.
template <detail::operation_argument... Arguments>
  requires(sizeof...(Arguments) > 0)
auto select(Arguments&&... operations) {
  return detail::composite_operation<detail::select_rule<true>, std::remove_cvref_t<Arguments>...>(
      detail::take_operation(std::forward<Arguments>(operations))...);
}

/// As `select`, looking at the branches in order: when several are ready, the first wins.
template <detail::operation_argument... Arguments>
  requires(sizeof...(Arguments) > 0)
auto select_biased(Arguments&&... operations) {
  return detail::composite_operation<detail::select_rule<false>, std::remove_cvref_t<Arguments>...>(
      detail::take_operation(std::forward<Arguments>(operations))...);
}

}  // namespace v0
}  // namespace weft
