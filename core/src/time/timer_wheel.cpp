#include "time/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <mutex>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

timer_wheel::~timer_wheel() {
  for (auto& level : slots_) {
    for (auto* entry : level) {
      while (entry) {
        auto* next = entry->next_;
        entry->waker_ = waker();
        entry->state_.store(timer_entry::state::idle, std::memory_order_release);
        entry = next;
      }
    }
  }
}

void timer_wheel::link_at(timer_entry& entry, unsigned level, unsigned slot) noexcept {
  auto*& first = head(level, slot);
  entry.level_ = static_cast<std::uint8_t>(level);
  entry.slot_ = static_cast<std::uint8_t>(slot);
  entry.previous_ = nullptr;
  entry.next_ = first;
  if (first) first->previous_ = &entry;
  first = &entry;
  if (level != due_level) occupied_[level] |= 1ull << slot;
}

// The level is that of the highest bit in which the entry's tick and the present differ.
void timer_wheel::link(timer_entry& entry) noexcept {
  constexpr std::uint64_t horizon = (1ull << (bits * levels)) - 1;
  auto tick = std::min(entry.tick_, elapsed_ + horizon);
  auto differing = (elapsed_ ^ tick) | (slots - 1);
  auto level =
      std::min((63 - static_cast<unsigned>(std::countl_zero(differing))) / bits, levels - 1);
  link_at(entry, level, static_cast<unsigned>(tick >> (bits * level)) & (slots - 1));
}

void timer_wheel::unlink(timer_entry& entry) noexcept {
  if (entry.next_) entry.next_->previous_ = entry.previous_;
  if (entry.previous_) {
    entry.previous_->next_ = entry.next_;
    return;
  }
  head(entry.level_, entry.slot_) = entry.next_;
  if (!entry.next_ && entry.level_ != due_level) occupied_[entry.level_] &= ~(1ull << entry.slot_);
}

bool timer_wheel::next_expiration(expiration& found) const noexcept {
  for (unsigned level = 0; level < levels; ++level) {
    if (!occupied_[level]) continue;
    auto shift = bits * level;
    auto present = static_cast<unsigned>(elapsed_ >> shift) & (slots - 1);
    // The present slot comes last: on the top level it may hold what waits at the horizon, a turn
    // from now.
    auto ahead = static_cast<unsigned>(
        std::countr_zero(std::rotr(occupied_[level], static_cast<int>(present) + 1)));
    auto slot = (present + 1 + ahead) & (slots - 1);
    auto range = 1ull << shift;
    auto turn = range << bits;
    auto tick = (elapsed_ & ~(turn - 1)) + slot * range;
    if (tick <= elapsed_) tick += turn;
    found = {level, slot, tick};
    return true;
  }
  return false;
}

// Time has come to this slot: what is due moves to the due list, the rest to lower levels.
void timer_wheel::open(const expiration& due) noexcept {
  elapsed_ = std::max(elapsed_, due.tick);
  auto* entry = std::exchange(slots_[due.level][due.slot], nullptr);
  occupied_[due.level] &= ~(1ull << due.slot);
  while (entry) {
    auto* next = entry->next_;
    if (entry->tick_ <= elapsed_) {
      link_at(*entry, due_level, 0);
    } else {
      link(*entry);
    }
    entry = next;
  }
}

void timer_wheel::update_next() noexcept {
  expiration next;
  auto tick = due_ ? elapsed_ : next_expiration(next) ? next.tick : none;
  next_tick_.store(tick, std::memory_order_seq_cst);
}

std::uint64_t timer_wheel::earliest() noexcept {
  std::lock_guard held(lock_);
  expiration next;
  if (due_ || !next_expiration(next)) return due_ ? elapsed_ : none;
  // What waits at the horizon is in no order.
  auto last = next.level + 1 < levels ? next.slot : slots - 1;
  auto tick = none;
  for (auto slot = next.level + 1 < levels ? next.slot : 0; slot <= last; ++slot) {
    for (auto* entry = slots_[next.level][slot]; entry; entry = entry->next_)
      tick = std::min(tick, entry->tick_);
  }
  return tick;
}

bool timer_wheel::insert(timer_entry& entry, std::uint64_t tick, waker&& to_wake) noexcept {
  std::lock_guard held(lock_);
  if (tick <= elapsed_) return false;
  entry.tick_ = tick;
  entry.wheel_ = this;
  entry.waker_ = std::move(to_wake);
  link(entry);
  entry.state_.store(timer_entry::state::linked, std::memory_order_relaxed);
  if (tick < next_tick_.load(std::memory_order_relaxed)) update_next();
  return true;
}

void timer_wheel::remove(timer_entry& entry) noexcept {
  waker dropped;  // released outside the lock: it may be the last reference to a task
  std::lock_guard held(lock_);
  if (entry.state_.load(std::memory_order_relaxed) != timer_entry::state::linked) return;
  unlink(entry);
  entry.state_.store(timer_entry::state::idle, std::memory_order_relaxed);
  dropped = std::move(entry.waker_);
}

unsigned timer_wheel::take_due(std::array<waker, batch>& wakers) noexcept {
  unsigned taken = 0;
  while (due_ && taken < batch) {
    auto& entry = *due_;
    unlink(entry);
    wakers[taken++] = std::move(entry.waker_);
    entry.state_.store(timer_entry::state::fired, std::memory_order_release);
  }
  return taken;
}

unsigned timer_wheel::advance(std::uint64_t now) noexcept {
  unsigned fired = 0;
  if (next_tick_.load(std::memory_order_relaxed) > now) return 0;
  for (bool more = true; more;) {
    std::array<waker, batch> wakers;
    unsigned taken;
    {
      std::lock_guard held(lock_);
      expiration next;
      while (!due_ && next_expiration(next) && next.tick <= now) open(next);
      taken = take_due(wakers);
      more = due_ || (next_expiration(next) && next.tick <= now);
      if (!more) {
        elapsed_ = std::max(elapsed_, now);
        update_next();
      }
    }
    for (unsigned index = 0; index < taken; ++index) wakers[index].wake();
    fired += taken;
  }
  return fired;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
