// The timers of one worker: a hierarchical wheel of 6 levels of 64 slots, at 1 ms a tick.
//
// G. Varghese, T. Lauck: Hashed and Hierarchical Timing Wheels (SOSP 1987), scheme 7. Insertion and
// removal are O(1); an entry moves down at most five levels before it fires.
#pragma once

#include <weft/detail/timer.hpp>

#include <array>
#include <cstdint>
#include <limits>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// Ticks are milliseconds of the runtime's clock. Entries further away than 2^36 ms (two years) wait
// at the horizon and are put in again when it comes.
//
// All members are guarded by `lock_`, but `next_tick_`, which a parking worker reads to know how
// long to sleep. Firing an entry: under the lock unlink it, move its waker out, store `fired` as
// the last touch; the entry may be gone from then on. The wakers run outside the lock.
class timer_wheel {
 public:
  static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::uint64_t tick_ns = 1'000'000;

  timer_wheel() noexcept = default;
  timer_wheel(const timer_wheel&) = delete;
  timer_wheel& operator=(const timer_wheel&) = delete;
  // Lets go of the entries that outlive the runtime: those in no frame.
  ~timer_wheel();

  // The first tick that is not before `deadline_ns`.
  static std::uint64_t tick_of(std::uint64_t deadline_ns) noexcept {
    return deadline_ns / tick_ns + (deadline_ns % tick_ns != 0);
  }

  // False: it is due already, and stays outside.
  bool insert(timer_entry& entry, std::uint64_t tick, waker&& to_wake) noexcept;
  void remove(timer_entry& entry) noexcept;
  // Fires all that is due at `now`; returns how many.
  unsigned advance(std::uint64_t now) noexcept;
  // When to call `advance` next; `none` when nothing is pending. Never too late, sometimes too
  // early.
  std::uint64_t next_tick() const noexcept { return next_tick_.load(std::memory_order_seq_cst); }
  // The tick of the first entry to fire; `none` when nothing is pending. Looks through a slot: for
  // a paused clock.
  std::uint64_t earliest() noexcept;

 private:
  static constexpr unsigned levels = 6;
  static constexpr unsigned bits = 6;
  static constexpr unsigned slots = 1u << bits;
  static constexpr unsigned due_level = levels;  // the list of what is about to fire
  static constexpr unsigned batch = 32;

  struct expiration {
    unsigned level;
    unsigned slot;
    std::uint64_t tick;
  };

  timer_entry*& head(unsigned level, unsigned slot) noexcept {
    return level == due_level ? due_ : slots_[level][slot];
  }
  void link(timer_entry& entry) noexcept;
  void link_at(timer_entry& entry, unsigned level, unsigned slot) noexcept;
  void unlink(timer_entry& entry) noexcept;
  bool next_expiration(expiration& found) const noexcept;
  void open(const expiration& due) noexcept;
  void update_next() noexcept;
  unsigned take_due(std::array<waker, batch>& wakers) noexcept;

  spin_lock lock_;
  std::uint64_t elapsed_ = 0;
  std::array<std::uint64_t, levels> occupied_{};
  std::array<std::array<timer_entry*, slots>, levels> slots_{};
  timer_entry* due_ = nullptr;
  facade::atomic<std::uint64_t> next_tick_{none};
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
