// Everything that tasks can do, at random, all at once, for as long as WEFT_STRESS_SECONDS says
// (default a moment): select, join, timeout, abort, spawn, throw, callbacks from threads, locks,
// sockets. Sanitizers are the judges; besides, no object may be left at the end, and nothing may
// hang: a watchdog prints where every task waits, and aborts.
//
// It prints its seed; WEFT_STRESS_SEED sets it. Threads interleave differently all the same.
#include <weft/callback.hpp>
#include <weft/cancellation_token.hpp>
#include <weft/io/duplex.hpp>
#include <weft/join.hpp>
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/shield.hpp>
#include <weft/spawn.hpp>
#include <weft/spawn_blocking.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/notify.hpp>
#include <weft/sync/oneshot.hpp>
#include <weft/sync/semaphore.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/sync_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
using weft::or_return;
using weft::result;

std::uint64_t stress_seed() {
  const char* set = std::getenv("WEFT_STRESS_SEED");
  return set ? std::strtoull(set, nullptr, 10) : std::random_device()();
}

// Completes callbacks and aborts tasks from a thread that belongs to no runtime, in no order.
class outside_world {
 public:
  explicit outside_world(std::uint64_t seed) : chance_(seed), thread_([this] { run(); }) {}
  ~outside_world() {
    {
      std::lock_guard held(lock_);
      stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  void complete_later(weft::completion<int> what) {
    std::lock_guard held(lock_);
    completions_.push_back(std::move(what));
    changed_.notify_one();
  }
  void abort_later(weft::abort_handle what) {
    std::lock_guard held(lock_);
    aborts_.push_back(std::move(what));
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock held(lock_);
    while (!stop_) {
      changed_.wait(held, [this] { return stop_ || !completions_.empty() || !aborts_.empty(); });
      auto completions = std::exchange(completions_, {});
      auto aborts = std::exchange(aborts_, {});
      held.unlock();
      for (auto& each : aborts) each.abort();
      for (auto& each : completions) {
        if (chance_.one_in(8)) continue;  // dropped: closed
        if (chance_.one_in(8)) {
          each.fail(weft::errc::overloaded);
        } else {
          each(7);
        }
      }
      completions.clear();
      aborts.clear();
      held.lock();
    }
  }

  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<weft::completion<int>> completions_;
  std::deque<weft::abort_handle> aborts_;
  bool stop_ = false;
  dice chance_;
  std::thread thread_;
};

struct world {
  explicit world(std::uint64_t seed) : outside(seed) {}
  census frames;
  outside_world outside;
  weft::sync::mutex<int> shared{0};
  weft::sync::semaphore permits{3};
  weft::sync::notify bell;
  std::atomic<long> operations{0};
  std::atomic<long> timeouts{0};
  std::atomic<long> aborts{0};
  std::atomic<long> errors{0};
  std::atomic<long> exceptions{0};
  std::atomic<int> in_critical_section{0};
  std::atomic<int> permits_out{0};
};

class stress_exception : public std::runtime_error {
 public:
  stress_exception() : std::runtime_error("thrown by the stress test, on purpose") {}
};

using outcome = result<int>;
task<outcome> anything(world& all, int depth, dice chance);

// Each kind holds a member of the census in its frame, before and after it suspends.

task<outcome> yields(world& all, dice chance, census::member kept) {
  for (auto count = chance.below(5); count > 0; --count) co_await weft::yield_now();
  (void)all, (void)kept;
  co_return 1;
}
task<outcome> sleeps(world& all, dice chance, census::member) {
  co_await weft::sleep(std::chrono::microseconds(chance.below(4000)));
  all.operations.fetch_add(1, std::memory_order_relaxed);
  co_return 2;
}
task<outcome> throws(world&, dice chance, census::member) {
  if (chance.one_in(2)) co_await weft::yield_now();
  if (chance.one_in(2)) throw stress_exception();
  co_return 3;
}
task<outcome> fails(world& all, int levels, dice chance, census::member kept) {
  if (levels == 0) {
    if (chance.one_in(2)) co_await weft::yield_now();
    if (chance.one_in(2))
      co_return weft::fail(weft::errc::not_found, "by the stress test, on purpose");
    co_return 4;
  }
  auto below = co_await or_return(fails(all, levels - 1, chance, kept));
  co_return below;
}
task<outcome> calls_back(world& all, dice chance, census::member) {
  auto [done, answer] = weft::callback<int>();
  if (chance.one_in(2)) co_await weft::yield_now();
  all.outside.complete_later(std::move(done));
  if (chance.one_in(3)) co_await weft::yield_now();
  co_return co_await std::move(answer);
}
task<void> sends(weft::sync::oneshot_sender<int> sender, dice chance, census::member) {
  if (chance.one_in(3)) co_await weft::sleep(std::chrono::milliseconds(chance.below(3)));
  if (chance.one_in(2)) co_await weft::yield_now();
  if (!chance.one_in(4)) (void)sender.send(5);
}
task<outcome> receives(world& all, dice chance, census::member kept) {
  auto [sender, receiver] = weft::sync::oneshot<int>();
  auto sending = weft::spawn(sends(std::move(sender), chance.fork(), kept));
  auto got = co_await std::move(receiver);
  if (chance.one_in(2)) sending.abort();
  if (chance.one_in(2)) (void)co_await std::move(sending);
  (void)all;
  co_return got;
}
task<outcome> locks(world& all, dice chance, census::member) {
  auto guard = co_await all.shared.lock();
  EXPECT_EQ(all.in_critical_section.fetch_add(1), 0) << "two hold the mutex";
  struct leaving {
    std::atomic<int>& count;
    ~leaving() { count.fetch_sub(1); }
  } at_end{all.in_critical_section};
  ++*guard;
  if (chance.one_in(4)) co_await weft::yield_now();
  co_return *guard;
}
task<outcome> takes_a_permit(world& all, dice chance, census::member) {
  auto permit = co_await or_return(all.permits.acquire());
  EXPECT_LE(all.permits_out.fetch_add(1), 2) << "more permits than there are";
  struct leaving {
    std::atomic<int>& count;
    ~leaving() { count.fetch_sub(1); }
  } at_end{all.permits_out};
  if (chance.one_in(3)) co_await weft::yield_now();
  co_return 6;
}
task<outcome> rings(world& all, dice chance, census::member) {
  if (chance.one_in(2)) {
    all.bell.notify_one();
    co_return 7;
  }
  auto rung =
      co_await weft::timeout(std::chrono::milliseconds(1 + chance.below(3)), all.bell.notified());
  if (!rung) all.bell.notify_one();  // pass on what we may have missed
  co_return 8;
}
task<outcome> blocks(world&, dice chance, census::member kept) {
  auto job = weft::spawn_blocking([kept, spins = chance.below(100)] {
    for (unsigned i = 0; i < spins; ++i) std::this_thread::yield();
    return 9;
  });
  co_return co_await std::move(job);
}
task<outcome> shields(world& all, dice chance, census::member kept) {
  co_return co_await weft::shield(yields(all, chance, kept));
}
task<outcome> obeys_a_token(world& all, dice chance, census::member kept) {
  weft::cancellation_token token;
  auto cancels = [](weft::cancellation_token which, dice own, census::member) -> task<void> {
    for (auto count = own.below(4); count > 0; --count) co_await weft::yield_now();
    if (!own.one_in(4)) which.cancel();
  };
  weft::spawn(cancels, token, chance.fork(), kept).detach();
  auto child = token.child_token();
  auto [cancelled, ended] =
      co_await weft::select(child.cancelled(), sleeps(all, chance.fork(), kept));
  co_return cancelled ? 10 : 11;
}
task<result<void>> echoes(weft::io::transport socket, dice chance, census::member) {
  while (true) {
    auto data = co_await or_return(socket.receive());
    if (data.empty() || chance.one_in(5)) co_return {};
    if (chance.one_in(4)) co_await weft::yield_now();
    co_await or_return(socket.write_all(data));
  }
}
task<result<void>> hears(weft::io::transport& socket, std::size_t left) {
  while (left > 0) {
    auto data = co_await or_return(socket.receive());
    if (data.empty()) co_return weft::fail(weft::errc::end_of_stream);
    left -= data.size();
  }
  co_return {};
}
// Says and hears at once: what is between the two holds less than the words.
task<outcome> talks(weft::io::transport socket, dice chance) {
  constexpr std::string_view words = "some words";
  for (auto count = 1 + chance.below(4); count > 0; --count) {
    co_await or_return(weft::try_join(socket.write_all(words), hears(socket, words.size())));
  }
  co_return 12;
}
task<outcome> talks_in_memory(world&, dice chance, census::member kept) {
  auto [mine, theirs] = weft::io::duplex(1 + chance.below(20));
  auto echo = weft::spawn(echoes(std::move(theirs), chance.fork(), kept));
  auto ended = co_await talks(std::move(mine), chance);
  if (chance.one_in(2)) echo.abort();
  co_return ended;
}
task<outcome> talks_over_sockets(world&, dice chance, census::member kept) {
  auto listener = co_await or_return(weft::net::tcp_listener::bind("127.0.0.1:0"));
  auto client = co_await or_return(weft::net::tcp_stream::connect(listener.local_address()));
  auto server = co_await or_return(listener.accept());
  auto echo = weft::spawn(echoes(weft::io::transport(std::move(server)), chance.fork(), kept));
  auto ended = co_await talks(weft::io::transport(std::move(client)), chance);
  if (chance.one_in(2)) echo.abort();
  if (chance.one_in(2)) (void)co_await std::move(echo);
  co_return ended;
}
task<outcome> is_wide(world& all, int levels, dice chance, census::member kept) {
  if (levels == 0) co_return co_await yields(all, chance, kept);
  auto [left, right] = co_await weft::join(is_wide(all, levels - 1, chance.fork(), kept),
                                           is_wide(all, levels - 1, chance.fork(), kept));
  co_return *left + *right;
}

// What combines others.

task<outcome> in_time(world& all, int depth, dice chance, census::member) {
  auto ended = co_await weft::timeout(std::chrono::microseconds(chance.below(4000)),
                                      anything(all, depth, chance.fork()));
  if (!ended && ended.error() == weft::errc::timed_out)
    all.timeouts.fetch_add(1, std::memory_order_relaxed);
  co_return ended;
}
task<outcome> first_of_two(world& all, int depth, dice chance, census::member) {
  auto [first, second] = co_await weft::select(anything(all, depth, chance.fork()),
                                               anything(all, depth, chance.fork()));
  co_return first ? std::move(*first) : std::move(*second);
}
task<outcome> first_of_four(world& all, int depth, dice chance, census::member) {
  auto [first, second, third, late] = co_await weft::select_biased(
      anything(all, depth, chance.fork()), anything(all, depth, chance.fork()),
      anything(all, depth, chance.fork()), weft::sleep(2ms));
  if (late) co_return 0;
  co_return first ? std::move(*first) : second ? std::move(*second) : std::move(*third);
}
task<outcome> all_of_three(world& all, int depth, dice chance, census::member) {
  auto [first, second, third] =
      co_await weft::join(anything(all, depth, chance.fork()), anything(all, depth, chance.fork()),
                          anything(all, depth, chance.fork()));
  co_return first ? std::move(second) : std::move(third);
}
task<outcome> all_or_none(world& all, int depth, dice chance, census::member) {
  auto both = co_await weft::try_join(anything(all, depth, chance.fork()),
                                      anything(all, depth, chance.fork()));
  if (!both) co_return weft::fail(both.error());
  co_return std::get<0>(*both) + std::get<1>(*both);
}
task<outcome> spawns_and_waits(world& all, int depth, dice chance, census::member) {
  auto handle = weft::spawn(anything(all, depth, chance.fork()));
  for (auto count = chance.below(3); count > 0; --count) co_await weft::yield_now();
  if (chance.one_in(3)) co_await weft::sleep(1ms);
  switch (chance.below(5)) {
    case 0:
      handle.abort();
      break;
    case 1:
      all.outside.abort_later(handle.abort_handle());
      break;
    case 2:
      std::move(handle).detach();
      co_return 13;
    case 3: {
      auto ended =
          co_await weft::timeout(std::chrono::milliseconds(chance.below(3)), std::move(handle));
      co_return ended;
    }
    default:
      break;
  }
  auto ended = co_await std::move(handle);
  if (!ended && ended.error() == weft::errc::task_aborted)
    all.aborts.fetch_add(1, std::memory_order_relaxed);
  co_return ended;
}

task<outcome> leaf_of(world& all, dice& chance) {
  auto kept = all.frames.join();
  switch (chance.below(40)) {
    case 0:
      return talks_over_sockets(all, chance.fork(), kept);
    case 1:
      return blocks(all, chance.fork(), kept);
    case 2:
      return is_wide(all, 6, chance.fork(), kept);
    case 3:
      return shields(all, chance.fork(), kept);
    default:
      break;
  }
  switch (chance.below(11)) {
    case 0:
      return yields(all, chance.fork(), kept);
    case 1:
      return sleeps(all, chance.fork(), kept);
    case 2:
      return throws(all, chance.fork(), kept);
    case 3:
      return fails(all, static_cast<int>(chance.below(5)), chance.fork(), kept);
    case 4:
      return calls_back(all, chance.fork(), kept);
    case 5:
      return receives(all, chance.fork(), kept);
    case 6:
      return locks(all, chance.fork(), kept);
    case 7:
      return takes_a_permit(all, chance.fork(), kept);
    case 8:
      return rings(all, chance.fork(), kept);
    case 9:
      return obeys_a_token(all, chance.fork(), kept);
    default:
      return talks_in_memory(all, chance.fork(), kept);
  }
}
task<outcome> anything(world& all, int depth, dice chance) {
  auto kept = all.frames.join();
  if (depth == 0 || chance.one_in(3)) return leaf_of(all, chance);
  switch (chance.below(6)) {
    case 0:
      return in_time(all, depth - 1, chance.fork(), kept);
    case 1:
      return first_of_two(all, depth - 1, chance.fork(), kept);
    case 2:
      return first_of_four(all, depth - 1, chance.fork(), kept);
    case 3:
      return all_of_three(all, depth - 1, chance.fork(), kept);
    case 4:
      return all_or_none(all, depth - 1, chance.fork(), kept);
    default:
      return spawns_and_waits(all, depth - 1, chance.fork(), kept);
  }
}

task<void> keeps_busy(world& all, stress_time time, dice chance) {
  while (!time.over()) {
    try {
      auto ended = co_await anything(all, 4, chance.fork());
      if (!ended) all.errors.fetch_add(1, std::memory_order_relaxed);
    } catch (const stress_exception&) {
      all.exceptions.fetch_add(1, std::memory_order_relaxed);
    }
    all.operations.fetch_add(1, std::memory_order_relaxed);
  }
}
task<void> all_at_once(world& all, stress_time time, dice chance) {
  std::vector<weft::join_handle<void>> handles;
  for (int i = 0; i < 300; ++i)
    handles.push_back(weft::spawn(keeps_busy(all, time, chance.fork())));
  for (auto& each : handles) (void)co_await std::move(each);
}

// Aborts when nothing has moved for long.
class watchdog {
 public:
  watchdog(weft::runtime& runtime, const std::atomic<long>& progress)
      : thread_([this, &runtime, &progress] { watch(runtime, progress); }) {}
  ~watchdog() {
    {
      std::lock_guard held(lock_);
      stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

 private:
  void watch(weft::runtime& runtime, const std::atomic<long>& progress) {
    constexpr auto patience = 30s;
    std::unique_lock held(lock_);
    for (auto before = progress.load();; before = progress.load()) {
      if (changed_.wait_for(held, patience, [this] { return stop_; })) return;
      if (progress.load() != before) continue;
      std::fprintf(stderr, "HANG: nothing has moved for %d s\n%s", static_cast<int>(patience / 1s),
                   runtime.dump_tasks().c_str());
      std::abort();
    }
  }
  std::mutex lock_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::thread thread_;
};

void stress(weft::runtime runtime) {
  auto seed = stress_seed();
  std::printf("WEFT_STRESS_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);  // a sanitizer may end the program
  stress_time time(4);  // there are four such tests
  world all(seed);
  {
    auto here = std::move(runtime);
    {
      watchdog dog(here, all.operations);
      here.block_on(all_at_once(all, time, dice(seed)));
    }
    here.shut_down();  // with whatever was detached
    auto counted = here.metrics();
    std::printf(
        "  %ld operations, %ld timeouts, %ld aborts, %ld errors, %ld exceptions; %llu polls, %llu "
        "steals\n",
        all.operations.load(), all.timeouts.load(), all.aborts.load(), all.errors.load(),
        all.exceptions.load(), static_cast<unsigned long long>(counted.polls),
        static_cast<unsigned long long>(counted.steals));
    EXPECT_EQ(counted.alive_tasks, 0u);
    EXPECT_EQ(all.frames.alive(), 0) << "frames outlived the runtime";
    EXPECT_EQ(all.in_critical_section.load(), 0);
    EXPECT_EQ(all.permits_out.load(), 0);
  }
  EXPECT_GT(all.operations.load(), 0);
}

void stress_with(unsigned workers) {
  stress(weft::runtime::multi_thread().worker_threads(workers).build());
}

TEST(tasks_stress, everything_at_once_on_this_thread) {
  stress(weft::runtime::current_thread().build());
}
TEST(tasks_stress, everything_at_once_on_one_worker) {
  stress_with(1);
}
TEST(tasks_stress, everything_at_once_on_two_workers) {
  stress_with(2);
}
TEST(tasks_stress, everything_at_once_on_four_workers) {
  stress_with(4);
}

}  // namespace
