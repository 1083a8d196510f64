#include <weft/join.hpp>
#include <weft/spawn_blocking.hpp>
#include <weft/sync/mpsc.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::sync::mpsc;
using weft::sync::mpsc_receiver;
using weft::sync::mpsc_sender;

/// Sends `values` one by one and notes those that were taken, or how it ended.
task<void> send_all(mpsc_sender<int> to, std::vector<int> values, arrivals& went) {
  for (int value : values) {
    auto sent = co_await to.send(value);
    went.add(std::to_string(value) + (sent ? "" : ":closed"));
    if (!sent) break;
  }
}

/// Receives to the end.
task<std::vector<int>> receive_all(mpsc_receiver<int> from) {
  std::vector<int> all;
  while (auto value = co_await from.next()) all.push_back(*value);
  co_return all;
}

TEST(mpsc, values_arrive_in_order_and_then_the_end) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(128);
    for (int value = 0; value < 100; ++value) EXPECT_TRUE(co_await tx.send(value));
    {
      auto last = std::move(tx);
    }
    EXPECT_TRUE(rx.is_closed());
    EXPECT_FALSE(rx.has_ended());
    for (int value = 0; value < 100; ++value) EXPECT_EQ(co_await rx.next(), value);
    EXPECT_TRUE(rx.has_ended());
    EXPECT_EQ(co_await rx.next(), std::nullopt);
    EXPECT_EQ(co_await rx.next(), std::nullopt) << "the end stays";
  }());
}

TEST(mpsc, a_sender_waits_while_there_is_no_room) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(2);
    arrivals went;
    auto sending = weft::spawn(send_all(tx, {1, 2, 3, 4}, went));
    co_await settle();
    EXPECT_EQ(went.text(), "1 2");
    EXPECT_EQ(tx.capacity(), 0u);
    EXPECT_EQ(tx.try_send(9).error(), errc::overloaded);
    EXPECT_EQ(co_await rx.next(), 1);
    co_await settle();
    EXPECT_EQ(went.text(), "1 2 3");
    EXPECT_EQ(co_await rx.next(), 2);
    EXPECT_EQ(co_await rx.next(), 3);
    EXPECT_EQ(co_await rx.next(), 4);
    (void)co_await std::move(sending);
    EXPECT_EQ(tx.capacity(), 2u);
    EXPECT_EQ(tx.max_capacity(), 2u);
  }());
}

TEST(mpsc, waiting_senders_are_served_in_the_order_of_coming) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(1);
    EXPECT_TRUE(tx.try_send(0));
    arrivals went;
    std::vector<weft::join_handle<void>> sending;
    for (int value : {1, 2, 3}) {
      sending.push_back(weft::spawn(send_all(tx, std::vector<int>{value}, went)));
      co_await settle();
    }
    for (int value : {0, 1, 2, 3}) {
      EXPECT_EQ(co_await rx.next(), value);
      EXPECT_EQ(tx.try_send(9).has_value(), value == 3) << "nobody overtakes those who wait";
    }
    for (auto& one : sending) (void)co_await one;
    EXPECT_EQ(went.text(), "1 2 3");
  }());
}

TEST(mpsc, a_receiver_waits_for_a_value) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(4);
    auto receiving = weft::spawn(receive_all(std::move(rx)));
    co_await settle();
    EXPECT_TRUE(tx.try_send(1));
    co_await settle();
    EXPECT_TRUE(tx.try_send(2));
    {
      auto last = std::move(tx);
    }
    auto all = co_await std::move(receiving);
    EXPECT_EQ(*all, (std::vector<int>{1, 2}));
  }());
}

TEST(mpsc, a_cancelled_send_was_not_sent) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(1);
    EXPECT_TRUE(tx.try_send(1));
    auto late = co_await weft::timeout(5ms, tx.send(2));
    EXPECT_EQ(late.error(), errc::timed_out);
    EXPECT_EQ(rx.try_next(), 1);
    EXPECT_EQ(rx.try_next(), std::nullopt);
    EXPECT_EQ(tx.capacity(), 1u);
  }());
}

