// Tokio's sync_notify: the thread of the program notifies without pause until 10 to 500 tasks have
// been woken 500 times altogether. An operation is one such wake-up. The tasks have one worker, so
// that there are no more threads than processors; else it is these that are shared out.
#include <weft/sync/notify.hpp>

#include <atomic>
#include <memory>
#include <thread>

#include "bench.hpp"

namespace bench {

namespace {

constexpr std::size_t wakes = 500;

struct waiters {
  weft::sync::notify notify;
  std::atomic<std::size_t> woken{0};
  std::atomic<std::size_t> running{0};
  std::atomic<bool> stopping{false};
};

weft::task<void> wait_again_and_again(std::shared_ptr<waiters> shared) {
  while (!shared->stopping.load(std::memory_order_relaxed)) {
    co_await shared->notify.notified();
    shared->woken.fetch_add(1, std::memory_order_relaxed);
  }
  shared->running.fetch_sub(1, std::memory_order_release);
}

// Ends the tasks when it is destroyed.
class waiting {
 public:
  waiting(weft::runtime& runtime, std::size_t tasks) : shared_(std::make_shared<waiters>()) {
    shared_->running = tasks;
    for (std::size_t i = 0; i < tasks; ++i) runtime.spawn(wait_again_and_again(shared_)).detach();
  }
  waiting(const waiting&) = delete;
  ~waiting() {
    shared_->stopping = true;
    while (shared_->running.load(std::memory_order_acquire) > 0) {
      shared_->notify.notify_waiters();
      std::this_thread::yield();
    }
  }

  template <class Notify>
  void until_woken(Notify notify) {
    shared_->woken.store(0, std::memory_order_relaxed);
    do {
      notify(shared_->notify);
    } while (shared_->woken.load(std::memory_order_relaxed) < wakes);
  }

 private:
  std::shared_ptr<waiters> shared_;
};

}  // namespace

void run_notify(runner& bench) {
  auto run = [&](const char* name, auto notify) {
    for (std::size_t tasks : {10uz, 50uz, 100uz, 200uz, 500uz}) {
      auto times = bench.scaled(40);
      bench.run_prepared(name + std::to_string(tasks), times * wakes, threads::one_worker,
                         [=](weft::runtime& runtime) {
                           auto shared = std::make_shared<waiting>(runtime, tasks);
                           return [=](weft::runtime&) {
                             for (std::size_t i = 0; i < times; ++i) shared->until_woken(notify);
                           };
                         });
    }
  };
  run("notify_one_", [](weft::sync::notify& notify) { notify.notify_one(); });
  run("notify_waiters_", [](weft::sync::notify& notify) { notify.notify_waiters(); });
}

}  // namespace bench
