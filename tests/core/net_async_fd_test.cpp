#include <weft/join.hpp>
#include <weft/net/async_fd.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <thread>

#include "net_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace net_test;
using weft::errc;
using weft::net::async_fd;
using weft::net::descriptor;
using weft::net::interest;

result<std::uint64_t> take_count(int from) {
  std::uint64_t count = 0;
  if (::read(from, &count, sizeof count) < 0) {
    return weft::fail(weft::error::from_errno(errno));
  }
  return count;
}
result<void> add_count(int to, std::uint64_t count) {
  if (::write(to, &count, sizeof count) < 0) return weft::fail(weft::error::from_errno(errno));
  return {};
}
auto taking() {
  return [](const descriptor& of) { return take_count(of.native_handle()); };
}

result<async_fd<>> event_counter() {
  return async_fd<>::make(descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)));
}

task<result<void>> a_guard_tells_of_readiness() {
  auto events = co_await or_return(event_counter());
  auto guard = co_await events.readable();  // taken to be ready, until a call says otherwise
  EXPECT_TRUE(guard.ready().readable());
  EXPECT_FALSE(guard.ready().writable());
  auto nothing = guard.try_io(taking());
  EXPECT_TRUE(!nothing && nothing.error() == std::errc::operation_would_block);
  // That it is writable may be told between the call and the clearing, which then clears nothing.
  bool waits = false;
  for (int look = 0; look < 3 && !waits; ++look) {
    auto late = co_await weft::timeout(0ms, events.readable());
    waits = !late;
    if (!late) continue;
    auto still_nothing = late->try_io(taking());
    EXPECT_TRUE(!still_nothing && still_nothing.error() == std::errc::operation_would_block);
  }
  EXPECT_TRUE(waits);

  co_await or_return(add_count(events.native_handle(), 3));
  auto ready = co_await events.readable();
  EXPECT_EQ(ready.owner().native_handle(), events.native_handle());
  auto count = ready.try_io(taking());
  EXPECT_EQ(count.value(), 3U);
  auto either = co_await events.ready(interest::either);
  EXPECT_TRUE(either.ready().writable());
  co_return {};
}
TEST(async_fd, a_guard_tells_of_readiness) {
  run(a_guard_tells_of_readiness());
  run_here(a_guard_tells_of_readiness());
}

// An event that comes between the readiness and its clearing is not lost.
task<result<void>> clearing_what_is_past_keeps_what_is_new() {
  auto events = co_await or_return(event_counter());
  for (int round = 0; round < 200; ++round) {
    auto guard = co_await events.readable();
    auto nothing = guard.try_io(taking());
    EXPECT_FALSE(nothing.has_value());
    co_await or_return(add_count(events.native_handle(), 1));
    auto again = co_await events.readable();
    co_await or_return(add_count(events.native_handle(), 1));
    guard.clear_ready();  // of long ago
    co_await weft::yield_now();
    auto count = again.try_io(taking());
    EXPECT_EQ(count.value(), 2U);
  }
  co_return {};
}
TEST(async_fd, clearing_what_is_past_keeps_what_is_new) {
  run_here(clearing_what_is_past_keeps_what_is_new());
}

task<result<void>> a_call_is_made_until_it_does_not_block() {
  auto events = co_await or_return(event_counter());
  int calls = 0;
  auto take = [&calls](const descriptor& of) {
    ++calls;
    return take_count(of.native_handle());
  };
  auto late = co_await weft::timeout(0ms, events.read_with(take));
  EXPECT_TRUE(!late && late.error() == errc::timed_out);
  EXPECT_GE(calls, 1);
  EXPECT_LE(calls, 2)
      << "what the kernel says first, that it is writable, may ask for a second look";
  std::thread writer([number = events.native_handle()] { (void)add_count(number, 7); });
  auto count = co_await events.read_with(take);
  writer.join();
  EXPECT_EQ(count.value(), 7U);

  // Full, until it is read.
  auto most = ~std::uint64_t{0} - 1;
  co_await or_return(add_count(events.native_handle(), most));
  auto add = [](const descriptor& to) { return add_count(to.native_handle(), 1); };
  auto full = co_await weft::timeout(0ms, events.write_with(add));
  EXPECT_TRUE(!full && full.error() == errc::timed_out);
  auto [added, taken] = co_await weft::join(events.write_with(add), events.read_with(take));
  EXPECT_TRUE(added.has_value());
  EXPECT_EQ(taken.value(), most);
  co_return {};
}
TEST(async_fd, a_call_is_made_until_it_does_not_block) {
  run(a_call_is_made_until_it_does_not_block());
  run_here(a_call_is_made_until_it_does_not_block());
}

