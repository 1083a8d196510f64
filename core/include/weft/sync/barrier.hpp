// barrier: a number of tasks wait for one another, round by round.
#pragma once

#include <weft/detail/wait_list.hpp>
#include <weft/leaf.hpp>

#include <cstddef>
#include <cstdint>

namespace weft {
inline namespace v0 {
namespace sync {
class barrier;
}

namespace detail {

struct barrier_waiter : waiter {
  static constexpr std::uint8_t released = first_given;
  static constexpr std::uint8_t leader = first_given + 1;

  std::uint64_t round = 0;  // in which it came
};

class barrier_awaiter;
class barrier_operation;

}  // namespace detail

namespace sync {

/// What waiting at a barrier yields: exactly one of a round is its leader.
class barrier_wait_result {
 public:
  explicit barrier_wait_result(bool leader) noexcept : leader_(leader) {}
  bool is_leader() const noexcept { return leader_; }

 private:
  bool leader_;
};

/// Lets nobody go on before `parties` have come; then all go on, and the next round begins.
///
///     weft::sync::barrier start(3);
///     auto here = co_await start.wait();      // until three wait
///     if (here.is_leader()) announce();       // the one who came last
///
/// Ownership: neither moved nor copied; it must outlive whoever waits at it.
/// Thread-safety: all members from any thread. What was done before coming is seen by all of the
/// round.
/// Cost: 40 bytes; no allocation.
class barrier {
 public:
  /// For 0 and 1 parties nobody waits, and everybody is a leader.
  explicit barrier(std::size_t parties) noexcept : parties_(parties) {}

  /// Comes, and waits for the others. Yields a `barrier_wait_result`.
  /// Cancel-safety: who gives up is not counted any more: it has not come. One who gives up after
  /// the last has come changes nothing for the others; if it was the leader, the round has none.
  detail::barrier_operation wait() noexcept WEFT_LIFETIMEBOUND;
  /// As `wait`, for a thread that is no worker of a runtime: on a worker it ends the program.
  WEFT_API barrier_wait_result blocking_wait();

  std::size_t parties() const noexcept { return parties_; }

 private:
  friend class detail::barrier_awaiter;
  WEFT_API bool poll(detail::barrier_waiter& self) noexcept;
  WEFT_API void leave(detail::barrier_waiter& self) noexcept;

  detail::locked_word word_{0};  // how many wait << 1 | locked
  const std::size_t parties_;
  std::uint64_t round_ = 0;
  detail::wait_list waiters_;
};

}  // namespace sync

namespace detail {

class barrier_awaiter : public leaf_awaiter<barrier_awaiter> {
 public:
  explicit barrier_awaiter(sync::barrier& at) noexcept : at_(at) {}
  ~barrier_awaiter() {
    if (waiter_.what() == waiter::queued) at_.leave(waiter_);
  }
  static constexpr const char* name = "barrier";
  bool poll() noexcept { return at_.poll(waiter_); }
  sync::barrier_wait_result take() noexcept {
    return sync::barrier_wait_result(waiter_.what() == barrier_waiter::leader);
  }

 private:
  sync::barrier& at_;
  barrier_waiter waiter_;
};

class [[nodiscard]] barrier_operation {
 public:
  explicit barrier_operation(sync::barrier& at) noexcept : at_(&at) {}
  auto operator co_await() && noexcept { return barrier_awaiter(*at_); }

 private:
  sync::barrier* at_;
};

}  // namespace detail

namespace sync {

inline detail::barrier_operation barrier::wait() noexcept {
  return detail::barrier_operation(*this);
}

}  // namespace sync
}  // namespace v0
}  // namespace weft
