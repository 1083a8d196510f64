// Threads for what blocks.
#pragma once

#include <weft/detail/wait_list.hpp>
#include <weft/environment.hpp>
#include <weft/reserve_blocking.hpp>
#include <weft/spawn_blocking.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

class scheduler;

struct blocking_limits {
  unsigned threads = 512;
  std::size_t queue = 4096;
  std::chrono::nanoseconds idle = std::chrono::seconds(10);  // how long a thread stays without work
  std::string name = "weft-blocking";
};

// Grows by a thread whenever there is more work than idle threads, up to its limit; then the queue
// grows, up to its own. Calls that are queued or run, and places that are reserved, are together
// no more than threads and queue have room for; who waits for a place waits only while there is
// none. Shared by the scheduler, the threads, and the jobs: a call that outlasts
// the shutdown still finds it.
class blocking_pool : public std::enable_shared_from_this<blocking_pool> {
 public:
  blocking_pool(std::shared_ptr<environment> doors, blocking_limits limits, scheduler& owner);
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;

  // Takes over one reference of the job, which ends at once, refused, when there is no room.
  void submit(blocking_job* job) noexcept;
  void withdraw(blocking_job* job) noexcept;

  bool poll_place(blocking_waiter& self) noexcept;
  void leave(blocking_waiter& self) noexcept;
  std::optional<errc> try_reserve() noexcept;  // why not
  void give_place() noexcept;
  // As `submit`, of who has reserved a place, which it takes.
  void submit_reserved(blocking_job* job) noexcept;

  struct number_of {
    std::size_t threads;
    std::size_t idle;
    std::size_t queued;
    std::size_t waiters;
  };
  number_of numbers() noexcept {
    std::lock_guard held(lock_);
    return {alive_, idle_, queued_, waiting_};
  }
  // Calls are queued or run: a paused clock must not jump ahead of them.
  bool busy() const noexcept { return busy_.load(std::memory_order_acquire) > 0; }

  // Afterwards nothing is started, and no task is woken: its scheduler may go.
  void close() noexcept;
  // Waits for the threads to end. Calls that do not end in time are left to themselves. Returns how
  // many.
  std::size_t join(std::chrono::nanoseconds at_most) noexcept;

 private:
  struct member {
    std::thread thread;
    bool exited = false;
  };

  void start_thread() noexcept;
  void serve(unsigned number) noexcept;
  bool wait_for_work(std::unique_lock<std::mutex>& held) noexcept;
  void end(blocking_job* job) noexcept;
  void tell(blocking_job* job, bool had_place) noexcept;
  void accept(blocking_job* job, bool reserved) noexcept;
  void end_unstarted(blocking_job* list) noexcept;
  void start_failed(unsigned number, error why) noexcept;
  void join_exited() noexcept;
  // With the lock held.
  bool has_room() const noexcept { return occupied_ + reserved_ < limits_.threads + limits_.queue; }
  void hand_out() noexcept;
  void push(blocking_job* job) noexcept;
  void unlink(blocking_job* job) noexcept;

  const std::shared_ptr<environment> doors_;
  const blocking_limits limits_;
  scheduler& owner_;  // not after `close`
  facade::atomic<std::size_t> busy_{0};

  std::mutex lock_;  // of all that follows
  std::condition_variable work_;
  std::condition_variable exit_;
  blocking_job* first_ = nullptr;
  blocking_job* last_ = nullptr;
  std::size_t queued_ = 0;
  std::size_t occupied_ = 0;  // calls that are queued or run
  std::size_t reserved_ = 0;  // places that are promised to calls
  std::size_t waiting_ = 0;
  wait_list waiters_;      // who waits for a place
  unsigned alive_ = 0;     // threads, with those that are being started
  unsigned idle_ = 0;      // threads that wait for work
  unsigned arriving_ = 0;  // threads that have yet to look for work
  unsigned starting_ = 0;  // threads whose start has yet to return
  unsigned next_number_ = 0;
  bool closed_ = false;
  unsigned exited_ = 0;
  std::map<unsigned, member> threads_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
