// Who sits in the driver, who waits elsewhere, and that nobody is kept from events.
#include "scheduler/parking.hpp"

#include <weft/net/unix.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <optional>
#include <semaphore>
#include <thread>
#include <vector>

#include "task_support.hpp"

namespace {

using weft::or_return;
using weft::detail::idle_state;
using weft::detail::parking;
using ending = parking::ending;

constexpr int for_ever = -1;

struct parked : testing::Test {
  parking seats;
  idle_state idle{4};
  std::atomic<bool> stopping{false};
  parking::place first;
  parking::place second;

  ending wait(parking::place& at, int timeout_ms) {
    return seats.wait(at, timeout_ms, idle, stopping);
  }
  void wake_when_it_waits() {
    while (!seats.wake_one()) std::this_thread::yield();
  }
};

TEST_F(parked, one_has_the_seat) {
  EXPECT_TRUE(seats.take_seat());
  EXPECT_FALSE(seats.take_seat());
  seats.leave_seat();
  EXPECT_TRUE(seats.take_seat());
}

TEST_F(parked, nobody_waits_while_the_seat_is_free) {
  EXPECT_EQ(wait(first, for_ever), ending::seat_is_free);
  EXPECT_FALSE(seats.wake_one()) << "it is gone from the list";
}

TEST_F(parked, nobody_waits_when_a_wake_up_is_under_way) {
  ASSERT_TRUE(seats.take_seat());
  (void)idle.park(false);
  ASSERT_TRUE(idle.claim_wake());
  EXPECT_EQ(wait(first, for_ever), ending::woken);
}

TEST_F(parked, nobody_waits_when_all_is_to_end) {
  ASSERT_TRUE(seats.take_seat());
  stopping = true;
  EXPECT_EQ(wait(first, for_ever), ending::woken);
}

TEST_F(parked, a_time_may_be_set) {
  ASSERT_TRUE(seats.take_seat());
  EXPECT_EQ(wait(first, 1), ending::late);
  EXPECT_FALSE(seats.wake_one());
}

TEST_F(parked, each_wake_up_is_for_one) {
  ASSERT_TRUE(seats.take_seat());
  std::thread one([&] { EXPECT_EQ(wait(first, for_ever), ending::woken); });
  std::thread other([&] { EXPECT_EQ(wait(second, for_ever), ending::woken); });
  wake_when_it_waits();
  wake_when_it_waits();
  one.join();
  other.join();
  EXPECT_FALSE(seats.wake_one());
}

// It is told by its clock, which nobody has to turn: the test only waits for the outcome.
TEST_F(parked, a_seat_that_was_left_and_stays_empty_is_offered) {
  ASSERT_TRUE(seats.take_seat());
  std::thread waits([&] { EXPECT_EQ(wait(first, for_ever), ending::seat_is_free); });
  seats.leave_seat();  // before, or after, the other one waits: it must come to the same
  waits.join();
}

TEST_F(parked, of_several_one_is_offered_the_seat) {
  ASSERT_TRUE(seats.take_seat());
  std::atomic<int> offered{0};
  std::atomic<int> woken{0};
  std::vector<std::thread> workers;
  std::array<parking::place, 3> places;
  for (auto& at : places) {
    workers.emplace_back([&] {
      while (true) {
        if (seats.take_seat()) {
          ++offered;
          return;  // and never leaves it
        }
        if (wait(at, for_ever) == ending::woken) {
          ++woken;
          return;
        }
      }
    });
  }
  seats.leave_seat();
  while (offered == 0) std::this_thread::yield();
  while (woken < 2) {
    if (!seats.wake_one()) std::this_thread::yield();
  }
  for (auto& one : workers) one.join();
  EXPECT_EQ(offered, 1);
}

// Workers that sit down, leave and wait, and one that wakes them for work: no wake-up may be lost,
// and the seat is never empty with everybody waiting. Either would leave this test hanging.
TEST_F(parked, no_wake_up_is_lost) {
  constexpr int rounds = 20'000;
  std::atomic<int> work{0};
  std::atomic<int> done{0};
  std::counting_semaphore<> driver(0);
  idle_state three(3);
  auto wake = [&] {
    if (three.claim_wake() && !seats.wake_one()) driver.release();
  };
  auto take = [&] {
    for (auto seen = work.load(); seen > 0;) {
      if (work.compare_exchange_weak(seen, seen - 1)) return true;
    }
    return false;
  };
  auto loop = [&] {
    parking::place mine;
    bool searching = false;
    while (!stopping) {
      if (!searching) searching = three.start_searching();
      if (take()) {
        if (searching && three.stop_searching()) wake();
        searching = false;
        ++done;
        continue;
      }
      if (three.park(std::exchange(searching, false)) && work > 0) wake();
      if (seats.take_seat()) {
        if (!stopping) driver.acquire();
        seats.leave_seat();
      } else {
        (void)seats.wait(mine, for_ever, three, stopping);
      }
      searching = three.unpark();
    }
    driver.release();
  };
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) workers.emplace_back(loop);
  for (int i = 0; i < rounds; ++i) {
    ++work;
    wake();
    if (i % 16 == 0) {
      while (done + 16 < i) std::this_thread::yield();
    }
  }
  while (done < rounds) std::this_thread::yield();
  stopping = true;
  while (seats.wake_one()) {
  }
  driver.release();
  for (auto& one : workers) one.join();
  EXPECT_EQ(done, rounds);
}

