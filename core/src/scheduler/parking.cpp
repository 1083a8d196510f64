#include "scheduler/parking.hpp"

#include <algorithm>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

parking::ending parking::wait(place& at, int timeout_ms, const idle_state& idle,
                              const facade::atomic<bool>& stopping) noexcept {
  std::unique_lock held(lock_);
  at.waits = true;
  at.next = first_;
  first_ = &at;
  parked_.fetch_add(1, std::memory_order_seq_cst);
  auto how = ending::woken;
  if (!idle.wake_pending() && !stopping.load(std::memory_order_seq_cst)) {
    if (is_free() && !watched_.load(std::memory_order_relaxed)) {
      how = ending::seat_is_free;
    } else {
      auto until = timeout_ms < 0 ? clock::time_point::max()
                                  : clock::now() + std::chrono::milliseconds(timeout_ms);
      how = watch(at, held, until);
    }
  }
  if (at.waits) {
    take_out(at);
    if (how == ending::late && is_free()) appoint_locked();  // if it was the watcher itself
  }
  return how;
}

// Waits, and watches the seat for as long as that is its task.
parking::ending parking::watch(place& at, std::unique_lock<std::mutex>& held,
                               clock::time_point until) noexcept {
  auto absences = absences_.load(std::memory_order_relaxed);
  while (at.waits) {
    if (!at.watches) {
      auto told = [&] { return !at.waits || at.watches; };
      if (until == clock::time_point::max()) {
        at.changed.wait(held, told);
      } else if (!at.changed.wait_until(held, until, told)) {
        return ending::late;
      }
      absences = absences_.load(std::memory_order_relaxed);
      continue;
    }
    auto look = std::min(until, clock::now() + watch_interval);
    if (at.changed.wait_until(held, look, [&] { return !at.waits; })) break;
    if (look == until) return ending::late;
    auto seen = absences_.load(std::memory_order_relaxed);
    if (std::exchange(absences, seen) != seen) continue;
    if (is_free()) return ending::seat_is_free;
    at.watches = false;
    watched_.store(false, std::memory_order_seq_cst);
    if (!is_free()) continue;
    at.watches = true;
    watched_.store(true, std::memory_order_relaxed);
  }
  return ending::woken;
}

void parking::appoint() noexcept {
  std::lock_guard held(lock_);
  appoint_locked();
}

void parking::appoint_locked() noexcept {
  if (!first_ || watched_.load(std::memory_order_relaxed)) return;
  first_->watches = true;
  watched_.store(true, std::memory_order_relaxed);
  first_->changed.notify_one();
}

// The watcher last: as long as others wait, one has to watch.
bool parking::wake_one() noexcept {
  if (parked_.load(std::memory_order_seq_cst) == 0) return false;
  std::lock_guard held(lock_);
  if (!first_) return false;
  auto* chosen = first_->watches && first_->next ? first_->next : first_;
  take_out(*chosen);
  chosen->changed.notify_one();
  return true;
}

void parking::take_out(place& at) noexcept {
  auto** link = &first_;
  while (*link != &at) link = &(*link)->next;
  *link = at.next;
  at.waits = false;
  if (at.watches) watched_.store(false, std::memory_order_seq_cst);
  at.watches = false;
  parked_.fetch_sub(1, std::memory_order_seq_cst);
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
