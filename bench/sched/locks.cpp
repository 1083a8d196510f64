// Mutex, semaphore, notify. An operation is one acquisition, or one round trip of notify.
//
// The plain contended workloads seldom queue, since a holder is rarely interrupted; those that hold
// over a yield nearly always do.
#include <weft/sync/mutex.hpp>
#include <weft/sync/notify.hpp>
#include <weft/sync/semaphore.hpp>
#include <weft/yield.hpp>

#include "bench.hpp"

namespace bench {

namespace {

using counter = weft::sync::mutex<std::size_t>;
using weft::sync::notify;
using weft::sync::semaphore;

constexpr std::size_t tasks = 4;

weft::task<void> count_alone(std::size_t n) {
  counter mutex(std::size_t{0});
  for (std::size_t i = 0; i < n; ++i) {
    auto held = co_await mutex.lock();
    ++*held;
  }
  auto held = co_await mutex.lock();
  check(*held == n, "the mutex lost a count");
}

weft::task<void> count(std::shared_ptr<counter> mutex, std::size_t times,
                       std::shared_ptr<done> all) {
  for (std::size_t i = 0; i < times; ++i) {
    auto held = co_await mutex->lock();
    ++*held;
  }
  all->hit();
}

weft::task<void> count_holding(std::shared_ptr<counter> mutex, std::size_t times,
                               std::shared_ptr<done> all) {
  for (std::size_t i = 0; i < times; ++i) {
    auto held = co_await mutex->lock();
    ++*held;
    co_await weft::yield_now();
  }
  all->hit();
}

weft::task<void> acquire_alone(std::size_t n) {
  semaphore permits(10);
  for (std::size_t i = 0; i < n; ++i) {
    auto permit = co_await permits.acquire();
    check(permit.has_value(), "the semaphore was closed");
  }
}

weft::task<void> acquire(std::shared_ptr<semaphore> permits, std::size_t times,
                         std::shared_ptr<done> all) {
  for (std::size_t i = 0; i < times; ++i) {
    auto permit = co_await permits->acquire();
    check(permit.has_value(), "the semaphore was closed");
  }
  all->hit();
}

weft::task<void> acquire_holding(std::shared_ptr<semaphore> permits, std::size_t times,
                                 std::shared_ptr<done> all) {
  for (std::size_t i = 0; i < times; ++i) {
    auto permit = co_await permits->acquire();
    check(permit.has_value(), "the semaphore was closed");
    co_await weft::yield_now();
  }
  all->hit();
}

weft::task<void> answer(std::shared_ptr<notify> ping, std::shared_ptr<notify> pong,
                        std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    co_await ping->notified();
    pong->notify_one();
  }
}

weft::task<void> call(std::shared_ptr<notify> ping, std::shared_ptr<notify> pong,
                      std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    ping->notify_one();
    co_await pong->notified();
  }
}

// Four tasks of `work(shared, times, done)`.
template <class Shared, class Work>
void run_four(weft::runtime& runtime, const std::shared_ptr<Shared>& shared, std::size_t times,
              Work work) {
  auto [finished, all] = done::after(tasks);
  for (std::size_t i = 0; i < tasks; ++i) runtime.spawn(work(shared, times, finished)).detach();
  wait_for(runtime, std::move(all));
}

void run_mutexes(runner& bench, std::size_t n) {
  auto share = n / tasks;
  bench.run_task("mutex_uncontended", n, [n] { return count_alone(n); });
  bench.run("mutex_contended_4tasks", share * tasks, [share](weft::runtime& runtime) {
    auto mutex = std::make_shared<counter>(std::size_t{0});
    run_four(runtime, mutex, share, count);
    auto held = runtime.block_on(mutex->lock());
    check(*held == share * tasks, "the mutex lost a count");
  });
  auto held_share = share / 5;
  bench.run("mutex_4tasks_hold_yield", held_share * tasks, [held_share](weft::runtime& runtime) {
    run_four(runtime, std::make_shared<counter>(std::size_t{0}), held_share, count_holding);
  });
}

void run_semaphores(runner& bench, std::size_t n) {
  auto share = n / tasks;
  bench.run_task("semaphore_uncontended", n, [n] { return acquire_alone(n); });
  bench.run("semaphore_2permits_4tasks", share * tasks, [share](weft::runtime& runtime) {
    run_four(runtime, std::make_shared<semaphore>(2), share, acquire);
  });
  auto held_share = share / 5;
  bench.run("semaphore_2permits_4tasks_hold_yield", held_share * tasks,
            [held_share](weft::runtime& runtime) {
              run_four(runtime, std::make_shared<semaphore>(2), held_share, acquire_holding);
            });
}

}  // namespace

void run_locks(runner& bench) {
  auto n = bench.scaled(1'000'000);
  run_mutexes(bench, n);
  run_semaphores(bench, n);

  auto trips = bench.scaled(300'000);
  bench.run("notify_ping_pong", trips, [trips](weft::runtime& runtime) {
    auto ping = std::make_shared<notify>();
    auto pong = std::make_shared<notify>();
    runtime.spawn(answer(ping, pong, trips)).detach();
    runtime.block_on(call(ping, pong, trips));
  });
}

}  // namespace bench
