// The channels under random use from several workers, for as long as WEFT_STRESS_SECONDS says. What
// matters is what the sanitizers say, that nothing hangs, and that no value is lost or made.
#include <weft/sync/broadcast.hpp>
#include <weft/sync/mpsc.hpp>
#include <weft/sync/mpsc_unbounded.hpp>
#include <weft/sync/watch.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "sync_stress.hpp"

namespace {

using namespace task_test;
using weft::sync::mpsc;
using weft::sync::mpsc_receiver;
using weft::sync::mpsc_sender;
using weft::sync::mpsc_unbounded;

/// Who sent it, and its how manieth it is.
struct letter {
  census::member counted;
  unsigned sender;
  unsigned number;
};

/// Each sender's values come in the order of sending.
class ordered {
 public:
  explicit ordered(unsigned senders) : next_(senders, 0) {}
  void arrived(const letter& one) {
    EXPECT_GE(one.number, next_[one.sender]) << "a value overtook one of its sender";
    next_[one.sender] = one.number + 1;
    ++count_;
  }
  int count() const { return count_; }

 private:
  std::vector<unsigned> next_;
  int count_ = 0;
};

/// In every way there is; some give up in between. `sent` counts what arrives if the receiver
/// stays.
task<void> send_letters(mpsc_sender<letter> to, unsigned sender, census& alive, dice chance,
                        std::atomic<int>& sent) {
  for (unsigned number = 0; number < 30; ++number) {
    letter next{alive.join(), sender, number};
    switch (chance.below(5)) {
      case 0:
        if (to.try_send(std::move(next))) sent.fetch_add(1);
        break;
      case 1: {
        auto [done, other] = co_await weft::select(to.send(std::move(next)), distraction(chance));
        if (done && *done) sent.fetch_add(1);
        break;
      }
      case 2: {
        auto places = co_await to.reserve_many(1 + chance.below(3));
        if (!places) co_return;
        if (chance.below(3) == 0) break;
        sent.fetch_add(1);
        places->send(std::move(next));
        break;
      }
      case 3: {
        auto place = co_await to.reserve_owned();
        if (!place) co_return;
        if (chance.below(2)) co_await distraction(chance);
        sent.fetch_add(1);
        place->send(std::move(next));
        break;
      }
      default: {
        auto done = co_await to.send(std::move(next));
        if (!done) co_return;
        sent.fetch_add(1);
      }
    }
  }
}

TEST(stress_mpsc, every_value_that_was_sent_arrives_in_order) {
  census alive;
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto rounds = [&](stress_time time) -> task<void> {
    constexpr unsigned senders = 6;
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      dice chance(seed);
      auto [tx, rx] = mpsc<letter>(1 + chance.below(chance.below(2) ? 5 : 40));
      std::atomic<int> sent{0};
      std::vector<weft::join_handle<void>> sending;
      for (unsigned index = 0; index < senders; ++index) {
        sending.push_back(
            weft::spawn(send_letters(tx, index, alive, dice(seed * 100 + index), sent)));
      }
      {
        auto last = std::move(tx);
      }
      ordered arrived(senders);
      std::vector<letter> some;
      for (bool ended = false; !ended;) {
        switch (chance.below(4)) {
          case 0:
            while (auto one = rx.try_next()) arrived.arrived(*one);
            ended = rx.has_ended();
            co_await weft::yield_now();
            break;
          case 1: {
            auto [one, other] = co_await weft::select(rx.next(), distraction(chance));
            if (one && *one) arrived.arrived(**one);
            ended = one && !*one;
            break;
          }
          case 2: {
            some.clear();
            ended = co_await rx.next_many(some, 3) == 0;
            for (auto& one : some) arrived.arrived(one);
            break;
          }
          default: {
            auto one = co_await rx.next();
            if (one) arrived.arrived(*one);
            ended = !one;
          }
        }
      }
      some.clear();
      for (auto& one : sending) (void)co_await one;
      EXPECT_EQ(rx.capacity(), rx.max_capacity()) << "places were lost or made";
      EXPECT_EQ(arrived.count(), sent.load());
      EXPECT_EQ(alive.alive(), 0);
    }
  };
  runtime.block_on(rounds(stress_time(3)));
}

TEST(stress_mpsc, closing_and_aborting_lose_no_place) {
  census alive;
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto rounds = [&](stress_time time) -> task<void> {
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      dice chance(seed);
      auto [tx, rx] = mpsc<letter>(1 + chance.below(chance.below(2) ? 3 : 40));
      std::atomic<int> sent{0};
      std::vector<weft::join_handle<void>> sending;
      for (unsigned index = 0; index < 6; ++index) {
        sending.push_back(
            weft::spawn(send_letters(tx, index, alive, dice(seed * 100 + index), sent)));
      }
      auto watch = [](mpsc_sender<letter> of) -> task<void> { co_await of.closed(); };
      sending.push_back(weft::spawn(watch(std::move(tx))));
      ordered arrived(6);
      for (unsigned step = chance.below(40); step > 0; --step) {
        auto [one, other] = co_await weft::select(rx.next(), distraction(chance));
        if (one && *one) arrived.arrived(**one);
      }
      for (auto& one : sending) {
        if (chance.below(4) == 0) one.abort();
      }
      rx.close();
      while (auto one = co_await rx.next()) arrived.arrived(*one);
      for (auto& one : sending) (void)co_await one;
      EXPECT_EQ(rx.capacity(), rx.max_capacity()) << "places were lost or made";
      EXPECT_EQ(arrived.count(), sent.load()) << "also when it was closed";
    }
  };
  runtime.block_on(rounds(stress_time(3)));
}

