// The timer wheel by itself, against a model.
#include "time/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace {

using weft::detail::timer_entry;
using weft::detail::timer_wheel;

constexpr std::uint64_t horizon = 1ull << 36;

class wheel_test : public testing::Test {
 protected:
  timer_entry& add(std::uint64_t tick) {
    entries_.push_back(std::make_unique<timer_entry>());
    EXPECT_TRUE(wheel_.insert(*entries_.back(), tick, weft::waker()));
    return *entries_.back();
  }
  timer_wheel wheel_;

 private:
  std::vector<std::unique_ptr<timer_entry>> entries_;
};

TEST_F(wheel_test, rounds_deadlines_up_to_a_tick) {
  EXPECT_EQ(timer_wheel::tick_of(0), 0u);
  EXPECT_EQ(timer_wheel::tick_of(1), 1u);
  EXPECT_EQ(timer_wheel::tick_of(1'000'000), 1u);
  EXPECT_EQ(timer_wheel::tick_of(1'000'001), 2u);
}

TEST_F(wheel_test, fires_at_the_tick_and_not_before) {
  std::vector<std::uint64_t> ticks;
  for (unsigned bit = 0; bit <= 38; ++bit) {
    for (int near : {-1, 0, 1}) {
      auto tick = (1ull << bit) + static_cast<std::uint64_t>(near);
      if (tick > 0) ticks.push_back(tick);
    }
  }
  for (auto tick : ticks) {
    SCOPED_TRACE(tick);
    timer_wheel wheel;
    timer_entry entry;
    ASSERT_TRUE(wheel.insert(entry, tick, weft::waker()));
    EXPECT_LE(wheel.next_tick(), tick);
    wheel.advance(tick - 1);
    EXPECT_FALSE(entry.fired()) << "too early";
    EXPECT_LE(wheel.next_tick(), tick) << "the worker would sleep too long";
    wheel.advance(tick);
    EXPECT_TRUE(entry.fired()) << "too late";
    EXPECT_EQ(wheel.next_tick(), timer_wheel::none);
  }
}

TEST_F(wheel_test, does_not_take_what_is_due_already) {
  timer_entry entry;
  EXPECT_FALSE(wheel_.insert(entry, 0, weft::waker()));
  EXPECT_FALSE(entry.armed());
  add(9);
  wheel_.advance(10);
  EXPECT_FALSE(wheel_.insert(entry, 9, weft::waker()));
  EXPECT_FALSE(wheel_.insert(entry, 10, weft::waker()));
  EXPECT_TRUE(wheel_.insert(entry, 11, weft::waker()));
  entry.cancel();
}

TEST_F(wheel_test, forgets_what_is_cancelled) {
  auto& kept = add(100);
  auto& cancelled = add(100);
  auto& far = add(1'000'000);
  cancelled.cancel();
  far.cancel();
  far.cancel();
  EXPECT_EQ(wheel_.advance(2'000'000), 1u);
  EXPECT_TRUE(kept.fired());
  EXPECT_FALSE(cancelled.fired());
  EXPECT_FALSE(far.armed());
}

TEST_F(wheel_test, may_be_entered_again_after_firing) {
  auto& entry = add(5);
  wheel_.advance(5);
  ASSERT_TRUE(entry.fired());
  entry.cancel();
  ASSERT_TRUE(wheel_.insert(entry, 8, weft::waker()));
  wheel_.advance(7);
  EXPECT_FALSE(entry.fired());
  wheel_.advance(8);
  EXPECT_TRUE(entry.fired());
}

TEST_F(wheel_test, fires_more_than_a_batch_of_one_tick) {
  for (int i = 0; i < 1000; ++i) add(70);
  EXPECT_EQ(wheel_.advance(69), 0u);
  EXPECT_EQ(wheel_.advance(70), 1000u);
}

// What is beyond the horizon waits in the present slot of the top level, for the next turn.
TEST_F(wheel_test, what_waits_at_the_horizon_does_not_hide_what_is_nearer) {
  constexpr std::uint64_t top_slot = 1ull << 30;
  add(30 * top_slot + 5);
  wheel_.advance(30 * top_slot + 5);
  add(3 * horizon);
  auto& nearer = add(40 * top_slot);
  EXPECT_LE(wheel_.next_tick(), 40 * top_slot);
  wheel_.advance(40 * top_slot);
  EXPECT_TRUE(nearer.fired()) << "a timer of ten days hence would come after years";
}

// The exact answer is what a paused clock jumps to: cancelled timers must not move it, nor the
// borders at which entries change their level.
TEST_F(wheel_test, knows_its_earliest_entry_exactly) {
  EXPECT_EQ(wheel_.earliest(), timer_wheel::none);
  auto& near = add(70);
  add(5000);
  add(5001);
  EXPECT_EQ(wheel_.earliest(), 70u);
  near.cancel();
  EXPECT_EQ(wheel_.earliest(), 5000u);
  wheel_.advance(4999);
  EXPECT_EQ(wheel_.earliest(), 5000u);
  wheel_.advance(5000);
  EXPECT_EQ(wheel_.earliest(), 5001u);
  wheel_.advance(5001);
  EXPECT_EQ(wheel_.earliest(), timer_wheel::none);
  add(horizon * 3);
  EXPECT_EQ(wheel_.earliest(), horizon * 3);
}

