// or_return, the `?` of Rust: wherever it may stand, and whatever it is given.
#include <weft/join.hpp>
#include <weft/select.hpp>
#include <weft/task.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
using weft::errc;
using weft::fail;
using weft::or_return;
using weft::result;

enum class how { value, error, exception };

result<int> plain(how end) {
  if (end == how::error) return fail(errc::not_found, "plain");
  return 1;
}
task<result<int>> immediate(how end) {
  if (end == how::exception) throw std::runtime_error("immediate");
  if (end == how::error) co_return fail(errc::not_found, "immediate");
  co_return 2;
}
task<result<int>> suspending(how end) {
  co_await weft::yield_now();
  if (end == how::exception) throw std::runtime_error("suspending");
  if (end == how::error) co_return fail(errc::not_found, "suspending");
  co_return 3;
}

// An operation that yields a result, at once or after it was polled twice.
class operation {
 public:
  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    awaiter(how end, int polls) noexcept : end_(end), polls_(polls) {}
    bool poll() noexcept {
      if (polls_-- == 0) return true;
      weft::waker::current().wake();
      return false;
    }
    result<int> take() {
      if (end_ == how::exception) throw std::runtime_error("operation");
      if (end_ == how::error) return fail(errc::not_found, "operation");
      return 4;
    }

   private:
    how end_;
    int polls_;
  };
  operation(how end, int polls) noexcept : end_(end), polls_(polls) {}
  auto operator co_await() && noexcept { return awaiter(end_, polls_); }

 private:
  how end_;
  int polls_;
};

task<result<int>> of_a_result(how end, bool& went_on) {
  auto value = co_await or_return(plain(end));
  went_on = true;
  co_return value;
}
task<result<int>> of_a_named_result(how end, bool& went_on) {
  const auto source = plain(end);
  auto value = co_await or_return(source);
  went_on = true;
  co_return value;
}
task<result<int>> of_an_immediate_task(how end, bool& went_on) {
  auto value = co_await or_return(immediate(end));
  went_on = true;
  co_return value;
}
task<result<int>> of_a_suspending_task(how end, bool& went_on) {
  auto value = co_await or_return(suspending(end));
  went_on = true;
  co_return value;
}
task<result<int>> of_a_ready_operation(how end, bool& went_on) {
  auto value = co_await or_return(operation(end, 0));
  went_on = true;
  co_return value;
}
task<result<int>> of_a_pending_operation(how end, bool& went_on) {
  auto value = co_await or_return(operation(end, 2));
  went_on = true;
  co_return value;
}

using form = task<result<int>> (*)(how, bool&);
struct named_form {
  const char* name;
  form make;
  int value;
};
constexpr named_form forms[] = {
    {"a result", of_a_result, 1},
    {"a named result", of_a_named_result, 1},
    {"an immediate task", of_an_immediate_task, 2},
    {"a suspending task", of_a_suspending_task, 3},
    {"a ready operation", of_a_ready_operation, 4},
    {"a pending operation", of_a_pending_operation, 4},
};

TEST(or_return, yields_the_value) {
  for (const auto& each : forms) {
    SCOPED_TRACE(each.name);
    bool went_on = false;
    auto ended = run_paused(each.make(how::value, went_on));
    EXPECT_EQ(ended.value(), each.value);
    EXPECT_TRUE(went_on);
  }
}

TEST(or_return, an_error_ends_the_enclosing_coroutine_with_it) {
  for (const auto& each : forms) {
    SCOPED_TRACE(each.name);
    bool went_on = false;
    auto ended = run_paused(each.make(how::error, went_on));
    ASSERT_FALSE(ended.has_value());
    EXPECT_TRUE(ended.error() == errc::not_found);
    EXPECT_FALSE(ended.error().context().empty()) << "the error lost its context on the way";
    EXPECT_FALSE(went_on) << "the coroutine was resumed after the error";
  }
}

TEST(or_return, an_exception_goes_its_own_way) {
  for (const auto& each : forms) {
    if (each.value == 1) continue;  // a result does not throw
    SCOPED_TRACE(each.name);
    bool went_on = false;
    EXPECT_THROW((void)run_paused(each.make(how::exception, went_on)), std::runtime_error);
    EXPECT_FALSE(went_on);
  }
}

