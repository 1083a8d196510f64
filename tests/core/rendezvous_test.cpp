#include <weft/join.hpp>
#include <weft/sync/rendezvous.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sync_stress.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::sync::rendezvous;
using weft::sync::rendezvous_sender;

task<void> send_all(rendezvous_sender<int> to, std::vector<int> values, arrivals& went) {
  for (int value : values) {
    auto sent = co_await to.send(value);
    went.add(std::to_string(value) + (sent ? "" : ":closed"));
    if (!sent) break;
  }
}

TEST(rendezvous, sending_is_done_when_the_value_was_taken) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = rendezvous<int>();
    arrivals went;
    auto sending = weft::spawn(send_all(std::move(tx), {1, 2}, went));
    co_await settle();
    EXPECT_EQ(went.text(), "");
    EXPECT_EQ(co_await rx.next(), 1);
    co_await settle();
    EXPECT_EQ(went.text(), "1");
    EXPECT_EQ(rx.try_next(), 2);
    EXPECT_EQ(rx.try_next(), std::nullopt);
    (void)co_await std::move(sending);
    EXPECT_EQ(went.text(), "1 2");
    EXPECT_TRUE(rx.has_ended());
    EXPECT_EQ(co_await rx.next(), std::nullopt) << "all senders are gone";
  }());
}

TEST(rendezvous, a_receiver_waits_for_a_sender) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = rendezvous<std::unique_ptr<int>>();
    auto [none, late] = co_await weft::select(rx.next(), weft::sleep(1ms));
    EXPECT_FALSE(none);
    auto send = tx.send(std::make_unique<int>(7));
    auto [got, sent] = co_await weft::join(rx.next(), std::move(send));
    EXPECT_EQ(**got, 7);
    EXPECT_TRUE(sent);
  }());
}

TEST(rendezvous, senders_are_served_in_the_order_of_coming) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = rendezvous<int>();
    arrivals went;
    std::vector<weft::join_handle<void>> all;
    for (int value : {1, 2, 3}) {
      all.push_back(weft::spawn(send_all(tx, std::vector<int>{value}, went)));
      co_await settle();
    }
    for (int value : {1, 2, 3}) EXPECT_EQ(co_await rx.next(), value);
    for (auto& one : all) (void)co_await one;
    EXPECT_EQ(went.text(), "1 2 3");
  }());
}

TEST(rendezvous, who_gives_up_takes_its_value_along) {
  run_paused([]() -> task<void> {
    census alive;
    auto [tx, rx] = rendezvous<census::member>();
    auto [sent, late] = co_await weft::select(tx.send(alive.join()), weft::sleep(1ms));
    EXPECT_FALSE(sent);
    EXPECT_EQ(alive.alive(), 0);
    EXPECT_FALSE(rx.try_next());
  }());
}

TEST(rendezvous, closing_refuses_who_waits_and_who_comes) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = rendezvous<int>();
    arrivals went;
    std::vector<weft::join_handle<void>> all;
    for (int index = 0; index < 50; ++index) all.push_back(weft::spawn(send_all(tx, {1}, went)));
    auto waits = [](rendezvous_sender<int> of) -> task<void> { co_await of.closed(); };
    all.push_back(weft::spawn(waits(tx)));
    co_await settle();
    EXPECT_FALSE(tx.is_closed());
    rx.close();
    rx.close();
    for (auto& one : all) (void)co_await one;
    EXPECT_EQ(went.text().size(), 50 * sizeof("1:closed") - 1);
    auto late = co_await tx.send(2);
    EXPECT_EQ(late.error(), errc::closed);
    EXPECT_EQ(co_await rx.next(), std::nullopt);
    auto copy = tx;
    EXPECT_TRUE(copy.same_channel(tx));
    {
      auto gone = std::move(rx);
    }
    EXPECT_TRUE(tx.is_closed());
  }());
}

TEST(rendezvous, closing_ends_a_next_of_another_branch) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = rendezvous<int>();
    auto close = [](auto& which) -> task<void> {
      co_await weft::sleep(1ms);
      which.close();
    };
    auto [got, closed] = co_await weft::join(rx.next(), close(rx));
    EXPECT_EQ(got, std::nullopt);
  }());
}

TEST(rendezvous, threads_outside_a_runtime_meet) {
  auto [tx, rx] = rendezvous<int>();
  std::thread sender([to = std::move(tx)] {
    for (int value = 0; value < 100; ++value) EXPECT_TRUE(to.blocking_send(value));
  });
  for (int value = 0; value < 100; ++value) EXPECT_EQ(rx.blocking_next(), value);
  EXPECT_EQ(rx.blocking_next(), std::nullopt);
  sender.join();
}

TEST(stress_rendezvous, what_was_sent_was_taken) {
  census alive;
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto send = [](auto to, census& counted, std::atomic<int>& sent, dice luck) -> task<void> {
    for (int round = 0; round < 40; ++round) {
      if (luck.below(3) == 0) {
        auto [done, other] = co_await weft::select(to.send(counted.join()), distraction(luck));
        if (done && *done) sent.fetch_add(1);
        continue;
      }
      auto done = co_await to.send(counted.join());
      if (!done) co_return;
      sent.fetch_add(1);
    }
  };
  auto rounds = [&](stress_time time) -> task<void> {
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      dice chance(seed);
      auto [tx, rx] = rendezvous<census::member>();
      std::atomic<int> sent{0};
      std::vector<weft::join_handle<void>> all;
      for (std::uint64_t index = 0; index < 6; ++index) {
        all.push_back(weft::spawn(send(tx, alive, sent, dice(seed * 100 + index))));
      }
      {
        auto last = std::move(tx);
      }
      int taken = 0;
      int until_closed = chance.below(3) == 0 ? static_cast<int>(chance.below(100)) : 1000;
      for (bool ended = false; !ended;) {
        auto [got, other] = co_await weft::select(rx.next(), distraction(chance));
        if (got && *got) {
          ++taken;
          if (taken == until_closed) rx.close();
          if (chance.below(30) == 0) all[chance.below(6)].abort();
        }
        ended = got && !*got;
      }
      for (auto& one : all) (void)co_await one;
      EXPECT_GE(taken, sent.load()) << "one that was told so was not taken";
      EXPECT_EQ(alive.alive(), 0);
    }
  };
  runtime.block_on(rounds(stress_time(3)));
}

using rendezvous_death = testing::Test;

TEST(rendezvous_death, a_worker_is_not_blocked) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 auto [tx, rx] = rendezvous<int>();
                 (void)rx.blocking_next();
                 co_return;
               }()),
               "rendezvous_receiver::blocking_next was called on a worker of a runtime");
}

}  // namespace
