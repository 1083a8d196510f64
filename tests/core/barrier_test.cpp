#include <weft/sync/barrier.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "sync_stress.hpp"

namespace {

using namespace task_test;
using weft::sync::barrier;

task<bool> comes(barrier& at, arrivals& went, std::string name) {
  auto here = co_await at.wait();
  went.add(name);
  co_return here.is_leader();
}

TEST(barrier, lets_nobody_go_before_all_have_come) {
  run_paused([]() -> task<void> {
    barrier start(3);
    EXPECT_EQ(start.parties(), 3u);
    arrivals went;
    for (int round = 0; round < 3; ++round) {
      auto a = weft::spawn(comes(start, went, "a"));
      auto b = weft::spawn(comes(start, went, "b"));
      co_await settle();
      EXPECT_FALSE(a.is_finished());
      EXPECT_FALSE(b.is_finished());
      auto c = weft::spawn(comes(start, went, "c"));
      auto leads_a = co_await std::move(a);
      auto leads_b = co_await std::move(b);
      auto leads_c = co_await std::move(c);
      EXPECT_FALSE(*leads_a);
      EXPECT_FALSE(*leads_b);
      EXPECT_TRUE(*leads_c) << "who comes last leads";
    }
    EXPECT_EQ(went.text().size(), sizeof("c a b c a b c a b") - 1);
  }());
}

TEST(barrier, for_one_nobody_waits) {
  run_paused([]() -> task<void> {
    for (std::size_t parties : {0u, 1u}) {
      barrier open(parties);
      auto here = co_await open.wait();
      EXPECT_TRUE(here.is_leader());
    }
  }());
}

TEST(barrier, who_gives_up_has_not_come) {
  run_paused([]() -> task<void> {
    barrier start(2);
    auto [came, late] = co_await weft::select(start.wait(), weft::sleep(1ms));
    EXPECT_FALSE(came);
    arrivals went;
    auto one = weft::spawn(comes(start, went, "a"));
    co_await settle();
    EXPECT_FALSE(one.is_finished());
    auto other = weft::spawn(comes(start, went, "b"));
    (void)co_await std::move(one);
    (void)co_await std::move(other);
  }());
}

TEST(barrier, who_gives_up_too_late_changes_nothing) {
  run_paused([]() -> task<void> {
    barrier start(2);
    arrivals went;
    auto one = weft::spawn(comes(start, went, "a"));
    co_await settle();
    (void)co_await start.wait();  // a is let go,
    one.abort();                  // and does not live to see it
    (void)co_await std::move(one);
    auto [came, late] = co_await weft::select(start.wait(), weft::sleep(1ms));
    EXPECT_FALSE(came) << "the next round needs two again";
  }());
}

TEST(barrier, releases_more_than_one_batch) {
  run_paused([]() -> task<void> {
    barrier start(100);
    arrivals went;
    std::vector<weft::join_handle<bool>> all;
    for (int index = 0; index < 100; ++index) all.push_back(weft::spawn(comes(start, went, "x")));
    int leaders = 0;
    for (auto& one : all) {
      auto leads = co_await one;
      leaders += *leads;
    }
    EXPECT_EQ(leaders, 1);
  }());
}

TEST(barrier, threads_outside_a_runtime_come) {
  barrier start(3);
  std::atomic<int> leaders{0};
  std::vector<std::thread> threads;
  for (int index = 0; index < 3; ++index) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) leaders += start.blocking_wait().is_leader();
    });
  }
  for (auto& one : threads) one.join();
  EXPECT_EQ(leaders, 50);
}

// Each round has all parties, and one leader.
TEST(stress_barrier, holds_with_many_threads) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto party = [](barrier& at, std::atomic<int>& in, std::atomic<int>& leading,
                  dice luck) -> task<void> {
    for (int round = 0; round < 20; ++round) {
      in.fetch_add(1);
      if (luck.below(2)) co_await distraction(luck);
      auto here = co_await at.wait();
      leading += here.is_leader();
      EXPECT_GE(in.load(), 40 * (round + 1)) << "a party was not waited for";
    }
  };
  // They come and give up before the others are complete, and are not to be counted.
  auto visitor = [](barrier& at, std::atomic<int>& in, dice luck) -> task<void> {
    while (in.load() == 0) {
      auto [here, other] = co_await weft::select(at.wait(), distraction(luck));
      EXPECT_FALSE(here);
    }
  };
  auto rounds = [&](stress_time time) -> task<void> {
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      barrier start(40);
      std::atomic<int> inside{0};
      std::atomic<int> leaders{0};
      std::atomic<int> begun{0};
      std::vector<weft::join_handle<void>> all;
      for (std::uint64_t index = 0; index < 10; ++index) {
        all.push_back(weft::spawn(visitor(start, begun, dice(seed * 100 + 50 + index))));
      }
      co_await weft::yield_now();
      begun = 1;
      for (auto& one : all) (void)co_await one;
      all.clear();
      for (std::uint64_t index = 0; index < 40; ++index) {
        all.push_back(weft::spawn(party(start, inside, leaders, dice(seed * 100 + index))));
      }
      for (auto& one : all) (void)co_await one;
      EXPECT_EQ(leaders, 20);
    }
  };
  runtime.block_on(rounds(stress_time(3)));
}

using barrier_death = testing::Test;

TEST(barrier_death, a_worker_is_not_blocked) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 barrier start(1);
                 (void)start.blocking_wait();
                 co_return;
               }()),
               "barrier::blocking_wait was called on a worker of a runtime");
}

}  // namespace
