// What the public templates share with the scheduler: the task header, its branches, and the
// thread's place in the tree that it is running. Users never name anything in here.
#pragma once

#include <weft/export.hpp>

#include <atomic>
#include <bit>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <source_location>

namespace weft {
inline namespace v0 {

class error;

namespace detail {

class due_time;
class leaf;
class promise_base;
class scheduler;
struct branch_node;
struct context_record;
struct hub;
struct task_header;

// The state word of a task (and of a hub): flags in bits 0..7, references in 8..31, and in 32..63
// one bit for each branch that has been woken.
namespace state {
inline constexpr std::uint64_t running = 1;   // a thread owns the frames
inline constexpr std::uint64_t complete = 2;  // the outcome is there, the frames are gone
inline constexpr std::uint64_t notified = 4;  // in a queue, or to be requeued when it stops running
inline constexpr std::uint64_t cancelled = 8;      // abort() was asked for
inline constexpr std::uint64_t detached = 32;      // nobody will ask for the outcome
inline constexpr std::uint64_t thread_waits = 64;  // block_on waits for the end
// What is woken: a task, when none of these is set.
inline constexpr std::uint64_t kind_mask = 16 | 128;
inline constexpr std::uint64_t hub_kind = 16;
inline constexpr std::uint64_t thread_kind = 128;       // that waits by itself
inline constexpr std::uint64_t nested_kind = 16 | 128;  // a part of a task: detail/nested_task.hpp
inline constexpr std::uint64_t reference = 1ull << 8;
inline constexpr std::uint64_t reference_mask = 0xffffff00ull;
inline constexpr std::uint64_t ready_mask = 0xffffffff00000000ull;
constexpr std::uint64_t ready(unsigned bit) noexcept {
  return 1ull << (32 + bit);
}
}  // namespace state
constexpr std::uint64_t wake_kind_of(std::uint64_t word) noexcept {
  return word & state::kind_mask;
}

inline constexpr unsigned branch_bits = 32;
inline constexpr unsigned hub_bit = 31;  // of a task: "one of your hubs was woken"

// What a waker points at. 32-byte aligned, so that the pointer has room for the number of a branch.
struct alignas(32) wake_target {
  std::atomic<std::uint64_t> state;
  explicit wake_target(std::uint64_t initial) noexcept : state(initial) {}
  void add_reference() noexcept { state.fetch_add(state::reference, std::memory_order_relaxed); }
  WEFT_API void release(std::uint32_t count = 1) noexcept;
};

// The context in force: nothing (0), the innermost of a chain of entries, or, with the lowest bit
// set, the record that a task was spawned with and owns a reference of.
using context_word = std::uintptr_t;

// Lives in whatever puts it in force, for as long.
struct context_entry {
  context_word outer;
  const context_record* record;  // in place of all that is outside; or, when there is none,
  due_time* due;                 // a deadline besides
};

// A place where one coroutine (or one leaf) of a task is suspended. The root is a branch too.
struct branch_node {
  branch_node* next = nullptr;
  branch_node* previous = nullptr;
  leaf* current = nullptr;  // what it waits on
  void (*after)(branch_node*) noexcept =
      nullptr;                    // runs when its coroutine suspended or its leaf is done
  context_word ambient = 0;       // to begin with, of the parent branch
  leaf* parent = nullptr;         // the join, select or timeout it belongs to
  wake_target* target = nullptr;  // the task, or the hub that lent the bit
  std::uint8_t bit = 0;
};

struct task_operations {
  void (*start)(task_header*) noexcept;  // makes the frame run for the first time
  void (*drop)(task_header*) noexcept;   // destroys the frame: cancellation
  void (*drop_outcome)(task_header*) noexcept;
  // Hands the error to `report`, if it ended with one.
  void (*failure)(task_header*, void (*report)(task_header*, const error&) noexcept) noexcept;
  void (*deallocate)(task_header*) noexcept;
};

// Of a task with a name.
struct task_origin {
  std::source_location where;
  char name[64];
};
WEFT_API void free_task_origin(task_origin* unused) noexcept;

struct task_header : wake_target {
  task_header* queue_next = nullptr;
  branch_node root;
  std::uint32_t used_bits = 1u | 1u << hub_bit;
  std::uint32_t fresh_bits =
      0;  // lent since the task began to run: what had woken these was for somebody else
  bool finished = false;  // the outcome was stored; only the thread that holds RUNNING looks
  std::uint8_t shard = 0;
  bool named = false;
  scheduler* owner;
  const task_operations* operations;
  std::atomic<std::uintptr_t> join_waker{0};
  hub* hubs = nullptr;        // only touched while RUNNING
  std::uint64_t busy_ns = 0;  // how long it ran, while spans asked; also only touched while RUNNING
  std::uint32_t timed = 0;    // by so many spans; as well
  std::atomic<hub*> woken_hubs{nullptr};
  task_header* owned_next = nullptr;
  task_header* owned_previous = nullptr;
  std::uint64_t id = 0;
  WEFT_API task_header(scheduler* owner, const task_operations* operations,
                       std::source_location where) noexcept;
  ~task_header() {
    if (named) free_task_origin(origin_.named);
  }
  const std::source_location& spawned_at() const noexcept {
    return named ? origin_.named->where : origin_.where;
  }
  const char* name() const noexcept { return named ? origin_.named->name : ""; }
  // Before it is submitted. Takes over the origin.
  void set_origin(task_origin* one) noexcept {
    named = true;
    origin_.named = one;
  }

 private:
  union {
    std::source_location where;
    task_origin* named;
  } origin_;
};

// Ends the program: what was asked for breaks a rule that has no error to report.
[[noreturn]] WEFT_API void misuse(const char* what) noexcept;

// Where this thread stands. One per thread; a coroutine must ask anew after every suspension.
struct execution {
  task_header* task = nullptr;
  branch_node* branch = nullptr;
  scheduler* current_scheduler = nullptr;
  void* worker = nullptr;
  context_word ambient = 0;        // outside tasks
  std::coroutine_handle<> next{};  // the trampoline: what to resume when control comes back
  std::uint32_t budget = 0;
  // Of `task`, which this thread runs, and settled with its state word when it stops: the branches
  // that woke themselves, and references that are counted there and belong to nobody. Wakers are
  // made of these, and those that are dropped become these, so that waiting for something costs no
  // atomic operation on the count.
  std::uint32_t woken = 0;
  std::uint32_t spare_references = 0;
  std::uint64_t running_since_ns = 0;  // of `task`, if that is timed
};
WEFT_API execution& current_execution() noexcept;

// The context in force where this thread stands.
inline context_word& ambient_here() noexcept {
  auto& place = current_execution();
  return place.branch ? place.branch->ambient : place.ambient;
}
// The deadline that a context sets, in nanoseconds; that of a timeout around is not among these.
WEFT_API std::uint64_t context_deadline_ns(context_word ambient) noexcept;

// Resumes a coroutine, and whatever it hands over to, until all have suspended.
WEFT_API void resume(std::coroutine_handle<> handle) noexcept;
// Polls what a branch waits on; when that is done, goes on with the branch.
WEFT_API void poll_branch(branch_node* node) noexcept;
// Goes on with a branch whose leaf is done.
WEFT_API void continue_branch(branch_node* node) noexcept;

// Gives a branch its bit below the running branch; never fails short of memory.
WEFT_API void link_branch(branch_node* node, leaf* parent);
WEFT_API void unlink_branch(branch_node* node) noexcept;

// What is looked at for the first time may be done at once, and then needs no bit of its own. So it
// is shown a bit that is free; when it waits, and has registered that bit, `keep_bit` makes it the
// branch's. False: there is none, or what was looked at has lent it to a branch of its own
// meanwhile; then the branch is linked, and looked at again.
inline bool show_bit(task_header* task, branch_node* node, leaf* parent) noexcept {
  auto free = ~task->used_bits;
  if (!free) return false;
  node->parent = parent;
  node->bit = static_cast<std::uint8_t>(std::countr_zero(free));
  node->target = task;
  return true;
}
inline bool keep_bit(task_header* task, branch_node* node) noexcept {
  auto bit = 1u << node->bit;
  if (task->used_bits & bit) return false;
  task->used_bits |= bit;
  task->fresh_bits |= bit;
  node->previous = &task->root;
  node->next = task->root.next;
  if (node->next) node->next->previous = node;
  task->root.next = node;
  return true;
}

WEFT_API void* allocate_frame(std::size_t size);
WEFT_API void deallocate_frame(void* frame, std::size_t size) noexcept;

// Takes one unit of the budget of 128 operations a poll. False: the task was asked to run again and
// the caller must report "pending".
WEFT_API bool consume_budget() noexcept;
// Wakes the running branch: it is polled again, after others.
WEFT_API void wake_current() noexcept;

// How control passes from one coroutine to another. Clang makes a tail call of it at every
// optimisation level; GCC does not, so there the next coroutine is left in the thread's trampoline.
// The policy is a type, so that objects of both compilers link together without sharing these
// functions.
struct tail_transfer {
  using type = std::coroutine_handle<>;
  static type to(std::coroutine_handle<> next) noexcept {
    return next ? next : std::coroutine_handle<>(std::noop_coroutine());
  }
};
struct trampoline_transfer {
  using type = void;
  static void to(std::coroutine_handle<> next) noexcept { current_execution().next = next; }
};
#if defined(__clang__)
using transfer = tail_transfer;
#else
using transfer = trampoline_transfer;
#endif

}  // namespace detail
}  // namespace v0
}  // namespace weft
