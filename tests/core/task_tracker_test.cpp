#include <weft/task_tracker.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::task_tracker;

TEST(task_tracker, waits_until_it_is_closed_and_empty) {
  run_paused([]() -> task<void> {
    task_tracker tracker;
    flag first;
    flag second;
    auto one = tracker.spawn(first.wait());
    auto two = tracker.spawn(second.wait());
    bool ended = false;
    auto waiting = weft::spawn([](task_tracker of, bool* set) -> task<void> {
      co_await of.wait();
      *set = true;
    }(tracker, &ended));
    co_await settle();
    EXPECT_EQ(tracker.size(), 2u);
    first.set();
    co_await settle();
    EXPECT_EQ(tracker.size(), 1u);
    EXPECT_TRUE(tracker.close());
    EXPECT_FALSE(tracker.close());
    co_await settle();
    EXPECT_FALSE(ended) << "closed, but not empty";
    second.set();
    co_await settle();
    EXPECT_TRUE(ended);
    EXPECT_TRUE(tracker.empty());
    (void)co_await std::move(waiting);
    (void)co_await std::move(one);
    (void)co_await std::move(two);
  }());
}

TEST(task_tracker, an_empty_one_is_waited_for_until_it_is_closed) {
  run_paused([]() -> task<void> {
    task_tracker tracker;
    auto [ended, late] = co_await weft::select(tracker.wait(), weft::sleep(1ms));
    EXPECT_FALSE(ended);
    tracker.close();
    co_await tracker.wait();
    EXPECT_TRUE(tracker.reopen());
    EXPECT_FALSE(tracker.is_closed());
    auto [again, later] = co_await weft::select(tracker.wait(), weft::sleep(1ms));
    EXPECT_FALSE(again);
  }());
}

TEST(task_tracker, counts_down_however_a_task_ends) {
  run_paused([]() -> task<void> {
    task_tracker tracker;
    auto aborted = tracker.spawn(never());
    auto thrown = tracker.spawn([]() -> task<void> {
      co_await weft::yield_now();
      throw std::runtime_error("broken");
    });
    auto not_started =
        tracker.spawn([]() -> task<int> { throw std::runtime_error("no task at all"); });
    tracker.spawn(value_task(1)).detach();
    EXPECT_EQ(tracker.size(), 4u);
    co_await settle();
    EXPECT_EQ(tracker.size(), 1u);
    aborted.abort();
    tracker.close();
    co_await tracker.wait();
    auto first = co_await std::move(aborted);
    EXPECT_TRUE(first.error() == errc::task_aborted);
    auto second = co_await std::move(thrown);
    EXPECT_TRUE(second.error() == errc::task_failed);
    auto third = co_await std::move(not_started);
    EXPECT_TRUE(third.error() == errc::task_failed);
  }());
}

TEST(task_tracker, frees_what_a_task_owned_before_it_stops_counting_it) {
  run_paused([]() -> task<void> {
    task_tracker tracker;
    auto owned = std::make_shared<int>(1);
    std::weak_ptr<int> watched = owned;
    auto handle = tracker.spawn(
        [kept = owned](std::shared_ptr<int> also) -> task<int> {
          co_await weft::yield_now();
          co_return *kept + *also;
        },
        owned);
    owned.reset();
    tracker.close();
    co_await tracker.wait();
    EXPECT_TRUE(watched.expired()) << "frames, arguments and captures are gone";
    auto sum = co_await std::move(handle);
    EXPECT_EQ(sum.value(), 2);
  }());
}

TEST(task_tracker, gives_a_handle_as_spawn_does) {
  run_paused([]() -> task<void> {
    task_tracker tracker;
    auto sum = co_await tracker.spawn(
        [](int left, int right) -> task<int> { co_return left + right; }, 3, 4);
    EXPECT_EQ(sum.value(), 7);
    auto slept = co_await tracker.spawn(weft::sleep(1ms));
    EXPECT_TRUE(slept.has_value());
  }());
}

TEST(task_tracker, tracks_what_is_awaited_elsewhere) {
  run_paused([]() -> task<void> {
    task_tracker tracker;
    auto tracked = tracker.track(value_task(5));
    EXPECT_EQ(tracker.size(), 1u);
    auto value = co_await std::move(tracked);
    EXPECT_EQ(value, 5);
    EXPECT_EQ(tracker.size(), 0u);
    {
      [[maybe_unused]] auto unused = tracker.track(weft::sleep(1h));
      EXPECT_EQ(tracker.size(), 1u);
    }
    EXPECT_EQ(tracker.size(), 0u);
    (void)co_await weft::select(tracker.track(never()), weft::sleep(1ms));
    EXPECT_EQ(tracker.size(), 0u) << "lost, and destroyed with it";
  }());
}

TEST(task_tracker, dropping_it_aborts_nothing) {
  run_paused([]() -> task<void> {
    flag gone;
    auto handle = task_tracker().spawn([&gone]() -> task<int> {
      co_await gone.wait();
      co_return 1;
    });
    co_await settle();
    gone.set();
    auto value = co_await std::move(handle);
    EXPECT_EQ(value.value(), 1);
  }());
}

TEST(task_tracker, copies_are_the_same_tracker) {
  task_tracker tracker;
  auto copy = tracker;
  EXPECT_EQ(copy, tracker);
  EXPECT_NE(copy, task_tracker());
  copy.close();
  EXPECT_TRUE(tracker.is_closed());
}

TEST(abort_handle, aborts_what_others_wait_for) {
  run_paused([]() -> task<void> {
    auto handle = weft::spawn(never());
    auto abort = handle.abort_handle();
    auto copy = abort;
    EXPECT_EQ(copy.id(), handle.id());
    co_await settle();
    EXPECT_FALSE(abort.is_finished());
    copy.abort();
    copy.abort();
    auto ended = co_await std::move(handle);
    EXPECT_TRUE(ended.error() == errc::task_aborted);
    EXPECT_TRUE(abort.is_finished());
    copy.abort();
  }());
}

TEST(abort_handle, may_outlive_its_task_and_runtime) {
  std::optional<weft::abort_handle> kept;
  {
    auto runtime = paused_runtime();
    auto handle = runtime.spawn(value_task(1));
    kept = handle.abort_handle();
    (void)runtime.block_on(std::move(handle));
  }
  kept->abort();
  EXPECT_TRUE(kept->is_finished());
}

}  // namespace