TEST(mpsc, a_place_that_was_granted_but_not_used_goes_to_the_next) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(1);
    EXPECT_TRUE(tx.try_send(0));
    arrivals went;
    auto first = weft::spawn(send_all(tx, {1}, went));
    co_await settle();
    auto second = weft::spawn(send_all(tx, {2}, went));
    co_await settle();
    EXPECT_EQ(rx.try_next(), 0);  // the first is granted its place,
    first.abort();                // and does not live to use it
    (void)co_await std::move(first);
    (void)co_await std::move(second);
    EXPECT_EQ(went.text(), "2");
    EXPECT_EQ(rx.try_next(), 2);
  }());
}

TEST(mpsc, a_cancelled_next_loses_nothing) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(4);
    for (int round = 0; round < 10; ++round) {
      auto [got, late] = co_await weft::select(rx.next(), weft::sleep(1ms));
      EXPECT_FALSE(got);
    }
    for (int value = 0; value < 4; ++value) EXPECT_TRUE(tx.try_send(value));
    int expected = 0;
    while (expected < 4) {
      auto [got, other] = co_await weft::select(rx.next(), ready(0));
      if (!got) continue;
      EXPECT_EQ(*got, expected);
      ++expected;
    }
  }());
}

TEST(mpsc, next_goes_on_in_another_branch) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(1);
    auto next = rx.next();
    auto slow = [](mpsc_sender<int>& to) -> task<void> {
      co_await weft::sleep(3ms);
      EXPECT_TRUE(to.try_send(7));
    };
    auto [got, sent] = co_await weft::join(std::move(next), slow(tx));
    EXPECT_EQ(got, 7);
  }());
}

TEST(mpsc, who_fails_to_try_keeps_the_value) {
  auto [tx, rx] = mpsc<std::unique_ptr<int>>(1);
  auto value = std::make_unique<int>(1);
  EXPECT_TRUE(tx.try_send(std::move(value)));
  EXPECT_FALSE(value);
  value = std::make_unique<int>(2);
  EXPECT_EQ(tx.try_send(std::move(value)).error(), errc::overloaded);
  ASSERT_TRUE(value);
  rx.close();
  EXPECT_EQ(tx.try_send(std::move(value)).error(), errc::closed);
  ASSERT_TRUE(value);
  EXPECT_EQ(**rx.try_next(), 1);
}

TEST(mpsc, a_permit_keeps_a_place) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(2);
    auto one = co_await tx.reserve();
    auto two = co_await tx.reserve();
    EXPECT_EQ(tx.capacity(), 0u);
    EXPECT_EQ(tx.try_reserve().error(), errc::overloaded);
    two->send(2);
    one->send(1);
    EXPECT_FALSE(*one);
    EXPECT_EQ(rx.try_next(), 2) << "a place is taken when it is used";
    EXPECT_EQ(rx.try_next(), 1);
    {
      auto dropped = co_await tx.reserve();
      EXPECT_EQ(tx.capacity(), 1u);
    }
    EXPECT_EQ(tx.capacity(), 2u);
  }());
}

TEST(mpsc, a_permit_for_many_is_used_one_by_one) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(4);
    EXPECT_EQ((co_await tx.reserve_many(5)).error(), errc::invalid_argument);
    EXPECT_EQ(tx.try_reserve(5).error(), errc::invalid_argument);
    auto none = co_await tx.reserve_many(0);
    EXPECT_EQ(none->count(), 0u);
    auto places = co_await tx.reserve_many(3);
    EXPECT_EQ(places->count(), 3u);
    places->send(1);
    places->send(2);
    EXPECT_EQ(places->count(), 1u);
    EXPECT_EQ(rx.len(), 2u);
    places->release();
    EXPECT_EQ(tx.capacity(), 2u);
    auto late = co_await weft::timeout(5ms, tx.reserve_many(3));
    EXPECT_EQ(late.error(), errc::timed_out);
    EXPECT_EQ(tx.capacity(), 2u);
  }());
}