task<result<void>> other_errors_of_a_call_are_its_result() {
  auto events = co_await or_return(event_counter());
  auto broken = [](const descriptor&) -> result<int> { return weft::fail(errc::invalid_data); };
  auto read = co_await events.read_with(broken);
  EXPECT_TRUE(!read && read.error() == errc::invalid_data);
  auto written = co_await events.write_with(broken);
  EXPECT_TRUE(!written && written.error() == errc::invalid_data);
  auto tried = events.try_io(interest::readable, broken);
  EXPECT_TRUE(!tried && tried.error() == errc::invalid_data);
  auto nothing = events.try_io(interest::readable, taking());
  EXPECT_TRUE(!nothing && nothing.error() == std::errc::operation_would_block);
  auto none = events.try_io(interest::writable,
                            [](const descriptor& to) { return add_count(to.native_handle(), 2); });
  EXPECT_TRUE(none.has_value());
  auto count = events.try_io(interest::readable, taking());
  EXPECT_EQ(count.value(), 2U);
  co_return {};
}
TEST(async_fd, other_errors_of_a_call_are_its_result) {
  run(other_errors_of_a_call_are_its_result());
}

/// An owner of another kind: neither copied nor assigned, and it counts how often it is closed.
class counted_owner {
 public:
  counted_owner(int number, int& closed) noexcept : number_(number), closed_(&closed) {}
  counted_owner(counted_owner&& other) noexcept
      : number_(std::exchange(other.number_, -1)), closed_(other.closed_) {}
  counted_owner& operator=(counted_owner&&) = delete;
  ~counted_owner() {
    if (number_ < 0) return;
    ++*closed_;
    ::close(number_);
  }
  int native_handle() const noexcept { return number_; }

 private:
  int number_;
  int* closed_;
};
static_assert(weft::net::has_descriptor<counted_owner>);
static_assert(!weft::net::has_descriptor<int>);

task<result<void>> the_owner_closes_it(int& closed) {
  {
    auto number = ::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    auto events = co_await or_return(async_fd<counted_owner>::make(counted_owner(number, closed)));
    auto moved = std::move(events);
    (void)co_await moved.readable();
    auto owner = std::move(moved).into_inner();
    EXPECT_EQ(closed, 0);
    EXPECT_EQ(owner.native_handle(), number);
    auto again = co_await or_return(async_fd<counted_owner>::make(std::move(owner)));
    auto taken = co_await again.read_with(
        [](const counted_owner& of) { return take_count(of.native_handle()); });
    EXPECT_EQ(taken.value(), 1U);
  }
  EXPECT_EQ(closed, 1);
  co_return {};
}
TEST(async_fd, the_owner_closes_it) {
  int closed = 0;
  run(the_owner_closes_it(closed));
}

task<result<void>> what_cannot_be_watched_is_an_error() {
  auto file = async_fd<>::make(descriptor(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)));
  EXPECT_TRUE(!file && file.error() == std::errc::operation_not_permitted);
  auto none = async_fd<>::make(descriptor());
  EXPECT_TRUE(!none && none.error() == std::errc::bad_file_descriptor);
  int closed = 0;
  auto events = co_await or_return(event_counter());
  auto other = ::dup(events.native_handle());
  auto twice = async_fd<counted_owner>::make(counted_owner(other, closed));
  EXPECT_TRUE(twice.has_value());  // another descriptor of the same file is another one
  auto again = async_fd<counted_owner>::make(counted_owner(::dup(other), closed));
  again = weft::fail(errc::cancelled);
  EXPECT_EQ(closed, 1);
  co_return {};
}
TEST(async_fd, what_cannot_be_watched_is_an_error) {
  run(what_cannot_be_watched_is_an_error());
}
TEST(async_fd, without_a_runtime_it_says_so) {
  auto events = event_counter();
  EXPECT_TRUE(!events && events.error() == errc::no_runtime);
}

TEST(async_fd, it_outlives_its_runtime) {
  auto kept = [] {
    auto runtime = weft::runtime::current_thread().build();
    auto make = []() -> task<result<async_fd<>>> { co_return event_counter(); };
    return runtime.block_on(make());
  }();
  ASSERT_TRUE(kept.has_value());
  auto inner = std::move(*kept).into_inner();
  EXPECT_TRUE(add_count(inner.native_handle(), 1).has_value());
}

TEST(async_fd_death, one_that_was_moved_from_ends_the_program) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto use_it = []() -> task<result<void>> {
    auto events = co_await or_return(event_counter());
    auto moved = std::move(events);
    (void)co_await events.readable();
    co_return {};
  };
  EXPECT_DEATH(run_here(use_it()), "async_fd was used that had been moved from");
}

TEST(async_fd, a_descriptor_is_owned_once) {
  descriptor first(::eventfd(0, EFD_CLOEXEC));
  auto number = first.native_handle();
  descriptor second(std::move(first));
  EXPECT_FALSE(static_cast<bool>(first));
  EXPECT_EQ(second.native_handle(), number);
  first = std::move(second);
  EXPECT_EQ(first.native_handle(), number);
  first.close();
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  descriptor third(::eventfd(0, EFD_CLOEXEC));
  auto given = third.give_up();
  EXPECT_EQ(third.native_handle(), -1);
  ::close(given);
}

}  // namespace
