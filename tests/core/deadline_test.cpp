#include <weft/deadline.hpp>
#include <weft/join.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <optional>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::deadline;

/// Milliseconds since the test began.
class stop_watch {
 public:
  long elapsed() const {
    return static_cast<long>(
        std::chrono::duration_cast<std::chrono::milliseconds>(weft::time::now() - start_).count());
  }

 private:
  weft::time::time_point start_ = weft::time::now();
};

/// Waits for a deadline as a leaf of the stack would, and counts how often it is looked at.
class counted_wait {
 public:
  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    awaiter(deadline& of, int& polls) noexcept : of_(of), polls_(polls) {}
    static constexpr const char* name = "counted wait";
    bool poll() noexcept {
      ++polls_;
      return of_.poll();
    }
    void take() noexcept {}

   private:
    deadline& of_;
    int& polls_;
  };
  counted_wait(deadline& of, int& polls) noexcept : of_(&of), polls_(&polls) {}
  auto operator co_await() && noexcept { return awaiter(*of_, *polls_); }

 private:
  deadline* of_;
  int* polls_;
};

TEST(deadline, expires_when_its_time_has_come) {
  run_paused([]() -> task<void> {
    stop_watch watch;
    deadline limit;
    EXPECT_EQ(limit.when(), weft::time::never);
    limit.reset_after(10ms);
    co_await limit.expired();
    EXPECT_EQ(watch.elapsed(), 10);
    co_await limit.expired();
    EXPECT_EQ(watch.elapsed(), 10) << "it stays past until it is set anew";
    limit.reset(weft::time::now() + 5ms);
    EXPECT_EQ(limit.when(), weft::time::now() + 5ms);
    co_await limit.expired();
    EXPECT_EQ(watch.elapsed(), 15);
  }());
}

TEST(deadline, in_the_past_is_past_at_once) {
  run_paused([]() -> task<void> {
    stop_watch watch;
    deadline limit(weft::time::now() - 1ms);
    co_await limit.expired();
    limit.reset_after(-1s);
    co_await limit.expired();
    limit.reset_after(0ms);
    co_await limit.expired();
    EXPECT_EQ(watch.elapsed(), 0);
  }());
}

TEST(deadline, that_is_not_set_never_expires) {
  run_paused([]() -> task<void> {
    deadline limit;
    auto [unset, first] = co_await weft::select(limit.expired(), weft::sleep(24h));
    EXPECT_FALSE(unset);
    limit.reset_after(10ms);
    limit.clear();
    auto [cleared, second] = co_await weft::select(limit.expired(), weft::sleep(24h));
    EXPECT_FALSE(cleared);
    limit.reset_after(std::chrono::nanoseconds::max());
    EXPECT_EQ(limit.when(), weft::time::never);
  }());
}

TEST(deadline, cleared_while_it_is_awaited_does_not_expire) {
  run_paused([]() -> task<void> {
    deadline limit;
    limit.reset_after(10ms);
    auto clearing = [](deadline& of) -> task<void> {
      co_await weft::sleep(5ms);
      of.clear();
      co_await weft::sleep(1h);
    };
    auto [expired, slept] = co_await weft::select(limit.expired(), clearing(limit));
    EXPECT_FALSE(expired);
  }());
}

TEST(deadline, moved_later_while_it_is_awaited_expires_later) {
  run_paused([]() -> task<void> {
    stop_watch watch;
    deadline limit;
    limit.reset_after(10ms);
    auto moving = [](deadline& of) -> task<void> {
      co_await weft::sleep(5ms);
      of.reset_after(20ms);
    };
    (void)co_await weft::join(limit.expired(), moving(limit));
    EXPECT_EQ(watch.elapsed(), 25);
  }());
}

TEST(deadline, moved_earlier_expires_earlier_once_it_is_polled) {
  run_paused([]() -> task<void> {
    stop_watch watch;
    deadline limit;
    limit.reset_after(1h);
    auto [expired, slept] = co_await weft::select(limit.expired(), weft::sleep(1ms));
    EXPECT_FALSE(expired);
    limit.reset_after(2ms);
    co_await limit.expired();
    EXPECT_EQ(watch.elapsed(), 3);
  }());
}

TEST(deadline, moved_earlier_into_the_past_is_past) {
  run_paused([]() -> task<void> {
    stop_watch watch;
    deadline limit;
    limit.reset_after(1h);
    (void)co_await weft::select(limit.expired(), weft::sleep(3ms));
    limit.reset(weft::time::now() - 1ms);
    co_await limit.expired();
    limit.reset_after(10ms);
    co_await limit.expired();
    EXPECT_EQ(watch.elapsed(), 13);
  }());
}

TEST(deadline, wakes_the_branch_that_polled_it_last) {
  run_paused([]() -> task<void> {
    stop_watch watch;
    deadline limit;
    limit.reset_after(10ms);
    for (int step = 0; step < 3; ++step) {
      auto [expired, slept] = co_await weft::select(limit.expired(), weft::sleep(1ms));
      EXPECT_FALSE(expired);
    }
    auto [nothing, in_a_branch] = co_await weft::select_biased(never(), limit.expired());
    EXPECT_TRUE(in_a_branch);
    EXPECT_EQ(watch.elapsed(), 10);
  }());
}

TEST(deadline, may_be_handed_from_task_to_task) {
  run_paused([]() -> task<void> {
    stop_watch watch;
    deadline limit;
    limit.reset_after(10ms);
    auto first = weft::spawn(limit.expired());
    co_await settle();
    first.abort();
    (void)co_await std::move(first);
    auto second = weft::spawn(limit.expired());
    (void)co_await std::move(second);
    EXPECT_EQ(watch.elapsed(), 10);
  }());
}

// The reason for its being: a thousand requests within the time of one deadline set one timer.
TEST(deadline, moved_all_the_time_wakes_its_task_once_a_period) {
  run_paused([]() -> task<void> {
    stop_watch watch;
    deadline limit;
    int polls = 0;
    limit.reset_after(100ms);
    auto requests = [](deadline& idle) -> task<void> {
      for (int request = 0; request < 1000; ++request) {
        co_await weft::sleep(1ms);
        idle.reset_after(100ms);
      }
    };
    (void)co_await weft::join(counted_wait(limit, polls), requests(limit));
    EXPECT_EQ(watch.elapsed(), 1100);
    EXPECT_LE(polls, 14) << "one to start, one each 100 ms, one in the end";
  }());
}

TEST(deadline, far_away_does_not_expire_early) {
  run_paused([]() -> task<void> {
    stop_watch watch;
    deadline limit;
    limit.reset_after(24h * 365 * 3);  // further than the wheel reaches
    co_await limit.expired();
    EXPECT_EQ(watch.elapsed(), 3l * 365 * 24 * 3600 * 1000);
  }());
}

TEST(deadline, may_outlive_the_runtime_that_polled_it) {
  deadline limit;
  std::optional<weft::runtime> runtime = paused_runtime();
  runtime->block_on([](deadline& of) -> task<void> {
    of.reset_after(1h);
    (void)co_await weft::select(of.expired(), weft::sleep(1ms));
  }(limit));
  runtime.reset();
  runtime = paused_runtime();
  runtime->block_on([](deadline& of) -> task<void> {
    of.reset_after(1ms);
    co_await of.expired();
  }(limit));
}

}  // namespace
