#include <weft/join.hpp>
#include <weft/sync/broadcast.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::sync::broadcast;
using weft::sync::broadcast_lag;
using weft::sync::broadcast_receiver;
using weft::sync::broadcast_sender;

std::string described(const weft::result<std::optional<int>>& next) {
  if (!next) return "missed:" + std::to_string(next.error().get<broadcast_lag>()->missed);
  return *next ? std::to_string(**next) : "end";
}

/// Receives to the end, and notes what it missed.
task<std::string> listen(broadcast_receiver<int> from) {
  arrivals heard;
  for (bool ended = false; !ended;) {
    auto next = co_await from.next();
    ended = next && !*next;
    heard.add(described(next));
  }
  co_return heard.text();
}

TEST(broadcast, everybody_gets_everything) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = broadcast<int>(8);
    auto one = weft::spawn(listen(std::move(rx)));
    auto two = weft::spawn(listen(tx.subscribe()));
    EXPECT_EQ(tx.send(1), 2u);
    co_await settle();
    auto late = weft::spawn(listen(tx.subscribe()));
    EXPECT_EQ(tx.send(2), 3u);
    EXPECT_EQ(tx.send(3), 3u);
    {
      auto last = std::move(tx);
    }
    EXPECT_EQ(*co_await std::move(one), "1 2 3 end");
    EXPECT_EQ(*co_await std::move(two), "1 2 3 end");
    EXPECT_EQ(*co_await std::move(late), "2 3 end") << "from when it came";
  }());
}

TEST(broadcast, who_is_too_slow_is_told_and_goes_on_with_the_oldest) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = broadcast<int>(3);
    for (int value = 1; value <= 3; ++value) EXPECT_TRUE(tx.send(value));
    EXPECT_EQ(rx.len(), 3u);
    EXPECT_TRUE(tx.send(4));
    EXPECT_TRUE(tx.send(5));
    EXPECT_EQ(rx.len(), 5u);
    auto first = co_await rx.next();
    EXPECT_EQ(first.error(), errc::lagged);
    EXPECT_EQ(described(first), "missed:2");
    EXPECT_EQ(described(co_await rx.next()), "3");
    EXPECT_TRUE(tx.send(6));
    EXPECT_EQ(described(co_await rx.next()), "4");
    EXPECT_EQ(described(rx.try_next()), "5");
    EXPECT_EQ(described(rx.try_next()), "6");
    EXPECT_EQ(described(rx.try_next()), "end");
    EXPECT_FALSE(rx.is_closed()) << "nothing now";
  }());
}

TEST(broadcast, waits_for_a_value) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = broadcast<int>(3);
    auto [none, late] = co_await weft::select(rx.next(), weft::sleep(1ms));
    EXPECT_FALSE(none);
    auto send = [](broadcast_sender<int>& to) -> task<void> {
      co_await weft::sleep(1ms);
      EXPECT_TRUE(to.send(7));
    };
    auto [got, sent] = co_await weft::join(rx.next(), send(tx));
    EXPECT_EQ(described(got), "7");
  }());
}

TEST(broadcast, a_cancelled_next_loses_nothing) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = broadcast<int>(10);
    for (int value = 0; value < 10; ++value) EXPECT_TRUE(tx.send(value));
    for (int expected = 0; expected < 10;) {
      auto [got, other] = co_await weft::select(rx.next(), ready(0));
      if (!got) continue;
      EXPECT_EQ(described(*got), std::to_string(expected));
      ++expected;
    }
  }());
}

TEST(broadcast, sending_without_a_receiver_fails_and_leaves_the_value) {
  auto [tx, rx] = broadcast<std::shared_ptr<int>>(3);
  auto value = std::make_shared<int>(1);
  {
    auto gone = std::move(rx);
  }
  EXPECT_TRUE(tx.is_closed());
  EXPECT_EQ(tx.send(std::move(value)).error(), errc::closed);
  ASSERT_TRUE(value);
  auto again = tx.subscribe();
  EXPECT_EQ(tx.send(std::move(value)), 1u);
  EXPECT_FALSE(value);
  EXPECT_EQ(***again.try_next(), 1);
}

