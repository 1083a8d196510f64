// Permits, and a fair queue for those who want some: what is inside a semaphore and a mutex.
#pragma once

#include <weft/detail/execution.hpp>
#include <weft/detail/wait_list.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>

namespace weft {
inline namespace v0 {
namespace detail {

// Wants `needed` permits. Destroyed with what it was granted, it gives that back.
struct permit_waiter : waiter {
  static constexpr std::uint8_t granted = first_given;
  static constexpr std::uint8_t refused = first_given + 1;  // the queue was closed
  static constexpr std::uint8_t delivered =
      first_given + 2;  // its permits are somebody else's business

  explicit permit_waiter(std::size_t permits) noexcept : needed(permits) {}
  const std::size_t needed;
};

// One word: permits << 3 | closed | waiting | locked (see locked_word). `waiting` is set while
// somebody queues.
//
// Strictly first come, first served: while somebody waits nobody else takes, also when there would
// be enough for a smaller wish. Permits that are too few for the first in the queue stay in the
// word until there are enough. Neither taking nor giving locks while nobody waits: one
// compare-and-swap each. All of it may be called from any thread; `poll` by the task that waits.
class permit_queue {
 public:
  static constexpr std::size_t max_permits = std::numeric_limits<std::size_t>::max() >> 3;

  explicit permit_queue(std::size_t permits) noexcept : word_(std::uint64_t{permits} * one) {
    if (permits > max_permits) [[unlikely]] {
      too_many();
    }
  }

  bool try_take(std::size_t permits) noexcept {
    auto seen = word_.load();
    return take_unlocked(seen, permits) ||
           ((seen & locked_word::locked) && try_take_slowly(permits));
  }
  void give(std::size_t permits) noexcept {
    auto seen = word_.load();
    while (!(seen & (locked_word::locked | waiting)) && permits <= max_permits - available(seen)) {
      if (word_.exchange_unlocked(seen, seen + permits * one)) return;
    }
    give_slowly(permits);
  }
  // Takes up to `permits` away; returns how many.
  WEFT_API std::size_t remove(std::size_t permits) noexcept;
  // Refuses all who wait, and all who come.
  WEFT_API void close() noexcept;

  bool is_closed() const noexcept { return word_.load() & closed; }
  std::size_t available() const noexcept { return available(word_.load()); }
  bool has_waiters() const noexcept { return word_.load() & waiting; }

  // True: it was granted or refused.
  bool poll(permit_waiter& self) noexcept {
    auto what = self.what();
    if (what >= waiter::first_given) {
      word_.await_unlocked();
      return consume_budget();
    }
    if (auto seen = word_.load(); what == waiter::idle && take_unlocked(seen, self.needed)) {
      self.become(permit_waiter::granted);
      return consume_budget();
    }
    return poll_slowly(self);
  }
  // Before a waiter is destroyed: it leaves the queue, or gives back what it did not deliver.
  void leave(permit_waiter& self) noexcept {
    auto what = self.what();
    if (what == waiter::queued || what == permit_waiter::granted) leave_slowly(self);
  }

 private:
  static constexpr std::uint64_t waiting = 2;
  static constexpr std::uint64_t closed = 4;
  static constexpr std::uint64_t one = 8;
  static constexpr std::size_t available(std::uint64_t word) noexcept {
    return static_cast<std::size_t>(word / one);
  }

  // `seen` is what is there, when it fails.
  bool take_unlocked(std::uint64_t& seen, std::size_t permits) noexcept {
    while (!(seen & (locked_word::locked | waiting | closed)) && available(seen) >= permits) {
      if (word_.exchange_unlocked(seen, seen - permits * one)) return true;
    }
    return false;
  }

  [[noreturn]] WEFT_API static void too_many() noexcept;
  WEFT_API bool try_take_slowly(std::size_t permits) noexcept;
  WEFT_API void give_slowly(std::size_t permits) noexcept;
  WEFT_API bool poll_slowly(permit_waiter& self) noexcept;
  WEFT_API void leave_slowly(permit_waiter& self) noexcept;
  bool requeue(permit_waiter& self) noexcept;
  void grant(std::uint64_t word) noexcept;

  locked_word word_;
  wait_list waiters_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
