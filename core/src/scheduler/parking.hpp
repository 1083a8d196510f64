// Where idle workers wait: one of them in the driver, the others here.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "facade.hpp"
#include "scheduler/idle.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// If all workers waited in the driver, each event would wake another one, on another processor,
// also when the one that caused it is about to look itself. So the driver has one seat; who finds
// it taken waits here, for a wake-up that is meant for it (docs/decisions/0002).
//
// Nobody may be kept from events by a worker that left the seat and does not come back. While the
// seat is empty, one of those that wait (the watcher) looks at it every `watch_interval`, and sits
// down where it has been empty since it last looked. When the seat stays taken as long as that, the
// watcher watches no more, and whoever leaves the seat next appoints one: so an idle runtime does
// not wake up, and a busy one does not wake a peer for each event.
//
// Nothing is lost in between, by three pairs that store and then look; all are seq_cst, so in their
// single total order one of the two comes second and sees the other:
// - who waits counts itself in `parked_` and looks for tokens (idle.hpp); who wakes has left its
//   token, and looks at `parked_`: zero means the driver, where somebody sits or will;
// - who waits counts itself in `parked_` and looks at `taken_`; who leaves the seat empties
//   `taken_`, and looks at `parked_` for somebody to appoint;
// - who ceases to watch clears `watched_` and looks at `taken_`; who leaves the seat empties
//   `taken_`, and looks at `watched_`.
// And a worker that leaves the seat is awake: it asks for the seat again before it waits.
class parking {
 public:
  static constexpr std::chrono::milliseconds watch_interval{4};

  // A worker's place among those that wait; its own, guarded by the lock of `parking`.
  struct place {
    place* next = nullptr;
    bool waits = false;
    bool watches = false;
    std::condition_variable changed;
  };

  bool take_seat() noexcept {
    return !taken_.load(std::memory_order_relaxed) &&
           !taken_.exchange(true, std::memory_order_seq_cst);
  }
  void leave_seat() noexcept {
    absences_.store(absences_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    taken_.store(false, std::memory_order_seq_cst);
    if (parked_.load(std::memory_order_seq_cst) > 0 && !watched_.load(std::memory_order_seq_cst))
      appoint();
  }

  enum class ending { woken, late, seat_is_free };
  // Until it is woken, the time is over (negative: there is none), or the seat should be taken.
  ending wait(place& at, int timeout_ms, const idle_state& idle,
              const facade::atomic<bool>& stopping) noexcept;
  // False: none waits here.
  bool wake_one() noexcept;

 private:
  using clock = std::chrono::steady_clock;

  void appoint() noexcept;
  void appoint_locked() noexcept;
  ending watch(place& at, std::unique_lock<std::mutex>& held, clock::time_point until) noexcept;
  bool is_free() const noexcept { return !taken_.load(std::memory_order_seq_cst); }
  void take_out(place& at) noexcept;

  alignas(64) facade::atomic<bool> taken_{false};
  facade::atomic<unsigned> absences_{0};  // how often the seat was left; by who sits there
  facade::atomic<unsigned> parked_{0};
  facade::atomic<bool> watched_{false};  // changed under the lock
  std::mutex lock_;
  place* first_ = nullptr;  // the last that came is the warmest
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
