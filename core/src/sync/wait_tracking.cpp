#include "sync/wait_tracking.hpp"

#include <weft/detail/timer.hpp>
#include <weft/dump.hpp>

#include <mutex>
#include <new>
#include <unordered_map>

#include "task/thread_place.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

constinit std::atomic<bool> waits_are_tracked{false};

namespace {

struct wait_table {
  std::mutex lock;
  std::unordered_map<const waiter*, tracked_wait> waits;
};
// Never destroyed: threads may wait until the very end.
wait_table& table() {
  static auto* made = new wait_table;
  return *made;
}

}  // namespace

// Called under the spin lock of whatever has the list, hence the cost that track_lock_waits speaks
// of. When memory is lacking, one that waits is not told of.
void track_wait(const wait_list& at, const waiter& one) noexcept {
  try {
    auto& all = table();
    auto now = now_ns();
    std::lock_guard held(all.lock);
    if (!waits_are_tracked.load(std::memory_order_relaxed)) return;
    all.waits.insert_or_assign(&one, tracked_wait{&at, thread_place.branch, now});
  } catch (const std::bad_alloc&) {
    return;
  }
}

void forget_wait(const waiter& one) noexcept {
  auto& all = table();
  std::lock_guard held(all.lock);
  all.waits.erase(&one);
}

std::vector<tracked_wait> tracked_waits() {
  std::vector<tracked_wait> found;
  auto& all = table();
  std::lock_guard held(all.lock);
  found.reserve(all.waits.size());
  for (const auto& [one, wait] : all.waits) found.push_back(wait);
  return found;
}

}  // namespace detail

bool track_lock_waits(bool on) {
  auto& all = detail::table();
  std::lock_guard held(all.lock);
  auto before = detail::waits_are_tracked.exchange(on, std::memory_order_relaxed);
  if (!on) all.waits.clear();
  return before;
}

}  // namespace v0
}  // namespace weft
