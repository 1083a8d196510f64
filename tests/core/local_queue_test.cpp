// A worker's run queue by itself: against a model, and between an owner and two thieves.
#include "scheduler/local_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "scheduler/injection_queue.hpp"

namespace {

using weft::detail::injection_queue;
using weft::detail::local_queue;
using weft::detail::task_header;

// Headers that are never run.
class headers {
 public:
  explicit headers(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      all_.push_back(std::make_unique<task_header>(nullptr, nullptr, std::source_location()));
      all_.back()->id = i;
    }
  }
  task_header* operator[](std::size_t index) { return all_[index].get(); }
  std::size_t size() const { return all_.size(); }

 private:
  std::vector<std::unique_ptr<task_header>> all_;
};

TEST(local_queue, gives_back_in_order_what_was_pushed) {
  headers tasks(200);
  local_queue queue;
  injection_queue overflow;
  EXPECT_EQ(queue.pop(), nullptr);
  for (std::size_t i = 0; i < tasks.size(); ++i) queue.push(tasks[i], overflow);
  EXPECT_EQ(queue.size(), 200u);
  EXPECT_EQ(queue.room(), local_queue::capacity - 200);
  for (std::size_t i = 0; i < tasks.size(); ++i) EXPECT_EQ(queue.pop(), tasks[i]);
  EXPECT_EQ(queue.pop(), nullptr);
  EXPECT_EQ(overflow.size(), 0u);
}

TEST(local_queue, when_full_moves_its_older_half_to_the_overflow) {
  headers tasks(local_queue::capacity + 1);
  local_queue queue;
  injection_queue overflow;
  for (std::size_t i = 0; i < tasks.size(); ++i) queue.push(tasks[i], overflow);
  constexpr auto half = local_queue::capacity / 2;
  EXPECT_EQ(overflow.size(), half + 1);
  EXPECT_EQ(queue.size(), half);
  for (std::size_t i = 0; i < half; ++i) EXPECT_EQ(overflow.pop(), tasks[i]);
  EXPECT_EQ(overflow.pop(), tasks[local_queue::capacity]) << "and after them what did not fit";
  for (std::size_t i = half; i < local_queue::capacity; ++i) EXPECT_EQ(queue.pop(), tasks[i]);
}

TEST(local_queue, a_thief_takes_the_older_half) {
  headers tasks(local_queue::capacity);
  injection_queue overflow;
  for (std::size_t count : {0u, 1u, 2u, 3u, 5u, 100u, 256u}) {
    SCOPED_TRACE(count);
    local_queue victim;
    local_queue thief;
    for (std::size_t i = 0; i < count; ++i) victim.push(tasks[i], overflow);
    auto* first = victim.steal_into(thief);
    auto stolen = count - count / 2;
    EXPECT_EQ(victim.size(), count - stolen);
    if (count == 0) {
      EXPECT_EQ(first, nullptr);
      continue;
    }
    EXPECT_EQ(thief.size(), stolen - 1);
    EXPECT_EQ(first, tasks[stolen - 1]) << "it runs one at once";
    for (std::size_t i = 0; i + 1 < stolen; ++i) EXPECT_EQ(thief.pop(), tasks[i]);
    for (std::size_t i = stolen; i < count; ++i) EXPECT_EQ(victim.pop(), tasks[i]);
  }
}

TEST(local_queue, takes_a_list_that_fits) {
  headers tasks(10);
  local_queue queue;
  injection_queue injected;
  for (std::size_t i = 0; i < 10; ++i) injected.push(tasks[i]);
  EXPECT_EQ(injected.pop_batch(queue, 4), tasks[0]);
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(injected.size(), 6u);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(queue.pop(), tasks[i]);
  EXPECT_EQ(injected.pop_batch(queue, 100), tasks[4]);
  for (std::size_t i = 5; i < 10; ++i) EXPECT_EQ(queue.pop(), tasks[i]);
  EXPECT_EQ(injected.pop_batch(queue, 100), nullptr);
}

