#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/stream.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sync_support.hpp"

namespace {

using namespace task_test;
using weft::errc;
using weft::or_return;
using weft::result;
using weft::stream;

stream<int> numbers(int count) {
  for (int i = 0; i < count; ++i) co_yield i;
}

static_assert(weft::stream_like<stream<int>>);
static_assert(weft::stream_like<stream<int>&>);
static_assert(!weft::fallible_stream<stream<int>>);
static_assert(weft::fallible_stream<stream<result<std::string>>>);
static_assert(std::same_as<weft::stream_item_t<stream<result<std::string>>>, std::string>);
static_assert(std::same_as<weft::stream_next_t<stream<int>>, std::optional<int>>);
static_assert(std::same_as<weft::stream_next_t<stream<result<int>>>, result<std::optional<int>>>);
static_assert(!weft::stream_like<int>);
static_assert(!weft::stream_like<std::vector<int>>);
static_assert(!std::copyable<stream<int>>);

task<std::vector<int>> all_of(stream<int> from) {
  std::vector<int> all;
  while (auto next = co_await from.next()) all.push_back(*next);
  co_return all;
}

TEST(stream, yields_what_its_body_yields_in_order) {
  EXPECT_EQ(run_paused(all_of(numbers(4))), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(run_paused(all_of(numbers(0))), std::vector<int>{});
}

task<void> ends_for_ever() {
  auto two = numbers(2);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(co_await two.next(), i);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await two.next(), std::nullopt);
  auto moved = std::move(two);
  EXPECT_EQ(co_await moved.next(), std::nullopt);
  EXPECT_EQ(co_await two.next(), std::nullopt);  // NOLINT(bugprone-use-after-move): said to end
  stream<int> none;
  EXPECT_EQ(co_await none.next(), std::nullopt);
}
TEST(stream, after_the_end_it_yields_nothing_for_ever) {
  run_paused(ends_for_ever());
}

stream<int> tells(std::string& story, census::member) {
  story += "begins ";
  last_words at_end(story, "ends");
  co_yield 1;
  story += "goes-on ";
  co_yield 2;
}
task<void> is_lazy() {
  census alive;
  std::string story;
  {
    auto unused = tells(story, alive.join());
    EXPECT_EQ(alive.alive(), 1);
  }
  EXPECT_EQ(story, "");
  EXPECT_EQ(alive.alive(), 0);
  {
    auto begun = tells(story, alive.join());
    EXPECT_EQ(story, "");
    EXPECT_EQ(co_await begun.next(), 1);
    EXPECT_EQ(story, "begins ");
  }
  EXPECT_EQ(story, "begins ends ");
  story.clear();
  auto whole = tells(story, alive.join());
  for (int i = 1; i < 3; ++i) EXPECT_EQ(co_await whole.next(), i);
  auto end = co_await whole.next();
  EXPECT_EQ(end, std::nullopt);
  EXPECT_EQ(story, "begins goes-on ends ");
  EXPECT_EQ(alive.alive(), 0) << "the frame outlived the end";
  whole = tells(story, alive.join());
  EXPECT_EQ(co_await whole.next(), 1);
  whole = stream<int>();
  EXPECT_EQ(alive.alive(), 0) << "assignment destroys what was there";
}
TEST(stream, is_lazy_and_is_destroyed_wherever_it_is) {
  run_paused(is_lazy());
}

stream<int> naps(int count) {
  for (int i = 0; i < count; ++i) {
    co_await weft::sleep(10ms);
    co_yield i;
  }
}
task<void> waits_in_between() {
  auto started = weft::time::now();
  auto three = naps(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await three.next(), i);
  EXPECT_EQ(co_await three.next(), std::nullopt);
  EXPECT_EQ(weft::time::now() - started, 30ms);
}
TEST(stream, awaits_between_its_items) {
  run_paused(waits_in_between());
}

struct only_moves {
  explicit only_moves(int number) : value(std::make_unique<int>(number)) {}
  std::unique_ptr<int> value;
};
stream<only_moves> movable(int count) {
  for (int i = 0; i < count; ++i) {
    only_moves made(i);
    co_yield std::move(made);
    co_yield only_moves(-i);
  }
}
stream<result<only_moves>> movable_or_not() {
  co_yield only_moves(7);
  result<only_moves> second(only_moves(8));
  co_yield std::move(second);
  co_yield weft::fail(errc::closed);
}
task<result<void>> moves_items() {
  auto items = movable(2);
  std::vector<int> seen;
  while (auto item = co_await items.next()) seen.push_back(*item->value);
  EXPECT_EQ(seen, (std::vector<int>{0, 0, 1, -1}));
  auto more = movable_or_not();
  auto first = co_await or_return(more.next());
  EXPECT_EQ(*first->value, 7);
  auto second = co_await or_return(more.next());
  EXPECT_EQ(*second->value, 8);
  auto third = co_await more.next();
  EXPECT_TRUE(!third && third.error() == errc::closed);
  co_return {};
}
TEST(stream, items_need_neither_copies_nor_a_default) {
  EXPECT_TRUE(run_paused(moves_items()).has_value());
}

stream<std::string> names() {
  const std::string name = "weft";
  co_yield name;
  std::string again = name;
  co_yield again;
  co_yield again;  // it was copied, and is still there
  co_yield "literal";
}
task<void> converts() {
  auto some = names();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await some.next(), "weft");
  EXPECT_EQ(co_await some.next(), "literal");
}
TEST(stream, what_has_a_name_is_copied) {
  run_paused(converts());
}

