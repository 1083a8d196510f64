#include <weft/sync/notify.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::sync::notify;

task<void> wait_for(notify& bell, std::string name, arrivals& came) {
  co_await bell.notified();
  came.add(name);
}

/// Checks whether a permit is there; takes it if so.
task<void> expect_permit(notify& bell, bool expected) {
  auto [notified, late] = co_await weft::select_biased(bell.notified(), weft::sleep(0ms));
  EXPECT_EQ(notified.has_value(), expected) << "whether a permit had been left";
}

TEST(notify, leaves_one_permit_when_nobody_waits) {
  run_paused([]() -> task<void> {
    notify bell;
    bell.notify_one();
    bell.notify_one();
    co_await bell.notified();
    co_await expect_permit(bell, false);
  }());
}

TEST(notify, one_wakes_who_has_waited_longest) {
  run_paused([]() -> task<void> {
    notify bell;
    arrivals came;
    auto a = weft::spawn(wait_for(bell, "a", came));
    auto b = weft::spawn(wait_for(bell, "b", came));
    auto c = weft::spawn(wait_for(bell, "c", came));
    co_await settle();
    bell.notify_one();
    co_await settle();
    EXPECT_EQ(came.text(), "a");
    bell.notify_last();
    co_await settle();
    EXPECT_EQ(came.text(), "a c");
    bell.notify_one();
    co_await settle();
    EXPECT_EQ(came.text(), "a c b");
    co_await expect_permit(bell, false);
    (void)co_await std::move(a);
    (void)co_await std::move(b);
    (void)co_await std::move(c);
  }());
}

TEST(notify, waiters_wakes_all_and_leaves_nothing) {
  run_paused([]() -> task<void> {
    notify bell;
    arrivals came;
    std::vector<weft::join_handle<void>> waiting;
    for (int index = 0; index < 100; ++index) {
      waiting.push_back(weft::spawn(wait_for(bell, "x", came)));
    }
    co_await settle();
    bell.notify_waiters();
    for (auto& one : waiting) (void)co_await one;
    EXPECT_EQ(came.text().size(), 199u);
    bell.notify_waiters();
    co_await expect_permit(bell, false);
  }());
}

TEST(notify, waiters_reaches_those_who_have_not_awaited_yet) {
  run_paused([]() -> task<void> {
    notify bell;
    auto before = bell.notified();
    bell.notify_waiters();
    auto after = bell.notified();
    co_await std::move(before);
    auto [notified, late] = co_await weft::select_biased(std::move(after), weft::sleep(1ms));
    EXPECT_FALSE(notified);
  }());
}

TEST(notify, what_waiters_reached_takes_no_permit) {
  run_paused([]() -> task<void> {
    notify bell;
    auto before = bell.notified();
    bell.notify_waiters();
    bell.notify_one();
    co_await std::move(before);
    co_await expect_permit(bell, true);
  }());
}

TEST(notify, a_notification_that_was_not_received_goes_to_the_next) {
  run_paused([]() -> task<void> {
    notify bell;
    arrivals came;
    auto a = weft::spawn(wait_for(bell, "a", came));
    auto b = weft::spawn(wait_for(bell, "b", came));
    auto c = weft::spawn(wait_for(bell, "c", came));
    co_await settle();
    bell.notify_one();
    a.abort();
    co_await settle();
    EXPECT_EQ(came.text(), "b");
    bell.notify_last();
    c.abort();
    co_await settle();
    EXPECT_EQ(came.text(), "b") << "passed to the last, who is the one that was aborted";
    (void)co_await std::move(a);
    (void)co_await std::move(b);
    (void)co_await std::move(c);
    co_await expect_permit(bell, true);  // nobody was left: it stays
  }());
}

TEST(notify, what_was_given_to_all_is_not_passed_on) {
  run_paused([]() -> task<void> {
    notify bell;
    arrivals came;
    auto a = weft::spawn(wait_for(bell, "a", came));
    co_await settle();
    bell.notify_waiters();
    a.abort();
    (void)co_await std::move(a);
    co_await expect_permit(bell, false);
  }());
}

TEST(notify, who_gives_up_is_not_notified) {
  run_paused([]() -> task<void> {
    notify bell;
    auto [notified, late] = co_await weft::select(bell.notified(), weft::sleep(1ms));
    EXPECT_FALSE(notified);
    bell.notify_one();
    co_await expect_permit(bell, true);
  }());
}

TEST(notify, an_operation_that_is_not_awaited_takes_nothing) {
  run_paused([]() -> task<void> {
    notify bell;
    {
      [[maybe_unused]] auto unused = bell.notified();
      bell.notify_one();
    }
    co_await expect_permit(bell, true);
  }());
}

TEST(notify, owned_operations_keep_it_alive) {
  run_paused([]() -> task<void> {
    auto bell = std::make_shared<notify>();
    std::weak_ptr<notify> watched = bell;
    bell->notify_one();
    {
      auto notified = notify::notified_owned(std::move(bell));
      EXPECT_FALSE(watched.expired());
      co_await std::move(notified);
    }
    EXPECT_TRUE(watched.expired());
  }());
}

TEST(notify, carries_a_game_of_ping_pong) {
  on_every_runtime([](weft::runtime& runtime) {
    notify ping;
    notify pong;
    auto other = runtime.spawn([&]() -> task<void> {
      for (int round = 0; round < 2000; ++round) {
        co_await ping.notified();
        pong.notify_one();
      }
    });
    auto one = runtime.spawn([&]() -> task<void> {
      for (int round = 0; round < 2000; ++round) {
        ping.notify_one();
        co_await pong.notified();
      }
    });
    (void)runtime.block_on(std::move(one));
    (void)runtime.block_on(std::move(other));
  });
}

}  // namespace
