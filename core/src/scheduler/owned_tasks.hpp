// All live tasks of a scheduler, for shutdown and for dumps.
#pragma once

#include <weft/detail/execution.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// Holds one reference to a task.
class task_reference {
 public:
  explicit task_reference(task_header* task) noexcept : task_(task) { task->add_reference(); }
  task_reference(task_reference&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
  task_reference& operator=(task_reference&&) = delete;
  ~task_reference() {
    if (task_) task_->release();
  }
  task_header* get() const noexcept { return task_; }

 private:
  task_header* task_;
};

// Intrusive lists in shards, each under its lock. The list holds one reference to each task.
class owned_tasks {
 public:
  static constexpr unsigned shards = 16;

  // False after `close`: nothing was added.
  bool add(task_header* task, unsigned hint) noexcept {
    auto shard = hint % shards;
    auto& list = lists_[shard];
    std::lock_guard held(list.lock);
    if (list.closed) return false;
    task->shard = static_cast<std::uint8_t>(shard);
    task->id = (list.next_id++ * shards + shard) + 1;
    task->owned_previous = nullptr;
    task->owned_next = list.first;
    if (list.first) list.first->owned_previous = task;
    list.first = task;
    ++list.count;
    return true;
  }
  // The caller takes the list's reference.
  void remove(task_header* task) noexcept {
    auto& list = lists_[task->shard];
    std::lock_guard held(list.lock);
    if (task->owned_next) task->owned_next->owned_previous = task->owned_previous;
    if (task->owned_previous) {
      task->owned_previous->owned_next = task->owned_next;
    } else {
      list.first = task->owned_next;
    }
    --list.count;
  }
  void close() noexcept {
    for (auto& list : lists_) {
      std::lock_guard held(list.lock);
      list.closed = true;
    }
  }
  // Any task that is left, with a reference for the caller; null when there is none.
  task_header* any() noexcept {
    for (auto& list : lists_) {
      std::lock_guard held(list.lock);
      if (list.first) {
        list.first->add_reference();
        return list.first;
      }
    }
    return nullptr;
  }
  std::vector<task_reference> snapshot() {
    std::vector<task_reference> found;
    for (auto& list : lists_) {
      std::lock_guard held(list.lock);
      for (auto* task = list.first; task; task = task->owned_next) {
        found.emplace_back(task);
      }
    }
    return found;
  }
  // Since the start.
  std::uint64_t added() noexcept {
    std::uint64_t sum = 0;
    for (auto& list : lists_) {
      std::lock_guard held(list.lock);
      sum += list.next_id;
    }
    return sum;
  }
  std::size_t size() noexcept {
    std::size_t sum = 0;
    for (auto& list : lists_) {
      std::lock_guard held(list.lock);
      sum += list.count;
    }
    return sum;
  }

 private:
  struct alignas(64) shard_list {
    spin_lock lock;
    bool closed = false;
    task_header* first = nullptr;
    std::size_t count = 0;
    std::uint64_t next_id = 0;
  };
  std::array<shard_list, shards> lists_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