// ---- errors

task<result<int>> checked(int value) {
  if (value == 3) co_return weft::fail(errc::not_found, "three");
  co_return value;
}
task<result<int>> checked_late(int value) {
  co_await weft::yield_now();
  co_return co_await checked(value);
}

enum class failing {
  as_fail,
  as_errc,
  as_error,
  as_result,
  of_result,
  of_task,
  of_late_task,
  of_leaf,
  of_late_leaf
};

stream<result<int>> fails_at_three(failing how, census& alive) {
  auto here = alive.join();
  co_yield 1;
  co_yield 2;
  if (how == failing::as_fail) co_yield weft::fail(errc::not_found, "three");
  if (how == failing::as_errc) co_yield errc::not_found;
  if (how == failing::as_error) co_yield weft::error(errc::not_found, "three");
  result<int> failed = weft::fail(errc::not_found);
  if (how == failing::as_result) co_yield failed;
  if (how == failing::of_result) co_await or_return(failed);
  if (how == failing::of_task) co_yield co_await or_return(checked(3));
  if (how == failing::of_late_task) co_yield co_await or_return(checked_late(3));
  if (how == failing::of_leaf) co_await or_return(ready(result<int>(failed)));
  if (how == failing::of_late_leaf) co_await or_return(weft::timeout(1ms, never()));
  ADD_FAILURE() << "went on after the error";
}

task<void> fails(failing how) {
  census alive;
  auto some = fails_at_three(how, alive);
  for (int i = 1; i < 3; ++i) {
    auto next = co_await some.next();
    EXPECT_TRUE(next.has_value() && *next == i);
  }
  auto failed = co_await some.next();
  auto wanted = how == failing::of_late_leaf ? errc::timed_out : errc::not_found;
  EXPECT_TRUE(!failed && failed.error() == wanted);
  EXPECT_EQ(alive.alive(), 0) << "the frame is gone before the caller goes on";
  for (int i = 0; i < 2; ++i) {
    auto end = co_await some.next();
    EXPECT_TRUE(end.has_value() && !*end);
  }
}
TEST(stream, an_error_ends_it_however_it_is_said) {
  for (auto how : {failing::as_fail, failing::as_errc, failing::as_error, failing::as_result,
                   failing::of_result, failing::of_task, failing::of_late_task, failing::of_leaf,
                   failing::of_late_leaf}) {
    SCOPED_TRACE(static_cast<int>(how));
    run_paused(fails(how));
  }
}

stream<result<int>> doubled(stream<result<int>> from) {
  while (auto next = co_await or_return(from.next())) co_yield 2 * *next;
}
task<result<int>> sum(stream<result<int>> from) {
  int total = 0;
  while (auto next = co_await or_return(from.next())) total += *next;
  co_return total;
}
stream<result<int>> counts(int upto) {
  for (int i = 1; i <= upto; ++i) co_yield co_await or_return(checked_late(i));
}
task<void> passes_errors_on() {
  auto good = co_await sum(doubled(doubled(counts(2))));
  EXPECT_EQ(good.value(), 12);
  auto bad = co_await sum(doubled(doubled(counts(5))));
  EXPECT_TRUE(!bad && bad.error() == errc::not_found);
}
TEST(stream, or_return_passes_an_error_on_through_streams_and_tasks) {
  run_paused(passes_errors_on());
}

