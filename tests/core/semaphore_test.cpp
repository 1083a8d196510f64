#include <weft/sync/semaphore.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::sync::semaphore;
using weft::sync::semaphore_permit;

/// Takes `permits`, notes it, and keeps them until `leave` is set.
task<void> visit(semaphore& slots, std::size_t permits, std::string name, arrivals& came,
                 flag& leave) {
  auto permit = co_await slots.acquire_many(permits);
  if (!permit) {
    came.add(name + ":closed");
    co_return;
  }
  came.add(name);
  co_await leave.wait();
}

TEST(semaphore, gives_permits_until_there_are_none) {
  run_paused([]() -> task<void> {
    semaphore slots(2);
    auto first = co_await slots.acquire();
    {
      auto second = co_await slots.acquire();
      EXPECT_EQ(slots.available_permits(), 0u);
      EXPECT_TRUE(slots.try_acquire().error() == errc::overloaded);
    }
    EXPECT_EQ(slots.available_permits(), 1u);
    first->release();
    EXPECT_FALSE(*first);
    EXPECT_EQ(slots.available_permits(), 2u);
  }());
}

TEST(semaphore, serves_in_the_order_of_coming) {
  run_paused([]() -> task<void> {
    semaphore slots(0);
    arrivals came;
    flag never;
    std::vector<weft::join_handle<void>> visitors;
    for (auto name : {"a", "b", "c", "d"}) {
      visitors.push_back(weft::spawn(visit(slots, 1, name, came, never)));
    }
    co_await settle();
    slots.add_permits(1);
    co_await settle();
    EXPECT_EQ(came.text(), "a");
    slots.add_permits(2);
    co_await settle();
    EXPECT_EQ(came.text(), "a b c");
    for (auto& visitor : visitors) visitor.abort();
    for (auto& visitor : visitors) (void)co_await visitor;
    EXPECT_EQ(slots.available_permits(), 3u) << "permits of aborted tasks go back";
  }());
}

TEST(semaphore, a_wish_for_many_holds_up_the_small_ones_behind_it) {
  run_paused([]() -> task<void> {
    semaphore slots(0);
    arrivals came;
    flag leave;
    auto big = weft::spawn(visit(slots, 3, "big", came, leave));
    co_await settle();
    auto small = weft::spawn(visit(slots, 1, "small", came, leave));
    co_await settle();
    slots.add_permits(2);
    co_await settle();
    EXPECT_EQ(came.text(), "");
    EXPECT_TRUE(slots.try_acquire().error() == errc::overloaded) << "nobody overtakes the queue";
    slots.add_permits(2);
    co_await settle();
    EXPECT_EQ(came.text(), "big small");
    small.abort();
    big.abort();
    (void)co_await std::move(small);
    (void)co_await std::move(big);
  }());
}

TEST(semaphore, lets_the_next_ones_go_when_the_first_gives_up) {
  run_paused([]() -> task<void> {
    semaphore slots(2);
    arrivals came;
    flag leave;
    auto big = weft::spawn(visit(slots, 3, "big", came, leave));
    co_await settle();
    auto small = weft::spawn(visit(slots, 1, "small", came, leave));
    co_await settle();
    EXPECT_EQ(came.text(), "");
    big.abort();
    co_await settle();
    EXPECT_EQ(came.text(), "small");
    small.abort();
    (void)co_await std::move(small);
    (void)co_await std::move(big);
    EXPECT_EQ(slots.available_permits(), 2u);
  }());
}

TEST(semaphore, a_permit_that_was_granted_but_not_received_goes_to_the_next) {
  run_paused([]() -> task<void> {
    semaphore slots(0);
    arrivals came;
    flag leave;
    auto first = weft::spawn(visit(slots, 1, "first", came, leave));
    auto second = weft::spawn(visit(slots, 1, "second", came, leave));
    co_await settle();
    slots.add_permits(1);  // granted to the first,
    first.abort();         // who does not live to see it
    co_await settle();
    EXPECT_EQ(came.text(), "second");
    second.abort();
    (void)co_await std::move(first);
    (void)co_await std::move(second);
    EXPECT_EQ(slots.available_permits(), 1u);
  }());
}

TEST(semaphore, a_permit_that_loses_a_select_goes_back) {
  run_paused([]() -> task<void> {
    semaphore slots(1);
    semaphore others(1);
    for (int round = 0; round < 100; ++round) {
      auto [one, other] = co_await weft::select(slots.acquire(), others.acquire());
      EXPECT_NE(one.has_value(), other.has_value());
    }
    EXPECT_EQ(slots.available_permits(), 1u);
    EXPECT_EQ(others.available_permits(), 1u);
  }());
}

TEST(semaphore, closing_refuses_who_waits_and_who_comes) {
  run_paused([]() -> task<void> {
    semaphore slots(1);
    arrivals came;
    flag leave;
    auto out = co_await slots.acquire();
    auto waiting = weft::spawn(visit(slots, 1, "a", came, leave));
    auto also = weft::spawn(visit(slots, 5, "b", came, leave));
    co_await settle();
    EXPECT_FALSE(slots.is_closed());
    slots.close();
    slots.close();
    EXPECT_TRUE(slots.is_closed());
    co_await settle();
    EXPECT_EQ(came.text(), "a:closed b:closed");
    auto late = co_await slots.acquire();
    EXPECT_TRUE(late.error() == errc::closed);
    EXPECT_TRUE(slots.try_acquire().error() == errc::closed);
    out->release();
    EXPECT_EQ(slots.available_permits(), 1u);
    (void)co_await std::move(waiting);
    (void)co_await std::move(also);
  }());
}

