#include <weft/sync/mpsc_unbounded.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::sync::mpsc_unbounded;

TEST(mpsc_unbounded, sending_never_waits) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc_unbounded<int>();
    for (int value = 0; value < 10'000; ++value) EXPECT_TRUE(tx.send(value));
    EXPECT_EQ(tx.len(), 10'000u);
    EXPECT_EQ(rx.capacity(), std::numeric_limits<std::size_t>::max());
    EXPECT_EQ(rx.max_capacity(), std::numeric_limits<std::size_t>::max());
    {
      auto last = std::move(tx);
    }
    for (int value = 0; value < 10'000; ++value) EXPECT_EQ(co_await rx.next(), value);
    EXPECT_EQ(co_await rx.next(), std::nullopt);
  }());
}

TEST(mpsc_unbounded, a_receiver_waits_for_a_value) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc_unbounded<int>();
    auto [none, late] = co_await weft::select(rx.next(), weft::sleep(1ms));
    EXPECT_FALSE(none);
    weft::spawn([](auto to) -> task<void> {
      co_await weft::sleep(1ms);
      (void)to.send(7);
    }(tx))
        .detach();
    EXPECT_EQ(co_await rx.next(), 7);
  }());
}

TEST(mpsc_unbounded, closing_refuses_the_value_and_leaves_it) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc_unbounded<std::unique_ptr<int>>();
    EXPECT_TRUE(tx.send(std::make_unique<int>(1)));
    rx.close();
    EXPECT_TRUE(tx.is_closed());
    co_await tx.closed();
    auto value = std::make_unique<int>(2);
    EXPECT_EQ(tx.send(std::move(value)).error(), errc::closed);
    EXPECT_TRUE(value);
    EXPECT_EQ(**co_await rx.next(), 1);
    EXPECT_FALSE(co_await rx.next());
  }());
}

TEST(mpsc_unbounded, takes_many_at_once) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = mpsc_unbounded<int>();
    for (int value = 0; value < 100; ++value) EXPECT_TRUE(tx.send(value));
    std::vector<int> taken;
    EXPECT_EQ(co_await rx.next_many(taken, 1000), 100u);
    EXPECT_EQ(taken.back(), 99);
    EXPECT_TRUE(rx.is_empty());
  }());
}

TEST(mpsc_unbounded, weak_senders_do_not_keep_it_open) {
  auto [tx, rx] = mpsc_unbounded<int>();
  auto weak = tx.downgrade();
  EXPECT_TRUE(weak.upgrade()->same_channel(tx));
  EXPECT_EQ(tx.weak_count(), 1u);
  EXPECT_EQ(tx.strong_count(), 1u);
  {
    auto last = std::move(tx);
  }
  EXPECT_FALSE(weak.upgrade());
  EXPECT_TRUE(rx.has_ended());
}

TEST(mpsc_unbounded, what_is_not_received_is_destroyed) {
  census alive;
  {
    auto [tx, rx] = mpsc_unbounded<census::member>();
    for (int index = 0; index < 100; ++index) EXPECT_TRUE(tx.send(alive.join()));
    auto first = rx.try_next();
    EXPECT_EQ(alive.alive(), 100);
  }
  EXPECT_EQ(alive.alive(), 0);
}

}  // namespace
