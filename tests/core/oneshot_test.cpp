#include <weft/join.hpp>
#include <weft/sync/oneshot.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::result;
using weft::sync::oneshot;
using weft::sync::oneshot_receiver;
using weft::sync::oneshot_sender;

TEST(oneshot, delivers_what_was_sent_before_it_was_awaited) {
  run_paused([]() -> task<void> {
    auto [sender, receiver] = oneshot<std::string>();
    EXPECT_TRUE(sender.send("hello"));
    EXPECT_FALSE(sender) << "a sender is empty once it has sent";
    auto received = co_await std::move(receiver);
    EXPECT_EQ(received.value(), "hello");
  }());
}

TEST(oneshot, wakes_the_receiver_that_waits) {
  on_every_runtime([](weft::runtime& runtime) {
    auto [sender, receiver] = oneshot<int>();
    auto waiting = runtime.spawn(
        [](oneshot_receiver<int> from) -> task<result<int>> { co_return co_await std::move(from); },
        std::move(receiver));
    auto sending = runtime.spawn(
        [](oneshot_sender<int> to) -> task<void> {
          co_await weft::yield_now();
          EXPECT_TRUE(to.send(7));
        },
        std::move(sender));
    EXPECT_EQ(runtime.block_on(std::move(waiting)).value(), 7);
    (void)runtime.block_on(std::move(sending));
  });
}

TEST(oneshot, may_be_sent_from_a_thread_of_no_runtime) {
  auto [sender, receiver] = oneshot<int>();
  std::thread outside([to = std::move(sender)]() mutable { EXPECT_TRUE(to.send(3)); });
  auto runtime = weft::runtime::current_thread().build();
  EXPECT_EQ(runtime.block_on(std::move(receiver)).value(), 3);
  outside.join();
}

TEST(oneshot, is_closed_when_the_sender_goes_without_sending) {
  run_paused([]() -> task<void> {
    auto [sender, receiver] = oneshot<int>();
    auto waiting = weft::spawn(
        [](oneshot_receiver<int> from) -> task<result<int>> { co_return co_await std::move(from); },
        std::move(receiver));
    co_await settle();
    {
      auto gone = std::move(sender);
    }
    auto ended = co_await std::move(waiting);
    EXPECT_TRUE(ended.error() == errc::closed);
  }());
}

TEST(oneshot, gives_the_value_back_when_the_receiver_is_gone) {
  auto [sender, receiver] = oneshot<std::unique_ptr<int>>();
  EXPECT_FALSE(sender.is_closed());
  {
    auto gone = std::move(receiver);
  }
  EXPECT_TRUE(sender.is_closed());
  auto refused = sender.send(std::make_unique<int>(5));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(*refused.error(), 5);
}

TEST(oneshot, tells_the_sender_that_nobody_wants_it) {
  run_paused([]() -> task<void> {
    auto [sender, receiver] = oneshot<int>();
    bool told = false;
    auto waiting = weft::spawn(
        [](oneshot_sender<int> to, bool* set) -> task<void> {
          co_await to.closed();
          *set = true;
          EXPECT_FALSE(to.send(1));
        },
        std::move(sender), &told);
    co_await settle();
    EXPECT_FALSE(told);
    {
      auto gone = std::move(receiver);
    }
    (void)co_await std::move(waiting);
    EXPECT_TRUE(told);
  }());
}

TEST(oneshot, closing_keeps_what_was_sent_and_refuses_what_comes) {
  run_paused([]() -> task<void> {
    auto [sender, receiver] = oneshot<int>();
    EXPECT_TRUE(sender.send(1));
    receiver.close();
    auto received = co_await receiver;
    EXPECT_EQ(received.value(), 1);

    auto [late, closed] = oneshot<int>();
    closed.close();
    closed.close();
    EXPECT_TRUE(late.is_closed());
    EXPECT_EQ(late.send(2).error(), 2);
    auto nothing = co_await closed;
    EXPECT_TRUE(nothing.error() == errc::closed);
  }());
}

TEST(oneshot, a_closed_receiver_ends_though_the_sender_is_still_there) {
  run_paused([]() -> task<void> {
    auto [sender, receiver] = oneshot<int>();
    receiver.close();
    auto nothing = co_await std::move(receiver);
    EXPECT_TRUE(nothing.error() == errc::closed);
    EXPECT_FALSE(sender.send(1));
  }());
}

TEST(oneshot, can_be_taken_up_again_after_a_lost_select) {
  run_paused([]() -> task<void> {
    auto [sender, receiver] = oneshot<int>();
    auto [early, late] = co_await weft::select(receiver.receive(), weft::sleep(10ms));
    EXPECT_FALSE(early);
    EXPECT_TRUE(late);
    EXPECT_FALSE(sender.is_closed()) << "only the wait was lost";
    EXPECT_TRUE(sender.send(4));
    auto received = co_await receiver.receive();
    EXPECT_EQ(received.value(), 4);
  }());
}

