#include <weft/callback.hpp>
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
using weft::callback;
using weft::errc;
using weft::result;

task<void> called_before_the_await() {
  auto [done, answer] = callback<int>();
  EXPECT_TRUE(done.is_wanted());
  EXPECT_FALSE(answer.is_done());
  EXPECT_TRUE(done(7));
  EXPECT_TRUE(answer.is_done());
  auto value = co_await std::move(answer);
  static_assert(std::same_as<decltype(value), result<int>>);
  EXPECT_EQ(value.value(), 7);
}
TEST(callback, may_be_called_before_somebody_waits) {
  run_paused(called_before_the_await());
}

task<void> called_by_a_thread(unsigned round) {
  auto [done, answer] = callback<std::string>();
  std::thread library([call = std::move(done), round] {
    for (unsigned i = 0; i < round % 5; ++i) std::this_thread::yield();
    EXPECT_TRUE(call(std::string(100, 'x')));
  });
  auto value = co_await std::move(answer);
  EXPECT_EQ(value.value(), std::string(100, 'x'));
  library.join();
}
TEST(callback, may_be_called_by_any_thread) {
  on_every_runtime([](weft::runtime& runtime) {
    for (unsigned round = 0; round < 100; ++round) runtime.block_on(called_by_a_thread(round));
  });
}

task<void> of_every_kind() {
  auto [say, said] = callback();
  EXPECT_TRUE(say());
  auto nothing = co_await std::move(said);
  static_assert(std::same_as<decltype(nothing), result<void>>);
  EXPECT_TRUE(nothing.has_value());

  auto [move, moved] = callback<std::unique_ptr<int>>();
  EXPECT_TRUE(move(std::make_unique<int>(3)));
  auto owned = co_await std::move(moved);
  EXPECT_EQ(**owned, 3);

  auto [flat, flattened] = callback<result<int>>();
  EXPECT_TRUE(flat(result<int>(weft::fail(errc::not_found))));
  auto failed = co_await std::move(flattened);
  static_assert(std::same_as<decltype(failed), result<int>>);
  EXPECT_TRUE(failed.error() == errc::not_found);

  auto [fail, failure] = callback<int>();
  EXPECT_TRUE(fail.fail(errc::overloaded));
  auto error = co_await std::move(failure);
  EXPECT_TRUE(error.error() == errc::overloaded);
}
TEST(callback, carries_values_errors_and_nothing) {
  run_paused(of_every_kind());
}

task<void> calls_twice() {
  auto [done, answer] = callback<int>();
  auto copy = done;
  EXPECT_TRUE(copy(1));
  EXPECT_FALSE(done(2));
  EXPECT_FALSE(done.fail(errc::closed));
  EXPECT_FALSE(done.is_wanted());
  auto value = co_await std::move(answer);
  EXPECT_EQ(value.value(), 1);
}
TEST(callback, the_first_call_counts) {
  run_paused(calls_twice());
}

TEST(callback, of_many_callers_at_once_one_counts) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  auto races = []() -> task<void> {
    auto [done, answer] = callback<int>();
    std::atomic<int> counted{0};
    std::vector<std::thread> callers;
    for (int i = 0; i < 3; ++i) {
      callers.emplace_back([copy = done, &counted, i] { counted.fetch_add(copy(i)); });
    }
    auto value = co_await std::move(answer);
    for (auto& each : callers) each.join();
    EXPECT_TRUE(value.has_value());
    EXPECT_EQ(counted.load(), 1);
  };
  for (int round = 0; round < 100; ++round) runtime.block_on(races());
}

task<void> nobody_calls(bool waits_first) {
  auto [done, answer] = callback<int>();
  auto drops = [](weft::completion<int> last, bool later) -> task<void> {
    auto copy = last;
    if (later) co_await weft::yield_now();
  };
  auto [value, nothing] =
      co_await weft::join(std::move(answer), drops(std::move(done), waits_first));
  EXPECT_TRUE(!value.has_value() && value.error() == errc::closed);
}
TEST(callback, without_a_call_it_closes_when_the_last_copy_is_gone) {
  run_paused(nobody_calls(false));
  run_paused(nobody_calls(true));
}

