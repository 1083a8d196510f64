// join_all, try_join_all, select_all: as join, try_join and select, of as many as there are.
#pragma once

#include <weft/detail/branch.hpp>
#include <weft/detail/composite.hpp>
#include <weft/join.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace weft {
inline namespace v0 {
namespace detail {

// Several branches of one kind. `Rule` as of composite_awaiter, with `take(branches, count, won)`.
template <class Rule, class Operation>
class uniform_awaiter : public leaf_awaiter<uniform_awaiter<Rule, Operation>> {
  // One branch, which knows which one it is: its end is found without looking at the others.
  class slot : public leaf {
   public:
    slot(uniform_awaiter& owner, Operation&& operation)
        : leaf(kind), of(std::move(operation)), owner_(owner) {}
    void branch_done() noexcept { owner_.ended(*this); }
    branch<slot, Operation> of;

   private:
    static bool never_done(leaf*) noexcept { return false; }
    static constexpr leaf_kind kind{&never_done, Rule::name};
    uniform_awaiter& owner_;
  };

 public:
  explicit uniform_awaiter(std::vector<Operation>&& operations)
      : count_(operations.size()), slots_(std::allocator<slot>().allocate(operations.size())) {
    try {
      for (; made_ < count_; ++made_)
        std::construct_at(slots_ + made_, *this, std::move(operations[made_]));
    } catch (...) {
      free();
      throw;
    }
  }
  ~uniform_awaiter() { free(); }
  static constexpr const char* name = Rule::name;
  static constexpr bool lends_bits = true;

  bool poll() noexcept {
    if (!outer_) {
      start();
    } else if (!complete_) {
      poll_all();
    }
    return complete_;
  }
  auto take() { return Rule::take(slots_, count_, won_); }

 private:
  void start() noexcept {
    outer_ = current_execution().branch;
    complete_ = count_ == 0;
    auto first = Rule::fair && count_ > 1 ? random_below(static_cast<unsigned>(count_)) : 0u;
    for (std::size_t step = 0; step < count_ && !complete_; ++step) {
      auto& one = slots_[(first + step) % count_];
      one.of.start(one, *outer_);
      if (one.of.done()) settle(one);
    }
  }
  // Out of turn: a timeout around this looks for the last time, and what is ready must not be
  // missed.
  void poll_all() noexcept {
    polling_all_ = true;
    for (std::size_t index = 0; index < count_ && !complete_; ++index) {
      if (!slots_[index].of.done()) poll_branch(&slots_[index].of);
    }
    polling_all_ = false;
    current_execution().branch = outer_;
  }
  void ended(slot& one) noexcept {
    settle(one);
    if (complete_ && !polling_all_) poll_branch(outer_);
  }
  void settle(slot& one) noexcept {
    ++ended_;
    if (Rule::ends(one.of.result())) {
      won_ = static_cast<std::size_t>(&one - slots_);
      complete_ = true;
    } else if (ended_ == count_) {
      complete_ = true;
    }
    if (!complete_) return;
    for (std::size_t index = 0; index < count_; ++index) slots_[index].of.drop();
  }
  void free() noexcept {
    std::destroy_n(slots_, made_);
    std::allocator<slot>().deallocate(slots_, count_);
  }

  const std::size_t count_;
  slot* const slots_;
  std::size_t made_ = 0;
  std::size_t ended_ = 0;
  std::size_t won_ = count_;  // the branch that ended all, if one did
  branch_node* outer_ = nullptr;
  bool complete_ = false;
  bool polling_all_ = false;
};

template <class Rule, class Operation>
class [[nodiscard]] uniform_operation {
 public:
  explicit uniform_operation(std::vector<Operation>&& operations)
      : operations_(std::move(operations)) {}
  auto operator co_await() && { return uniform_awaiter<Rule, Operation>(std::move(operations_)); }

 private:
  std::vector<Operation> operations_;
};

template <class Slot>
auto& result_of(Slot& slot) noexcept {
  return slot.of.result();
}

template <class T>
struct join_all_rule {
  static constexpr const char* name = "join_all";
  static constexpr bool fair = false;
  static bool ends(outcome<T>& ended) noexcept { return ended.has_exception(); }
  template <class Slot>
  static std::vector<value_or_unit<T>> take(Slot* slots, std::size_t count, std::size_t won) {
    if (won != count) std::rethrow_exception(result_of(slots[won]).exception());
    std::vector<value_or_unit<T>> all;
    all.reserve(count);
    for (std::size_t index = 0; index < count; ++index)
      all.push_back(std::move(result_of(slots[index]).value()));
    return all;
  }
};

template <class T>
struct try_join_all_rule {
  static_assert(is_result_v<T>, "try_join_all: the operations do not yield a weft::result");
  using value = typename joined<T>::type;
  static constexpr const char* name = "try_join_all";
  static constexpr bool fair = false;
  static bool ends(outcome<T>& ended) noexcept { return try_join_rule::ends(ended); }
  template <class Slot>
  static result<std::vector<value>> take(Slot* slots, std::size_t count, std::size_t won) {
    if (won != count) {
      auto& ended = result_of(slots[won]);
      if (ended.has_exception()) std::rethrow_exception(ended.exception());
      return std::unexpected(std::move(ended.value().error()));
    }
    std::vector<value> all;
    all.reserve(count);
    for (std::size_t index = 0; index < count; ++index)
      all.push_back(try_join_rule::value_of(result_of(slots[index]).value()));
    return all;
  }
};

template <class T>
struct select_all_rule {
  static constexpr const char* name = "select_all";
  static constexpr bool fair = true;
  static bool ends(outcome<T>&) noexcept { return true; }
  template <class Slot>
  static std::pair<std::size_t, value_or_unit<T>> take(Slot* slots, std::size_t, std::size_t won) {
    auto& ended = result_of(slots[won]);
    if (ended.has_exception()) std::rethrow_exception(ended.exception());
    return std::pair<std::size_t, value_or_unit<T>>(won, std::move(ended.value()));
  }
};

}  // namespace detail

/// As `join`, of tasks or operations of one type, as many as there are: yields a `std::vector` of
/// their values, in the order of the operations; `unit` for void. What one throws cancels the
/// others. Cost: one block for all. Cancel-safety: cancels every branch.
template <awaitable Operation>
[[nodiscard]] auto join_all(std::vector<Operation> operations) {
  return detail::uniform_operation<detail::join_all_rule<await_result_t<Operation>>, Operation>(
      std::move(operations));
}

/// As `join_all`, of what yields a `result`: the first error cancels the others. Yields a
/// `result<std::vector<...>>` of the values.
template <awaitable Operation>
[[nodiscard]] auto try_join_all(std::vector<Operation> operations) {
  return detail::uniform_operation<detail::try_join_all_rule<await_result_t<Operation>>, Operation>(
      std::move(operations));
}

/// As `select`, of tasks or operations of one type: yields a `std::pair` of the index and the value
/// of the first that is done, and destroys the others. The first to be looked at is chosen at
/// random. Of none, it would never end: that ends the program with a message.
template <awaitable Operation>
[[nodiscard]] auto select_all(std::vector<Operation> operations) {
  if (operations.empty()) detail::misuse("select_all: of nothing, none can be the first");
  return detail::uniform_operation<detail::select_all_rule<await_result_t<Operation>>, Operation>(
      std::move(operations));
}

}  // namespace v0
}  // namespace weft
