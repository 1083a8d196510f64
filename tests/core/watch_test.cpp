#include <weft/join.hpp>
#include <weft/sync/watch.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::sync::watch;
using weft::sync::watch_receiver;
using weft::sync::watch_sender;

/// Notes each change that it sees, to the end.
task<void> follow(watch_receiver<int> of, arrivals& seen) {
  while (auto changed = co_await of.changed()) seen.add(std::to_string(*of.borrow()));
  seen.add("closed");
}

TEST(watch, the_initial_value_is_there_and_counts_as_seen) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = watch<std::string>("first");
    EXPECT_EQ(*rx.borrow(), "first");
    EXPECT_EQ(tx.borrow()->size(), 5u);
    EXPECT_FALSE(rx.has_changed());
    auto [changed, late] = co_await weft::select(rx.changed(), weft::sleep(1ms));
    EXPECT_FALSE(changed);
  }());
}

TEST(watch, everybody_sees_a_change) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = watch(0);
    arrivals seen;
    std::vector<weft::join_handle<void>> following;
    for (int index = 0; index < 3; ++index) following.push_back(weft::spawn(follow(rx, seen)));
    co_await settle();
    EXPECT_TRUE(tx.send(1));
    co_await settle();
    EXPECT_EQ(seen.text(), "1 1 1");
    {
      auto last = std::move(tx);
    }
    for (auto& one : following) (void)co_await one;
    EXPECT_EQ(seen.text(), "1 1 1 closed closed closed");
  }());
}

TEST(watch, several_changes_may_be_one) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = watch(0);
    for (int value = 1; value <= 5; ++value) EXPECT_TRUE(tx.send(value));
    EXPECT_TRUE(co_await rx.changed());
    EXPECT_EQ(*rx.borrow(), 5);
    EXPECT_FALSE(rx.has_changed());
  }());
}

TEST(watch, the_last_change_is_seen_before_the_end) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = watch(0);
    EXPECT_TRUE(tx.send(1));
    {
      auto last = std::move(tx);
    }
    EXPECT_TRUE(rx.is_closed());
    EXPECT_TRUE(co_await rx.changed());
    EXPECT_EQ((co_await rx.changed()).error(), errc::closed);
    EXPECT_EQ(*rx.borrow(), 1) << "the last value stays";
  }());
}

TEST(watch, borrowing_says_whether_the_value_is_new) {
  auto [tx, rx] = watch(0);
  EXPECT_FALSE(rx.borrow().has_changed());
  EXPECT_TRUE(tx.send(1));
  EXPECT_TRUE(rx.has_changed());
  EXPECT_TRUE(rx.borrow().has_changed());
  EXPECT_TRUE(rx.borrow().has_changed()) << "borrow is only a look";
  EXPECT_TRUE(rx.borrow_and_update().has_changed());
  EXPECT_FALSE(rx.borrow_and_update().has_changed());
  EXPECT_FALSE(rx.has_changed());
}

TEST(watch, marks_make_a_value_seen_and_unseen) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = watch(0);
    rx.mark_changed();
    EXPECT_TRUE(rx.has_changed());
    EXPECT_TRUE(co_await rx.changed());
    EXPECT_TRUE(tx.send(1));
    rx.mark_unchanged();
    EXPECT_FALSE(rx.has_changed());
    rx.mark_changed();
    auto copy = rx;
    EXPECT_TRUE(copy.has_changed()) << "a copy has seen what the original had";
    EXPECT_TRUE(co_await copy.changed());
    EXPECT_TRUE(rx.has_changed());
  }());
}

TEST(watch, a_look_stays_as_it_was_and_stops_nobody) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = watch<std::string>("old");
    auto looked = rx.borrow();
    EXPECT_TRUE(tx.send("new"));
    tx.send_modify([](std::string& text) { text += "er"; });
    co_await weft::yield_now();
    EXPECT_EQ(*looked, "old");
    EXPECT_EQ(*rx.borrow(), "newer");
    {
      auto last = std::move(tx);
      auto gone = std::move(rx);
    }
    EXPECT_EQ(*looked, "old") << "it keeps its value alive";
  }());
}

TEST(watch, sending_without_a_receiver_fails_and_leaves_the_value) {
  auto [tx, rx] = watch(std::make_unique<int>(0));
  {
    auto gone = std::move(rx);
  }
  EXPECT_TRUE(tx.is_closed());
  auto value = std::make_unique<int>(1);
  EXPECT_EQ(tx.send(std::move(value)).error(), errc::closed);
  ASSERT_TRUE(value);
  EXPECT_EQ(**tx.send_replace(std::move(value)), 0);
  auto again = tx.subscribe();
  EXPECT_EQ(**again.borrow(), 1);
  EXPECT_FALSE(again.has_changed());
  EXPECT_TRUE(tx.send(std::make_unique<int>(2)));
  EXPECT_TRUE(again.has_changed());
}