// Against a std::multimap.
class model {
 public:
  explicit model(std::uint64_t seed) : random_(seed) {}

  void run(int operations) {
    for (int i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
      auto choice = random_() % 100;
      if (choice < 60) {
        insert();
      } else if (choice < 80) {
        cancel();
      } else {
        advance();
      }
    }
    advance_to(now_ + horizon * 40);
    EXPECT_TRUE(pending_.empty());
  }

 private:
  struct timer {
    timer_entry entry;
    std::uint64_t tick = 0;
  };
  using pending = std::multimap<std::uint64_t, std::unique_ptr<timer>>;

  // Near, far and very far, all as likely; often at the edges of slots.
  std::uint64_t distance() {
    auto bits = random_() % 40;
    auto spread = random_() & ((1ull << bits) - 1);
    switch (random_() % 4) {
      case 0:
        return 1ull << bits;
      case 1:
        return (1ull << bits) - (bits > 0);
      default:
        return spread;
    }
  }
  void insert() {
    auto made = std::make_unique<timer>();
    made->tick = now_ + 1 + distance();
    EXPECT_TRUE(wheel_.insert(made->entry, made->tick, weft::waker()));
    auto tick = made->tick;
    pending_.emplace(tick, std::move(made));
    check_next();
  }
  void cancel() {
    if (pending_.empty()) return;
    auto found = pending_.lower_bound(now_ + distance());
    if (found == pending_.end()) found = pending_.begin();
    EXPECT_FALSE(found->second->entry.fired());
    pending_.erase(found);  // its destructor cancels
    check_next();
  }
  void advance() {
    auto to = now_ + distance() / 4;
    // As a worker does it: never past what it was told, or late, or by jumps to the next.
    if (random_() % 2 == 0 && wheel_.next_tick() != timer_wheel::none) {
      to = std::max(now_, wheel_.next_tick());
    }
    advance_to(to);
  }
  void advance_to(std::uint64_t to) {
    now_ = to;
    auto fired = wheel_.advance(now_);
    std::size_t due = 0;
    while (!pending_.empty() && pending_.begin()->first <= now_) {
      EXPECT_TRUE(pending_.begin()->second->entry.fired())
          << "late: due at " << pending_.begin()->first << ", now " << now_;
      pending_.erase(pending_.begin());
      ++due;
    }
    EXPECT_EQ(fired, due) << "at " << now_;
    if (!pending_.empty()) {
      EXPECT_FALSE(pending_.begin()->second->entry.fired()) << "early";
    }
    check_next();
  }
  void check_next() {
    if (pending_.empty()) return;
    EXPECT_LE(wheel_.next_tick(), pending_.begin()->first);
    EXPECT_EQ(wheel_.earliest(), pending_.begin()->first);
  }

  std::mt19937_64 random_;
  std::uint64_t now_ = 0;
  pending pending_;
  timer_wheel wheel_;
};

TEST(timer_wheel, agrees_with_a_model) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    model(seed).run(25'000);
  }
}

// Entries belong to threads that arm and cancel them, while others turn the wheel: the worker, and
// peers that rescue its timers.
TEST(timer_wheel, may_be_cancelled_by_any_thread_while_it_fires) {
  timer_wheel wheel;
  std::atomic<std::uint64_t> now{0};
  std::atomic<int> users{3};
  auto turn = [&](bool moves) {
    while (users.load() > 0) {
      wheel.advance(moves ? now.fetch_add(1) + 1 : now.load());
    }
  };
  auto use = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int round = 0; round < 300; ++round) {
      std::vector<std::unique_ptr<timer_entry>> entries;
      for (int i = 0; i < 50; ++i) {
        entries.push_back(std::make_unique<timer_entry>());
        (void)wheel.insert(*entries.back(), now.load() + random() % 100, weft::waker());
      }
      for (std::size_t i = 0; i < entries.size(); i += 2) entries[i].reset();
      // Those that are not cancelled come, without our doing anything.
      if (round % 16 == 0) {
        for (std::size_t i = 1; i < entries.size(); i += 2) {
          while (entries[i]->armed() && !entries[i]->fired()) std::this_thread::yield();
        }
      }
    }
    users.fetch_sub(1);
  };
  std::vector<std::thread> threads;
  threads.emplace_back(turn, true);
  threads.emplace_back(turn, false);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) threads.emplace_back(use, seed);
  for (auto& one : threads) one.join();
  EXPECT_EQ(wheel.earliest(), timer_wheel::none);
}

}  // namespace
