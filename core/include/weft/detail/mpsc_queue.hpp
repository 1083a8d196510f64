// A queue of values in linked blocks: many threads push, one takes.
#pragma once

#include <weft/detail/wait_list.hpp>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// A place is claimed under a short lock, which makes the order of the values; the value is moved
// into it outside the lock, so that no code of users runs under it, and then published.
//
// A block is gone when all its places were taken, hence after the last touch of whoever claimed
// one: the publishing. Nobody else knows it any more: whoever claims the last place puts the next
// block in its stead first, under the lock. One block that was emptied is kept for that, so that in
// a steady state nothing is allocated.
//
// Memory orders. The lock orders claims, and what is done to a block before it is used again with
// those who claim in it. `published` is seq_cst on both sides, since it is also one side of a
// waiter's "register, then look again" (see atomic_waker); as release and acquire it makes the
// value, and the next block's address, be seen.
template <class T>
class mpsc_queue {
  struct place {
    place() noexcept {}
    ~place() {}
    union {
      T value;
    };
    std::atomic<bool> published{false};
  };
  // At most 32 places, and about 4 KiB.
  static constexpr std::size_t places =
      std::bit_floor(sizeof(place) * 32 <= 4096 ? 32 : 1 + 4095 / sizeof(place));
  struct block {
    block* next = nullptr;
    place all[places];
  };
  static_assert(alignof(block) <= 64,
                "a channel's values are at most 64-byte aligned; send a std::unique_ptr");

 public:
  mpsc_queue() : tail_(make_block()), head_(tail_) {}
  mpsc_queue(const mpsc_queue&) = delete;
  mpsc_queue& operator=(const mpsc_queue&) = delete;
  // Nobody pushes any more.
  ~mpsc_queue() {
    while (front()) pop_front();
    free_block(head_);
    if (spare_) free_block(spare_);
  }

  // Any thread. False: it was closed. `value` is moved from when it was pushed only. Throws
  // std::bad_alloc, before anything has happened.
  bool push(T& value) { return push_as(value, closed); }
  // Also into a closed one.
  void push_always(T& value) { (void)push_as(value, 0); }

  // Any thread. Nothing more by `push`; for ever. Whether it was open.
  bool close() noexcept {
    auto word = word_.lock();
    word_.unlock(word | closed);
    return !(word & closed);
  }
  bool is_closed() const noexcept { return word_.load() & closed; }
  // Any thread: what was claimed and not taken.
  std::size_t size() const noexcept {
    auto taken = taken_.load(std::memory_order_acquire);  // first, so that it is the smaller one
    return static_cast<std::size_t>(word_.load() / one - taken);
  }

  // The taker: the value that is next, if it is there. Its sender may be just about to publish it.
  T* front() noexcept {
    auto& first = head_->all[index_];
    return first.published.load(std::memory_order_seq_cst) ? &first.value : nullptr;
  }
  // As front, and waits for whoever is about to publish: a move of a value.
  T* front_claimed() noexcept {
    for (unsigned tries = 0;; ++tries) {
      if (auto* first = front()) return first;
      if (size() == 0) return nullptr;
      wait_a_moment(tries);
    }
  }
  // The taker, after front.
  void pop_front() noexcept {
    auto& first = head_->all[index_];
    std::destroy_at(&first.value);
    first.published.store(false, std::memory_order_relaxed);
    taken_.store(taken_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    if (++index_ < places) return;
    index_ = 0;
    recycle(std::exchange(head_, head_->next));
  }

 private:
  static constexpr std::uint64_t closed = 2;
  static constexpr std::uint64_t one = 4;

  static block* make_block() { return new (allocate_frame(sizeof(block))) block; }
  static void free_block(block* unused) noexcept {
    unused->~block();
    deallocate_frame(unused, sizeof(block));
  }

  bool push_as(T& value, std::uint64_t refused_if) {
    auto* claimed = claim(refused_if);
    if (!claimed) return false;
    std::construct_at(&claimed->value, std::move(value));
    claimed->published.store(true, std::memory_order_seq_cst);
    return true;
  }
  place* claim(std::uint64_t refused_if) {
    auto word = word_.lock();
    if (word & refused_if) {
      word_.unlock(word);
      return nullptr;
    }
    auto index = word / one % places;
    if (index + 1 == places) [[unlikely]] {
      return claim_last(word, refused_if);
    }
    auto* claimed = &tail_->all[index];
    word_.unlock(word + one);
    return claimed;
  }
  // Locked. The next block is allocated outside the lock; meanwhile others may have come.
  place* claim_last(std::uint64_t word, std::uint64_t refused_if) {
    if (!spare_) {
      word_.unlock(word);
      auto* made = make_block();
      word = word_.lock();
      auto* unused = std::exchange(spare_, made);
      word_.unlock(word);
      if (unused) free_block(unused);
      return claim(refused_if);
    }
    auto* claimed = &tail_->all[places - 1];
    tail_->next = spare_;
    tail_ = std::exchange(spare_, nullptr);
    word_.unlock(word + one);
    return claimed;
  }
  void recycle(block* emptied) noexcept {
    emptied->next = nullptr;
    auto word = word_.lock();
    auto* unused = spare_ ? emptied : std::exchange(spare_, emptied);
    word_.unlock(word);
    if (unused) free_block(unused);
  }

  // One word: claimed << 2 | closed | locked (see locked_word). Next to it what its lock guards.
  locked_word word_{0};
  block* tail_;
  block* spare_ = nullptr;
  // The taker's, on a cache line of its own.
  alignas(64) block* head_;
  std::size_t index_ = 0;
  std::atomic<std::uint64_t> taken_{0};
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
