#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/waker.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "task_support.hpp"

namespace {

using namespace task_test;
using weft::waker;

// Hands out a waker of the branch that awaits it, and is done when told.
class lends_a_waker {
 public:
  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    awaiter(waker& out, const bool& done, int& polls) noexcept
        : out_(out), done_(done), polls_(polls) {}
    bool poll() noexcept {
      ++polls_;
      if (done_) return true;
      if (!out_) out_ = waker::current();
      wakes_current_ = out_.wakes_current();
      return false;
    }
    void take() noexcept { EXPECT_TRUE(wakes_current_); }

   private:
    waker& out_;
    const bool& done_;
    int& polls_;
    bool wakes_current_ = false;
  };
  lends_a_waker(waker& out, const bool& done, int& polls) noexcept
      : out_(&out), done_(&done), polls_(&polls) {}
  auto operator co_await() && noexcept { return awaiter(*out_, *done_, *polls_); }

 private:
  waker* out_;
  const bool* done_;
  int* polls_;
};

task<void> polls_when_woken() {
  waker lent;
  bool done = false;
  int polls = 0;
  auto waits = [&]() -> task<void> { co_await lends_a_waker(lent, done, polls); };
  auto handle = weft::spawn(waits());
  co_await weft::yield_now();
  EXPECT_EQ(polls, 1);
  co_await weft::yield_now();
  EXPECT_EQ(polls, 1) << "polled without having been woken";

  lent.clone().wake();
  lent.clone().wake();
  co_await weft::yield_now();
  EXPECT_EQ(polls, 2) << "wake-ups before the poll count as one";

  done = true;
  lent.wake();
  EXPECT_FALSE(static_cast<bool>(lent)) << "a waker is spent by waking";
  EXPECT_TRUE((co_await std::move(handle)).has_value());
  EXPECT_EQ(polls, 3);
  lent.wake();
}
TEST(waker, makes_the_branch_be_polled) {
  run_paused(polls_when_woken());
}

task<void> wakes_after_the_end() {
  waker lent;
  waker other;
  bool done = false;
  int polls = 0;
  {
    auto [hung, first] =
        co_await weft::select_biased(lends_a_waker(lent, done, polls), weft::yield_now());
    EXPECT_TRUE(first.has_value());
  }
  // The branch is gone, and its bit is lent to another one, which is polled for nothing.
  int other_polls = 0;
  auto waits = [&]() -> task<void> { co_await lends_a_waker(other, done, other_polls); };
  auto wakes = [&]() -> task<void> {
    lent.wake();
    co_await weft::yield_now();
    co_await weft::yield_now();
    EXPECT_GE(other_polls, 1);
    EXPECT_EQ(polls, 1) << "a branch that was destroyed was polled";
    done = true;
    other.wake();
  };
  co_await weft::join(waits(), wakes());
}
TEST(waker, of_a_branch_that_is_gone_is_harmless) {
  run_paused(wakes_after_the_end());
}

task<void> wakes_after_the_task() {
  waker lent;
  bool done = false;
  int polls = 0;
  auto waits = [&]() -> task<void> { co_await lends_a_waker(lent, done, polls); };
  auto handle = weft::spawn(waits());
  co_await weft::yield_now();
  handle.abort();
  (void)co_await std::move(handle);
  auto moved = std::move(lent);
  moved.clone().wake();
  co_await weft::yield_now();
  EXPECT_EQ(polls, 1);
  waker assigned;
  assigned = std::move(moved);
  EXPECT_TRUE(static_cast<bool>(assigned));
}
TEST(waker, of_a_task_that_has_ended_is_harmless) {
  run_paused(wakes_after_the_task());
}

task<void> goes_through_a_word() {
  waker lent;
  bool done = false;
  int polls = 0;
  auto waits = [&]() -> task<void> { co_await lends_a_waker(lent, done, polls); };
  auto handle = weft::spawn(waits());
  co_await weft::yield_now();
  auto word = lent.into_word();
  EXPECT_NE(word, 0u);
  EXPECT_FALSE(static_cast<bool>(lent));
  done = true;
  waker::from_word(word).wake();
  EXPECT_TRUE((co_await std::move(handle)).has_value());
}
TEST(waker, fits_one_word) {
  static_assert(sizeof(waker) == sizeof(void*));
  run_paused(goes_through_a_word());
}

