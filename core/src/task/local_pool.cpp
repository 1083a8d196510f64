#include <weft/local_pool.hpp>
#include <weft/sync/notify.hpp>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "scheduler/scheduler.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

scheduler& local_scheduler() {
  auto& running = ambient_scheduler();
  if (running.current_thread()) return running;
  throw std::system_error(make_error_code(errc::unsupported),
                          "weft::spawn_local: tasks of this runtime move between threads; use a "
                          "current-thread runtime or a weft::local_pool");
}

namespace {

// One thread, and the runtime that it makes, drives and destroys.
class local_thread {
 public:
  explicit local_thread(const std::string& name)
      : thread_(environment().start_thread(name, [this] { run(); })) {
    std::unique_lock held(lock_);
    ready_.wait(held, [this] { return scheduler_ || failed_; });
    if (!failed_) return;
    held.unlock();
    thread_.join();
    std::rethrow_exception(failed_);
  }
  ~local_thread() {
    if (!thread_.joinable()) return;
    stop_.notify_one();
    thread_.join();
  }
  scheduler& runs_on() noexcept { return *scheduler_; }

 private:
  static task<void> until(sync::notify& stop, local_thread& self) {
    self.tell(scheduler::here(), nullptr);
    co_await stop.notified();
  }
  void tell(scheduler* made, std::exception_ptr failed) noexcept {
    std::lock_guard held(lock_);
    scheduler_ = made;
    failed_ = std::move(failed);
    ready_.notify_one();
  }
  void run() noexcept {
    try {
      auto here = runtime::current_thread().build();
      here.block_on(until(stop_, *this));
    } catch (...) {
      tell(nullptr, std::current_exception());
    }
  }

  sync::notify stop_;
  std::mutex lock_;
  std::condition_variable ready_;
  scheduler* scheduler_ = nullptr;
  std::exception_ptr failed_;
  std::thread thread_;
};

}  // namespace

class local_pool_state {
 public:
  std::vector<std::unique_ptr<local_thread>> threads;
};

scheduler& least_loaded(local_pool_state& pool) noexcept {
  auto fewest =
      std::min_element(pool.threads.begin(), pool.threads.end(), [](auto& left, auto& right) {
        return left->runs_on().tasks().size() < right->runs_on().tasks().size();
      });
  return (*fewest)->runs_on();
}

scheduler& numbered(local_pool_state& pool, std::size_t thread) noexcept {
  if (thread >= pool.threads.size()) misuse("local_pool: there is no such thread");
  return pool.threads[thread]->runs_on();
}

}  // namespace detail

local_pool::local_pool(unsigned threads, std::string thread_name)
    : state_(std::make_unique<detail::local_pool_state>()) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned made = 0; made < threads; ++made)
    state_->threads.push_back(std::make_unique<detail::local_thread>(thread_name));
}
local_pool::local_pool(local_pool&&) noexcept = default;
local_pool& local_pool::operator=(local_pool&&) noexcept = default;
local_pool::~local_pool() = default;

std::size_t local_pool::threads() const noexcept {
  return state_->threads.size();
}

// Without the one that keeps the thread going.
std::size_t local_pool::tasks(std::size_t thread) const noexcept {
  return detail::numbered(*state_, thread).tasks().size() - 1;
}

}  // namespace v0
}  // namespace weft
