// The tree of tokens.
//
// Each node has a lock of its own, so that a server's root is touched only where children come and
// go. A child counts as a reference to its parent; the parent lists its children without counting
// them. A child whose count fell to zero is in the list until it has taken the parent's lock, hence
// whoever walks the list takes a reference only where there is one left. Locks nest nowhere: a
// thread holds one node's at a time.
#include <weft/cancellation_token.hpp>

#include <atomic>
#include <new>

namespace weft {
inline namespace v0 {
namespace detail {

class token_node {
 public:
  static token_node* make_root() {
    return new (allocate_frame(sizeof(token_node))) token_node(nullptr);
  }
  static token_node* make_child(token_node* parent);
  static void destroy(token_node* unused) noexcept {
    unused->~token_node();
    deallocate_frame(unused, sizeof(token_node));
  }

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  // Acquire-release on one counter: whoever drops the last reference has seen all that the others
  // did.
  bool drop() noexcept { return references_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  // False: nobody has one any more.
  bool try_retain() noexcept {
    auto seen = references_.load(std::memory_order_relaxed);
    while (seen > 0) {
      if (references_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  std::uint8_t reason() const noexcept { return reason_in(word_.load()); }
  token_node* parent() const noexcept { return parent_; }

  void leave_parent() noexcept;
  // Cancels this node alone. False: it was. The children, with a reference each, go onto the stack
  // `below`.
  bool cancel(cancel_reason why, token_node*& below) noexcept;
  token_node* next_below() const noexcept { return next_; }

  bool poll(cancelled_waiter& self) noexcept;
  void leave(cancelled_waiter& self) noexcept;

 private:
  // One word: reason << 1 | locked.
  static constexpr std::uint64_t one_reason = 2;
  static std::uint8_t reason_in(std::uint64_t word) noexcept {
    return static_cast<std::uint8_t>(word / one_reason);
  }
  explicit token_node(token_node* above) noexcept : parent_(above) {}
  void link(token_node* child) noexcept;
  void unlink() noexcept;
  void take_children(token_node*& below) noexcept;

  locked_word word_{0};
  std::atomic<std::uint32_t> references_{1};
  token_node* parent_;
  token_node* first_child_ = nullptr;
  // Among its siblings, guarded by the parent's lock: the next one, and what points at this one,
  // null when the parent does not list it. Off the list `next_` is for whoever took it off.
  token_node* next_ = nullptr;
  token_node** pointed_at_ = nullptr;
  wait_list waiters_;
};

static_assert(sizeof(token_node) <= 64, "one block of the frame pool");

void token_node::link(token_node* child) noexcept {
  child->next_ = first_child_;
  child->pointed_at_ = &first_child_;
  if (first_child_) first_child_->pointed_at_ = &child->next_;
  first_child_ = child;
}

void token_node::unlink() noexcept {
  *pointed_at_ = next_;
  if (next_) next_->pointed_at_ = pointed_at_;
  pointed_at_ = nullptr;
}

token_node* token_node::make_child(token_node* parent) {
  auto* child = new (allocate_frame(sizeof(token_node))) token_node(parent);
  parent->retain();
  auto word = parent->word_.lock();
  auto why = reason_in(word);
  if (why == 0) parent->link(child);
  parent->word_.unlock(word);
  if (why != 0)
    child->word_.unlock(why * one_reason);  // cancelled from the start; nobody else has it yet
  return child;
}

void token_node::leave_parent() noexcept {
  auto word = parent_->word_.lock();
  if (pointed_at_) unlink();
  parent_->word_.unlock(word);
}

// Under the lock, some at a time: others spin meanwhile. Those whose count is zero are about to
// leave, and wait for the lock, too.
void token_node::take_children(token_node*& below) noexcept {
  for (unsigned taken = 0; first_child_ && taken < 32; ++taken) {
    auto* child = first_child_;
    child->unlink();
    if (!child->try_retain()) continue;
    child->next_ = below;
    below = child;
  }
}

bool token_node::cancel(cancel_reason why, token_node*& below) noexcept {
  wait_list told;
  auto word = word_.lock();
  bool first = reason_in(word) == 0;
  if (first) {
    word += static_cast<std::uint64_t>(why) * one_reason;
    told.take_all(waiters_);
  }
  for (;;) {
    waker_batch woken;
    take_children(below);
    while (!told.empty() && !woken.full()) {
      woken.add(wait_list::give(told.front(), cancelled_waiter::told));
    }
    bool more = first_child_ || !told.empty();
    word_.unlock(word);
    if (!more) return first;
    woken.wake();
    word = word_.lock();
  }
}

bool token_node::poll(cancelled_waiter& self) noexcept {
  if (reason()) return true;
  auto mine = waker::current();  // taken, and dropped when it is not needed, outside the lock
  auto word = word_.lock();
  bool cancelled = reason_in(word) != 0;
  if (!cancelled) {
    if (self.what() == waiter::queued) {
      std::swap(self.to_wake,
                mine);  // polled while it waits: perhaps by another branch than before
    } else {
      waiters_.push_back(self, std::move(mine));
    }
  }
  word_.unlock(word);
  return cancelled;
}

// Also out of the list of a thread that is telling: that, too, is guarded by this lock.
void token_node::leave(cancelled_waiter& self) noexcept {
  waker dropped;
  auto word = word_.lock();
  if (self.what() == waiter::queued) {
    wait_list::unlink(self);
    dropped = std::move(self.to_wake);
    self.become(waiter::idle);
  }
  word_.unlock(word);
}

token_node* make_token_root() {
  return token_node::make_root();
}

token_node* make_token_child(token_node* parent) {
  return token_node::make_child(parent);
}

void retain_token(token_node* node) noexcept {
  node->retain();
}

// A loop: a long chain of parents that only their children kept alive goes with the last child.
void release_token(token_node* node) noexcept {
  while (node && node->drop()) {
    auto* parent = node->parent();
    if (parent) node->leave_parent();
    token_node::destroy(node);
    node = parent;
  }
}

bool cancel_tree(token_node* node, cancel_reason why) noexcept {
  token_reference keep(node);  // whoever is woken may drop the handle that was used
  node->retain();
  token_node* below = nullptr;
  bool first = node->cancel(why, below);
  while (below) {
    auto* child = below;
    below = child->next_below();
    child->cancel(why, below);
    release_token(child);
  }
  return first;
}

std::uint8_t reason_of(const token_node* node) noexcept {
  return node->reason();
}

bool poll_cancelled(token_node* node, cancelled_waiter& self) noexcept {
  return node->poll(self);
}

void stop_waiting_for(token_node* node, cancelled_waiter& self) noexcept {
  node->leave(self);
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
