// Memory for frames and tasks: nothing is allocated in a steady state, and what a burst took comes
// back.
#include "memory/frame_pool.hpp"

#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/sync/oneshot.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "counted_memory.hpp"
#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
using weft::detail::allocate_frame;
using weft::detail::deallocate_frame;
using weft::detail::trim_frames;

TEST(frame_pool, gives_aligned_memory_of_every_size) {
  std::vector<std::pair<void*, std::size_t>> taken;
  for (std::size_t size = 1; size < 5000; size += 37) {
    auto* memory = allocate_frame(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % 64, 0u) << "size " << size;
    std::memset(memory, static_cast<int>(size & 0xff), size);
    taken.emplace_back(memory, size);
  }
  for (auto [memory, size] : taken) {
    auto* bytes = static_cast<unsigned char*>(memory);
    for (std::size_t i = 0; i < size; ++i) {
      if (bytes[i] != (size & 0xff)) {
        ADD_FAILURE() << "blocks overlap at size " << size;
        break;
      }
    }
    deallocate_frame(memory, size);
  }
}

#if WEFT_TEST_COUNTS_MEMORY

task<int> yields(int times, int value) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
  co_return value;
}
task<void> sends(weft::sync::oneshot_sender<int> sender) {
  co_await weft::yield_now();
  (void)sender.send(1);
}
// A bit of everything that tasks do.
task<void> works(int rounds) {
  for (int round = 0; round < rounds; ++round) {
    auto handle = weft::spawn(yields(2, 1));
    (void)co_await weft::join(yields(1, 1), yields(2, 2));
    (void)co_await weft::select(yields(1, 1), weft::sleep(1h));
    (void)co_await weft::timeout(1h, yields(1, 1));
    auto [sender, receiver] = weft::sync::oneshot<int>();
    auto sending = weft::spawn(sends(std::move(sender)));
    (void)co_await std::move(receiver);
    (void)co_await std::move(sending);
    (void)co_await std::move(handle);
    auto aborted = weft::spawn(yields(1000, 1));
    co_await weft::yield_now();
    aborted.abort();
    (void)co_await std::move(aborted);
  }
}
task<std::size_t> allocations_of(int rounds) {
  co_await works(20);
  auto before = allocations.load();
  co_await works(rounds);
  co_return allocations.load() - before;
}
TEST(frame_pool, in_a_steady_state_tasks_allocate_nothing) {
  EXPECT_EQ(run_paused(allocations_of(500)), 0u);
}

// Frames are freed on other threads than those that took them: whole batches travel back.
task<std::size_t> allocations_between_workers() {
  for (int i = 0; i < 8; ++i) co_await weft::join(works(50), works(50));
  auto before = allocations.load();
  std::vector<weft::join_handle<void>> all;
  all.reserve(16);
  for (int i = 0; i < 16; ++i) all.push_back(weft::spawn(works(300)));
  for (auto& each : all) co_await std::move(each);
  co_return allocations.load() - before;
}
TEST(frame_pool, between_workers_tasks_allocate_almost_nothing) {
  auto runtime = weft::runtime::multi_thread().worker_threads(3).build();
  runtime.block_on(allocations_between_workers());
  auto counted = runtime.block_on(allocations_between_workers());
  EXPECT_LT(counted, 1000u) << "of some 70,000 frames and tasks";
}

std::size_t resident_bytes() {
  std::size_t pages = 0;
  std::size_t resident = 0;
  auto* file = std::fopen("/proc/self/statm", "r");
  EXPECT_EQ(std::fscanf(file, "%zu %zu", &pages, &resident), 2);
  std::fclose(file);
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

constexpr int many = 100'000;
constexpr std::size_t margin = 16u << 20;

// Of some 800 bytes.
task<void> waits(flag& until) {
  std::byte large[500];
  co_await until.wait();
  EXPECT_NE(large, nullptr);
}
void burst(weft::runtime& runtime, int count) {
  auto flags = std::make_unique<flag[]>(static_cast<std::size_t>(count));
  std::vector<weft::join_handle<void>> all;
  for (int i = 0; i < count; ++i)
    all.push_back(runtime.spawn(waits(flags[static_cast<std::size_t>(i)])));
  runtime.block_on(yields(1, 1));
  for (int i = 0; i < count; ++i) flags[static_cast<std::size_t>(i)].set();
  for (auto& each : all) runtime.block_on(std::move(each));
}
TEST(frame_pool, trimmed_memory_returns_to_the_system) {
  auto runtime = weft::runtime::current_thread().build();
  burst(runtime, 100);
  auto before = resident_bytes();
  burst(runtime, many);
  EXPECT_GT(resident_bytes(), before + margin) << "what is to come back was not there";
  while (trim_frames()) {
  }
  EXPECT_LT(resident_bytes(), before + margin);
}

// The workers do that by themselves when they have had nothing to do for a while.
TEST(frame_pool, memory_returns_after_a_burst) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  burst(runtime, 100);
  auto before = resident_bytes();
  burst(runtime, many);
  EXPECT_GT(resident_bytes(), before + margin) << "what is to come back was not there";
  for (int look = 0; look < 3000 && resident_bytes() > before + margin; ++look) ::usleep(10'000);
  EXPECT_LT(resident_bytes(), before + margin) << "after half a minute";
}

TEST(frame_pool, threads_that_end_leave_nothing_behind) {
  auto cycle = [] {
    std::thread other([] {
      std::vector<void*> taken;
      for (int i = 0; i < 1000; ++i) taken.push_back(allocate_frame(512));
      for (auto* each : taken) deallocate_frame(each, 512);
    });
    other.join();
  };
  for (int round = 0; round < 50; ++round) cycle();
  while (trim_frames()) {
  }
  auto before = ::mallinfo2().uordblks;
  for (int round = 0; round < 200; ++round) cycle();
  while (trim_frames()) {
  }
  EXPECT_LT(::mallinfo2().uordblks, before + (1u << 20));
}

#endif

}  // namespace