stream<int> throws_after(int count, census& alive, bool late) {
  auto here = alive.join();
  for (int i = 0; i < count; ++i) co_yield i;
  if (late) co_await weft::yield_now();
  throw std::runtime_error("thrown");
}
task<void> throws(int count, bool late) {
  census alive;
  auto some = throws_after(count, alive, late);
  for (int i = 0; i < count; ++i) EXPECT_EQ(co_await some.next(), i);
  std::string what;
  try {
    (void)co_await some.next();
  } catch (const std::runtime_error& thrown) {
    what = thrown.what();
  }
  EXPECT_EQ(what, "thrown");
  EXPECT_EQ(alive.alive(), 0);
  EXPECT_EQ(co_await some.next(), std::nullopt);
}
TEST(stream, what_its_body_throws_comes_out_of_next_and_ends_it) {
  for (int count : {0, 1, 3}) {
    run_paused(throws(count, false));
    run_paused(throws(count, true));
  }
}

// ---- cancellation

stream<int> waits_for(flag& until, census& alive) {
  auto here = alive.join();
  co_yield 1;
  co_await until.wait();
  co_yield 2;
}
task<void> destroyed_while_it_waits() {
  census alive;
  flag until;
  {
    auto some = waits_for(until, alive);
    EXPECT_EQ(co_await some.next(), 1);
    auto [next, other] = co_await weft::select(some.next(), weft::yield_now());
    EXPECT_FALSE(next.has_value());
    EXPECT_EQ(until.waiting(), 1) << "a next() that is dropped leaves the body where it is";
  }
  EXPECT_EQ(until.waiting(), 0);
  EXPECT_EQ(alive.alive(), 0);
  until.wake_for_nothing();
}
TEST(stream, destroying_it_cancels_what_it_waits_for) {
  run_paused(destroyed_while_it_waits());
}

task<void> drops_next(flag& until, stream<int>& some) {
  for (int i = 0; i < 5; ++i) {
    auto [next, other] = co_await weft::select(some.next(), weft::yield_now());
    EXPECT_FALSE(next.has_value());
  }
  auto late = co_await weft::timeout(1ms, some.next());
  EXPECT_FALSE(late.has_value());
  EXPECT_EQ(until.waiting(), 1);
}
task<void> goes_on_where_it_was() {
  census alive;
  flag until;
  auto some = waits_for(until, alive);
  EXPECT_EQ(co_await some.next(), 1);
  co_await drops_next(until, some);
  until.set();
  auto moved = std::move(some);
  EXPECT_EQ(co_await moved.next(), 2);
  EXPECT_EQ(co_await moved.next(), std::nullopt);
}
TEST(stream, goes_on_where_it_was_after_next_was_dropped) {
  run_paused(goes_on_where_it_was());
}

// A body that is suspended in whatever remembers the branch that it began in.
enum class waiting_in { leaf, select, timeout, join, task, stream, many, end };

task<int> two_steps(flag& until) {
  co_await weft::yield_now();
  co_await until.wait();
  co_return 1;
}
stream<int> one_after(flag& until) {
  co_await until.wait();
  co_yield 1;
}
task<void> nested_join(flag& until, int depth) {
  if (depth == 0) {
    co_await until.wait();
  } else {
    (void)co_await weft::join(weft::sleep(1ms), weft::sleep(2ms), weft::sleep(3ms),
                              nested_join(until, depth - 1));
  }
}
stream<int> suspends_in(waiting_in what, flag& until) {
  for (int round = 0;; ++round) {
    if (what == waiting_in::leaf) co_await until.wait();
    if (what == waiting_in::select) {
      auto [set, late] = co_await weft::select(two_steps(until), weft::sleep(1h));
      EXPECT_TRUE(set.has_value());
    }
    if (what == waiting_in::timeout) {
      auto came = co_await weft::timeout(1h, two_steps(until));
      EXPECT_TRUE(came.has_value());
    }
    if (what == waiting_in::join) {
      auto [one, nap] = co_await weft::join(two_steps(until), weft::sleep(1ms));
      EXPECT_EQ(one, 1);
    }
    if (what == waiting_in::task) {
      auto one = co_await two_steps(until);
      EXPECT_EQ(one, 1);
    }
    if (what == waiting_in::stream) {
      auto inner = one_after(until);
      auto one = co_await inner.next();
      EXPECT_EQ(one, 1);
    }
    if (what == waiting_in::many) co_await nested_join(until, 15);
    co_yield round;
  }
}