TEST(callback, a_call_that_nobody_waits_for_comes_to_nothing) {
  census values;
  auto [done, answer] = callback<census::member>();
  {
    auto dropped = std::move(answer);
  }
  EXPECT_FALSE(done.is_wanted());
  EXPECT_FALSE(done(values.join()));
  EXPECT_EQ(values.alive(), 0);

  auto [late, unread] = callback<census::member>();
  EXPECT_TRUE(late(values.join()));
  EXPECT_EQ(values.alive(), 1);
  {
    auto dropped = std::move(unread);
  }
  {
    auto last = std::move(late);
  }
  EXPECT_EQ(values.alive(), 0) << "a value that nobody read goes with the last end";
}

task<void> gives_up(flag& gave_up) {
  auto [done, answer] = callback<int>();
  std::thread library([call = std::move(done), &gave_up] {
    while (call.is_wanted()) std::this_thread::yield();
    gave_up.set();
  });
  auto late = co_await weft::timeout(1ms, std::move(answer));
  EXPECT_FALSE(late.has_value());
  library.join();
  EXPECT_TRUE(gave_up.is_set()) << "the library is not told that nobody waits any more";
}
TEST(callback, tells_the_library_when_nobody_waits_any_more) {
  on_every_runtime([](weft::runtime& runtime) {
    flag gave_up;
    runtime.block_on(gives_up(gave_up));
  });
}

task<void> is_borrowed() {
  auto [done, answer] = callback<int>();
  auto borrows = [](weft::callback_result<int>& from) -> task<result<int>> {
    co_return co_await from;
  };
  for (int round = 0; round < 3; ++round) {
    auto late = co_await weft::timeout(1ms, borrows(answer));
    EXPECT_FALSE(late.has_value());
  }
  EXPECT_TRUE(done(5));
  auto value = co_await answer;
  EXPECT_EQ(value.value(), 5);
}
TEST(callback, borrowed_it_can_be_waited_for_again) {
  run_paused(is_borrowed());
}

// As C libraries do it.
void c_library(void (*call)(void* user, int value), void* user) {
  call(user, 9);
}
task<void> through_c() {
  auto [done, answer] = callback<int>();
  c_library([](void* user, int value) { weft::completion<int>::from_pointer(user)(value); },
            std::move(done).into_pointer());
  auto value = co_await std::move(answer);
  EXPECT_EQ(value.value(), 9);
}
TEST(callback, goes_through_a_void_pointer) {
  run_paused(through_c());
}

task<void> through_a_function() {
  auto [done, answer] = callback<int>();
  std::function<void(int)> copied = [done](int value) { done(value); };
  {
    auto other = std::move(done);
  }
  auto again = copied;
  again(4);
  auto value = co_await std::move(answer);
  EXPECT_EQ(value.value(), 4);
}
TEST(callback, fits_a_function) {
  run_paused(through_a_function());
}

class throws_when_copied {
 public:
  throws_when_copied() = default;
  throws_when_copied(const throws_when_copied&) { throw std::runtime_error("copied"); }
  throws_when_copied(throws_when_copied&&) noexcept = default;
};
task<void> of_a_value_that_throws() {
  auto [done, answer] = callback<throws_when_copied>();
  throws_when_copied value;
  EXPECT_THROW(done(value), std::runtime_error);
  auto got = co_await std::move(answer);
  EXPECT_TRUE(!got.has_value() && got.error() == errc::closed) << "the waiting side must not hang";
}
TEST(callback, a_value_that_cannot_be_stored_closes_it) {
  run_paused(of_a_value_that_throws());
}

// Either side disappears at any moment.
TEST(callback, both_ends_may_go_at_the_same_time) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  auto races = [](unsigned round) -> task<void> {
    auto [done, answer] = callback<std::string>();
    std::thread library([call = std::move(done), round]() mutable {
      for (unsigned i = 0; i < round % 7; ++i) std::this_thread::yield();
      if (round % 3 == 0) {
        auto dropped = std::move(call);
      } else {
        (void)call(std::string(50, 'y'));
      }
    });
    auto [value, other] = co_await weft::select(std::move(answer), weft::yield_now());
    if (value && round % 3) {
      EXPECT_EQ(value->value(), std::string(50, 'y'));
    }
    library.join();
  };
  for (unsigned round = 0; round < 500; ++round) runtime.block_on(races(round));
}

}  // namespace
