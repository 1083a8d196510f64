// Who is awake, who is looking for work, and when to wake one more.
#pragma once

#include <cstdint>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// Three counts in one word: of workers that are awake, of those that search for work, and of
// wake-ups that are under way. A task is published by a seq_cst store (of a queue's tail or size),
// and then `claim_wake` loads the word; a worker that parks changes the word, and then loads all
// tails and sizes (`work_pending`). All four are seq_cst, so in their single total order one of the
// two comes second and sees the other: no task is left behind by a sleeping runtime. The store is
// of a line that is the publisher's own or locked by it; the word, which all workers share, is only
// read while everybody is awake.
//
// A wake-up is anonymous: the waker counts one more worker as awake and searching, leaves a token,
// and makes the driver wake whichever worker waits. Whoever comes out of its wait first takes the
// token and is the one that was counted. Since one change of the word does all of that, a token
// stands for a worker that is parked: awake without tokens, plus tokens, is at most all of them.
class alignas(64) idle_state {
 public:
  explicit idle_state(std::uint32_t workers) noexcept
      : workers_(workers), word_(std::uint64_t{workers}) {}

  // After a task was published. True: the caller must wake a worker. At most one wake-up is under
  // way while somebody searches.
  bool claim_wake() noexcept {
    auto seen = word_.load(std::memory_order_seq_cst);
    do {
      if (searching(seen) > 0 || awake(seen) >= workers_) return false;
    } while (!word_.compare_exchange_weak(seen, seen + one_awake + one_searching + one_token,
                                          std::memory_order_seq_cst));
    return true;
  }
  // A worker came out of its wait and counts as awake. True: it was claimed, and searches.
  bool unpark() noexcept {
    auto seen = word_.load(std::memory_order_seq_cst);
    while (!word_.compare_exchange_weak(
        seen, tokens(seen) > 0 ? seen - one_token : seen + one_awake, std::memory_order_seq_cst)) {
    }
    return tokens(seen) > 0;
  }
  // Somebody was claimed and has not come out of its wait yet.
  bool wake_pending() const noexcept { return tokens(word_.load(std::memory_order_seq_cst)) > 0; }

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
  static constexpr unsigned count_bits = 21;
  static constexpr std::uint64_t one_awake = 1;
  static constexpr std::uint64_t one_searching = one_awake << count_bits;
  static constexpr std::uint64_t one_token = one_searching << count_bits;
  static std::uint32_t count(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word & ((1u << count_bits) - 1));
  }
  static std::uint32_t awake(std::uint64_t word) noexcept { return count(word); }
  static std::uint32_t searching(std::uint64_t word) noexcept { return count(word >> count_bits); }
  static std::uint32_t tokens(std::uint64_t word) noexcept { return count(word >> 2 * count_bits); }

  const std::uint32_t workers_;
  facade::atomic<std::uint64_t> word_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
