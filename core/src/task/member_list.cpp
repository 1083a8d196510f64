// Tasks that tell of their ends in order.
//
// Who ends pushes its member onto a stack and wakes the owner, who takes the whole stack at once
// and turns it round: a push and a share of one exchange each, however many there are. Pushing is
// the only change besides taking all, so that no member is on the stack twice or taken off it by
// two.
//
// Memory orders. A push is a seq_cst compare-and-swap, taking all is a seq_cst exchange: the owner
// sees the outcome that was stored before the push. The owner registers in `waiter` and then looks
// at the stack; who ends pushes and then looks at `waiter`; all four are seq_cst, so that one of
// the two sees the other.
//
// A member belongs to the owner until the stack is closed; who finds it closed (with acquire: after
// all that the owner did with it) frees its own.
#include <weft/detail/member_list.hpp>
#include <weft/waker.hpp>

#include <atomic>
#include <cstdint>
#include <new>

#include "task/context_record.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

class member_state {
 public:
  static member_state* make() { return new (allocate_frame(sizeof(member_state))) member_state; }

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    this->~member_state();
    deallocate_frame(this, sizeof(member_state));
  }

  // False: nobody wants to know any more.
  bool push(list_member* ended) noexcept {
    auto* top = stack_.load(std::memory_order_acquire);
    do {
      if (top == &closed_) return false;
      ended->next_ended = top;
    } while (!stack_.compare_exchange_weak(top, ended, std::memory_order_seq_cst,
                                           std::memory_order_acquire));
    waiter.wake_if_registered();
    return true;
  }
  // The last comes first.
  list_member* take_all() noexcept {
    if (!stack_.load(std::memory_order_seq_cst)) return nullptr;
    return stack_.exchange(nullptr, std::memory_order_seq_cst);
  }
  list_member* close() noexcept { return stack_.exchange(&closed_, std::memory_order_seq_cst); }

  atomic_waker waiter;

 private:
  static list_member closed_;
  std::atomic<list_member*> stack_{nullptr};
  std::atomic<std::uint32_t> references_{1};
};

constinit list_member member_state::closed_(nullptr);

namespace {

void free_member(list_member* unused) noexcept {
  deallocate_frame(unused, sizeof(list_member));
}

}  // namespace

void end_member(list_member* ended) noexcept {
  auto* state = ended->state;
  if (!state->push(ended)) free_member(ended);
  state->release();
}

list_member* member_list::prepare() {
  if (!state_) state_ = member_state::make();
  auto* made = new (allocate_frame(sizeof(list_member))) list_member(state_);
  state_->retain();
  return made;
}

void member_list::add(list_member* member, task_header* task,
                      void (*take)(task_header*, void*)) noexcept {
  member->task = task;
  member->take = take;
  member->next = first_;
  if (first_) first_->previous = member;
  first_ = member;
  ++size_;
  if (whole_context_) hand_on_context(task);
  submit(task);
}

void member_list::collect() noexcept {
  if (!state_) return;
  auto* top = state_->take_all();
  if (!top) return;
  list_member* oldest = nullptr;
  while (top) {
    auto* next = top->next_ended;
    if (top->task) {
      top->next_ended = oldest;
      oldest = top;
      ++ended_;
    } else {
      free_member(top);
    }
    top = next;
  }
  if (!oldest) return;
  (last_ended_ ? last_ended_->next_ended : first_ended_) = oldest;
  while (oldest->next_ended) oldest = oldest->next_ended;
  last_ended_ = oldest;
}

list_member* member_list::first_ended() noexcept {
  if (!first_ended_) collect();
  return first_ended_;
}

void member_list::pop() noexcept {
  auto* member = first_ended_;
  first_ended_ = member->next_ended;
  if (!first_ended_) last_ended_ = nullptr;
  (member->previous ? member->previous->next : first_) = member->next;
  if (member->next) member->next->previous = member->previous;
  forget_task(member->task);
  free_member(member);
  --ended_;
  if (--size_ == 0) state_->waiter.wake();  // another branch may wait for one
}

bool member_list::poll_one() noexcept {
  if (size_ == 0 || first_ended()) return consume_budget();
  state_->waiter.register_current();
  if (!first_ended()) return false;
  state_->waiter.clear();
  return consume_budget();
}

bool member_list::poll_all() noexcept {
  collect();
  if (ended_ == size_) return consume_budget();
  state_->waiter.register_current();
  collect();
  if (ended_ != size_) return false;
  state_->waiter.clear();
  return consume_budget();
}

void member_list::stop_waiting() noexcept {
  if (state_) state_->waiter.clear();
}

void member_list::abort_all() noexcept {
  for (auto* member = first_; member; member = member->next) abort_task(member->task);
}

// While members are walked through the stack is open, so that none is freed by its task.
void member_list::detach_all() noexcept {
  if (!state_) return;
  for (auto* member = first_; member; member = member->next) forget_task(member->task);
  while (auto* ended = first_ended_) {
    first_ended_ = ended->next_ended;
    free_member(ended);
  }
  for (auto* ended = state_->close(); ended;) {
    auto* next = ended->next_ended;
    free_member(ended);
    ended = next;
  }
  first_ = last_ended_ = nullptr;
  size_ = ended_ = 0;
  state_->waiter.wake();
  std::exchange(state_, nullptr)->release();
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