TEST(stress_mpsc, unbounded_values_arrive_in_order) {
  census alive;
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto rounds = [&](stress_time time) -> task<void> {
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      dice chance(seed);
      auto [tx, rx] = mpsc_unbounded<letter>();
      std::atomic<int> sent{0};
      std::vector<weft::join_handle<void>> sending;
      auto send = [](auto to, unsigned sender, census& counted, dice luck,
                     std::atomic<int>& went) -> task<void> {
        for (unsigned number = 0; number < 100; ++number) {
          if (!to.send(letter{counted.join(), sender, number})) co_return;
          went.fetch_add(1);
          if (luck.below(20) == 0) co_await distraction(luck);
        }
      };
      for (unsigned index = 0; index < 6; ++index) {
        sending.push_back(weft::spawn(send(tx, index, alive, dice(seed * 100 + index), sent)));
      }
      {
        auto last = std::move(tx);
      }
      ordered arrived(6);
      auto until_closed = chance.below(2) ? 1000 : chance.below(300);
      while (auto one = co_await rx.next()) {
        arrived.arrived(*one);
        if (--until_closed == 0) rx.close();
      }
      for (auto& one : sending) (void)co_await one;
      EXPECT_EQ(arrived.count(), sent.load());
      EXPECT_EQ(alive.alive(), 0);
    }
  };
  runtime.block_on(rounds(stress_time(3)));
}

// Every watcher comes to the last value, and never goes back.
TEST(stress_watch, everybody_sees_the_last_value) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto follow = [](weft::sync::watch_receiver<int> of, dice luck) -> task<int> {
    int seen = *of.borrow();
    for (;;) {
      if (luck.below(4) == 0) {
        auto [changed, other] = co_await weft::select(of.changed(), distraction(luck));
        if (changed && !*changed) co_return seen;
      } else if (luck.below(4) == 0) {
        auto larger = co_await of.wait_for([&seen](int value) { return value > seen; });
        if (!larger) co_return seen;
      } else {
        auto changed = co_await of.changed();
        if (!changed) co_return seen;
      }
      auto now = of.borrow_and_update();
      EXPECT_GE(*now, seen);
      seen = *now;
    }
  };
  auto rounds = [&](stress_time time) -> task<void> {
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      dice chance(seed);
      auto [tx, rx] = weft::sync::watch(0);
      std::vector<weft::join_handle<int>> following;
      for (std::uint64_t index = 0; index < 40; ++index) {
        following.push_back(weft::spawn(follow(rx, dice(seed * 100 + index))));
      }
      auto write = [](weft::sync::watch_sender<int> to, dice luck) -> task<void> {
        for (int step = 0; step < 50; ++step) {
          to.send_modify([](int& value) { ++value; });
          if (luck.below(3) == 0) co_await distraction(luck);
        }
      };
      auto one = weft::spawn(write(tx, dice(seed * 100 + 90)));
      auto two = weft::spawn(write(tx, dice(seed * 100 + 91)));
      {
        auto gone = std::move(rx);
      }
      (void)co_await std::move(one);
      (void)co_await std::move(two);
      for (std::size_t index = 0; index < following.size(); index += 9) following[index].abort();
      auto closed = weft::spawn(
          [](weft::sync::watch_sender<int> of) -> task<void> { co_await of.closed(); }(tx));
      auto weak = tx.subscribe();
      closed.abort();
      (void)co_await std::move(closed);
      {
        auto last = std::move(tx);
      }
      for (auto& each : following) {
        auto seen = co_await each;
        if (seen) {
          EXPECT_EQ(*seen, 100);
        }
      }
      EXPECT_EQ(*weak.borrow(), 100);
    }
  };
  runtime.block_on(rounds(stress_time(3)));
}

// What a receiver gets and what it is told that it missed is everything, in order.
TEST(stress_broadcast, nothing_is_missed_in_silence) {
  census alive;
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto receive = [](weft::sync::broadcast_receiver<letter> from, dice luck) -> task<unsigned> {
    unsigned expected = 0;
    for (;;) {
      auto [next, other] = co_await weft::select(from.next(), distraction(luck));
      if (!next) continue;
      if (!*next) {
        expected +=
            static_cast<unsigned>(next->error().template get<weft::sync::broadcast_lag>()->missed);
        continue;
      }
      if (!**next) co_return expected;
      EXPECT_EQ((**next)->number, expected);
      ++expected;
      if (luck.below(200) == 0) {
        auto later = from.resubscribe();
        (void)co_await weft::select(later.next(), distraction(luck));
      }
    }
  };
  auto rounds = [&](stress_time time) -> task<void> {
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      dice chance(seed);
      auto [tx, rx] = weft::sync::broadcast<letter>(1 + chance.below(80));
      std::vector<weft::join_handle<unsigned>> receiving;
      for (std::uint64_t index = 0; index < 10; ++index) {
        receiving.push_back(weft::spawn(receive(tx.subscribe(), dice(seed * 100 + index))));
      }
      for (unsigned number = 0; number < 200; ++number) {
        EXPECT_TRUE(tx.send(letter{alive.join(), 0, number}));
        if (chance.below(10) == 0) co_await weft::yield_now();
        if (number == 100) {
          auto gone = std::move(rx);
        }
        if (chance.below(100) == 0) receiving[chance.below(5)].abort();
      }
      {
        auto last = std::move(tx);
      }
      for (auto& each : receiving) {
        auto count = co_await each;
        if (count) {
          EXPECT_EQ(*count, 200u);
        }
      }
      EXPECT_EQ(alive.alive(), 0);
    }
  };
  runtime.block_on(rounds(stress_time(3)));
}

}  // namespace
