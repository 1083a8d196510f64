// Who is awake, who is looking for work, and when to wake one more.
#pragma once

#include <cstdint>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// Two counts in one word. All read-modify-writes are seq_cst: a task is published before `claim_wake` looks
// here, and a worker that parks changes the word before it looks for tasks a last time. One of the two sees
// the other, so no task is left behind by a sleeping runtime. (A plain load in `claim_wake` would need a fence.)
//
// A wake-up is anonymous: the waker counts one more worker as awake and searching, leaves a token, and makes the
// driver wake whichever worker waits. Who takes the token is the one that was counted.
class idle_state {
 public:
  explicit idle_state(std::uint32_t workers) noexcept : workers_(workers), word_(std::uint64_t{workers}) {}

  // True: the caller must wake a worker. At most one wake-up is under way while somebody searches.
  bool claim_wake() noexcept {
    auto seen = word_.fetch_add(0, std::memory_order_seq_cst);
    for (;;) {
      if (searching(seen) > 0 || awake(seen) >= workers_) return false;
      if (word_.compare_exchange_weak(seen, seen + one_awake + one_searching, std::memory_order_seq_cst)) {
        tokens_.fetch_add(1, std::memory_order_seq_cst);
        return true;
      }
    }
  }
  // A worker that came out of its wait. True: it was claimed, and searches.
  bool take_token() noexcept {
    auto tokens = tokens_.load(std::memory_order_seq_cst);
    while (tokens > 0) {
      if (tokens_.compare_exchange_weak(tokens, tokens - 1, std::memory_order_seq_cst)) return true;
    }
    return false;
  }
  // Came out of its wait by itself.
  void wake_up() noexcept { word_.fetch_add(one_awake, std::memory_order_seq_cst); }

  // At most half of the workers search at once.
  bool start_searching() noexcept {
    if (2 * searching(word_.load(std::memory_order_relaxed)) >= workers_) return false;
    word_.fetch_add(one_searching, std::memory_order_seq_cst);
    return true;
  }
  // True: it was the last one, and should wake another since it found something.
  bool stop_searching() noexcept {
    return searching(word_.fetch_sub(one_searching, std::memory_order_seq_cst)) == 1;
  }
  // True: nobody searches any more, and the caller has to look once more. Also when it did not search itself:
  // what kept it from searching may have been an old value of the word.
  bool park(bool was_searching) noexcept {
    auto before = word_.fetch_sub(one_awake + (was_searching ? one_searching : 0), std::memory_order_seq_cst);
    return searching(before) == (was_searching ? 1u : 0u);
  }

 private:
  static constexpr std::uint64_t one_awake = 1;
  static constexpr std::uint64_t one_searching = 1ull << 32;
  static std::uint32_t awake(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word); }
  static std::uint32_t searching(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word >> 32); }

  const std::uint32_t workers_;
  facade::atomic<std::uint64_t> word_;
  facade::atomic<std::uint32_t> tokens_{0};
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