TEST(broadcast, resubscribing_starts_anew) {
  auto [tx, rx] = broadcast<int>(4);
  EXPECT_TRUE(tx.send(1));
  auto other = rx.resubscribe();
  EXPECT_TRUE(other.is_empty());
  EXPECT_TRUE(other.same_channel(rx));
  EXPECT_EQ(tx.receiver_count(), 2u);
  EXPECT_TRUE(tx.send(2));
  EXPECT_EQ(described(other.try_next()), "2");
  EXPECT_EQ(described(rx.try_next()), "1");
}

TEST(broadcast, closed_waits_for_the_last_receiver_to_go) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = broadcast<int>(4);
    auto other = tx.subscribe();
    auto waiting =
        weft::spawn([](broadcast_sender<int> of) -> task<void> { co_await of.closed(); }(tx));
    {
      auto gone = std::move(rx);
    }
    co_await settle();
    EXPECT_FALSE(waiting.is_finished());
    {
      auto gone = std::move(other);
    }
    (void)co_await std::move(waiting);
    EXPECT_EQ(tx.receiver_count(), 0u);
  }());
}

TEST(broadcast, weak_senders_do_not_keep_it_open) {
  auto [tx, rx] = broadcast<int>(4);
  auto weak = tx.downgrade();
  auto copy = weak;
  EXPECT_EQ(tx.weak_count(), 2u);
  EXPECT_EQ(rx.sender_weak_count(), 2u);
  EXPECT_TRUE(copy.upgrade()->same_channel(tx));
  EXPECT_EQ(weak.strong_count(), 1u);
  EXPECT_EQ(tx.strong_count(), rx.sender_strong_count());
  {
    auto last = std::move(tx);
  }
  EXPECT_FALSE(weak.upgrade());
  EXPECT_TRUE(rx.is_closed());
  EXPECT_EQ(described(rx.try_next()), "end");
}

TEST(broadcast, a_value_that_all_have_received_is_gone) {
  census alive;
  auto [tx, rx] = broadcast<census::member>(100);
  auto slow = tx.subscribe();
  for (int index = 0; index < 90; ++index) EXPECT_TRUE(tx.send(alive.join()));
  EXPECT_EQ(alive.alive(), 90);
  for (int index = 0; index < 50; ++index) (void)rx.try_next();
  EXPECT_EQ(alive.alive(), 90) << "the slow one has not";
  for (int index = 0; index < 10; ++index) (void)slow.try_next();
  EXPECT_EQ(alive.alive(), 80);
  {
    auto gone = std::move(slow);
  }
  EXPECT_EQ(alive.alive(), 40) << "nor does it want to any more";
  for (int index = 0; index < 150; ++index) EXPECT_TRUE(tx.send(alive.join()));
  EXPECT_EQ(alive.alive(), 100) << "never more than there is room for";
  {
    auto gone = std::move(rx);
  }
  EXPECT_EQ(alive.alive(), 0);
}

struct fragile {
  explicit fragile(bool* what) : throws(what) {}
  fragile(const fragile& other) : throws(other.throws) {
    if (*throws) throw std::runtime_error("no copy");
  }
  fragile(fragile&&) noexcept = default;
  bool* throws;
};

TEST(broadcast, what_copying_throws_comes_out) {
  bool throws = false;
  auto [tx, rx] = broadcast<fragile>(4);
  auto other = tx.subscribe();
  EXPECT_TRUE(tx.send(fragile(&throws)));
  EXPECT_TRUE(tx.send(fragile(&throws)));
  throws = true;
  EXPECT_THROW((void)rx.try_next(), std::runtime_error);
  EXPECT_TRUE(other.try_next()) << "the last gets the value itself";
  throws = false;
  EXPECT_TRUE(rx.try_next());
}

TEST(broadcast, threads_outside_a_runtime_receive) {
  auto [tx, rx] = broadcast<int>(1000);
  std::thread receiver([from = std::move(rx)]() mutable {
    for (int value = 0; value < 500; ++value) EXPECT_EQ(**from.blocking_next(), value);
    EXPECT_EQ(*from.blocking_next(), std::nullopt);
  });
  for (int value = 0; value < 500; ++value) EXPECT_TRUE(tx.send(value));
  {
    auto last = std::move(tx);
  }
  receiver.join();
}

using broadcast_death = testing::Test;

TEST(broadcast_death, a_channel_without_room_is_none) {
  EXPECT_DEATH((void)broadcast<int>(0), "capacity of at least 1");
}

}  // namespace