TEST(semaphore, serves_and_closes_more_than_one_batch) {
  run_paused([]() -> task<void> {
    for (bool close : {false, true}) {
      semaphore slots(0);
      arrivals came;
      flag leave;
      std::vector<weft::join_handle<void>> visitors;
      for (int index = 0; index < 100; ++index) {
        visitors.push_back(weft::spawn(visit(slots, 1, "x", came, leave)));
      }
      co_await settle();
      if (close) {
        slots.close();
      } else {
        slots.add_permits(100);
      }
      co_await settle();
      std::size_t expected = close ? 100 * sizeof("x:closed") - 1 : 100 * sizeof("x") - 1;
      EXPECT_EQ(came.text().size(), expected);
      for (auto& visitor : visitors) visitor.abort();
      for (auto& visitor : visitors) (void)co_await visitor;
    }
  }());
}

TEST(semaphore, permits_are_made_and_taken_away) {
  run_paused([]() -> task<void> {
    semaphore slots(3);
    {
      auto kept = co_await slots.acquire();
      kept->forget();
    }
    EXPECT_EQ(slots.available_permits(), 2u);
    EXPECT_EQ(slots.forget_permits(5), 2u);
    EXPECT_EQ(slots.available_permits(), 0u);
    slots.add_permits(4);
    EXPECT_EQ(slots.available_permits(), 4u);
  }());
}

TEST(semaphore, permits_split_and_merge) {
  semaphore slots(5);
  auto all = slots.try_acquire(5);
  ASSERT_TRUE(all.has_value());
  auto some = all->split(2);
  EXPECT_EQ(some.count(), 2u);
  EXPECT_EQ(all->count(), 3u);
  some.release();
  EXPECT_EQ(slots.available_permits(), 2u);
  auto more = slots.try_acquire(1);
  all->merge(std::move(*more));
  EXPECT_EQ(all->count(), 4u);
  semaphore_permit none;
  none.merge(std::move(*all));
  EXPECT_EQ(none.count(), 4u);
  none.release();
  EXPECT_EQ(slots.available_permits(), 5u);
}

TEST(semaphore, asking_for_nothing_is_done_at_once) {
  run_paused([]() -> task<void> {
    semaphore slots(0);
    arrivals came;
    flag leave;
    auto queued = weft::spawn(visit(slots, 1, "a", came, leave));
    co_await settle();
    auto nothing = co_await slots.acquire_many(0);
    EXPECT_TRUE(nothing.has_value());
    EXPECT_EQ(nothing->count(), 0u);
    queued.abort();
    (void)co_await std::move(queued);
  }());
}

TEST(semaphore, owned_permits_keep_it_alive) {
  run_paused([]() -> task<void> {
    auto slots = std::make_shared<semaphore>(1);
    std::weak_ptr<semaphore> watched = slots;
    auto permit = co_await semaphore::acquire_owned(slots);
    EXPECT_TRUE(semaphore::try_acquire_owned(slots).error() == errc::overloaded);
    slots.reset();
    EXPECT_FALSE(watched.expired());
    permit->release();
    EXPECT_TRUE(watched.expired());
  }());
}

TEST(semaphore, ready_permits_leave_others_their_turn) {
  run_paused([]() -> task<void> {
    semaphore slots(1);
    bool ran = false;
    weft::spawn([&ran]() -> task<void> {
      ran = true;
      co_return;
    }).detach();
    for (int round = 0; round < 1000; ++round) (void)co_await slots.acquire();
    EXPECT_TRUE(ran);
    EXPECT_EQ(slots.available_permits(), 1u);
  }());
}

TEST(semaphore, threads_outside_a_runtime_acquire) {
  semaphore slots(0);
  std::thread other([&slots] {
    auto permits = slots.blocking_acquire(2);
    EXPECT_EQ(permits->count(), 2u);
    EXPECT_EQ(slots.blocking_acquire(5).error(), errc::closed);
  });
  slots.add_permits(2);
  while (slots.available_permits() > 0) std::this_thread::yield();
  slots.close();
  other.join();
  EXPECT_EQ(slots.available_permits(), 2u);
}

using semaphore_death = testing::Test;

TEST(semaphore_death, more_than_max_permits_end_the_program) {
  EXPECT_DEATH(
      {
        semaphore slots(semaphore::max_permits);
        slots.add_permits(1);
      },
      "max_permits");
}

TEST(semaphore_death, a_worker_is_not_blocked) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 semaphore slots(1);
                 (void)slots.blocking_acquire();
                 co_return;
               }()),
               "semaphore::blocking_acquire was called on a worker of a runtime");
}

TEST(semaphore_death, so_does_destroying_one_that_is_awaited) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 auto slots = std::make_unique<semaphore>(0);
                 auto waiting =
                     weft::spawn([&slots]() -> task<void> { (void)co_await slots->acquire(); });
                 co_await settle();
                 slots.reset();
               }()),
               "destroyed while a task waited for it");
}

}  // namespace