// Begins next() in a task, drops it there, and hands the stream to another one.
task<stream<int>> begins(stream<int> some) {
  auto [next, other] = co_await weft::select(some.next(), weft::sleep(1ms));
  EXPECT_FALSE(next.has_value());
  co_return some;
}
task<stream<int>> sets_and_takes(stream<int> some, flag& until, int expected) {
  auto [next, set] = co_await weft::join(some.next(), [](flag& what) -> task<void> {
    co_await weft::yield_now();
    what.set();
  }(until));
  EXPECT_EQ(next, expected);
  co_return some;
}
task<void> travels(waiting_in what) {
  flag until;
  auto some = suspends_in(what, until);
  for (int hop = 0; hop < 4; ++hop) {
    auto handed = co_await weft::spawn(begins(std::move(some)));
    some = std::move(handed).value();
  }
  auto back = co_await weft::spawn(sets_and_takes(std::move(some), until, 0));
  some = std::move(back).value();
  EXPECT_EQ(co_await some.next(), 1) << "and goes on";
}
TEST(stream, may_move_to_another_task_wherever_its_body_is_suspended) {
  for (int what = 0; what < static_cast<int>(waiting_in::end); ++what) {
    SCOPED_TRACE(what);
    run_paused(travels(static_cast<waiting_in>(what)));
    auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
    runtime.block_on(travels(static_cast<waiting_in>(what)));
  }
}

// Looks at a next() once, and lets it go though it was ready.
class looks_once : public weft::leaf_awaiter<looks_once> {
 public:
  explicit looks_once(stream<int>& at) : inner_(at.next().operator co_await()) {}
  bool poll() noexcept {
    was_ready_ = inner_.poll();
    return true;
  }
  bool take() noexcept { return was_ready_; }

 private:
  decltype(std::declval<stream<int>&>().next().operator co_await()) inner_;
  bool was_ready_ = false;
};
class look_operation {
 public:
  explicit look_operation(stream<int>& at) : at_(&at) {}
  auto operator co_await() && { return looks_once(*at_); }

 private:
  stream<int>* at_;
};
task<void> keeps_what_nobody_took() {
  auto some = numbers(2);
  for (int expected = 0; expected < 2; ++expected) {
    for (int looks = 0; looks < 3; ++looks) {
      auto was_ready = co_await look_operation(some);
      EXPECT_TRUE(was_ready);
    }
    EXPECT_EQ(co_await some.next(), expected);
  }
  auto was_ready = co_await look_operation(some);
  EXPECT_TRUE(was_ready);
  EXPECT_EQ(co_await some.next(), std::nullopt);
}
TEST(stream, an_item_that_nobody_took_comes_with_the_following_next) {
  run_paused(keeps_what_nobody_took());
}

task<void> asks_twice() {
  flag until;
  auto some = one_after(until);
  (void)co_await weft::join(some.next(), some.next());
}
TEST(stream_death, next_is_awaited_once_at_a_time) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(run_paused(asks_twice()), "while another one of the same stream was pending");
}

task<void> aborted_while_it_waits(bool begun) {
  census alive;
  flag until;
  auto consume = [](stream<int> some) -> task<void> {
    while (auto next = co_await some.next()) EXPECT_EQ(*next, 1);
  };
  auto handle = weft::spawn(consume(waits_for(until, alive)));
  if (begun) co_await settle();
  EXPECT_EQ(until.waiting(), begun ? 1 : 0);
  handle.abort();
  auto ended = co_await std::move(handle);
  EXPECT_TRUE(!ended && ended.error() == errc::task_aborted);
  EXPECT_EQ(until.waiting(), 0);
}
TEST(stream, goes_with_the_task_that_is_aborted) {
  run_paused(aborted_while_it_waits(true));
  run_paused(aborted_while_it_waits(false));
}

