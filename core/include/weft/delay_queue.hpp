// delay_queue: values that come out when their time has come.
#pragma once

#include <weft/detail/timer.hpp>
#include <weft/leaf.hpp>
#include <weft/time.hpp>
#include <weft/waker.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace weft {
inline namespace v0 {

template <class T>
class delay_queue;

/// Names an entry of a delay_queue, of which it was got. Never names another one later.
class delay_key {
 public:
  friend bool operator==(const delay_key&, const delay_key&) noexcept = default;

 private:
  template <class T>
  friend class delay_queue;
  delay_key(std::uint32_t slot, std::uint64_t number) noexcept : slot_(slot), number_(number) {}
  std::uint32_t slot_;
  std::uint64_t number_;
};

/// What comes out of a delay_queue.
template <class T>
struct expired {
  T value;
  delay_key key;              ///< What named it.
  time::time_point deadline;  ///< When it was due.

  expired(T&& what, delay_key named, time::time_point due)
      : value(std::move(what)), key(named), deadline(due) {}
};

namespace detail {

template <class T>
class expiry_awaiter : public leaf_awaiter<expiry_awaiter<T>> {
 public:
  explicit expiry_awaiter(delay_queue<T>& of) noexcept : of_(of) {}
  ~expiry_awaiter() { of_.waiter_ = waker(); }
  static constexpr const char* name = "delay_queue";
  bool poll() noexcept { return of_.poll_next(timer_, armed_for_); }
  auto take() { return of_.try_next(); }

 private:
  delay_queue<T>& of_;
  time::time_point armed_for_ = time::never;
  timer_entry timer_;
};

template <class T>
class [[nodiscard]] expiry_operation {
 public:
  explicit expiry_operation(delay_queue<T>& of) noexcept : of_(&of) {}
  auto operator co_await() && noexcept { return expiry_awaiter<T>(*of_); }

 private:
  delay_queue<T>* of_;
};

}  // namespace detail

/// Values with a time at which they come out: the entries of a cache, sessions, retries.
///
///     weft::delay_queue<session> sessions;
///     auto key = sessions.insert(std::move(session), 30s);
///     sessions.reset(key, 30s);                                   // it was used again
///     while (auto gone = co_await sessions.next()) close(gone->value);
///
/// They come in the order of their deadlines, and of their insertion where these are the same;
/// never early, by the runtime's clock, with a granularity of 1 ms, rounded up. Deadlines saturate:
/// what is past comes at once, at time::never it never comes. Ownership: owns the values; moved,
/// but not while it is awaited. Thread-safety: one thread at a time; one branch waits while others
/// insert, reset and remove. Bounds: 2^32 - 1 entries, and none of its own; who inserts for what
/// comes from outside limits them by `size()`. Cost: one timer for all, O(log n) to insert, remove,
/// reset and take; memory grows and is kept, see `shrink_to_fit`.
template <class T>
class delay_queue {
 public:
  using key_type = delay_key;
  using value_type = T;

  delay_queue() = default;
  /// Leaves the other one empty.
  delay_queue(delay_queue&& other) noexcept
      : slots_(std::exchange(other.slots_, {})),
        heap_(std::exchange(other.heap_, {})),
        free_(std::exchange(other.free_, none)),
        last_number_(other.last_number_),
        waiter_(std::move(other.waiter_)) {}
  delay_queue& operator=(delay_queue&& other) noexcept {
    auto moved = std::move(other);
    slots_.swap(moved.slots_);
    heap_.swap(moved.heap_);
    free_ = moved.free_;
    last_number_ = std::max(last_number_, moved.last_number_);
    std::swap(waiter_, moved.waiter_);
    return *this;
  }
  ~delay_queue() = default;

  /// `value` comes out after `wait`; zero or less: at once. Throws std::bad_alloc, and what moving
  /// the value throws; then it is as before.
  delay_key insert(T value, duration wait) {
    return insert_at(std::move(value), time::after(wait));
  }
  /// `value` comes out at `deadline`.
  delay_key insert_at(T value, time::time_point deadline) {
    if (heap_.size() == heap_.capacity()) heap_.reserve(heap_.size() * 2 + 8);
    if (free_ == none) grow();
    auto slot = free_;
    auto& added = slots_[slot];
    added.value.emplace(std::move(value));
    free_ = added.position;
    added.deadline = deadline;
    added.number = ++last_number_;
    added.position = static_cast<std::uint32_t>(heap_.size());
    heap_.push_back(slot);
    rise(added.position);
    tell_if_first(slot);
    return delay_key(slot, added.number);
  }

  /// Makes an entry come out after `wait`, or at `deadline`, instead. False: it is not there any
  /// more.
  bool reset(delay_key key, duration wait) noexcept { return reset_at(key, time::after(wait)); }
  bool reset_at(delay_key key, time::time_point deadline) noexcept {
    auto* moved = find(key);
    if (!moved) return false;
    moved->deadline = deadline;
    sink(rise(moved->position));
    tell_if_first(key.slot_);
    return true;
  }
  /// Takes an entry out before its time; nothing when it is not there any more.
  std::optional<expired<T>> remove(delay_key key) {
    std::optional<expired<T>> taken;
    if (find(key)) take(key.slot_, taken);
    return taken;
  }

  /// Waits for the next entry whose time has come, and takes it out. Yields a `std::optional` of an
  /// `expired<T>`; nothing when the queue is empty. Borrows this. Cancel-safety: safe; no entry is
  /// lost.
  auto next() noexcept WEFT_LIFETIMEBOUND { return detail::expiry_operation<T>(*this); }
  /// An entry whose time has come; nothing when there is none.
  std::optional<expired<T>> try_next() {
    std::optional<expired<T>> taken;
    if (!heap_.empty() && slots_[heap_.front()].deadline <= time::now()) take(heap_.front(), taken);
    return taken;
  }

  /// The entry that comes next; nothing when the queue is empty.
  std::optional<delay_key> peek() const noexcept {
    if (heap_.empty()) return std::nullopt;
    return delay_key(heap_.front(), slots_[heap_.front()].number);
  }
  bool contains(delay_key key) const noexcept { return find(key) != nullptr; }
  /// When an entry is due; nothing when it is not there any more.
  std::optional<time::time_point> deadline(delay_key key) const noexcept {
    auto* found = find(key);
    return found ? std::optional(found->deadline) : std::nullopt;
  }
  /// Its value; null when it is not there any more. Good until the queue is changed.
  T* get(delay_key key) noexcept WEFT_LIFETIMEBOUND {
    auto* found = find(key);
    return found ? &*found->value : nullptr;
  }
  /// The keys of all entries, in no order.
  std::vector<delay_key> keys() const {
    std::vector<delay_key> all;
    all.reserve(size());
    for (auto slot : heap_) all.push_back(delay_key(slot, slots_[slot].number));
    return all;
  }

  std::size_t size() const noexcept { return heap_.size(); }
  bool empty() const noexcept { return heap_.empty(); }
  /// How many entries fit before memory is allocated.
  std::size_t capacity() const noexcept { return std::min(slots_.capacity(), heap_.capacity()); }
  void reserve(std::size_t entries) {
    slots_.reserve(entries);
    heap_.reserve(entries);
  }
  /// Gives back the memory beyond the last entry. Keys stay good.
  void shrink_to_fit() {
    while (!slots_.empty() && !slots_.back().value) slots_.pop_back();
    free_ = none;
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (!slots_[slot].value) slots_[slot].position = std::exchange(free_, slot);
    }
    slots_.shrink_to_fit();
    heap_.shrink_to_fit();
  }
  /// Destroys all entries.
  void clear() noexcept {
    slots_.clear();
    heap_.clear();
    free_ = none;
    waiter_.wake();
  }

 private:
  friend class detail::expiry_awaiter<T>;
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct slot_type {
    std::optional<T> value;
    time::time_point deadline{};
    std::uint64_t number = 0;
    std::uint32_t position = none;  // in the heap; of a free one: the next that is free
  };

  void grow() {
    if (slots_.size() == none) throw std::bad_alloc();
    slots_.emplace_back();
    free_ = static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const slot_type* find(delay_key key) const noexcept {
    if (key.slot_ >= slots_.size()) return nullptr;
    auto& found = slots_[key.slot_];
    return found.value && found.number == key.number_ ? &found : nullptr;
  }
  slot_type* find(delay_key key) noexcept {
    return const_cast<slot_type*>(std::as_const(*this).find(key));
  }
  // A binary heap of slots; each knows its position.
  bool before(std::uint32_t left, std::uint32_t right) const noexcept {
    auto& first = slots_[left];
    auto& second = slots_[right];
    if (first.deadline != second.deadline) return first.deadline < second.deadline;
    return first.number < second.number;
  }
  void place(std::uint32_t slot, std::uint32_t position) noexcept {
    heap_[position] = slot;
    slots_[slot].position = position;
  }
  std::uint32_t rise(std::uint32_t position) noexcept {
    auto slot = heap_[position];
    while (position > 0 && before(slot, heap_[(position - 1) / 2])) {
      place(heap_[(position - 1) / 2], position);
      position = (position - 1) / 2;
    }
    place(slot, position);
    return position;
  }
  void sink(std::uint32_t position) noexcept {
    auto slot = heap_[position];
    for (;;) {
      auto child = std::size_t{position} * 2 + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], slot)) break;
      place(heap_[child], position);
      position = static_cast<std::uint32_t>(child);
    }
    place(slot, position);
  }
  // Also when the value throws as it is moved: then it is gone.
  void take(std::uint32_t slot, std::optional<expired<T>>& into) {
    struct freeing {
      delay_queue& of;
      std::uint32_t slot;
      ~freeing() { of.free(slot); }
    } at_end{*this, slot};
    auto& taken = slots_[slot];
    into.emplace(std::move(*taken.value), delay_key(slot, taken.number), taken.deadline);
  }
  void free(std::uint32_t slot) noexcept {
    auto& freed = slots_[slot];
    auto position = freed.position;
    auto last = heap_.back();
    heap_.pop_back();
    if (last != slot) {
      heap_[position] = last;
      sink(rise(position));
    }
    freed.value.reset();
    freed.position = std::exchange(free_, slot);
    if (heap_.empty()) waiter_.wake();
  }

  // Whoever waits for what was the first until now looks again.
  void tell_if_first(std::uint32_t slot) noexcept {
    if (heap_.front() == slot) waiter_.wake();
  }
  bool poll_next(detail::timer_entry& timer, time::time_point& armed_for) noexcept {
    if (heap_.empty()) return detail::consume_budget();
    auto due = slots_[heap_.front()].deadline;
    if (due <= time::now()) return detail::consume_budget();
    if (!waiter_.wakes_current()) waiter_ = waker::current();
    if (armed_for != due || !timer.linked()) {
      armed_for = due;
      timer.arm(detail::deadline_ns(due));
    }
    return timer.fired() && detail::consume_budget();
  }

  std::vector<slot_type> slots_;
  std::vector<std::uint32_t> heap_;
  std::uint32_t free_ = none;
  std::uint64_t last_number_ = 0;
  waker waiter_;
};

}  // namespace v0
}  // namespace weft
