#include <weft/dump.hpp>
#include <weft/sync/mpsc.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/semaphore.hpp>
#include <weft/time.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "sync_stress.hpp"

namespace {

using namespace task_test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using weft::sync::mutex;
using weft::sync::semaphore;

/// For the time of a test.
class tracking {
 public:
  tracking() { weft::track_lock_waits(true); }
  tracking(const tracking&) = delete;
  ~tracking() { weft::track_lock_waits(false); }
};

task<void> waits_for_the_mutex(mutex<int>& number) {
  auto held = co_await number.lock();
}
task<void> waits_for_a_permit(semaphore& slots) {
  auto permit = co_await slots.acquire();
}

TEST(dump_locks, ranks_locks_and_places_by_waiting_time) {
  tracking on;
  auto text = run_paused([]() -> task<std::string> {
    mutex<int> number(0);
    semaphore slots(0);
    auto held = co_await number.lock();
    std::vector<weft::join_handle<void>> waiting;
    waiting.push_back(weft::spawn(waits_for_a_permit(slots)));
    co_await weft::sleep(3ms);
    for (int index = 0; index < 2; ++index) {
      waiting.push_back(weft::spawn(waits_for_the_mutex(number)));
    }
    co_await weft::sleep(5ms);
    auto dumped = weft::dump_locks();
    held.unlock();
    slots.add_permits(1);
    for (auto& one : waiting) (void)co_await one;
    EXPECT_EQ(weft::dump_locks(), "0 contended locks\n") << "nobody waits any more";
    co_return dumped;
  }());
  EXPECT_THAT(text, StartsWith("2 contended locks\n"));
  EXPECT_THAT(text, HasSubstr("mutex: 2 waiting, 10.000 ms in all, the longest 5.000 ms"));
  EXPECT_THAT(text, HasSubstr("semaphore: 1 waiting, 8.000 ms in all, the longest 8.000 ms"));
  EXPECT_LT(text.find("  mutex"), text.find("  semaphore")) << text;
  EXPECT_THAT(text, HasSubstr("waits_for_the_mutex"));
  EXPECT_THAT(text, HasSubstr("dump_locks_test.cpp"));
  EXPECT_THAT(text, HasSubstr("waits_for_a_permit"));
}

TEST(dump_locks, a_channel_that_is_full_is_one) {
  tracking on;
  run_paused([]() -> task<void> {
    auto [tx, rx] = weft::sync::mpsc<int>(1);
    EXPECT_TRUE(tx.try_send(1));
    auto sending = weft::spawn([](auto to) -> task<void> { (void)co_await to.send(2); }(tx));
    co_await settle();
    EXPECT_THAT(weft::dump_locks(), HasSubstr("mpsc sender: 1 waiting"));
    sending.abort();
    (void)co_await std::move(sending);
    EXPECT_EQ(weft::dump_locks(), "0 contended locks\n") << "who gives up does not wait";
  }());
}

TEST(dump_locks, a_branch_is_told_apart) {
  tracking on;
  run_paused([]() -> task<void> {
    mutex<int> number(0);
    auto held = co_await number.lock();
    auto waiting = weft::spawn([](mutex<int>& of) -> task<void> {
      (void)co_await weft::select(waits_for_the_mutex(of), never());
    }(number));
    co_await settle();
    EXPECT_THAT(weft::dump_locks(),
                AllOf(HasSubstr("mutex: 1 waiting"), HasSubstr("waits_for_the_mutex")));
    waiting.abort();
    (void)co_await std::move(waiting);
  }());
}

TEST(dump_locks, threads_are_told_of_without_a_place) {
  tracking on;
  mutex<int> number(0);
  auto held = number.try_lock();
  std::thread other([&number] { (void)number.blocking_lock(); });
  std::string text;
  while (text.find("1 contended") == std::string::npos) text = weft::dump_locks();
  EXPECT_THAT(text, HasSubstr("or a thread: 1 waiting"));
  held.unlock();
  other.join();
}

TEST(dump_locks, knows_nothing_while_it_is_off) {
  run_paused([]() -> task<void> {
    mutex<int> number(0);
    auto held = co_await number.lock();
    auto waiting = weft::spawn(waits_for_the_mutex(number));
    co_await settle();
    EXPECT_EQ(weft::dump_locks(), "0 contended locks\n");
    EXPECT_FALSE(weft::track_lock_waits(true));
    EXPECT_EQ(weft::dump_locks(), "0 contended locks\n") << "it came before";
    auto later = weft::spawn(waits_for_the_mutex(number));
    co_await settle();
    EXPECT_THAT(weft::dump_locks(), HasSubstr("mutex: 1 waiting"));
    EXPECT_TRUE(weft::track_lock_waits(false));
    EXPECT_EQ(weft::dump_locks(), "0 contended locks\n");
    held.unlock();
    (void)co_await std::move(waiting);
    (void)co_await std::move(later);
  }());
}

TEST(dump_locks, is_written_to_a_file) {
  auto* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  weft::dump_locks(file);
  std::rewind(file);
  char line[64] = {};
  EXPECT_NE(std::fgets(line, sizeof line, file), nullptr);
  EXPECT_STREQ(line, "0 contended locks\n");
  std::fclose(file);
}

TEST(stress_dump_locks, may_be_asked_for_and_switched_at_any_time) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto rounds = [](stress_time time) -> task<void> {
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      dice chance(seed);
      mutex<int> number(0);
      auto use = [](mutex<int>& of, dice luck) -> task<void> {
        for (int round = 0; round < 20; ++round) {
          auto [held, other] = co_await weft::select(of.lock(), distraction(luck));
          if (held) co_await weft::yield_now();
        }
      };
      std::vector<weft::join_handle<void>> all;
      for (std::uint64_t index = 0; index < 10; ++index) {
        all.push_back(weft::spawn(use(number, dice(seed * 100 + index))));
      }
      for (int round = 0; round < 10; ++round) {
        weft::track_lock_waits(chance.below(4) != 0);
        EXPECT_THAT(weft::dump_locks(), HasSubstr("contended locks"));
        co_await weft::yield_now();
      }
      for (auto& one : all) (void)co_await one;
    }
    weft::track_lock_waits(false);
  };
  runtime.block_on(rounds(stress_time(3)));
}

}  // namespace