// ---- fairness and depth

stream<int> for_ever() {
  for (int i = 0;; ++i) co_yield i;
}
task<void> consumes_until(bool& stop) {
  auto endless = for_ever();
  while (auto next = co_await endless.next()) {
    if (stop) co_return;
  }
}
task<void> lets_others_run() {
  bool stop = false;
  auto handle = weft::spawn(consumes_until(stop));
  co_await settle();
  stop = true;
  EXPECT_TRUE((co_await std::move(handle)).has_value());
}
TEST(stream, one_that_is_always_ready_lets_others_run) {
  run_paused(lets_others_run());
}

stream<int> yields_between() {
  for (int i = 0; i < 3; ++i) {
    co_await weft::yield_now();
    (void)co_await weft::select(weft::yield_now(), never());
    co_yield i;
  }
}
TEST(stream, yield_now_within_it_lets_the_task_go_on_later) {
  EXPECT_EQ(run_paused(all_of(yields_between())), (std::vector<int>{0, 1, 2}));
}

stream<int> through(stream<int> from) {
  while (auto next = co_await from.next()) co_yield *next + 1;
}
TEST(stream, streams_of_streams_nest) {
  auto deep = naps(3);
  for (int depth = 0; depth < 50; ++depth) deep = through(std::move(deep));
  EXPECT_EQ(run_paused(all_of(std::move(deep))), (std::vector<int>{50, 51, 52}));
}

task<int> counts_to(int many) {
  int count = 0;
  auto some = numbers(many);
  while (auto next = co_await some.next()) ++count;
  co_return count;
}
TEST(stream, many_items_take_no_stack) {
  EXPECT_EQ(run_paused(counts_to(100'000)), 100'000);
}

// ---- stress

stream<int> random_waits(dice chance, int count, census::member) {
  for (int i = 0; i < count; ++i) {
    switch (chance.below(6)) {
      case 0:
        co_await weft::sleep(1ms);
        break;
      case 1:
        (void)co_await weft::select(weft::sleep(1ms), weft::yield_now());
        break;
      case 2:
        (void)co_await weft::join(weft::yield_now(), weft::sleep(1ms), weft::yield_now());
        break;
      case 3: {
        auto other = weft::spawn([]() -> task<int> { co_return 1; });
        auto one = co_await std::move(other);
        EXPECT_TRUE(one.has_value());
        break;
      }
      case 4:
        co_await weft::yield_now();
        break;
      default:
        break;
    }
    co_yield i;
  }
}
// Takes some items, under a select that often drops next(); the rest is for the following task.
task<std::pair<stream<int>, int>> takes_some(stream<int> from, int next, dice chance, bool& ended) {
  for (unsigned tries = chance.below(6); tries > 0; --tries) {
    auto [came, other] =
        co_await weft::select(from.next(), weft::sleep(chance.one_in(2) ? 0ms : 1ms));
    if (!came) continue;
    if (!*came) {
      ended = true;
      break;
    }
    EXPECT_EQ(**came, next);
    next = **came + 1;
  }
  co_return std::pair(std::move(from), next);
}
task<void> handed_around(dice chance, census& alive) {
  auto some = random_waits(chance.fork(), 20, alive.join());
  bool ended = false;
  int next = 0;
  while (!ended) {
    auto handle = weft::spawn(takes_some(std::move(some), next, chance.fork(), ended));
    if (chance.one_in(40)) handle.abort();
    auto back = co_await std::move(handle);
    if (!back) co_return;
    some = std::move(back->first);
    next = back->second;
  }
  EXPECT_EQ(next, 20) << "an item was lost";
}
TEST(stream_stress, is_handed_from_task_to_task_while_suspended) {
  census alive;
  auto runtime = weft::runtime::multi_thread().worker_threads(4).build();
  stress_time time;
  for (std::uint64_t round = 1; !time.over(); ++round) {
    std::vector<weft::join_handle<void>> all;
    all.reserve(30);
    for (std::uint64_t index = 0; index < 30; ++index) {
      all.push_back(runtime.spawn(handed_around(dice(round * 100 + index), alive)));
    }
    runtime.block_on([](std::vector<weft::join_handle<void>>& handles) -> task<void> {
      for (auto& handle : handles) (void)co_await std::move(handle);
    }(all));
  }
}

}  // namespace
