#include <weft/join.hpp>
#include <weft/sync/rw_lock.hpp>
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
using weft::sync::rw_lock;

/// Takes the lock, notes it, and keeps it until `leave` is set.
task<void> reads(rw_lock<int>& of, std::string name, arrivals& came, flag& leave) {
  auto held = co_await of.read();
  came.add(name + std::to_string(*held));
  co_await leave.wait();
}
task<void> writes(rw_lock<int>& of, std::string name, arrivals& came, flag& leave) {
  auto held = co_await of.write();
  *held += 1;
  came.add(name + std::to_string(*held));
  co_await leave.wait();
}

TEST(rw_lock, many_read_at_a_time) {
  run_paused([]() -> task<void> {
    rw_lock<int> number(7);
    auto one = co_await number.read();
    auto two = co_await number.read();
    auto three = number.try_read();
    EXPECT_EQ(*one + *two + *three, 21);
    EXPECT_FALSE(number.try_write());
    one.unlock();
    two.unlock();
    EXPECT_FALSE(number.try_write());
    three.unlock();
    EXPECT_FALSE(three);
    EXPECT_TRUE(number.try_write());
  }());
}

TEST(rw_lock, one_writes_alone) {
  run_paused([]() -> task<void> {
    rw_lock<std::string> text("a");
    auto held = co_await text.write();
    *held += "b";
    EXPECT_EQ(held->size(), 2u);
    EXPECT_FALSE(text.try_read());
    EXPECT_FALSE(text.try_write());
    held.unlock();
    EXPECT_EQ(*text.try_read(), "ab");
  }());
}

TEST(rw_lock, a_writer_that_waits_is_not_overtaken) {
  run_paused([]() -> task<void> {
    rw_lock<int> number(0);
    arrivals came;
    flag first;
    flag second;
    flag third;
    auto a = weft::spawn(reads(number, "a", came, first));
    co_await settle();
    auto b = weft::spawn(writes(number, "b", came, second));
    co_await settle();
    auto c = weft::spawn(reads(number, "c", came, third));
    auto d = weft::spawn(reads(number, "d", came, third));
    co_await settle();
    EXPECT_EQ(came.text(), "a0");
    EXPECT_FALSE(number.try_read()) << "nobody overtakes the queue";
    first.set();
    co_await settle();
    EXPECT_EQ(came.text(), "a0 b1");
    second.set();
    co_await settle();
    EXPECT_EQ(came.text(), "a0 b1 c1 d1");
    for (auto* one : {&c, &d}) one->abort();
    for (auto* one : {&a, &b, &c, &d}) (void)co_await *one;
    EXPECT_TRUE(number.try_write());
  }());
}

TEST(rw_lock, who_gives_up_loses_its_place_only) {
  run_paused([]() -> task<void> {
    rw_lock<int> number(0);
    auto reading = co_await number.read();
    auto [written, late] = co_await weft::select(number.write(), weft::sleep(1ms));
    EXPECT_FALSE(written);
    EXPECT_TRUE(number.try_read()) << "no writer waits any more";
    reading.unlock();
    EXPECT_TRUE(number.try_write());
  }());
}

TEST(rw_lock, a_lock_that_was_handed_over_but_not_received_goes_on) {
  run_paused([]() -> task<void> {
    rw_lock<int> number(0);
    arrivals came;
    flag leave;
    leave.set();
    auto held = co_await number.write();
    auto first = weft::spawn(writes(number, "a", came, leave));
    co_await settle();
    auto second = weft::spawn(reads(number, "b", came, leave));
    co_await settle();
    held.unlock();  // handed to the first,
    first.abort();  // who does not live to see it
    (void)co_await std::move(first);
    (void)co_await std::move(second);
    EXPECT_EQ(came.text(), "b0");
    EXPECT_TRUE(number.try_write());
  }());
}

