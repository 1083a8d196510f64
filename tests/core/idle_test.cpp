// Who is awake, who searches, and that no task stays behind while all sleep.
#include "scheduler/idle.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

namespace {

using weft::detail::idle_state;

TEST(idle_state, nobody_is_woken_while_all_are_awake) {
  idle_state idle(2);
  EXPECT_FALSE(idle.claim_wake());
}

TEST(idle_state, one_that_parks_is_claimed_once) {
  idle_state idle(2);
  EXPECT_TRUE(idle.park(false)) << "nobody searches: it has to look once more";
  EXPECT_TRUE(idle.claim_wake());
  EXPECT_TRUE(idle.wake_pending());
  EXPECT_FALSE(idle.claim_wake()) << "one is on its way, and will search";
  EXPECT_TRUE(idle.unpark()) << "it was claimed";
  EXPECT_FALSE(idle.wake_pending());
  EXPECT_TRUE(idle.stop_searching()) << "it was the only one";
}

TEST(idle_state, one_that_comes_out_by_itself_answers_a_claim) {
  idle_state idle(2);
  (void)idle.park(false);
  (void)idle.park(false);
  EXPECT_TRUE(idle.claim_wake());
  EXPECT_TRUE(idle.unpark());   // of its own, before the other one heard of the claim
  EXPECT_FALSE(idle.unpark());  // and the other one finds that it was not needed
  EXPECT_FALSE(idle.wake_pending());
  EXPECT_TRUE(idle.stop_searching());
  EXPECT_FALSE(idle.claim_wake()) << "both are awake";
}

TEST(idle_state, half_of_the_workers_search) {
  idle_state idle(4);
  EXPECT_TRUE(idle.start_searching());
  EXPECT_TRUE(idle.start_searching());
  EXPECT_FALSE(idle.start_searching());
  EXPECT_FALSE(idle.stop_searching());
  EXPECT_TRUE(idle.stop_searching());
}

TEST(idle_state, the_last_that_searches_looks_again_when_it_parks) {
  idle_state idle(4);
  (void)idle.start_searching();
  (void)idle.start_searching();
  EXPECT_FALSE(idle.park(true)) << "another one still searches";
  EXPECT_TRUE(idle.park(true));
}

// Publishers add to a count and wake; workers take from it, or sleep until somebody wakes them. A
// lost wake-up would leave work with everybody asleep, and this test with it.
TEST(idle_state, no_work_is_left_with_everybody_asleep) {
  constexpr int publishers = 2;
  constexpr int rounds = 20'000;
  for (unsigned workers = 1; workers <= 3; ++workers) {
    idle_state idle(workers);
    std::atomic<int> published{0};
    std::atomic<int> done{0};
    std::counting_semaphore<> driver(0);
    auto wake_if_idle = [&] {
      if (idle.claim_wake()) driver.release();
    };
    auto take = [&] {
      for (auto seen = published.load(); seen > 0;) {
        if (published.compare_exchange_weak(seen, seen - 1)) return true;
      }
      return false;
    };
    auto work = [&] {
      for (auto searching = false; done.load() < publishers * rounds;) {
        auto found = take();
        if (!found && !searching && idle.start_searching()) {
          searching = true;
          found = take();
        }
        if (found) {
          if (std::exchange(searching, false) && idle.stop_searching()) wake_if_idle();
          if (done.fetch_add(1) + 1 == publishers * rounds) driver.release(8);
          continue;
        }
        if (idle.park(std::exchange(searching, false)) && published.load() > 0) wake_if_idle();
        if (done.load() < publishers * rounds) driver.acquire();
        searching = idle.unpark();
      }
    };
    auto publish = [&] {
      for (int round = 0; round < rounds; ++round) {
        published.fetch_add(1);
        wake_if_idle();
        while (round % 16 == 0 && published.load() > 0) std::this_thread::yield();
      }
    };
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < workers; ++i) threads.emplace_back(work);
    for (int i = 0; i < publishers; ++i) threads.emplace_back(publish);
    threads.clear();
    EXPECT_EQ(done.load(), publishers * rounds);
    EXPECT_EQ(published.load(), 0);
  }
}

}  // namespace
