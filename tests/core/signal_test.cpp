#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/signal.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX's, not C's
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "net_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace net_test;
using weft::errc;

task<void> raise_it(int number) {
  ::raise(number);
  co_return;
}

task<result<void>> a_signal_is_heard() {
  auto [heard, raised] = co_await weft::join(weft::signal::on(SIGUSR1), raise_it(SIGUSR1));
  EXPECT_EQ(heard.value(), SIGUSR1);
  co_return {};
}
TEST(signal, a_signal_is_heard) {
  run(a_signal_is_heard());
}
TEST(signal, a_signal_is_heard_on_one_thread) {
  run_here(a_signal_is_heard());
}

// An operation listens from when it is made; an earlier signal is none of its business.
task<result<void>> one_that_came_before_the_await_is_heard() {
  auto first = weft::signal::on(SIGUSR1);
  ::raise(SIGUSR1);
  auto second = weft::signal::on(SIGUSR1);
  auto heard = co_await std::move(first);
  EXPECT_EQ(heard.value(), SIGUSR1);
  auto late = co_await weft::timeout(0ms, std::move(second));
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  co_return {};
}
TEST(signal, one_that_came_before_the_await_is_heard) {
  run(one_that_came_before_the_await_is_heard());
}

task<result<void>> a_listener_misses_nothing_between_awaits() {
  weft::signal::listener hangup(SIGHUP);
  for (int round = 0; round < 100; ++round) {
    ::raise(SIGHUP);
    auto heard = co_await or_return(hangup.next());
    EXPECT_EQ(heard, SIGHUP);
  }
  auto late = co_await weft::timeout(0ms, hangup.next());
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  ::raise(SIGHUP);
  ::raise(SIGHUP);
  co_await or_return(hangup.next());  // both at once
  late = co_await weft::timeout(0ms, hangup.next());
  EXPECT_FALSE(late.has_value());
  co_return {};
}
TEST(signal, a_listener_misses_nothing_between_awaits) {
  run(a_listener_misses_nothing_between_awaits());
}

// Of many in quick succession a listener hears at least one, and always the last.
task<result<void>> listeners_hear_the_last_of_a_burst() {
  weft::signal::listener first(weft::signal::kind::user_defined1);
  weft::signal::listener second(weft::signal::kind::user_defined1);
  for (int round = 0; round < 50; ++round) {
    std::thread burst([] {
      for (int index = 0; index < 20; ++index) ::kill(::getpid(), SIGUSR1);
    });
    auto heard = co_await or_return(first.next());
    EXPECT_EQ(heard, SIGUSR1);
    burst.join();
    ::raise(SIGUSR1);
    co_await or_return(first.next());
    co_await or_return(second.next());
  }
  co_return {};
}
TEST(signal, listeners_hear_the_last_of_a_burst) {
  run(listeners_hear_the_last_of_a_burst());
}

task<result<int>> wait_for(weft::detail::signal_operation made) {
  co_return co_await std::move(made);
}
task<result<void>> everybody_hears_it() {
  std::vector<weft::join_handle<result<int>>> waiting;
  for (int index = 0; index < 20; ++index)
    waiting.push_back(weft::spawn(wait_for(weft::signal::on(SIGUSR2))));
  ::raise(SIGUSR2);
  for (auto& one : waiting) {
    auto heard = co_await or_return(std::move(one));
    EXPECT_EQ(heard, SIGUSR2);
  }
  co_return {};
}
TEST(signal, everybody_hears_it) {
  run(everybody_hears_it());
}

TEST(signal, several_runtimes_hear_it) {
  auto first = weft::runtime::multi_thread().worker_threads(1).build();
  auto second = weft::runtime::current_thread().build();
  auto in_first = first.spawn(wait_for(weft::signal::on(SIGUSR1)));
  auto in_second = wait_for(weft::signal::on(SIGUSR1));
  ::raise(SIGUSR1);
  EXPECT_EQ(second.block_on(std::move(in_second)).value(), SIGUSR1);
  EXPECT_EQ(first.block_on(std::move(in_first)).value(), SIGUSR1);
}

task<result<void>> terminate_is_sigterm_or_ctrl_c() {
  for (int number : {SIGTERM, SIGINT}) {
    auto [heard, raised] = co_await weft::join(weft::signal::terminate(), raise_it(number));
    EXPECT_EQ(heard.value(), number);
  }
  auto [heard, raised] = co_await weft::join(weft::signal::ctrl_c(), raise_it(SIGINT));
  EXPECT_EQ(heard.value(), SIGINT);
  co_return {};
}
TEST(signal, terminate_is_sigterm_or_ctrl_c) {
  run(terminate_is_sigterm_or_ctrl_c());
}

