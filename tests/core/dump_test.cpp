#include <weft/dump.hpp>
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/stream.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <thread>

#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

task<void> innermost(flag& until) {
  co_await until.wait();
}
task<void> in_the_middle(flag& until) {
  co_await innermost(until);
}
task<void> outermost(flag& until) {
  co_await in_the_middle(until);
}

weft::stream<int> waits_within(flag& until) {
  co_await in_the_middle(until);
  co_yield 1;
}
task<void> consumes(flag& until) {
  auto some = waits_within(until);
  while (auto next = co_await some.next()) EXPECT_EQ(*next, 1);
}
task<std::string> dumps_a_stream() {
  flag until;
  auto handle = weft::spawn(consumes(until));
  co_await weft::yield_now();
  auto text = weft::dump_tasks();
  until.set();
  (void)co_await std::move(handle);
  co_return text;
}
TEST(dump_tasks, shows_what_a_stream_waits_on_below_who_waits_for_it) {
  auto text = run_paused(dumps_a_stream());
  auto asks = text.find("waits on next of a stream");
  auto body = text.find("waits on flag");
  ASSERT_NE(asks, std::string::npos) << text;
  ASSERT_NE(body, std::string::npos) << text;
  EXPECT_LT(asks, body);
  EXPECT_THAT(text.substr(asks, body - asks), HasSubstr("consumes"));
  EXPECT_THAT(text.substr(body),
              AllOf(HasSubstr("innermost"), HasSubstr("in_the_middle"), HasSubstr("waits_within")));
}

task<std::string> dumps_a_chain() {
  flag until;
  auto handle = weft::spawn(outermost(until));
  co_await weft::yield_now();
  auto text = weft::dump_tasks();
  until.set();
  co_await std::move(handle);
  co_return text;
}
TEST(dump_tasks, shows_where_a_task_waits_and_the_awaits_that_led_there) {
  auto text = run_paused(dumps_a_chain());
  EXPECT_THAT(text, HasSubstr("2 live tasks"));
  EXPECT_THAT(text, HasSubstr("waits on flag"));
  EXPECT_THAT(text, HasSubstr("dump_test.cpp"));
  auto inner = text.find("innermost");
  auto middle = text.find("in_the_middle");
  auto outer = text.find("outermost");
  EXPECT_NE(inner, std::string::npos) << text;
  EXPECT_LT(inner, middle) << text;
  EXPECT_LT(middle, outer) << text;
  EXPECT_NE(outer, std::string::npos) << text;
}

task<std::string> dumps_branches() {
  flag until;
  auto tree = [](flag& leaf) -> task<void> {
    co_await weft::select(weft::sleep(1h), weft::join(innermost(leaf), never()),
                          weft::timeout(2h, in_the_middle(leaf)));
  };
  auto handle = weft::spawn(tree(until));
  co_await weft::yield_now();
  auto text = weft::dump_tasks();
  handle.abort();
  (void)co_await std::move(handle);
  co_return text;
}
TEST(dump_tasks, shows_every_branch) {
  auto text = run_paused(dumps_branches());
  EXPECT_THAT(text, HasSubstr("waits on sleep"));
  EXPECT_THAT(text, HasSubstr("waits on never"));
  EXPECT_THAT(text, HasSubstr("in a branch of select"));
  EXPECT_THAT(text, HasSubstr("in a branch of join"));
  EXPECT_THAT(text, HasSubstr("in a branch of timeout"));
}

task<void> hangs_in(int count) {
  if (count == 1) {
    co_await never();
  } else {
    co_await weft::join(hangs_in(count / 2), hangs_in(count - count / 2));
  }
}
task<std::string> dumps_hubs() {
  auto handle = weft::spawn(hangs_in(100));
  co_await weft::yield_now();
  auto text = weft::dump_tasks();
  handle.abort();
  (void)co_await std::move(handle);
  co_return text;
}
TEST(dump_tasks, shows_branches_beyond_the_bits_of_the_task) {
  auto text = run_paused(dumps_hubs());
  int shown = 0;
  for (auto at = text.find("waits on never"); at != std::string::npos;
       at = text.find("waits on never", at + 1)) {
    ++shown;
  }
  EXPECT_EQ(shown, 100);
}

task<std::string> dumps_states() {
  flag until;
  auto ready = weft::spawn(weft::yield_now());
  auto text = weft::dump_tasks();
  (void)co_await std::move(ready);
  co_return text;
}
TEST(dump_tasks, names_tasks_that_run_or_are_ready) {
  EXPECT_THAT(run_paused(dumps_states()), AllOf(HasSubstr(": running"), HasSubstr(": ready")));
}

TEST(dump_tasks, tells_where_a_task_was_spawned) {
  auto runtime = paused_runtime();
  flag until;
  auto handle = runtime.spawn(outermost(until));
  auto line = std::to_string(__LINE__ - 1);
  EXPECT_THAT(runtime.dump_tasks(),
              AllOf(HasSubstr("1 live tasks"), HasSubstr("dump_test.cpp:" + line)));
  until.set();
  runtime.block_on(std::move(handle));
  EXPECT_THAT(runtime.dump_tasks(), HasSubstr("0 live tasks"));
}

TEST(dump_tasks, outside_a_runtime_is_empty) {
  EXPECT_EQ(weft::dump_tasks(), "");
}

task<void> prints(std::FILE* out) {
  weft::dump_tasks(out);
  co_return;
}
TEST(dump_tasks, writes_to_a_file) {
  char* text = nullptr;
  std::size_t size = 0;
  auto* out = ::open_memstream(&text, &size);
  run_paused(prints(out));
  std::fclose(out);
  EXPECT_THAT(std::string(text, size), HasSubstr("1 live tasks"));
  std::free(text);
}

// A dump holds each task for a moment. What wakes, aborts or joins it meanwhile must not be lost,
// and tasks that change under it must do no harm.
task<void> ping(flag* flags, int rounds, int first) {
  for (int round = first; round < rounds; round += 2) {
    co_await flags[round].wait();
    flags[round + 1].set();
  }
}
TEST(dump_tasks, loses_no_wake_up_of_tasks_that_it_looks_at) {
  on_every_runtime([](weft::runtime& runtime) {
    constexpr int rounds = 2000;
    auto flags = std::make_unique<flag[]>(rounds + 1);
    std::atomic<bool> stop{false};
    std::thread dumping([&] {
      while (!stop.load()) (void)runtime.dump_tasks();
    });
    auto first = runtime.spawn(ping(flags.get(), rounds, 0));
    auto second = runtime.spawn(ping(flags.get(), rounds, 1));
    flags[0].set();
    runtime.block_on(std::move(first));
    runtime.block_on(std::move(second));
    stop.store(true);
    dumping.join();
  });
}
TEST(dump_tasks, looks_at_tasks_that_come_and_go) {
  on_every_runtime([](weft::runtime& runtime) {
    std::atomic<bool> stop{false};
    std::thread dumping([&] {
      while (!stop.load()) (void)runtime.dump_tasks();
    });
    auto comes_and_goes = []() -> task<void> {
      for (int round = 0; round < 300; ++round) {
        auto hung = weft::spawn(hangs_in(1 + round % 50));
        auto done = weft::spawn(weft::join(weft::yield_now(), weft::timeout(1ms, never())));
        co_await weft::yield_now();
        hung.abort();
        (void)co_await std::move(hung);
        if (round % 8 == 0) (void)co_await std::move(done);
      }
    };
    runtime.block_on(comes_and_goes());
    stop.store(true);
    dumping.join();
  });
}

}  // namespace
