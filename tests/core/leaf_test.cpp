// The leaf protocol: awaiters and operations of one's own.
#include <weft/join.hpp>
#include <weft/leaf.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;

// As the header's comment has it.
struct signal_flag {
  std::atomic<bool> set{false};
  weft::atomic_waker waiter;
  bool is_set() const noexcept { return set.load(); }
};
class ready_flag : public weft::leaf_awaiter<ready_flag> {
 public:
  explicit ready_flag(signal_flag& flag) noexcept : flag_(flag) {}
  ~ready_flag() { flag_.waiter.clear(); }
  static constexpr const char* name = "ready flag";
  bool poll() noexcept {
    if (flag_.is_set()) return true;
    flag_.waiter.register_current();
    return flag_.is_set();
  }
  void take() noexcept {}

 private:
  signal_flag& flag_;
};
class flag_operation {
 public:
  explicit flag_operation(signal_flag& flag) noexcept : flag_(&flag) {}
  auto operator co_await() && noexcept { return ready_flag(*flag_); }

 private:
  signal_flag* flag_;
};
static_assert(weft::awaitable<flag_operation>);
static_assert(std::is_void_v<weft::await_result_t<flag_operation>>);
static_assert(weft::awaitable<task<int>> && std::same_as<weft::await_result_t<task<int>>, int>);

// Awaiters nest by value: this one polls another from its own poll, and adds to its value.
template <weft::awaitable Operation>
class plus_one_awaiter : public weft::leaf_awaiter<plus_one_awaiter<Operation>> {
 public:
  explicit plus_one_awaiter(Operation&& inner) : inner_(std::move(inner).operator co_await()) {}
  static constexpr const char* name = "plus one";
  bool poll() noexcept { return inner_.poll(); }
  int take() { return inner_.take() + 1; }

 private:
  decltype(std::declval<Operation&&>().operator co_await()) inner_;
};
template <weft::awaitable Operation>
class plus_one_operation {
 public:
  explicit plus_one_operation(Operation inner) : inner_(std::move(inner)) {}
  auto operator co_await() && { return plus_one_awaiter<Operation>(std::move(inner_)); }

 private:
  Operation inner_;
};

template <weft::awaitable Operation>
plus_one_operation<Operation> plus_one(Operation inner) {
  return plus_one_operation<Operation>(std::move(inner));
}

class value_later {
 public:
  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    awaiter(signal_flag& flag, int value) noexcept : inner_(flag), value_(value) {}
    static constexpr const char* name = "value later";
    bool poll() noexcept { return inner_.poll(); }
    int take() { return value_; }

   private:
    ready_flag inner_;
    int value_;
  };
  value_later(signal_flag& flag, int value) noexcept : flag_(&flag), value_(value) {}
  auto operator co_await() && noexcept { return awaiter(*flag_, value_); }

 private:
  signal_flag* flag_;
  int value_;
};

task<void> sets(signal_flag& flag, int after) {
  for (int i = 0; i < after; ++i) co_await weft::yield_now();
  flag.set.store(true);
  flag.waiter.wake();
}

task<void> awaits_own_operations(int after) {
  signal_flag flag;
  auto setter = weft::spawn([&flag, after] { return sets(flag, after); });
  co_await flag_operation(flag);
  EXPECT_TRUE(flag.is_set());
  co_await std::move(setter);

  signal_flag second;
  auto [value, nothing] = co_await weft::join(value_later(second, 4), sets(second, after));
  EXPECT_EQ(value, 4);

  signal_flag third;
  auto [nested, done] =
      co_await weft::join(plus_one(plus_one(value_later(third, 5))), sets(third, after));
  EXPECT_EQ(nested, 7);
}
TEST(leaf, operations_of_ones_own_are_awaited_like_those_of_weft) {
  on_every_runtime([](weft::runtime& runtime) {
    for (int after : {0, 1, 5}) runtime.block_on(awaits_own_operations(after));
  });
}

task<void> own_operations_as_branches() {
  signal_flag never_set;
  signal_flag flag;
  auto setter = weft::spawn([&flag] { return sets(flag, 2); });
  auto [first, second] =
      co_await weft::select(flag_operation(never_set), plus_one(value_later(flag, 1)));
  EXPECT_EQ(second, 2);
  auto late = co_await weft::timeout(5ms, flag_operation(never_set));
  EXPECT_FALSE(late.has_value());
  auto joined = co_await weft::spawn(plus_one(value_later(flag, 2)));
  EXPECT_EQ(joined.value(), 3);
  co_await std::move(setter);
}
TEST(leaf, operations_of_ones_own_are_branches_and_roots) {
  run_paused(own_operations_as_branches());
}

// Composites of weft nest in awaiters of one's own, too.
template <weft::awaitable Operation>
class counts_polls {
 public:
  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    awaiter(Operation&& inner, int& polls)
        : inner_(std::move(inner).operator co_await()), polls_(polls) {}
    bool poll() noexcept {
      ++polls_;
      return inner_.poll();
    }
    decltype(auto) take() { return inner_.take(); }

