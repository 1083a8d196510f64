#include "scheduler/injection_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "scheduler/local_queue.hpp"

namespace {

using weft::detail::injection_queue;
using weft::detail::local_queue;
using weft::detail::task_header;

std::vector<std::unique_ptr<task_header>> make_headers(std::size_t count) {
  std::vector<std::unique_ptr<task_header>> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back(std::make_unique<task_header>(nullptr, nullptr, std::source_location()));
    made.back()->id = i;
  }
  return made;
}

TEST(injection_queue, gives_back_in_order_what_was_pushed) {
  auto tasks = make_headers(100);
  injection_queue queue;
  EXPECT_EQ(queue.pop(), nullptr);
  for (std::size_t round = 0; round < 3; ++round) {
    for (auto& each : tasks) queue.push(each.get());
    EXPECT_EQ(queue.size(), tasks.size());
    for (auto& each : tasks) EXPECT_EQ(queue.pop(), each.get());
    EXPECT_EQ(queue.size(), 0u);
    EXPECT_EQ(queue.pop(), nullptr);
  }
}

TEST(injection_queue, takes_a_list_as_a_whole) {
  auto tasks = make_headers(6);
  injection_queue queue;
  queue.push(tasks[0].get());
  for (std::size_t i = 1; i < 4; ++i) tasks[i]->queue_next = tasks[i + 1].get();
  tasks[4]->queue_next = nullptr;
  queue.push_batch(tasks[1].get(), tasks[4].get(), 4);
  queue.push(tasks[5].get());
  EXPECT_EQ(queue.size(), 6u);
  for (auto& each : tasks) EXPECT_EQ(queue.pop(), each.get());
}

TEST(injection_queue, gives_a_share_of_itself) {
  auto tasks = make_headers(10);
  injection_queue queue;
  local_queue into;
  for (auto& each : tasks) queue.push(each.get());
  EXPECT_EQ(queue.pop_batch(into, 1), tasks[0].get());
  EXPECT_EQ(into.size(), 0u);
  EXPECT_EQ(queue.pop_batch(into, 3), tasks[1].get());
  EXPECT_EQ(into.size(), 2u);
  EXPECT_EQ(queue.pop_batch(into, 100), tasks[4].get());
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(into.size(), 7u);
}

// Each producer's tasks come in its order, each of them once.
TEST(injection_queue, many_push_and_pop_at_once) {
  constexpr std::size_t producers = 3;
  constexpr std::size_t each = 20'000;
  auto tasks = make_headers(producers * each);
  auto got = std::make_unique<std::atomic<int>[]>(tasks.size());
  injection_queue queue;
  std::atomic<std::size_t> total{0};
  std::vector<std::thread> threads;
  for (std::size_t p = 0; p < producers; ++p) {
    threads.emplace_back([&, p] {
      for (std::size_t i = 0; i < each; ++i) queue.push(tasks[p * each + i].get());
    });
  }
  for (int c = 0; c < 2; ++c) {
    threads.emplace_back([&, c] {
      local_queue mine;
      std::vector<std::size_t> last(producers, 0);
      auto take = [&](task_header* task) {
        auto producer = task->id / each;
        auto number = task->id % each + 1;
        if (number <= last[producer]) ADD_FAILURE() << "out of order: " << task->id;
        last[producer] = number;
        got[task->id].fetch_add(1, std::memory_order_relaxed);
        total.fetch_add(1, std::memory_order_relaxed);
      };
      while (total.load(std::memory_order_relaxed) < producers * each) {
        auto* task = c == 0 ? queue.pop() : queue.pop_batch(mine, 50);
        if (!task) {
          std::this_thread::yield();
          continue;
        }
        take(task);
        while (auto* more = mine.pop()) take(more);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (got[i].load() != 1)
      ADD_FAILURE() << "task " << i << " was got " << got[i].load() << " times";
  }
}

}  // namespace