TEST(rw_lock, a_writer_goes_on_as_a_reader) {
  run_paused([]() -> task<void> {
    rw_lock<int> number(0);
    auto writing = co_await number.write();
    *writing = 5;
    auto reading = std::move(writing).downgrade();
    EXPECT_FALSE(writing);  // NOLINT(bugprone-use-after-move): a guard that was moved from is empty
    EXPECT_EQ(*reading, 5);
    EXPECT_TRUE(number.try_read());
    EXPECT_FALSE(number.try_write());
    reading.unlock();
    EXPECT_TRUE(number.try_write());
    auto empty = weft::sync::write_guard<int>();
    EXPECT_FALSE(std::move(empty).downgrade());
  }());
}

TEST(rw_lock, readers_are_limited) {
  auto number = rw_lock<int>::with_max_readers(2, 3);
  EXPECT_EQ(number->max_readers(), 2u);
  auto one = number->try_read();
  auto two = number->try_read();
  EXPECT_FALSE(number->try_read());
  two.unlock();
  EXPECT_TRUE(number->try_read());
  one.unlock();
  auto alone = rw_lock<int>::with_max_readers(1, 3);
  auto writing = alone->try_write();
  EXPECT_TRUE(std::move(writing).downgrade());
}

TEST(rw_lock, an_exception_unlocks) {
  run_paused([]() -> task<void> {
    rw_lock<int> number(0);
    auto failing = weft::spawn([&number]() -> task<void> {
      auto held = co_await number.write();
      *held = 1;
      throw std::runtime_error("broken");
    });
    EXPECT_FALSE(co_await std::move(failing));
    EXPECT_EQ(*number.try_read(), 1);
  }());
}

TEST(rw_lock, owned_guards_keep_it_alive) {
  run_paused([]() -> task<void> {
    auto shared = std::make_shared<rw_lock<int>>(1);
    std::weak_ptr<rw_lock<int>> watched = shared;
    auto reading = co_await rw_lock<int>::read_owned(shared);
    auto also = rw_lock<int>::try_read_owned(shared);
    EXPECT_FALSE(rw_lock<int>::try_write_owned(shared));
    also.unlock();
    reading.unlock();
    auto writing = co_await rw_lock<int>::write_owned(shared);
    EXPECT_FALSE(rw_lock<int>::try_read_owned(shared));
    shared.reset();
    *writing = 2;
    auto again = std::move(writing).downgrade();
    EXPECT_EQ(*again, 2);
    again.unlock();
    EXPECT_TRUE(watched.expired());
  }());
}

TEST(rw_lock, gives_its_value_up_in_the_end) {
  rw_lock<std::unique_ptr<int>> owner(std::make_unique<int>(8));
  auto value = std::move(owner).into_inner();
  EXPECT_EQ(*value, 8);
}

TEST(rw_lock, threads_outside_a_runtime_lock_it) {
  rw_lock<int> number(0);
  std::vector<std::thread> threads;
  for (int index = 0; index < 3; ++index) {
    threads.emplace_back([&number] {
      for (int round = 0; round < 100; ++round) *number.blocking_write() += 1;
      EXPECT_GE(*number.blocking_read(), 100);
    });
  }
  for (auto& one : threads) one.join();
  EXPECT_EQ(*number.try_read(), 300);
}

using rw_lock_death = testing::Test;

TEST(rw_lock_death, a_worker_is_not_blocked) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 rw_lock<int> number(0);
                 (void)number.blocking_read();
                 co_return;
               }()),
               "rw_lock::blocking_read was called on a worker");
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 rw_lock<int> number(0);
                 (void)number.blocking_write();
                 co_return;
               }()),
               "rw_lock::blocking_write was called on a worker");
}

TEST(rw_lock_death, without_room_for_a_reader_it_is_none) {
  EXPECT_DEATH((void)rw_lock<int>::with_max_readers(0, 1), "at least 1 reader");
}

}  // namespace