task<result<void>> some_cannot_be_caught() {
  for (int number : {SIGKILL, SIGSTOP, SIGSEGV, 0, -1, 65, 1000}) {
    auto refused = co_await weft::signal::on(number);
    EXPECT_TRUE(!refused && refused.error() == errc::invalid_argument) << number;
    weft::signal::listener never(number);
    for (int round = 0; round < 2; ++round) {
      auto still = co_await never.next();
      EXPECT_FALSE(still.has_value());
    }
  }
  co_return {};
}
TEST(signal, some_cannot_be_caught) {
  run(some_cannot_be_caught());
}

std::atomic<int> called_before{0};
TEST(signal, a_handler_that_was_there_is_still_called) {
  struct sigaction mine{};
  mine.sa_handler = [](int) { ++called_before; };
  static const int installed =
      ::sigaction(SIGALRM, &mine, nullptr);  // once, also when the test is repeated
  ASSERT_EQ(installed, 0);
  called_before = 0;
  auto runtime = weft::runtime::current_thread().build();
  auto operation = wait_for(weft::signal::on(SIGALRM));
  ::raise(SIGALRM);
  EXPECT_EQ(runtime.block_on(std::move(operation)).value(), SIGALRM);
  EXPECT_EQ(called_before, 1);
}

// After the above, whose handler must be there before any of ours.
task<result<void>> every_kind_is_heard() {
  using weft::signal::kind;
  for (auto which :
       {kind::alarm, kind::child, kind::hangup, kind::interrupt, kind::io, kind::pipe, kind::quit,
        kind::terminate, kind::user_defined1, kind::user_defined2, kind::window_change}) {
    auto number = static_cast<int>(which);
    weft::signal::listener listener(which);
    weft::signal::listener same(number);
    auto once = weft::signal::on(which);
    ::raise(number);
    auto heard = co_await or_return(listener.next());
    EXPECT_EQ(heard, number);
    heard = co_await or_return(same.next());
    EXPECT_EQ(heard, number);
    heard = co_await or_return(std::move(once));
    EXPECT_EQ(heard, number);
    auto late = co_await weft::timeout(0ms, listener.next());
    EXPECT_FALSE(late.has_value());
  }
  weft::signal::listener real_time(SIGRTMIN + 3);
  ::raise(SIGRTMIN + 3);
  auto heard = co_await or_return(real_time.next());
  EXPECT_EQ(heard, SIGRTMIN + 3);
  co_return {};
}
TEST(signal, every_kind_is_heard) {
  run(every_kind_is_heard());
}

TEST(signal, one_for_which_nobody_listens_any_more_is_ignored) {
  {
    auto unused = weft::signal::on(SIGUSR1);
  }
  {
    auto unused = weft::signal::terminate();
  }
  ::raise(SIGUSR1);
  ::raise(SIGTERM);  // the default would have ended us
}

TEST(signal_death_test, a_second_ctrl_c_ends_the_program) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto twice = [] {
    auto runtime = weft::runtime::current_thread().build();
    auto operation = wait_for(weft::signal::ctrl_c());
    ::raise(SIGINT);
    if (runtime.block_on(std::move(operation)) != SIGINT) ::_exit(1);
    ::raise(SIGINT);
    ::_exit(2);
  };
  EXPECT_EXIT(twice(), testing::KilledBySignal(SIGINT), "");
}

task<result<void>> without_descriptors_it_says_so() {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  auto operation = weft::signal::on(SIGUSR1);
  auto next = ::dup(STDIN_FILENO);  // the number that the next descriptor gets
  ::close(next);
  rlimit none{static_cast<rlim_t>(next), before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  auto failed = co_await std::move(operation);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(!failed && failed.error() == std::errc::too_many_files_open)
      << failed.error().message();
  co_return {};
}
TEST(signal, without_descriptors_it_says_so) {
  if (needs_descriptors()) GTEST_SKIP() << "UBSan needs descriptors";
  run(without_descriptors_it_says_so());
}

// Signals from other threads while listeners come and go.
task<result<void>> come_and_go(const std::atomic<bool>& stop) {
  while (!stop) {
    auto heard = co_await weft::timeout(1ms, weft::signal::on(SIGUSR2));
    EXPECT_TRUE(heard.has_value() || heard.error() == errc::timed_out);
  }
  co_return {};
}
TEST(signal, listeners_come_and_go_under_fire) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  {
    auto installed = weft::signal::on(SIGUSR2);
  }
  std::atomic<bool> stop{false};
  std::vector<weft::join_handle<result<void>>> tasks;
  for (int index = 0; index < 8; ++index)
    tasks.push_back(runtime.spawn(come_and_go, std::cref(stop)));
  for (int shot = 0; shot < 2000; ++shot) ::kill(::getpid(), SIGUSR2);
  stop = true;
  for (auto& one : tasks) EXPECT_TRUE(runtime.block_on(std::move(one)).has_value());
}

}  // namespace