TEST(oneshot, given_up_to_a_select_that_is_lost_it_is_gone) {
  run_paused([]() -> task<void> {
    auto [sender, receiver] = oneshot<int>();
    auto [early, late] = co_await weft::select(std::move(receiver), weft::sleep(10ms));
    EXPECT_FALSE(early);
    EXPECT_TRUE(sender.is_closed());
  }());
}

TEST(oneshot, an_aborted_receiver_is_gone) {
  run_paused([]() -> task<void> {
    auto [sender, receiver] = oneshot<int>();
    auto waiting = weft::spawn(
        [](oneshot_receiver<int> from) -> task<void> { (void)co_await std::move(from); },
        std::move(receiver));
    co_await settle();
    waiting.abort();
    (void)co_await std::move(waiting);
    EXPECT_TRUE(sender.is_closed());
  }());
}

TEST(oneshot, try_receive_never_waits) {
  auto [sender, receiver] = oneshot<int>();
  EXPECT_FALSE(receiver.try_receive());
  EXPECT_TRUE(sender.send(9));
  EXPECT_EQ(receiver.try_receive()->value(), 9);
  EXPECT_TRUE(receiver.try_receive()->error() == errc::invalid_state) << "the value is given once";

  auto [gone, closed] = oneshot<int>();
  {
    auto dropped = std::move(gone);
  }
  EXPECT_TRUE(closed.try_receive()->error() == errc::closed);
}

TEST(oneshot, received_twice_is_an_error) {
  run_paused([]() -> task<void> {
    auto [sender, receiver] = oneshot<int>();
    EXPECT_TRUE(sender.send(1));
    auto first = co_await receiver;
    auto second = co_await receiver;
    EXPECT_EQ(first.value(), 1);
    EXPECT_TRUE(second.error() == errc::invalid_state);
  }());
}

TEST(oneshot, of_nothing_says_now) {
  run_paused([]() -> task<void> {
    auto [sender, receiver] = oneshot();
    EXPECT_TRUE(sender.send());
    EXPECT_FALSE(sender.send());
    auto now = co_await std::move(receiver);
    EXPECT_TRUE(now.has_value());

    auto [late, gone] = oneshot();
    {
      auto dropped = std::move(gone);
    }
    EXPECT_FALSE(late.send());
  }());
}

TEST(oneshot, of_a_result_is_flat) {
  run_paused([]() -> task<void> {
    auto [sender, receiver] = oneshot<result<int>>();
    EXPECT_TRUE(sender.send(weft::fail(errc::not_found)));
    result<int> received = co_await std::move(receiver);
    EXPECT_TRUE(received.error() == errc::not_found);
  }());
}

TEST(oneshot, destroys_a_value_that_nobody_receives) {
  census alive;
  {
    auto [sender, receiver] = oneshot<census::member>();
    EXPECT_TRUE(sender.send(alive.join()));
    EXPECT_EQ(alive.alive(), 1);
  }
  EXPECT_EQ(alive.alive(), 0);
}

TEST(oneshot, what_throws_when_it_is_moved_was_not_sent) {
  struct brittle {
    brittle() = default;
    brittle(brittle&&) { throw std::runtime_error("broken"); }
  };
  auto [sender, receiver] = oneshot<brittle>();
  brittle value;
  EXPECT_THROW((void)sender.send(std::move(value)), std::runtime_error);
  EXPECT_TRUE(sender) << "as if nothing had been tried";
  EXPECT_FALSE(receiver.try_receive());
}

TEST(oneshot, a_ready_one_leaves_others_their_turn) {
  run_paused([]() -> task<void> {
    bool ran = false;
    weft::spawn([&ran]() -> task<void> {
      ran = true;
      co_return;
    }).detach();
    for (int round = 0; round < 1000; ++round) {
      auto [sender, receiver] = oneshot<int>();
      EXPECT_TRUE(sender.send(round));
      (void)co_await std::move(receiver);
    }
    EXPECT_TRUE(ran) << "a thousand ready receives kept the thread to themselves";
  }());
}

TEST(oneshot, threads_outside_a_runtime_receive) {
  auto [sender, receiver] = oneshot<int>();
  std::thread other([from = std::move(receiver)]() mutable {
    EXPECT_EQ(from.blocking_receive(), 7);
    EXPECT_EQ(from.blocking_receive().error(), errc::invalid_state);
  });
  EXPECT_TRUE(sender.send(7));
  other.join();
}

using oneshot_death = testing::Test;

TEST(oneshot_death, a_worker_is_not_blocked) {
  EXPECT_DEATH(run_paused([]() -> task<void> {
                 auto [sender, receiver] = oneshot<int>();
                 (void)receiver.blocking_receive();
                 co_return;
               }()),
               "oneshot_receiver::blocking_receive was called on a worker of a runtime");
}

}  // namespace