// Waking oneself while being polled: the task must be queued again.
class wakes_itself {
 public:
  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    explicit awaiter(int times) noexcept : times_(times) {}
    bool poll() noexcept {
      if (times_-- == 0) return true;
      waker::current().wake();
      return false;
    }
    void take() noexcept {}

   private:
    int times_;
  };
  explicit wakes_itself(int times) noexcept : times_(times) {}
  auto operator co_await() && noexcept { return awaiter(times_); }

 private:
  int times_;
};
task<void> wakes_itself_in_branches(int levels) {
  if (levels == 0) {
    co_await wakes_itself(20);
  } else {
    co_await weft::join(wakes_itself_in_branches(levels - 1), wakes_itself(20), wakes_itself(3));
  }
}
TEST(waker, may_be_woken_while_its_branch_is_polled) {
  on_every_runtime([](weft::runtime& runtime) {
    for (int levels : {0, 1, 5, 40}) runtime.block_on(wakes_itself_in_branches(levels));
  });
}

// The slot for one waiter: registering and waking race, and no wake-up is lost.

struct counter {
  std::atomic<int> value{0};
  weft::atomic_waker waiter;
};
class reaches {
 public:
  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    awaiter(counter& from, int target) noexcept : from_(from), target_(target) {}
    ~awaiter() { from_.waiter.clear(); }
    bool poll() noexcept {
      if (from_.value.load() >= target_) return true;
      from_.waiter.register_current();
      return from_.value.load() >= target_;
    }
    void take() noexcept {}

   private:
    counter& from_;
    int target_;
  };
  reaches(counter& from, int target) noexcept : from_(&from), target_(target) {}
  auto operator co_await() && noexcept { return awaiter(*from_, target_); }

 private:
  counter* from_;
  int target_;
};

// Each side waits for the other's count, so that any lost wake-up hangs both.
task<void> answers(counter& questions, counter& replies, int rounds) {
  for (int round = 1; round <= rounds; ++round) {
    co_await reaches(questions, round);
    replies.value.store(round);
    replies.waiter.wake_if_registered();
  }
}
task<void> asks(counter& questions, counter& replies, int rounds) {
  for (int round = 1; round <= rounds; ++round) {
    questions.value.store(round);
    questions.waiter.wake();
    co_await reaches(replies, round);
  }
}
TEST(atomic_waker, loses_no_wake_up_between_tasks) {
  on_every_runtime([](weft::runtime& runtime) {
    constexpr int rounds = 5000;
    counter questions[4];
    counter replies[4];
    std::vector<weft::join_handle<void>> all;
    for (std::size_t i = 0; i < 4; ++i) {
      all.push_back(runtime.spawn(answers(questions[i], replies[i], rounds)));
      all.push_back(runtime.spawn(asks(questions[i], replies[i], rounds)));
    }
    for (auto& each : all) runtime.block_on(std::move(each));
  });
}
TEST(atomic_waker, loses_no_wake_up_from_threads) {
  on_every_runtime([](weft::runtime& runtime) {
    constexpr int rounds = 3000;
    counter questions;
    counter replies;
    std::thread outside([&] {
      for (int round = 1; round <= rounds; ++round) {
        questions.value.store(round);
        questions.waiter.wake();
        while (replies.value.load() < round) std::this_thread::yield();
      }
    });
    runtime.block_on(answers(questions, replies, rounds));
    outside.join();
  });
}

// Registered by one branch and then by another: the last one counts.
task<void> moves_between_branches() {
  counter shared;
  auto waits = [](counter& from, int target) -> task<void> { co_await reaches(from, target); };
  {
    auto [hung, other] = co_await weft::select_biased(waits(shared, 1), weft::yield_now());
    EXPECT_FALSE(hung.has_value());
  }
  auto sets = [](counter& of) -> task<void> {
    co_await weft::yield_now();
    of.value.store(1);
    of.waiter.wake();
  };
  co_await weft::join(weft::yield_now(), waits(shared, 1), sets(shared));
}
TEST(atomic_waker, may_be_registered_by_another_branch) {
  run_paused(moves_between_branches());
}

}  // namespace