TEST(mpsc, an_owned_permit_keeps_the_channel_open) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(2);
    auto copied = co_await tx.reserve_owned();
    auto moved = co_await std::move(tx).reserve_owned();
    EXPECT_EQ(rx.sender_strong_count(), 2u);
    moved->send(1);
    auto again = std::move(*moved).into_sender();
    EXPECT_EQ(again.try_reserve_owned().error(), errc::overloaded);
    copied->release();
    EXPECT_TRUE(again.try_reserve_owned());
    EXPECT_FALSE(rx.is_closed());
    EXPECT_EQ(rx.try_next(), 1);
  }());
}

TEST(mpsc, closing_refuses_who_waits_and_who_comes) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(1);
    arrivals went;
    auto sending = weft::spawn(send_all(tx, {1, 2, 3}, went));
    co_await settle();
    EXPECT_FALSE(tx.is_closed());
    rx.close();
    rx.close();
    EXPECT_TRUE(tx.is_closed());
    co_await settle();
    EXPECT_EQ(went.text(), "1 2:closed");
    EXPECT_EQ((co_await tx.send(4)).error(), errc::closed);
    EXPECT_EQ((co_await tx.reserve()).error(), errc::closed);
    EXPECT_EQ(tx.try_send(4).error(), errc::closed);
    EXPECT_EQ(tx.try_reserve().error(), errc::closed);
    EXPECT_EQ(co_await rx.next(), 1) << "what was sent is still received";
    EXPECT_EQ(co_await rx.next(), std::nullopt);
    (void)co_await std::move(sending);
  }());
}

TEST(mpsc, after_closing_permits_that_are_out_may_still_send) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(2);
    auto used = co_await tx.reserve();
    auto dropped = co_await tx.reserve();
    rx.close();
    EXPECT_FALSE(rx.has_ended());
    auto receiving = weft::spawn(receive_all(std::move(rx)));
    co_await settle();
    EXPECT_FALSE(receiving.is_finished());
    used->send(1);
    co_await settle();
    EXPECT_FALSE(receiving.is_finished()) << "there is a permit yet";
    dropped->release();
    auto all = co_await std::move(receiving);
    EXPECT_EQ(*all, std::vector<int>{1});
  }());
}

TEST(mpsc, closing_ends_a_next_of_another_branch) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(2);
    auto close = [](mpsc_receiver<int>& which) -> task<void> {
      co_await weft::sleep(1ms);
      which.close();
    };
    auto [got, closed] = co_await weft::join(rx.next(), close(rx));
    EXPECT_EQ(got, std::nullopt);
  }());
}

TEST(mpsc, closed_waits_for_the_receiver_to_go) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(2);
    auto [early, late] = co_await weft::select(tx.closed(), weft::sleep(1ms));
    EXPECT_FALSE(early);
    auto waits = [](mpsc_sender<int> of) -> task<void> { co_await of.closed(); };
    auto one = weft::spawn(waits(tx));
    auto two = weft::spawn(waits(tx));
    co_await settle();
    EXPECT_FALSE(one.is_finished());
    {
      auto gone = std::move(rx);
    }
    (void)co_await std::move(one);
    (void)co_await std::move(two);
    co_await tx.closed();
  }());
}

TEST(mpsc, what_is_not_received_is_destroyed_with_the_receiver) {
  census alive;
  auto [tx, rx] = mpsc<census::member>(100);
  for (int index = 0; index < 70; ++index) EXPECT_TRUE(tx.try_send(alive.join()));
  auto permit = tx.try_reserve();
  EXPECT_EQ(alive.alive(), 70);
  {
    auto gone = std::move(rx);
  }
  EXPECT_EQ(alive.alive(), 0);
  permit->send(alive.join());
  EXPECT_EQ(alive.alive(), 1) << "it is destroyed with the channel";
}

