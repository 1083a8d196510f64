// What join_set, join_map and task_group share: spawned tasks whose ends are told in their order.
#pragma once

#include <weft/detail/guarded_spawn.hpp>
#include <weft/export.hpp>

#include <cstddef>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

class member_list;
class member_state;

// One task of a list. The owner's, until the task ends; then on the stack of those that have ended.
struct list_member {
  member_state* state;
  task_header* task = nullptr;  // none: it could not be made
  // Moves the outcome into the std::optional at `into`.
  void (*take)(task_header* task, void* into) = nullptr;
  void* tag = nullptr;  // the owner's
  list_member* next = nullptr;
  list_member* previous = nullptr;
  list_member* next_ended = nullptr;

  explicit constexpr list_member(member_state* of) noexcept : state(of) {}
};

WEFT_API void end_member(list_member* ended) noexcept;

// Goes when the task's frames do.
class member_guard {
 public:
  explicit member_guard(list_member* member) noexcept : member_(member) {}
  member_guard(member_guard&& other) noexcept : member_(std::exchange(other.member_, nullptr)) {}
  member_guard& operator=(member_guard&&) = delete;
  ~member_guard() {
    if (member_) end_member(member_);
  }
  static constexpr bool may_start() noexcept { return true; }

 private:
  list_member* member_;
};

struct whole_context_tag {};

// The owner's side. One thread at a time.
class member_list {
 public:
  member_list() noexcept = default;
  // Of members that have the whole context of whoever spawns them.
  explicit member_list(whole_context_tag) noexcept : whole_context_(true) {}
  member_list(member_list&& other) noexcept { swap(other); }
  member_list& operator=(member_list&& other) noexcept {
    auto before = std::move(*this);
    swap(other);
    return *this;
  }
  ~member_list() {
    abort_all();
    detach_all();
  }

  std::size_t size() const noexcept { return size_; }

  // A member for a task that is about to be made; its guard goes into the task. When that cannot be
  // made the guard gives the member back. Throws std::bad_alloc.
  WEFT_API list_member* prepare();
  // Takes it in, and submits the task.
  WEFT_API void add(list_member* member, task_header* task,
                    void (*take)(task_header*, void*)) noexcept;

  // The one that ended first, of those not yet removed; null when none has ended.
  WEFT_API list_member* first_ended() noexcept;
  // Forgets that one, and its outcome if it was not taken.
  WEFT_API void pop() noexcept;

  // The running branch waits: until one has ended or none is left; until all have ended.
  WEFT_API bool poll_one() noexcept;
  WEFT_API bool poll_all() noexcept;
  WEFT_API void stop_waiting() noexcept;

  WEFT_API void abort_all() noexcept;
  WEFT_API void detach_all() noexcept;

 private:
  void swap(member_list& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(first_, other.first_);
    std::swap(first_ended_, other.first_ended_);
    std::swap(last_ended_, other.last_ended_);
    std::swap(size_, other.size_);
    std::swap(ended_, other.ended_);
    std::swap(whole_context_, other.whole_context_);
  }
  void collect() noexcept;

  member_state* state_ = nullptr;
  list_member* first_ = nullptr;        // all, by `next`
  list_member* first_ended_ = nullptr;  // those that were collected, by `next_ended`
  list_member* last_ended_ = nullptr;
  std::size_t size_ = 0;
  std::size_t ended_ = 0;  // collected
  bool whole_context_ = false;
};

// Waits for members of `Value::members()`: `poll` says for which, `take` makes what is yielded.
template <class Value>
class member_awaiter : public leaf_awaiter<member_awaiter<Value>> {
 public:
  explicit member_awaiter(Value value) noexcept : value_(value) {}
  ~member_awaiter() { value_.members().stop_waiting(); }
  static constexpr const char* name = Value::name;
  bool poll() noexcept { return value_.poll(); }
  auto take() { return value_.take(); }

 private:
  Value value_;
};

template <class Value>
class [[nodiscard]] member_operation {
 public:
  explicit member_operation(Value value) noexcept : value_(value) {}
  auto operator co_await() && noexcept { return member_awaiter<Value>(value_); }

 private:
  Value value_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