task<result<void>> checks(bool good) {
  if (!good) co_return fail(errc::invalid_state);
  co_return {};
}
task<result<std::string>> changes_type(bool good) {
  co_await or_return(checks(good));
  co_return "good";
}
task<result<std::unique_ptr<int>>> moves_only() {
  auto made = co_await or_return(result<std::unique_ptr<int>>(std::make_unique<int>(9)));
  auto passed = co_await or_return(value_task(result<std::unique_ptr<int>>(std::move(made))));
  co_return passed;
}
task<result<int>> gives_up() {
  co_await or_return(fail(errc::unsupported));
  co_return 1;
}
TEST(or_return, passes_errors_between_value_types_and_moves_values) {
  EXPECT_EQ(run_paused(changes_type(true)).value(), "good");
  EXPECT_TRUE(run_paused(changes_type(false)).error() == errc::invalid_state);
  EXPECT_EQ(*run_paused(moves_only()).value(), 9);
  EXPECT_TRUE(run_paused(gives_up()).error() == errc::unsupported);
}

// Through many levels: the error passes over all frames, and none of them is resumed.

task<result<int>> climbs(int levels, how end, bool suspends, census::member kept, int& resumed) {
  if (levels == 0) {
    if (suspends) co_await weft::yield_now();
    if (end == how::exception) throw std::runtime_error("bottom");
    if (end == how::error) co_return fail(errc::not_found, "bottom");
    co_return 0;
  }
  auto below = co_await or_return(climbs(levels - 1, end, suspends, kept, resumed));
  ++resumed;
  co_return below + 1;
}
task<void> looks_down(int levels, how end, bool suspends, census& frames) {
  int resumed = 0;
  bool caught = false;
  try {
    auto ended = co_await climbs(levels, end, suspends, frames.join(), resumed);
    EXPECT_EQ(frames.alive(), 0) << "the caller goes on while frames below are alive";
    EXPECT_EQ(ended.has_value(), end == how::value);
    EXPECT_EQ(ended.value_or(-1), end == how::value ? levels : -1);
  } catch (const std::runtime_error&) {
    EXPECT_EQ(frames.alive(), 0);
    caught = true;
  }
  EXPECT_EQ(caught, end == how::exception);
  EXPECT_EQ(resumed, end == how::value ? levels : 0);
}
TEST(or_return, carries_an_error_through_1_to_1000_levels) {
  for (int levels : {1, 2, 3, 10, 100, 1000}) {
    for (auto end : {how::value, how::error, how::exception}) {
      for (bool suspends : {false, true}) {
        SCOPED_TRACE("levels: " + std::to_string(levels));
        census frames;
        run_paused(looks_down(levels, end, suspends, frames));
      }
    }
  }
}

// Alternating with a level that looks at the error, and with one that catches exceptions.
task<result<int>> falls_back(int levels, census::member kept) {
  if (levels == 0) co_return fail(errc::not_found);
  auto below = co_await falls_back(levels - 1, kept);
  if (!below && levels % 2) co_return -1;
  co_await or_return(result<void>());
  auto value = co_await or_return(std::move(below));
  co_return value - 1;
}
TEST(or_return, an_error_may_be_handled_on_the_way) {
  census frames;
  EXPECT_EQ(run_paused(falls_back(1, frames.join())).value(), -1);
  EXPECT_EQ(run_paused(falls_back(5, frames.join())).value(), -5);
}

// In the places where a coroutine has no caller.

TEST(or_return, ends_a_spawned_root) {
  on_every_runtime([](weft::runtime& runtime) {
    for (const auto& each : forms) {
      SCOPED_TRACE(each.name);
      bool went_on = false;
      auto handle = runtime.spawn(each.make(how::error, went_on));
      auto ended = runtime.block_on(std::move(handle));
      ASSERT_FALSE(ended.has_value());
      EXPECT_TRUE(ended.error() == errc::not_found) << ended.error().message();
      EXPECT_FALSE(went_on);
    }
  });
}