TEST(mpsc, many_are_taken_at_once) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(100);
    std::vector<int> taken{-1};
    EXPECT_EQ(co_await rx.next_many(taken, 0), 0u);
    for (int value = 0; value < 90; ++value) EXPECT_TRUE(tx.try_send(value));
    EXPECT_EQ(co_await rx.next_many(taken, 50), 50u);
    EXPECT_EQ(tx.capacity(), 60u);
    EXPECT_EQ(co_await rx.next_many(taken, 50), 40u);
    EXPECT_EQ(taken.size(), 91u);
    EXPECT_EQ(taken.back(), 89);
    auto [none, late] = co_await weft::select(rx.next_many(taken, 50), weft::sleep(1ms));
    EXPECT_FALSE(none);
    {
      auto last = std::move(tx);
    }
    EXPECT_EQ(co_await rx.next_many(taken, 50), 0u) << "the end";
  }());
}

TEST(mpsc, weak_senders_do_not_keep_it_open) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(4);
    auto weak = tx.downgrade();
    auto other = weak;
    EXPECT_EQ(tx.weak_count(), 2u);
    EXPECT_EQ(rx.sender_weak_count(), 2u);
    {
      auto strong = weak.upgrade();
      EXPECT_TRUE(strong);
      EXPECT_EQ(weak.strong_count(), 2u);
      EXPECT_TRUE(strong->same_channel(tx));
      EXPECT_TRUE(strong->try_send(1));
    }
    {
      auto last = std::move(tx);
    }
    EXPECT_FALSE(weak.upgrade());
    EXPECT_EQ(co_await rx.next(), 1);
    EXPECT_EQ(co_await rx.next(), std::nullopt);
    auto [unrelated, receiver] = mpsc<int>(1);
    auto [different, also] = mpsc<int>(1);
    EXPECT_FALSE(unrelated.same_channel(different));
  }());
}

TEST(mpsc, counts_what_is_in_it) {
  auto [tx, rx] = mpsc<int>(3);
  EXPECT_TRUE(rx.is_empty());
  EXPECT_TRUE(tx.try_send(1));
  EXPECT_TRUE(tx.try_send(2));
  EXPECT_EQ(rx.len(), 2u);
  EXPECT_FALSE(rx.is_empty());
  EXPECT_EQ(rx.capacity(), 1u);
  EXPECT_EQ(rx.max_capacity(), 3u);
}

// However the channel counts the places that were emptied, each is there at once.
TEST(mpsc, an_emptied_place_can_be_used_at_once) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(100);
    for (int value = 0; value < 100; ++value) EXPECT_TRUE(tx.try_send(value));
    for (int round = 1; round <= 30; ++round) {
      EXPECT_EQ(tx.try_send(0).error(), errc::overloaded);
      for (int taken = 0; taken < round; ++taken) (void)co_await rx.next();
      EXPECT_EQ(tx.capacity(), static_cast<std::size_t>(round));
      if (round % 3 == 0) {
        auto places = tx.try_reserve(static_cast<std::size_t>(round));
        EXPECT_TRUE(places);
        for (int sent = 0; places && sent < round; ++sent) places->send(sent);
        continue;
      }
      for (int sent = 0; sent < round; ++sent) {
        if (round % 3 == 1) {
          EXPECT_TRUE(tx.try_send(sent));
        } else {
          auto [done, other] = co_await weft::select_biased(tx.send(sent), ready(0));
          EXPECT_TRUE(done) << "it did not have to wait";
        }
      }
    }
  }());
}

