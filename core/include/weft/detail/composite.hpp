// What join, try_join and select share: several branches of one task, and a rule for when they are
// done.
#pragma once

#include <weft/detail/branch.hpp>

#include <tuple>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// A number in [0, bound), from the worker's generator.
WEFT_API unsigned random_below(unsigned bound) noexcept;

// `Rule::name`, `Rule::fair` (start at a random branch), `Rule::ends(result)`: whether this
// branch's end is the end of all, and `Rule::take(branches, won)`: the value of the co_await.
template <class Rule, class... Operations>
class composite_awaiter : public leaf_awaiter<composite_awaiter<Rule, Operations...>> {
  static constexpr unsigned count = sizeof...(Operations);
  static constexpr auto indices = std::index_sequence_for<Operations...>{};

 public:
  explicit composite_awaiter(std::tuple<Operations...>&& operations)
      : composite_awaiter(std::move(operations), indices) {}

  static constexpr const char* name = Rule::name;
  static constexpr bool lends_bits = true;

  bool poll() noexcept {
    if (!outer_) {
      start();
    } else if (!complete_) {
      poll_all(indices);
    }
    return complete_;
  }
  auto take() { return Rule::take(branches_, won_); }

  void branch_done() noexcept {
    ++ended_;
    look(indices);
    if (complete_ && !polling_all_) poll_branch(outer_);
  }

 private:
  template <std::size_t... Index>
  composite_awaiter(std::tuple<Operations...>&& operations, std::index_sequence<Index...>)
      : branches_(std::move(std::get<Index>(operations))...) {}

  void start() noexcept {
    outer_ = current_execution().branch;
    if constexpr (count > 0) start_all();
  }
  void start_all() noexcept {
    unsigned first = Rule::fair && count > 1 ? random_below(count) : 0;
    for (unsigned step = 0; step < count && !complete_; ++step) {
      start_one((first + step) % count, indices);
    }
  }
  template <std::size_t... Index>
  void start_one(unsigned chosen, std::index_sequence<Index...>) noexcept {
    (void)((Index == chosen && (start_branch(std::get<Index>(branches_)), true)) || ...);
  }
  template <class Branch>
  void start_branch(Branch& branch) noexcept {
    branch.start(*this, *outer_);
    if (!branch.done()) return;
    ++ended_;
    look(indices);
  }

  // Out of turn: a timeout around this looks for the last time, and what is ready must not be
  // missed.
  template <std::size_t... Index>
  void poll_all(std::index_sequence<Index...>) noexcept {
    polling_all_ = true;
    (poll_one(std::get<Index>(branches_)), ...);
    polling_all_ = false;
    current_execution().branch = outer_;
  }
  template <class Branch>
  void poll_one(Branch& branch) noexcept {
    if (!complete_ && !branch.done()) poll_branch(&branch);
  }

  // Looks who has ended; at the end of all, drops whoever has not.
  template <std::size_t... Index>
  void look(std::index_sequence<Index...>) noexcept {
    (void)((std::get<Index>(branches_).done() && Rule::ends(std::get<Index>(branches_).result()) &&
            (won_ = Index, complete_ = true)) ||
           ...);
    if (ended_ == count) complete_ = true;
    if (complete_) (std::get<Index>(branches_).drop(), ...);
  }

  std::tuple<branch<composite_awaiter, Operations>...> branches_;
  branch_node* outer_ = nullptr;
  unsigned ended_ = 0;
  unsigned won_ = count;  // the branch that ended all, if one did
  bool complete_ = count == 0;
  bool polling_all_ = false;
};

template <class Rule, class... Operations>
class [[nodiscard]] composite_operation {
 public:
  explicit composite_operation(Operations&&... operations)
      : operations_(std::move(operations)...) {}
  auto operator co_await() && {
    return composite_awaiter<Rule, Operations...>(std::move(operations_));
  }

 private:
  std::tuple<Operations...> operations_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