TEST(watch, a_change_that_is_declined_is_none) {
  auto [tx, rx] = watch(3);
  EXPECT_FALSE(tx.send_if_modified([](int& value) {
    value = 4;
    return false;
  }));
  EXPECT_EQ(*rx.borrow(), 3);
  EXPECT_FALSE(rx.has_changed());
  EXPECT_TRUE(tx.send_if_modified([](int& value) { return ++value > 0; }));
  EXPECT_EQ(*rx.borrow(), 4);
  EXPECT_TRUE(rx.has_changed());
}

TEST(watch, a_change_that_throws_is_none) {
  auto [tx, rx] = watch(3);
  EXPECT_THROW(tx.send_modify([](int& value) {
    value = 4;
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(*rx.borrow(), 3);
  EXPECT_TRUE(tx.send(5)) << "the senders are not locked out";
}

task<void> count_up(watch_sender<int> to, int last) {
  for (int value = 1; value <= last; ++value) {
    co_await weft::sleep(1ms);
    (void)to.send(value);
  }
}

TEST(watch, waits_for_a_value_of_its_choice) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = watch(0);
    auto at_once = co_await rx.wait_for([](int value) { return value == 0; });
    EXPECT_EQ(**at_once, 0);
    auto counting = weft::spawn(count_up(std::move(tx), 5));
    auto three = co_await rx.wait_for([](int value) { return value >= 3; });
    EXPECT_EQ(**three, 3);
    EXPECT_TRUE(three->has_changed());
    EXPECT_FALSE(rx.has_changed());
    auto never = co_await rx.wait_for([](int value) { return value > 100; });
    EXPECT_EQ(never.error(), errc::closed);
    EXPECT_EQ(*rx.borrow(), 5);
    (void)co_await std::move(counting);
  }());
}

TEST(watch, what_a_predicate_throws_comes_out) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = watch(0);
    auto refuse = [](int) -> bool { throw std::runtime_error("no"); };
    EXPECT_THROW((void)co_await rx.wait_for(refuse), std::runtime_error);
    EXPECT_TRUE(tx.send(1));
    EXPECT_TRUE(co_await rx.changed());
  }());
}

TEST(watch, a_cancelled_wait_misses_nothing) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = watch(0);
    auto [changed, late] = co_await weft::select(rx.changed(), weft::sleep(1ms));
    EXPECT_FALSE(changed);
    EXPECT_TRUE(tx.send(1));
    EXPECT_TRUE(co_await rx.changed());
    auto [waited, also] =
        co_await weft::select(rx.wait_for([](int value) { return value == 2; }), weft::sleep(1ms));
    EXPECT_FALSE(waited);
    EXPECT_TRUE(tx.send(2));
    EXPECT_TRUE(rx.has_changed());
  }());
}

TEST(watch, a_wait_that_was_overtaken_goes_on) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = watch(0);
    auto steal = [](watch_sender<int>& to, watch_receiver<int>& from) -> task<void> {
      co_await weft::sleep(1ms);
      EXPECT_TRUE(to.send(1));
      (void)from.borrow_and_update();  // the waiting branch finds nothing new
      co_await weft::sleep(1ms);
      EXPECT_TRUE(to.send(2));
    };
    auto [changed, stolen] = co_await weft::join(rx.changed(), steal(tx, rx));
    EXPECT_TRUE(changed);
    EXPECT_EQ(*rx.borrow(), 2);
  }());
}

TEST(watch, closed_waits_for_the_last_receiver_to_go) {
  run_paused([]() -> task<void> {
    auto [tx, rx] = watch(0);
    auto other = rx;
    EXPECT_EQ(tx.receiver_count(), 2u);
    EXPECT_TRUE(rx.same_channel(other));
    auto waiting =
        weft::spawn([](watch_sender<int> of) -> task<void> { co_await of.closed(); }(tx));
    co_await settle();
    EXPECT_EQ(tx.sender_count(), 2u);
    {
      auto gone = std::move(rx);
    }
    co_await settle();
    EXPECT_FALSE(waiting.is_finished());
    {
      auto gone = std::move(other);
    }
    (void)co_await std::move(waiting);
    EXPECT_TRUE(tx.is_closed());
    auto same = tx;
    EXPECT_TRUE(tx.same_channel(same));
  }());
}

TEST(watch, values_are_destroyed_when_nobody_looks_at_them) {
  census alive;
  {
    auto [tx, rx] = watch(alive.join());
    {
      auto looked = rx.borrow();
      (void)tx.send_replace(alive.join());
      EXPECT_EQ(alive.alive(), 2);
    }
    EXPECT_EQ(alive.alive(), 1);
  }
  EXPECT_EQ(alive.alive(), 0);
}

}  // namespace