TEST(mpsc, a_waiting_sender_gets_the_first_place_that_is_emptied) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(100);
    for (int value = 0; value < 100; ++value) EXPECT_TRUE(tx.try_send(value));
    arrivals went;
    auto one = weft::spawn(send_all(tx, {100, 101, 102}, went));
    auto many = weft::spawn([](mpsc_sender<int> to, arrivals& got) -> task<void> {
      auto places = co_await to.reserve_many(2);
      got.add("two");
    }(tx, went));
    co_await settle();
    EXPECT_EQ(went.text(), "");
    (void)co_await rx.next();
    co_await settle();
    EXPECT_EQ(went.text(), "100");
    (void)co_await rx.next();
    co_await settle();
    EXPECT_EQ(went.text(), "100") << "the second waits for two";
    (void)co_await rx.next();
    co_await settle();
    EXPECT_EQ(went.text(), "100 two 101 102");
    (void)co_await std::move(one);
    (void)co_await std::move(many);
  }());
}

TEST(mpsc, values_of_every_size_pass) {
  struct large {
    std::uint64_t words[1000];
  };
  auto [tx, rx] = mpsc<large>(10);
  for (int round = 0; round < 5; ++round) {
    for (std::uint64_t value = 0; value < 10; ++value) {
      large sent{};
      sent.words[999] = value;
      EXPECT_TRUE(tx.try_send(sent));
    }
    for (std::uint64_t value = 0; value < 10; ++value) {
      EXPECT_EQ(rx.try_next()->words[999], value);
    }
  }
}

TEST(mpsc, ready_values_leave_others_their_turn) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(1);
    bool ran = false;
    weft::spawn([&ran]() -> task<void> {
      ran = true;
      co_return;
    }).detach();
    for (int round = 0; round < 1000; ++round) {
      EXPECT_TRUE(co_await tx.send(round));
      (void)co_await rx.next();
    }
    EXPECT_TRUE(ran);
  }());
}

TEST(mpsc, threads_outside_a_runtime_send_and_receive) {
  auto [tx, rx] = mpsc<int>(2);
  std::thread sender([to = std::move(tx)] {
    for (int value = 0; value < 100; ++value) EXPECT_TRUE(to.blocking_send(value));
  });
  for (int value = 0; value < 50; ++value) EXPECT_EQ(rx.blocking_next(), value);
  std::vector<int> rest;
  while (rx.blocking_next_many(rest, 100) > 0) {
  }
  EXPECT_EQ(rest.size(), 50u);
  EXPECT_EQ(rx.blocking_next(), std::nullopt);
  sender.join();
}

TEST(mpsc, a_blocking_call_may_send_to_a_task) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  runtime.block_on([]() -> task<void> {
    auto [tx, rx] = mpsc<int>(1);
    auto send = [to = std::move(tx)] {
      for (int value = 0; value < 20; ++value) (void)to.blocking_send(value);
    };
    auto sending = weft::spawn_blocking(std::move(send));
    int received = 0;
    while (auto value = co_await rx.next()) received += *value;
    EXPECT_EQ(received, 190);
    (void)co_await std::move(sending);
  }());
}

using mpsc_death = testing::Test;

TEST(mpsc_death, a_worker_is_not_blocked) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 auto [tx, rx] = mpsc<int>(1);
                 (void)rx.blocking_next();
                 co_return;
               }()),
               "mpsc_receiver::blocking_next was called on a worker of a runtime");
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 auto [tx, rx] = mpsc<int>(1);
                 (void)tx.blocking_send(1);
                 co_return;
               }()),
               "mpsc_sender::blocking_send was called on a worker of a runtime");
}

TEST(mpsc_death, a_channel_without_room_is_none) {
  EXPECT_DEATH((void)mpsc<int>(0), "capacity of at least 1");
}

TEST(mpsc_death, a_permit_sends_as_often_as_it_has_places) {
  auto ends = mpsc<int>(1);
  auto permit = ends.first.try_reserve();
  permit->send(1);
  EXPECT_DEATH(permit->send(2), "was used up");
}

}  // namespace
