// The one branch of an awaiter around an operation: of in_context, timeout, adaptors of streams.
#pragma once

#include <weft/detail/branch.hpp>

namespace weft {
inline namespace v0 {
namespace detail {

// An `Owner` has one, calls `start` in its first poll and `poll` in those that follow, and passes
// `branch_done` on to `ended`.
template <class Owner, awaitable Operation>
class single_branch : public branch<Owner, Operation> {
  using base = branch<Owner, Operation>;

 public:
  using base::base;

  // Below the running branch. Whether it ended at once; so for `poll`.
  bool start(Owner& owner, context_word ambient) noexcept {
    outer_ = current_execution().branch;
    base::start(owner, *outer_, ambient);
    return this->done();
  }
  // Out of turn, as a timeout around the owner looks for the last time: what is ready must not be
  // missed.
  bool poll() noexcept {
    if (this->done()) return true;
    polled_from_outside_ = true;
    poll_branch(this);
    polled_from_outside_ = false;
    current_execution().branch = outer_;
    return this->done();
  }
  void ended() noexcept {
    if (!polled_from_outside_) poll_branch(outer_);
  }

 private:
  branch_node* outer_ = nullptr;
  bool polled_from_outside_ = false;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
