// Every allocation fails once: then there is an exception or an error, and nothing is leaked, hangs
// or aborts.
#include <weft/bytes.hpp>
#include <weft/callback.hpp>
#include <weft/cancellation_token.hpp>
#include <weft/dump.hpp>
#include <weft/io/duplex.hpp>
#include <weft/join.hpp>
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/shield.hpp>
#include <weft/signal.hpp>
#include <weft/spawn.hpp>
#include <weft/spawn_blocking.hpp>
#include <weft/sync/oneshot.hpp>
#include <weft/task_tracker.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX's, not C's

#include <filesystem>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "counted_memory.hpp"
#include "memory/frame_pool.hpp"
#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;

#if WEFT_TEST_FAILS_MEMORY

// The free lists would satisfy what is to fail.
void empty_free_lists() {
  while (weft::detail::trim_frames()) {
  }
  weft::trim_block_cache();
}

// Whatever fails comes out as an exception or an error.
task<int> counts(int levels, census::member kept) {
  if (levels == 0) {
    co_await weft::yield_now();
    co_return 1;
  }
  auto [left, right] = co_await weft::join(counts(levels - 1, kept), counts(levels - 1, kept));
  co_return left + right;
}
task<weft::result<int>> fails(int levels, census::member kept) {
  if (levels == 0) {
    co_await weft::yield_now();
    co_return weft::fail(weft::errc::not_found,
                         "a sentence that is too long to be stored in place");
  }
  auto below = co_await weft::or_return(fails(levels - 1, kept));
  co_return below;
}
task<void> throws(census::member) {
  co_await weft::yield_now();
  throw std::runtime_error("a sentence that is too long to be stored in place");
}
task<void> hangs(census::member) {
  co_await never();
}

task<void> tasks_of_every_kind(census& frames) {
  (void)co_await counts(6, frames.join());  // beyond the bits of a task: hubs
  empty_free_lists();
  (void)co_await fails(5, frames.join());
  auto handle = weft::spawn(counts(2, frames.join()));
  auto failing = weft::spawn(throws(frames.join()));
  auto lambda = [member = frames.join()]() -> task<int> { return counts(0, member); };
  auto called = weft::spawn(std::move(lambda));
  auto aborted = weft::spawn(hangs(frames.join()));
  co_await weft::yield_now();
  (void)weft::dump_tasks();
  aborted.abort();
  (void)co_await std::move(aborted);
  (void)co_await std::move(handle);
  auto failed = co_await std::move(failing);
  if (!failed) (void)failed.error().message();
  (void)co_await std::move(called);
  empty_free_lists();
  (void)co_await weft::timeout(5ms, hangs(frames.join()));
  (void)co_await weft::select(weft::sleep(5ms), counts(3, frames.join()), hangs(frames.join()));
  empty_free_lists();
  auto [done, answer] = weft::callback<int>();
  (void)done(1);
  (void)co_await std::move(answer);
  (void)co_await weft::time::advance(10ms);
  weft::spawn(hangs(frames.join())).detach();
}

task<weft::result<void>> echoes(weft::io::transport peer, census::member) {
  while (true) {
    auto data = co_await weft::or_return(peer.receive());
    if (data.empty()) co_return {};
    co_await weft::or_return(peer.write_all(data));
  }
}
task<weft::result<void>> talks(weft::io::transport peer, census::member) {
  co_await weft::or_return(peer.write_all("some words"));
  (void)co_await weft::or_return(peer.receive());
  co_return {};
}
task<weft::result<void>> over_sockets(census::member kept) {
  auto listener = co_await weft::or_return(weft::net::tcp_listener::bind("127.0.0.1:0"));
  auto client = co_await weft::or_return(weft::net::tcp_stream::connect(listener.local_address()));
  auto server = co_await weft::or_return(listener.accept());
  auto echo = weft::spawn(echoes(std::move(server).into_transport(), kept));
  co_await weft::or_return(talks(std::move(client).into_transport(), kept));
  co_return co_await std::move(echo);
}
task<weft::result<void>> in_memory(census::member kept) {
  auto [mine, theirs] = weft::io::duplex(16);
  auto echo = weft::spawn(echoes(std::move(theirs), kept));
  co_await weft::or_return(talks(std::move(mine), kept));
  co_return co_await std::move(echo);
}
task<void> sends(weft::sync::oneshot_sender<int> sender, census::member) {
  (void)sender.send(1);
  co_return;
}
task<void> what_is_around_tasks(census& frames) {
  bool sound = fails_at == 0;
  auto talked = co_await over_sockets(frames.join());
  EXPECT_TRUE(talked || !sound) << talked.error().message();
  empty_free_lists();
  talked = co_await in_memory(frames.join());
  EXPECT_TRUE(talked || !sound) << talked.error().message();
  empty_free_lists();
  (void)co_await weft::net::tcp_stream::connect("no port");
  auto job = [member = frames.join()] { return 1; };
  auto called = weft::spawn_blocking(std::move(job));
  (void)co_await std::move(called);
  empty_free_lists();
  auto refused = co_await weft::signal::on(SIGKILL);
  EXPECT_EQ(refused.error(), weft::errc::invalid_argument);
  (void)co_await weft::timeout(5ms, weft::signal::on(SIGUSR1));
  empty_free_lists();
  auto [sender, receiver] = weft::sync::oneshot<int>();
  weft::task_tracker tracker;
  tracker.spawn(sends(std::move(sender), frames.join())).detach();
  (void)co_await std::move(receiver);
  tracker.close();
  co_await tracker.wait();
  empty_free_lists();
  weft::cancellation_token token;
  auto child = token.child_token();
  auto waits = weft::spawn(child.run_until_cancelled(hangs(frames.join())));
  co_await weft::yield_now();
  token.cancel();
  (void)co_await std::move(waits);
  empty_free_lists();
  (void)co_await weft::shield(counts(1, frames.join()));
  weft::shield(hangs(frames.join())).detach();  // the shutdown gives it its grace
}

