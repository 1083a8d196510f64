// join_set: tasks that are started together and joined in the order in which they end.
#pragma once

#include <weft/detail/member_list.hpp>
#include <weft/spawn.hpp>
#include <weft/spawn_blocking.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {
inline namespace v0 {
namespace detail {

// Takes what the first member that ended yielded, and forgets it.
template <class Result>
std::optional<Result> take_first(member_list& members) {
  std::optional<Result> taken;
  if (auto* first = members.first_ended()) {
    struct popping {
      member_list& of;
      ~popping() { of.pop(); }
    } at_end{members};  // also when the value throws as it is moved
    first->take(first->task, &taken);
  }
  return taken;
}

template <class Result>
std::optional<std::pair<std::uint64_t, Result>> take_first_with_id(member_list& members) {
  std::optional<std::pair<std::uint64_t, Result>> taken;
  if (auto* first = members.first_ended()) {
    auto id = first->task->id;
    taken.emplace(id, *take_first<Result>(members));
  }
  return taken;
}

// What can be waited for.
class of_members {
 public:
  static constexpr const char* name = "join_set";
  explicit of_members(member_list& members) noexcept : members_(&members) {}
  member_list& members() const noexcept { return *members_; }

 private:
  member_list* members_;
};

template <class Result>
struct next_member : of_members {
  using of_members::of_members;
  bool poll() noexcept { return members().poll_one(); }
  auto take() { return take_first<Result>(members()); }
};

template <class Result>
struct next_member_with_id : of_members {
  using of_members::of_members;
  bool poll() noexcept { return members().poll_one(); }
  auto take() { return take_first_with_id<Result>(members()); }
};

template <class Result>
struct every_member : of_members {
  using of_members::of_members;
  bool poll() noexcept { return members().poll_all(); }
  auto take() {
    std::vector<Result> all;
    all.reserve(members().size());
    while (auto one = take_first<Result>(members())) all.push_back(std::move(*one));
    return all;
  }
};

struct no_member : of_members {
  using of_members::of_members;
  bool poll() noexcept {
    members().abort_all();
    return members().poll_all();
  }
  void take() noexcept {
    while (members().first_ended()) members().pop();
  }
};

template <class Result, class Value>
list_member* add_member(member_list& members, list_member* member, task_cell<Value>* cell) {
  static_assert(
      std::is_same_v<flat_result_t<Value>, Result>,
      "spawn: what is spawned yields something else than this set or group is of; join_set<T> "
      "takes tasks that yield T or result<T>");
  if constexpr (std::is_same_v<flat_result_t<Value>, Result>) {
    members.add(member, cell, [](task_header* task, void* into) {
      auto& ended = *static_cast<task_cell<Value>*>(task);
      static_cast<std::optional<Result>*>(into)->emplace(take_outcome(ended));
      ended.outcome().reset();  // somebody has heard of it
    });
  }
  return member;
}

// Starts a task as a member: of a join_set, a join_map, a task_group.
template <class Result, class Operation>
list_member* spawn_member(scheduler& owner, member_list& members, std::source_location where,
                          Operation&& operation) {
  auto* member = members.prepare();
  member_guard guard(member);
  return add_member<Result>(members, member,
                            make_guarded(owner, where, std::move(guard),
                                         take_operation(std::forward<Operation>(operation))));
}
template <class Result, class Function, class... Arguments>
list_member* spawn_member(scheduler& owner, member_list& members, std::source_location where,
                          std::in_place_t, Function&& function, Arguments&&... arguments) {
  auto* member = members.prepare();
  member_guard guard(member);
  return add_member<Result>(
      members, member,
      make_guarded(owner, where, std::in_place, std::move(guard), std::forward<Function>(function),
                   std::forward<Arguments>(arguments)...));
}

}  // namespace detail

/// Tasks that are started together and joined in the order in which they end.
///
///     weft::join_set<page> fetches;
///     for (auto& url : urls) fetches.spawn(fetch, url);          // in parallel
///     while (auto done = co_await fetches.join_next()) {         // a result<page>, as they come
///       if (*done) use(**done);
///     }
///
/// A member is a task that yields a `T` or a `result<T>`; what it yields comes as a `result<T>`, as
/// out of a join_handle: its value or error, `errc::task_aborted`, or `errc::task_failed` with the
/// exception as payload. It stays in the set until it has been joined.
/// Ownership: unique, movable. Destroying the set aborts all that are left, and does not wait for
/// them: they must own what they use. Bounds: none of its own; who starts tasks for what comes from
/// outside limits them by `size()`. Thread-safety: one thread at a time; it may move between
/// threads. One branch at a time waits for it; others may spawn and abort meanwhile.
/// Cost: one block beside the task for each member; O(1) for each that ends.
template <class T = void>
class join_set {
 public:
  /// What joining a member yields.
  using result_type = detail::flat_result_t<T>;

  /// Empty; allocates nothing.
  join_set() noexcept = default;
  // For task_group.
  explicit join_set(detail::whole_context_tag of) noexcept : members_(of) {}
  join_set(join_set&&) noexcept = default;
  /// Aborts what was there.
  join_set& operator=(join_set&&) noexcept = default;
  ~join_set() = default;

  /// As weft::spawn, as a member. Returns the right to abort it, which may be dropped. Throws
  /// std::system_error with `errc::no_runtime` outside a runtime, std::bad_alloc.
  template <detail::operation_argument Argument>
  weft::abort_handle spawn(Argument&& operation,
                           std::source_location where = std::source_location::current()) {
    return handle(detail::spawn_member<result_type>(detail::ambient_scheduler(), members_, where,
                                                    std::forward<Argument>(operation)));
  }
  template <class Function>
    requires detail::task_function<Function>
  weft::abort_handle spawn(Function function,
                           std::source_location where = std::source_location::current()) {
    return handle(detail::spawn_member<result_type>(detail::ambient_scheduler(), members_, where,
                                                    std::in_place, std::move(function)));
  }
  template <class Function, class First, class... Arguments>
    requires detail::task_function<Function, First, Arguments...>
  weft::abort_handle spawn(Function function, First first, Arguments... arguments) {
    return handle(detail::spawn_member<result_type>(
        detail::ambient_scheduler(), members_, std::source_location(), std::in_place,
        std::move(function), std::move(first), std::move(arguments)...));
  }
  /// As weft::spawn_blocking, as a member: calls `function()` on the blocking pool. Aborted before
  /// it has started, it is taken back.
  template <class Function>
    requires std::invocable<Function&&>
  weft::abort_handle spawn_blocking(Function function,
                                    std::source_location where = std::source_location::current()) {
    return spawn(detail::run_blocking(std::move(function)), where);
  }

  /// Waits for the next member to end, and removes it. Yields a `std::optional<result<T>>`; nothing
  /// when no member is left. Borrows the set. Cancel-safety: safe; no result is lost.
  auto join_next() noexcept WEFT_LIFETIMEBOUND {
    return detail::member_operation(detail::next_member<result_type>(members_));
  }
  /// As `join_next`, with the task's id (abort_handle::id): a `std::optional` of a pair.
  auto join_next_with_id() noexcept WEFT_LIFETIMEBOUND {
    return detail::member_operation(detail::next_member_with_id<result_type>(members_));
  }
  /// A member that has ended; nothing when none has.
  std::optional<result_type> try_join_next() { return detail::take_first<result_type>(members_); }
  /// As `try_join_next`, with the task's id.
  std::optional<std::pair<std::uint64_t, result_type>> try_join_next_with_id() {
    return detail::take_first_with_id<result_type>(members_);
  }
  /// Waits until all have ended, and removes them. Yields a `std::vector<result<T>>`, in the order
  /// in which they ended. Borrows the set. Cancel-safety: safe; all results stay in the set.
  auto join_all() noexcept WEFT_LIFETIMEBOUND {
    return detail::member_operation(detail::every_member<result_type>(members_));
  }

  /// As join_handle::abort, of every member. They stay in the set until they are joined.
  void abort_all() noexcept { members_.abort_all(); }
  /// Removes every member; they run on, detached.
  void detach_all() noexcept { members_.detach_all(); }
  /// Aborts every member, waits until all of them are gone, and drops their results. Yields
  /// nothing. Borrows the set. Cancel-safety: safe; members that are left stay, aborted.
  auto shutdown() noexcept WEFT_LIFETIMEBOUND {
    return detail::member_operation(detail::no_member(members_));
  }

  /// How many members there are, with those that have ended and were not joined.
  std::size_t size() const noexcept { return members_.size(); }
  bool empty() const noexcept { return size() == 0; }

 private:
  static weft::abort_handle handle(detail::list_member* member) noexcept {
    return weft::abort_handle(member->task);
  }

  detail::member_list members_;
};

}  // namespace v0
}  // namespace weft
