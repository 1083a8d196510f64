// One branch of a join, select or timeout: a task in its own frame, or an operation without one.
#pragma once

#include <weft/task.hpp>

#include <new>
#include <optional>

namespace weft {
inline namespace v0 {
namespace detail {

// Runs `Operation` below the running branch. `Owner` hears of the end by
// `branch_done(branch_node&)`. The frame or awaiter is destroyed as soon as it is done, so that
// nothing of it outlives its result.
template <class Owner, awaitable Operation>
class branch : public branch_node {
 public:
  using value_type = await_result_t<Operation>;

  explicit branch(Operation&& operation) : operation_(std::move(operation)) {}
  branch(const branch&) = delete;
  branch& operator=(const branch&) = delete;
  ~branch() { drop(); }

  // Starts it, in the context of the branch around it. Afterwards `done()` tells whether it ended
  // at once.
  void start(Owner& owner, branch_node& outer) noexcept { start(owner, outer, outer.ambient); }
  void start(Owner& owner, branch_node& outer, context_word ambient) noexcept {
    owner_ = &owner;
    this->ambient = ambient;
    auto& place = current_execution();
    try {
      if constexpr (is_task_v<Operation>) {
        link_branch(this, &owner);
        place.branch = this;
        start_task();
      } else {
        place.branch = this;
        start_operation(place.task);
      }
    } catch (...) {
      result_.fail(std::current_exception());
      drop();
    }
    place.branch = &outer;
  }
  bool done() const noexcept { return static_cast<bool>(result_); }
  bool started() const noexcept { return owner_ != nullptr; }
  outcome<value_type>& result() noexcept { return result_; }

  // Cancels it: destroys the frame or awaiter. The result, if there is one, stays.
  void drop() noexcept {
    if constexpr (is_task_v<Operation>) {
      operation_.reset();
    } else {
      awaiter_.reset();
    }
    if (this->target) unlink_branch(this);
  }

 private:
  using awaiter = decltype(std::declval<Operation&&>().operator co_await());

  // One with branches of its own would lend them what it is shown, and be looked at twice.
  static constexpr bool awaiter_lends_bits = requires { awaiter::lends_bits; };

  // An awaiter is pinned: it is made in place.
  struct awaiter_slot {
    awaiter value;
    explicit awaiter_slot(Operation& from) : value(std::move(from).operator co_await()) {}
  };
  struct no_awaiter {
    void reset() noexcept {}
  };
  using slot = std::conditional_t<is_task_v<Operation>, no_awaiter, std::optional<awaiter_slot>>;

  void start_task() noexcept {
    if (!operation_) misuse("a task was given to join, select or timeout that had been moved from");
    this->after = &after_task;
    resume(operation_.handle());
    settle_task();
  }
  void start_operation(task_header* task) {
    this->after = &after_operation;
    auto linked = awaiter_lends_bits || !show_bit(task, this, owner_);
    if (linked) link_branch(this, owner_);
    awaiter_.emplace(operation_);
    auto ready = awaiter_->value.poll();
    if (!ready && !linked) {
      linked = true;
      if (!keep_bit(task, this)) {
        link_branch(this, owner_);
        ready = awaiter_->value.poll();
      }
    }
    if (!ready) return awaiter_->value.attach({}, nullptr);
    if (!linked) this->target = nullptr;
    settle_operation();
  }
  void settle_task() noexcept {
    if (!operation_.promise().finished()) return;
    take(operation_.promise().outcome());
    drop();
  }
  void settle_operation() noexcept {
    try {
      if constexpr (std::is_void_v<value_type>) {
        awaiter_->value.take();
        result_.emplace();
      } else {
        result_.emplace(awaiter_->value.take());
      }
    } catch (...) {
      result_.fail(std::current_exception());
    }
    drop();
  }
  void take(outcome<value_type>& from) noexcept {
    if (from.has_exception()) return result_.fail(std::move(from.exception()));
    try {
      result_.emplace(std::move(from.value()));
    } catch (...) {
      result_.fail(std::current_exception());
    }
  }
  static void after_task(branch_node* node) noexcept {
    auto& self = *static_cast<branch*>(node);
    self.settle_task();
    if (self.done()) self.owner_->branch_done();  // may destroy this branch
  }
  static void after_operation(branch_node* node) noexcept {
    auto& self = *static_cast<branch*>(node);
    self.settle_operation();
    self.owner_->branch_done();
  }

  Owner* owner_ = nullptr;
  Operation operation_;
  [[no_unique_address]] slot awaiter_;
  outcome<value_type> result_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
