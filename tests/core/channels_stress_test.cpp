// The channels under random use from several workers, for as long as WEFT_STRESS_SECONDS says. What
// matters is what the sanitizers say, that nothing hangs, and that no value is lost or made.
#include <weft/sync/mpsc.hpp>
#include <weft/sync/mpsc_unbounded.hpp>

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
        auto places = co_await to.reserve_many(1 + chance.below(2));
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
      auto [tx, rx] = mpsc<letter>(1 + chance.below(5));
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
      EXPECT_EQ(arrived.count(), sent.load());
      EXPECT_EQ(rx.capacity(), rx.max_capacity()) << "places were lost or made";
      for (auto& one : sending) (void)co_await one;
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
      auto [tx, rx] = mpsc<letter>(1 + chance.below(3));
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
      EXPECT_EQ(arrived.count(), sent.load()) << "also when it was closed";
      EXPECT_EQ(rx.capacity(), rx.max_capacity());
      for (auto& one : sending) (void)co_await one;
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

}  // namespace