// Random operations against std::deque, long enough for the indices to go around the ring many
// times.
TEST(local_queue, agrees_with_a_model) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    headers tasks(2000);
    std::deque<task_header*> free;
    for (std::size_t i = 0; i < tasks.size(); ++i) free.push_back(tasks[i]);
    local_queue queue;
    local_queue thief;
    injection_queue overflow;
    std::deque<task_header*> in_queue;
    std::deque<task_header*> in_overflow;
    auto take = [&](std::deque<task_header*>& from, task_header* got) {
      EXPECT_EQ(got, from.empty() ? nullptr : from.front());
      if (from.empty()) return;
      free.push_back(from.front());
      from.pop_front();
    };
    for (int step = 0; step < 50'000 && !testing::Test::HasFailure(); ++step) {
      switch (random() % 8) {
        case 0:
        case 1:
        case 2:
        case 3: {
          if (free.empty()) break;
          auto* task = free.front();
          free.pop_front();
          queue.push(task, overflow);
          if (in_queue.size() < local_queue::capacity) {
            in_queue.push_back(task);
          } else {
            for (unsigned i = 0; i < local_queue::capacity / 2; ++i) {
              in_overflow.push_back(in_queue.front());
              in_queue.pop_front();
            }
            in_overflow.push_back(task);
          }
          break;
        }
        case 4:
        case 5:
          take(in_queue, queue.pop());
          break;
        case 6:
          take(in_overflow, overflow.pop());
          break;
        default: {
          if (random() % 16) break;
          auto stolen = in_queue.size() - in_queue.size() / 2;
          std::deque<task_header*> theirs(in_queue.begin(),
                                          in_queue.begin() + static_cast<std::ptrdiff_t>(stolen));
          in_queue.erase(in_queue.begin(), in_queue.begin() + static_cast<std::ptrdiff_t>(stolen));
          auto* last = queue.steal_into(thief);
          if (theirs.empty()) {
            EXPECT_EQ(last, nullptr);
            break;
          }
          EXPECT_EQ(last, theirs.back());
          free.push_back(theirs.back());
          theirs.pop_back();
          while (!theirs.empty()) take(theirs, thief.pop());
          EXPECT_EQ(thief.pop(), nullptr);
        }
      }
      EXPECT_EQ(queue.size(), in_queue.size());
      EXPECT_EQ(overflow.size(), in_overflow.size());
    }
  }
}

// One owner and two thieves: each task is got exactly once.
TEST(local_queue, an_owner_and_thieves_get_each_task_once) {
  constexpr std::size_t count = 100'000;
  headers tasks(count);
  auto got = std::make_unique<std::atomic<int>[]>(count);
  local_queue queue;
  injection_queue overflow;
  std::atomic<bool> all_pushed{false};
  std::atomic<std::size_t> total{0};
  auto count_in = [&](task_header* task) {
    got[task->id].fetch_add(1, std::memory_order_relaxed);
    total.fetch_add(1, std::memory_order_relaxed);
  };
  auto steals = [&] {
    local_queue mine;
    while (!all_pushed.load() || queue.size() > 0) {
      if (auto* task = queue.steal_into(mine)) {
        count_in(task);
        while (auto* more = mine.pop()) count_in(more);
      } else {
        std::this_thread::yield();
      }
    }
  };
  std::thread first(steals);
  std::thread second(steals);
  std::mt19937 random(7);
  for (std::size_t i = 0; i < count; ++i) {
    queue.push(tasks[i], overflow);
    if (random() % 3 == 0) {
      if (auto* task = queue.pop()) count_in(task);
    }
    if (random() % 64 == 0) {
      while (auto* task = overflow.pop()) count_in(task);
    }
  }
  all_pushed.store(true);
  while (auto* task = queue.pop()) count_in(task);
  first.join();
  second.join();
  while (auto* task = queue.pop()) count_in(task);
  while (auto* task = overflow.pop()) count_in(task);
  EXPECT_EQ(total.load(), count);
  for (std::size_t i = 0; i < count; ++i) {
    if (got[i].load() != 1)
      ADD_FAILURE() << "task " << i << " was got " << got[i].load() << " times";
  }
}

// Two workers that steal from each other: each is the thief's own queue and the other's victim at
// once.
TEST(local_queue, workers_steal_from_each_other) {
  constexpr std::size_t count = 60'000;
  headers tasks(count);
  auto got = std::make_unique<std::atomic<int>[]>(count);
  local_queue queues[2];
  injection_queue injected;
  std::atomic<std::size_t> total{0};
  for (std::size_t i = 0; i < count; ++i) injected.push(tasks[i]);
  auto works = [&](unsigned self) {
    auto& mine = queues[self];
    std::mt19937 random(self);
    while (total.load(std::memory_order_relaxed) < count) {
      auto* task = mine.pop();
      if (!task) task = injected.pop_batch(mine, 1 + random() % 100);
      if (!task) task = queues[1 - self].steal_into(mine);
      if (!task) {
        std::this_thread::yield();
        continue;
      }
      if (random() % 4 == 0) {
        mine.push(task, injected);  // as a task that yields
        continue;
      }
      got[task->id].fetch_add(1, std::memory_order_relaxed);
      total.fetch_add(1, std::memory_order_relaxed);
    }
  };
  std::thread other(works, 1);
  works(0);
  other.join();
  for (std::size_t i = 0; i < count; ++i) {
    if (got[i].load() != 1)
      ADD_FAILURE() << "task " << i << " was got " << got[i].load() << " times";
  }
}

}  // namespace