   private:
    decltype(std::declval<Operation&&>().operator co_await()) inner_;
    int& polls_;
  };
  counts_polls(Operation inner, int& polls) : inner_(std::move(inner)), polls_(&polls) {}
  auto operator co_await() && { return awaiter(std::move(inner_), *polls_); }

 private:
  Operation inner_;
  int* polls_;
};
// What an operation lends to branches of its own while it is looked at first must not be what it is
// woken by itself.
task<void> sets_in_turn(std::vector<flag*> flags) {
  for (auto* each : flags) {
    for (int i = 0; i < 3; ++i) co_await weft::yield_now();
    each->set();
  }
}
task<void> lends_branches(std::vector<int> order) {
  std::array<flag, 4> flags;
  std::vector<flag*> in_order;
  for (auto index : order) in_order.push_back(&flags[static_cast<std::size_t>(index)]);
  auto setter = weft::spawn(sets_in_turn(std::move(in_order)));
  int polls = 0;
  auto inner = weft::join(flags[0].wait(), flags[1].wait());
  auto counted = counts_polls(std::move(inner), polls);
  auto outer = weft::join(std::move(counted), flags[2].wait(), flags[3].wait());
  co_await std::move(outer);
  for (auto& each : flags) EXPECT_EQ(each.waiting(), 0);
  co_await std::move(setter);
}
TEST(leaf, operations_of_ones_own_may_have_branches) {
  std::vector<int> order{0, 1, 2, 3};
  do {
    run_paused(lends_branches(order));
  } while (std::next_permutation(order.begin(), order.end()));
}

task<int> after_yields(int yields, int value) {
  for (int i = 0; i < yields; ++i) co_await weft::yield_now();
  co_return value;
}
task<void> composites_nest() {
  int polls = 0;
  auto [a, b] = co_await counts_polls(weft::join(after_yields(1, 1), after_yields(3, 2)), polls);
  EXPECT_EQ(a + b, 3);
  EXPECT_EQ(polls, 2) << "expected: at the start and at the end";
  auto limited = co_await counts_polls(weft::timeout(1s, after_yields(2, 4)), polls);
  EXPECT_EQ(limited.value(), 4);
  auto [first, second] = co_await weft::select(
      counts_polls(weft::select(never(), after_yields(2, 5)), polls), after_yields(9, 6));
  EXPECT_TRUE(first && std::get<1>(*first) == 5);
}
TEST(leaf, composites_nest_in_awaiters_of_ones_own) {
  run_paused(composites_nest());
}

// Life and death of an awaiter.

class tracked {
 public:
  class awaiter : public weft::leaf_awaiter<awaiter> {
   public:
    awaiter(std::string& story, int polls, bool throws) noexcept
        : story_(story), polls_(polls), throws_(throws) {}
    ~awaiter() { story_ += "gone "; }
    bool poll() noexcept {
      story_ += "poll ";
      if (polls_-- == 0) return true;
      weft::waker::current().wake();
      return false;
    }
    int take() {
      story_ += "take ";
      if (throws_) throw std::runtime_error("take");
      return 1;
    }

   private:
    std::string& story_;
    int polls_;
    bool throws_;
  };
  tracked(std::string& story, int polls, bool throws = false) noexcept
      : story_(&story), polls_(polls), throws_(throws) {}
  auto operator co_await() && noexcept { return awaiter(*story_, polls_, throws_); }

 private:
  std::string* story_;
  int polls_;
  bool throws_;
};
task<void> tells(std::string& story, int polls) {
  co_await tracked(story, polls);
  story += "next ";
}
TEST(leaf, is_polled_until_done_then_taken_then_destroyed) {
  std::string story;
  run_paused(tells(story, 0));
  EXPECT_EQ(story, "poll take gone next ");
  story.clear();
  run_paused(tells(story, 2));
  EXPECT_EQ(story, "poll poll poll take gone next ");
}
task<void> tells_of_a_branch(std::string& story, int polls) {
  co_await weft::join(tracked(story, polls));
  story += "next ";
}
TEST(leaf, as_a_branch_is_destroyed_as_soon_as_it_was_taken) {
  std::string story;
  run_paused(tells_of_a_branch(story, 0));
  EXPECT_EQ(story, "poll take gone next ");
  story.clear();
  run_paused(tells_of_a_branch(story, 1));
  EXPECT_EQ(story, "poll poll take gone next ");
}
task<void> tells_of_an_exception(std::string& story, int polls) {
  try {
    (void)co_await tracked(story, polls, true);
  } catch (const std::runtime_error&) {
    story += "caught ";
  }
}
TEST(leaf, what_take_throws_comes_out_of_the_co_await) {
  std::string story;
  run_paused(tells_of_an_exception(story, 0));
  EXPECT_EQ(story, "poll take gone caught ");
  story.clear();
  run_paused(tells_of_an_exception(story, 1));
  EXPECT_EQ(story, "poll poll take gone caught ");
}
task<void> is_cancelled(std::string& story) {
  (void)co_await weft::select_biased(tracked(story, 100), after_yields(1, 1));
  story += "next ";
}
TEST(leaf, cancelled_is_destroyed_without_being_taken) {
  std::string story;
  run_paused(is_cancelled(story));
  EXPECT_EQ(story.substr(story.size() - 10), "gone next ");
  EXPECT_EQ(story.find("take"), std::string::npos);
}

}  // namespace
