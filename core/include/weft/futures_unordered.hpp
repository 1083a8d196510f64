// futures_unordered: branches of this task that come and go, and their values as they come.
#pragma once

#include <weft/detail/listed_branch.hpp>
#include <weft/leaf.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {

template <class T>
class futures_unordered;

namespace detail {

template <class T>
class next_future_awaiter : public leaf_awaiter<next_future_awaiter<T>> {
 public:
  explicit next_future_awaiter(futures_unordered<T>& of) noexcept : of_(of) {}
  ~next_future_awaiter() { of_.waiting_ = nullptr; }
  static constexpr const char* name = "futures_unordered";
  bool poll() noexcept { return of_.poll_next(); }
  auto take() { return of_.try_next(); }

 private:
  futures_unordered<T>& of_;
};

template <class T>
class [[nodiscard]] next_future_operation {
 public:
  explicit next_future_operation(futures_unordered<T>& of) noexcept : of_(&of) {}
  auto operator co_await() && noexcept { return next_future_awaiter<T>(*of_); }

 private:
  futures_unordered<T>* of_;
};

}  // namespace detail

/// Operations that run at once as branches of this task (concurrent, on one thread at a time), any
/// number of them, and whose values come in the order in which they are ready:
///
///     weft::futures_unordered<page> fetches;
///     for (auto& url : urls) fetches.push(fetch(url));            // each starts at once
///     while (auto done = co_await fetches.next()) use(*done);
///
/// Branches may borrow what outlives this object, and run while the task waits for anything, not
/// only for `next`. For tasks of their own, in parallel, see weft/join_set.hpp.
/// Ownership: neither copied nor moved; made, used and destroyed by one task. Destroying it
/// destroys the branches, the last that came first. Using it in another task than the one that
/// pushed first, while it has branches, ends the program with a message. Not to be destroyed by one
/// of its own branches. Bounds: none of its own; who pushes for what comes from outside limits them
/// by `size()`. Cost: a block for each branch; O(1) to push, to wake and to take, however many.
template <class T = void>
class futures_unordered {
 public:
  /// What `next` yields: T, and `unit` for void.
  using value_type = detail::value_or_unit<T>;

  futures_unordered() noexcept = default;
  futures_unordered(const futures_unordered&) = delete;
  futures_unordered& operator=(const futures_unordered&) = delete;
  ~futures_unordered() {
    if (!empty()) check_task();
  }

  /// Starts a task or operation that yields a T: it runs until it waits for the first time, before
  /// this returns. From the task that owns this. Throws std::bad_alloc.
  template <detail::operation_argument Argument>
  void push(Argument&& operation) {
    using given = std::remove_cvref_t<Argument>;
    static_assert(std::is_same_v<await_result_t<given>, T>,
                  "futures_unordered<T>::push: the operation does not yield a T");
    auto* outer = detail::current_execution().branch;
    if (empty()) task_ = detail::current_execution().task;
    check_task();
    using entry_type = detail::branch_of<futures_unordered, given>;
    auto* added =
        entry_type::make(*this, detail::take_operation(std::forward<Argument>(operation)));
    added->take = [](entry& base, std::optional<value_type>& into) {
      auto& ended = static_cast<entry_type&>(base).result();
      if (ended.has_exception()) std::rethrow_exception(ended.exception());
      into.emplace(std::move(ended.value()));
    };
    running_.push_back(added);
    ++size_;
    added->start(*outer);
    if (!added->done()) return;
    settle(*added);
    if (waiting_) wake_waiting();  // not resumed from here: who pushes may be what it destroys
  }
  template <class Function>
    requires(!detail::operation_argument<Function>)
  void push(Function&&) {
    static_assert(detail::operation_argument<Function>,
                  "futures_unordered: push takes a task or an operation, not the function that "
                  "makes it");
  }

  /// Waits for the next value. Yields a `std::optional`; nothing when no branch is left. What a
  /// branch throws comes out of the `co_await`. One at a time may wait. Borrows this.
  /// Cancel-safety: safe; the branches run on, and no value is lost.
  auto next() noexcept WEFT_LIFETIMEBOUND { return detail::next_future_operation<T>(*this); }
  /// A value that is there; nothing when none is. Throws what the branch threw.
  std::optional<value_type> try_next() {
    std::optional<value_type> taken;
    if (auto* first = static_cast<entry*>(ready_.first())) {
      struct removing {
        futures_unordered& from;
        entry* what;
        ~removing() {
          from.ready_.unlink(what);
          what->destroy(what);
          --from.size_;
        }
      } at_end{*this, first};
      first->take(*first, taken);
    }
    return taken;
  }

  /// Destroys the branches, and drops values that were not taken. Not from one of the branches.
  void clear() noexcept {
    if (!empty()) check_task();
    running_.destroy_all();
    ready_.destroy_all();
    size_ = 0;
    if (waiting_) wake_waiting();
  }
  /// How many branches there are, with those whose values were not taken.
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

 private:
  friend class detail::next_future_awaiter<T>;
  template <class, awaitable>
  friend class detail::branch_of;
  static constexpr const char* name = "futures_unordered";

  struct entry : detail::listed_branch {
    using listed_branch::listed_branch;
    void (*take)(entry& from, std::optional<value_type>& into) = nullptr;
  };

  void check_task() const noexcept {
    if (!task_ || task_ != detail::current_execution().task)
      detail::misuse("a futures_unordered was used outside the task that it belongs to");
  }
  bool poll_next() noexcept {
    if (ready_.first() || empty()) return detail::consume_budget();
    check_task();
    waiting_ = detail::current_execution().branch;
    return false;
  }
  void settle(detail::listed_branch& done) noexcept {
    running_.unlink(&done);
    ready_.push_back(&done);
  }
  void ended(detail::listed_branch& done) noexcept {
    settle(done);
    if (auto* waiting = std::exchange(waiting_, nullptr)) detail::poll_branch(waiting);
  }
  void wake_waiting() noexcept {
    auto& place = detail::current_execution();
    auto* pusher = std::exchange(place.branch, std::exchange(waiting_, nullptr));
    detail::wake_current();
    place.branch = pusher;
  }

  detail::branch_list running_;
  detail::branch_list ready_;
  std::size_t size_ = 0;
  detail::task_header* task_ = nullptr;
  detail::branch_node* waiting_ = nullptr;
};

}  // namespace v0
}  // namespace weft
