#include <weft/cancellation_token.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::cancel_reason;
using weft::cancellation_token;
using weft::errc;
using weft::result;

TEST(cancellation_token, is_not_cancelled_until_it_is) {
  cancellation_token token;
  EXPECT_FALSE(token.is_cancelled());
  EXPECT_EQ(token.reason(), std::nullopt);
  EXPECT_TRUE(token.cancel());
  EXPECT_TRUE(token.is_cancelled());
  EXPECT_EQ(token.reason(), cancel_reason::user);
}

TEST(cancellation_token, keeps_the_first_reason) {
  cancellation_token token;
  EXPECT_TRUE(token.cancel(cancel_reason::deadline));
  EXPECT_FALSE(token.cancel(cancel_reason::shutdown));
  EXPECT_EQ(token.reason(), cancel_reason::deadline);
}

TEST(cancellation_token, copies_are_the_same_token) {
  cancellation_token token;
  auto copy = token;
  EXPECT_EQ(copy, token);
  EXPECT_NE(token.child_token(), token);
  copy.cancel();
  EXPECT_TRUE(token.is_cancelled());
}

TEST(cancellation_token, cancels_downward_never_upward) {
  cancellation_token root;
  auto left = root.child_token();
  auto right = root.child_token();
  auto leaf = left.child_token();
  left.cancel(cancel_reason::disconnect);
  EXPECT_TRUE(left.is_cancelled());
  EXPECT_EQ(leaf.reason(), cancel_reason::disconnect);
  EXPECT_FALSE(root.is_cancelled());
  EXPECT_FALSE(right.is_cancelled());
  root.cancel(cancel_reason::shutdown);
  EXPECT_EQ(right.reason(), cancel_reason::shutdown);
  EXPECT_EQ(leaf.reason(), cancel_reason::disconnect);
}

TEST(cancellation_token, children_of_a_cancelled_token_are_cancelled) {
  cancellation_token token;
  token.cancel(cancel_reason::shutdown);
  EXPECT_EQ(token.child_token().reason(), cancel_reason::shutdown);
  EXPECT_EQ(token.child_token().child_token().reason(), cancel_reason::shutdown);
}

TEST(cancellation_token, reaches_those_below_a_token_that_nobody_holds) {
  cancellation_token root;
  auto leaf = root.child_token().child_token().child_token();
  root.cancel();
  EXPECT_TRUE(leaf.is_cancelled());
}

TEST(cancellation_token, children_may_outlive_it_and_come_and_go) {
  std::vector<cancellation_token> kept;
  {
    cancellation_token root;
    for (int index = 0; index < 200; ++index) {
      auto child = root.child_token();
      if (index % 3 == 0) kept.push_back(child);
    }
    kept.erase(kept.begin() + 10, kept.begin() + 30);
    root.cancel();
  }
  for (auto& child : kept) EXPECT_TRUE(child.is_cancelled());
}

TEST(cancellation_token, a_long_chain_neither_overflows_the_stack_when_cancelled_nor_when_dropped) {
  cancellation_token root;
  auto end = root;
  for (int depth = 0; depth < 100'000; ++depth) end = end.child_token();
  root.cancel();
  EXPECT_TRUE(end.is_cancelled());
}

TEST(cancellation_token, dropping_it_cancels_nothing) {
  std::optional<cancellation_token> root(std::in_place);
  auto child = root->child_token();
  root.reset();
  EXPECT_FALSE(child.is_cancelled());
}

TEST(cancellation_token, wakes_all_who_wait_in_the_subtree) {
  run_paused([]() -> task<void> {
    cancellation_token root;
    auto child = root.child_token();
    int told = 0;
    auto wait = [](cancellation_token token, int* count) -> task<void> {
      auto why = co_await token.cancelled();
      EXPECT_EQ(why, cancel_reason::shutdown);
      ++*count;
    };
    std::vector<weft::join_handle<void>> waiting;
    for (int index = 0; index < 50; ++index) {
      waiting.push_back(weft::spawn(wait(root, &told)));
      waiting.push_back(weft::spawn(wait(child, &told)));
      waiting.push_back(weft::spawn(wait(child.child_token(), &told)));
    }
    co_await settle();
    EXPECT_EQ(told, 0);
    root.cancel(cancel_reason::shutdown);
    for (auto& one : waiting) (void)co_await one;
    EXPECT_EQ(told, 150);
  }());
}

TEST(cancellation_token, waiting_is_done_at_once_when_it_is_cancelled) {
  run_paused([]() -> task<void> {
    cancellation_token token;
    token.cancel(cancel_reason::deadline);
    auto why = co_await token.cancelled();
    EXPECT_EQ(why, cancel_reason::deadline);
  }());
}

TEST(cancellation_token, the_wait_keeps_it_alive) {
  run_paused([]() -> task<void> {
    auto wait = cancellation_token().cancelled();
    auto [cancelled, late] = co_await weft::select(std::move(wait), weft::sleep(1ms));
    EXPECT_TRUE(late);
  }());
}

TEST(cancellation_token, who_stops_waiting_is_forgotten) {
  run_paused([]() -> task<void> {
    cancellation_token token;
    auto waiting = weft::spawn(
        [](cancellation_token of) -> task<void> { (void)co_await of.cancelled(); }(token));
    co_await settle();
    waiting.abort();
    (void)co_await std::move(waiting);
    token.cancel();
  }());
}

TEST(cancellation_token, runs_an_operation_until_it_is_cancelled) {
  run_paused([]() -> task<void> {
    cancellation_token token;
    auto done = co_await token.run_until_cancelled(value_task(4));
    EXPECT_EQ(done.value(), 4);
    auto flat = co_await token.run_until_cancelled(value_task(result<int>(5)));
    EXPECT_EQ(flat.value(), 5);
    auto nothing = co_await token.run_until_cancelled(weft::yield_now());
    EXPECT_TRUE(nothing.has_value());

    auto stopper = weft::spawn([](cancellation_token of) -> task<void> {
      co_await weft::sleep(3ms);
      of.cancel();
    }(token));
    auto before = weft::time::now();
    auto stopped = co_await token.run_until_cancelled(weft::sleep(1h));
    EXPECT_TRUE(stopped.error() == errc::cancelled);
    EXPECT_LT(weft::time::now() - before, 1s);
    auto not_started = co_await token.run_until_cancelled(value_task(6));
    EXPECT_TRUE(not_started.error() == errc::cancelled);
    (void)co_await std::move(stopper);
  }());
}

TEST(cancellation_token, a_guard_cancels_when_it_is_dropped) {
  cancellation_token token;
  auto child = token.child_token();
  {
    auto guard = child.drop_guard(cancel_reason::disconnect);
    auto moved = std::move(guard);
    EXPECT_FALSE(child.is_cancelled());
  }
  EXPECT_EQ(child.reason(), cancel_reason::disconnect);
  {
    auto guard = token.drop_guard();
    guard.disarm();
  }
  EXPECT_FALSE(token.is_cancelled());
}

}  // namespace
