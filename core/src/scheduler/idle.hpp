// Who is awake, who is looking for work, and when to wake one more.
#pragma once

#include <cstdint>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// Two counts in one word. A task is published by a seq_cst store (of a queue's tail or size), and
// then `claim_wake` loads the word; a worker that parks changes the word, and then loads all tails
// and sizes (`work_pending`). All four are seq_cst, so in their single total order one of the two
// comes second and sees the other: no task is left behind by a sleeping runtime. The store is of a
// line that is the publisher's own or locked by it; the word, which all workers share, is only read
// while everybody is awake.
//
// A wake-up is anonymous: the waker counts one more worker as awake and searching, leaves a token,
// and makes the driver wake whichever worker waits. Who takes the token is the one that was
// counted.
class alignas(64) idle_state {
 public:
  explicit idle_state(std::uint32_t workers) noexcept
      : workers_(workers), word_(std::uint64_t{workers}) {}

  // After a task was published. True: the caller must wake a worker. At most one wake-up is under
  // way while somebody searches.
  bool claim_wake() noexcept {
    auto seen = word_.load(std::memory_order_seq_cst);
    for (;;) {
      if (searching(seen) > 0 || awake(seen) >= workers_) return false;
      if (word_.compare_exchange_weak(seen, seen + one_awake + one_searching,
                                      std::memory_order_seq_cst)) {
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
  // Somebody was claimed and has not come out of its wait yet.
  bool wake_pending() const noexcept { return tokens_.load(std::memory_order_seq_cst) > 0; }
  // Came out of its wait by itself.
  void wake_up() noexcept { word_.fetch_add(one_awake, std::memory_order_seq_cst); }

  // Whether any but the caller may make work.
  bool others_awake() const noexcept { return awake(word_.load(std::memory_order_relaxed)) > 1; }

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
  // True: nobody searches any more, and the caller has to look once more. Also when it did not
  // search itself: what kept it from searching may have been an old value of the word.
  bool park(bool was_searching) noexcept {
    auto before =
        word_.fetch_sub(one_awake + (was_searching ? one_searching : 0), std::memory_order_seq_cst);
    return searching(before) == (was_searching ? 1u : 0u);
  }

 private:
  static constexpr std::uint64_t one_awake = 1;
  static constexpr std::uint64_t one_searching = 1ull << 32;
  static std::uint32_t awake(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word);
  }
  static std::uint32_t searching(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> 32);
  }

  const std::uint32_t workers_;
  facade::atomic<std::uint64_t> word_;
  facade::atomic<std::uint32_t> tokens_{0};
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