using weft::net::unix_stream;

// A connection, whose other end belongs to a thread that the runtime knows nothing of.
class outside {
 public:
  outside() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  outside(const outside&) = delete;
  outside& operator=(const outside&) = delete;
  ~outside() { ::close(ends_[0]); }

  int inner() const { return ends_[1]; }
  void write() const {
    char byte = 0;
    EXPECT_EQ(::write(ends_[0], &byte, 1), 1);
  }
  void read() const {
    char byte = 0;
    EXPECT_EQ(::read(ends_[0], &byte, 1), 1);
  }

 private:
  std::array<int, 2> ends_{};
};

weft::task<weft::result<void>> answers(int descriptor) {
  auto stream = co_await or_return(unix_stream::from_native(descriptor));
  std::array<std::byte, 1> byte{};
  for (;;) {
    auto got = co_await or_return(stream.read(byte));
    if (got == 0) co_return weft::result<void>();
    co_await or_return(stream.write_all(byte));
  }
}

// After a wait in the driver, so that it may be the one who leaves the seat.
weft::task<weft::result<void>> hogs(int descriptor, std::atomic<bool>& begun,
                                    const std::atomic<bool>& answered) {
  auto stream = co_await or_return(unix_stream::from_native(descriptor));
  std::array<std::byte, 1> byte{};
  co_await or_return(stream.read(byte));
  begun = true;
  while (!answered) std::this_thread::yield();
  co_return weft::result<void>();
}

// The hog ends only once this thread has its answers, which somebody else has to read and write.
TEST(seat_in_the_driver, is_taken_over_from_a_worker_that_does_not_come_back) {
  auto runtime = weft::runtime::multi_thread().worker_threads(3).build();
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> begun{false};
    std::atomic<bool> answered{false};
    outside to_hog;
    std::optional<outside> asked(std::in_place);
    auto serving = runtime.spawn(answers(asked->inner()));
    auto hog = runtime.spawn(hogs(to_hog.inner(), begun, answered));
    to_hog.write();
    while (!begun) std::this_thread::yield();
    for (int i = 0; i < 3; ++i) {
      asked->write();
      asked->read();
    }
    answered = true;
    EXPECT_TRUE(runtime.block_on(std::move(hog)).has_value());
    asked.reset();
    EXPECT_TRUE(runtime.block_on(std::move(serving)).has_value());
  }
}

}  // namespace
