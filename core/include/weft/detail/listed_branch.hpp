// Branches of one task that come and go while it runs: any number of them, each on the heap.
#pragma once

#include <weft/detail/branch.hpp>

#include <new>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// One of them, in a list of its owner's. It is what its branch belongs to, for dumps.
class listed_branch : public leaf {
 public:
  explicit listed_branch(const leaf_kind& kind) noexcept : leaf(kind) {}

  listed_branch* next = nullptr;
  listed_branch* previous = nullptr;
  void (*destroy)(listed_branch*) noexcept = nullptr;  // with its frame, if it has not ended

  // Nobody awaits one.
  static bool never_done(leaf*) noexcept { return false; }
};

// Owns them. In the order in which they were added.
class branch_list {
 public:
  branch_list() noexcept = default;
  branch_list(const branch_list&) = delete;
  branch_list& operator=(const branch_list&) = delete;
  ~branch_list() { destroy_all(); }

  listed_branch* first() const noexcept { return first_; }
  void push_back(listed_branch* added) noexcept {
    added->previous = last_;
    added->next = nullptr;
    (last_ ? last_->next : first_) = added;
    last_ = added;
  }
  void unlink(listed_branch* removed) noexcept {
    (removed->previous ? removed->previous->next : first_) = removed->next;
    (removed->next ? removed->next->previous : last_) = removed->previous;
  }
  // The last first: what was added later may use what was there before.
  void destroy_all() noexcept {
    while (auto* last = last_) {
      unlink(last);
      last->destroy(last);
    }
  }

 private:
  listed_branch* first_ = nullptr;
  listed_branch* last_ = nullptr;
};

// `Owner::name` and `Owner::entry`, which derives from listed_branch and is made of the owner and
// the leaf kind. `Owner::ended(branch&)` hears of the end of one that has run a while.
template <class Owner, awaitable Operation>
class branch_of final : public Owner::entry {
 public:
  using value_type = await_result_t<Operation>;

  static branch_of* make(Owner& owner, Operation&& operation) {
    static_assert(alignof(branch_of) <= 64, "a branch: blocks are 64-byte aligned");
    void* memory = allocate_frame(sizeof(branch_of));
    try {
      return new (memory) branch_of(owner, std::move(operation));
    } catch (...) {
      deallocate_frame(memory, sizeof(branch_of));
      throw;
    }
  }
  // Runs it until it waits, or ends, as a branch of `outer`'s context.
  void start(branch_node& outer) noexcept { branch_.start(*this, outer); }
  bool done() const noexcept { return branch_.done(); }
  outcome<value_type>& result() noexcept { return branch_.result(); }

  void branch_done() noexcept { owner_.ended(*this); }  // which may destroy this

 private:
  branch_of(Owner& owner, Operation&& operation)
      : Owner::entry(kind), owner_(owner), branch_(std::move(operation)) {
    this->destroy = [](listed_branch* base) noexcept {
      auto* self = static_cast<branch_of*>(base);
      self->~branch_of();
      deallocate_frame(self, sizeof(branch_of));
    };
  }
  ~branch_of() = default;
  static constexpr leaf_kind kind{&listed_branch::never_done, Owner::name};

  Owner& owner_;
  branch<branch_of, Operation> branch_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