task<void> in_branches(form make) {
  bool first_went_on = false;
  bool second_went_on = false;
  auto [first, second] =
      co_await weft::join(make(how::error, first_went_on), make(how::value, second_went_on));
  EXPECT_FALSE(first.has_value());
  EXPECT_FALSE(first_went_on);
  EXPECT_TRUE(second.has_value());
  EXPECT_TRUE(second_went_on);
  auto [won, lost] = co_await weft::select(make(how::error, first_went_on), never());
  EXPECT_TRUE(won && !won->has_value());
  auto limited = co_await weft::timeout(1s, make(how::error, first_went_on));
  EXPECT_TRUE(!limited.has_value() && limited.error() == errc::not_found);
}
TEST(or_return, ends_a_branch) {
  for (const auto& each : forms) {
    SCOPED_TRACE(each.name);
    run_paused(in_branches(each.make));
  }
}

// Of join_handles and of composites.
task<result<int>> through_a_handle(how end) {
  auto handle = weft::spawn(suspending(end));
  auto value = co_await or_return(std::move(handle));
  co_return value + 10;
}
task<result<int>> through_a_timeout(how end) {
  auto value = co_await or_return(weft::timeout(1s, suspending(end)));
  co_return value + 20;
}
task<result<int>> through_a_late_timeout() {
  co_await or_return(weft::timeout(1s, never()));
  co_return 0;
}
task<result<int>> through_a_try_join(how end) {
  auto [left, right] = co_await or_return(weft::try_join(suspending(end), immediate(how::value)));
  co_return left + right + 30;
}
TEST(or_return, takes_handles_timeouts_and_try_joins) {
  EXPECT_EQ(run_paused(through_a_handle(how::value)).value(), 13);
  EXPECT_TRUE(run_paused(through_a_handle(how::error)).error() == errc::not_found);
  EXPECT_TRUE(run_paused(through_a_handle(how::exception)).error() == errc::task_failed);
  EXPECT_EQ(run_paused(through_a_timeout(how::value)).value(), 23);
  EXPECT_TRUE(run_paused(through_a_timeout(how::error)).error() == errc::not_found);
  EXPECT_TRUE(run_paused(through_a_late_timeout()).error() == errc::timed_out);
  EXPECT_EQ(run_paused(through_a_try_join(how::value)).value(), 35);
  EXPECT_TRUE(run_paused(through_a_try_join(how::error)).error() == errc::not_found);
}

// The frame that or_return abandons is destroyed with its locals, before its caller goes on: a
// lock that it holds is free again.
task<result<void>> fails_with_a_guard(std::string& story, bool suspends) {
  last_words guard(story, "guard");
  if (suspends) co_await weft::yield_now();
  co_await or_return(fail(errc::closed));
  story += "went on ";
  co_return {};
}
task<void> sees_the_guard_gone(std::string& story, bool suspends) {
  (void)co_await fails_with_a_guard(story, suspends);
  story += "caller ";
}
TEST(or_return, destroys_the_abandoned_frame_before_its_caller_goes_on) {
  for (bool suspends : {false, true}) {
    std::string story;
    run_paused(sees_the_guard_gone(story, suspends));
    EXPECT_EQ(story, "guard caller ");
  }
}

task<result<long>> counts_results(int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += co_await or_return(immediate(how::value));
    sum += co_await or_return(plain(how::value));
  }
  co_return sum;
}
TEST(or_return, in_a_loop_of_half_a_million_needs_no_stack) {
  EXPECT_EQ(run_paused(counts_results(500'000)).value(), 1'500'000);
}

task<result<long>> fails_from_below(int levels) {
  if (levels == 0) co_return fail(errc::not_found);
  auto below = co_await or_return(fails_from_below(levels - 1));
  co_return below + 1;
}
TEST(or_return, an_error_rises_through_many_awaits_without_resuming_them) {
  EXPECT_TRUE(run_paused(fails_from_below(destroyed_depth)).error() == errc::not_found);
}

}  // namespace