enum class ending { well, exception };
using scenario = task<void>(census& frames);
ending run_with_failure(scenario& of, std::size_t at) {
  census frames;
  empty_free_lists();
  auto end = ending::exception;
  fails_at = at;
  try {
    auto runtime = paused_runtime();
    runtime.block_on(of(frames));
    end = ending::well;
  } catch (const std::bad_alloc&) {
  } catch (const std::system_error&) {
  }
  fails_at = 0;
  EXPECT_EQ(frames.alive(), 0) << "leaked when allocation " << at << " failed";
  return end;
}

// Returns how many runs ended with an exception.
std::size_t fail_each_of(scenario& of, std::size_t total) {
  std::size_t exceptions = 0;
  for (std::size_t at = 1; at <= total && !testing::Test::HasFailure(); ++at) {
    SCOPED_TRACE("allocation " + std::to_string(at) + " of " + std::to_string(total));
    exceptions += run_with_failure(of, at) == ending::exception;
  }
  empty_free_lists();
  return exceptions;
}

void expect_no_harm(scenario& of) {
  ASSERT_EQ(run_with_failure(of, 0), ending::well);  // what is made once in a program is made
  auto before = allocations.load();
  ASSERT_EQ(run_with_failure(of, 0), ending::well);
  auto total = allocations.load() - before;
  ASSERT_GT(total, 40u) << "the free lists hide what is to be tested";
  EXPECT_GT(fail_each_of(of, total), 10u);

#if WEFT_TEST_COUNTS_MEMORY  // else AddressSanitizer finds what leaks
  // malloc counts what it keeps for itself, a few KiB for each thread, as in use.
  for (int warming = 0; warming < 10; ++warming) fail_each_of(of, total);
  auto in_use = ::mallinfo2().uordblks;
  for (int again = 0; again < 100; ++again) fail_each_of(of, total);
  EXPECT_LT(::mallinfo2().uordblks, in_use + (16u << 10)) << "leaked on some of the ways out";
#endif
}

TEST(memory_failure, of_any_allocation_in_tasks_does_no_harm) {
  expect_no_harm(tasks_of_every_kind);
}

TEST(memory_failure, of_any_allocation_around_tasks_does_no_harm) {
  expect_no_harm(what_is_around_tasks);
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}
// Of the making of a runtime with threads. True: none was left to fail.
bool is_built_with_failure(std::size_t at) {
  try {
    fails_at = at;
    auto runtime = weft::runtime::multi_thread().worker_threads(3).build();
    fails_at = 0;
    EXPECT_EQ(runtime.block_on(value_task(1)), 1);
    return true;
  } catch (const std::bad_alloc&) {
    fails_at = 0;
    return false;
  }
}

TEST(memory_failure, while_a_runtime_is_made_leaves_nothing_behind) {
  ASSERT_TRUE(is_built_with_failure(0));
  auto descriptors = open_descriptors();
  std::size_t at = 1;
  while (!is_built_with_failure(at)) ++at;
  EXPECT_GT(at, 8u) << "three workers, and a thread for each";
  EXPECT_EQ(open_descriptors(), descriptors);
}

class without_threads : public weft::environment {
 public:
  std::thread start_thread(const std::string&, std::move_only_function<void()>) override {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  }
};
task<void> starts_in_vain(int times) {
  for (int i = 0; i < times; ++i) {
    auto refused = co_await weft::spawn_blocking([] {});
    EXPECT_FALSE(refused.has_value());
  }
}

TEST(memory_failure, threads_that_cannot_start_leave_nothing_behind) {
  auto runtime =
      weft::runtime::current_thread().environment(std::make_shared<without_threads>()).build();
  runtime.block_on(starts_in_vain(10));
  auto in_use = ::mallinfo2().uordblks;
  runtime.block_on(starts_in_vain(1000));
  EXPECT_LT(::mallinfo2().uordblks, in_use + 4096);
}

#endif

}  // namespace
