// Tokio's sync_rwlock and sync_semaphore: six at a time, in one task or in six, with room for all
// or not. An operation is one acquisition.
#include <weft/join.hpp>
#include <weft/spawn.hpp>
#include <weft/sync/rw_lock.hpp>
#include <weft/sync/semaphore.hpp>

#include <memory>

#include "bench.hpp"

namespace bench {

namespace {

using weft::sync::rw_lock;
using weft::sync::semaphore;
using shared_lock = std::shared_ptr<rw_lock<>>;
using shared_semaphore = std::shared_ptr<semaphore>;

constexpr std::size_t at_a_time = 6;

weft::task<void> use(shared_lock lock) {
  auto held = co_await lock->read();
  keep(held);
}
weft::task<void> use(shared_semaphore permits) {
  auto held = co_await permits->acquire();
  check(held.has_value(), "the semaphore was closed");
}

weft::task<void> unlock(weft::sync::write_guard<weft::unit> held) {
  held.unlock();
  co_return;
}

weft::task<void> read_alone(shared_lock lock, std::size_t times) {
  for (std::size_t i = 0; i < times * at_a_time; ++i) {
    auto held = co_await lock->read();
    keep(held);
  }
}
weft::task<void> acquire_alone(shared_semaphore permits, std::size_t times) {
  for (std::size_t i = 0; i < times * at_a_time; ++i) {
    auto held = co_await permits->acquire();
    check(held.has_value(), "the semaphore was closed");
  }
}

template <class Shared>
weft::task<void> join_six(Shared shared, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    co_await weft::join(use(shared), use(shared), use(shared), use(shared), use(shared),
                        use(shared));
  }
}

template <class Shared>
weft::task<void> spawn_six(Shared shared, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    auto ended = co_await weft::try_join(weft::spawn(use(shared)), weft::spawn(use(shared)),
                                         weft::spawn(use(shared)), weft::spawn(use(shared)),
                                         weft::spawn(use(shared)), weft::spawn(use(shared)));
    check(ended.has_value(), "a task failed");
  }
}

weft::task<void> join_behind_writer(shared_lock lock, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    auto held = co_await lock->write();
    co_await weft::join(unlock(std::move(held)), use(lock), use(lock), use(lock), use(lock),
                        use(lock));
  }
}

weft::task<void> spawn_behind_writer(shared_lock lock, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    auto held = co_await lock->write();
    auto ended = co_await weft::try_join(unlock(std::move(held)), weft::spawn(use(lock)),
                                         weft::spawn(use(lock)), weft::spawn(use(lock)),
                                         weft::spawn(use(lock)), weft::spawn(use(lock)));
    check(ended.has_value(), "a task failed");
  }
}

void run_rwlocks(runner& bench, std::size_t many, std::size_t times) {
  auto lock = std::make_shared<rw_lock<>>();
  auto run = [&](const char* name, threads on, std::size_t repeated, auto work) {
    bench.run_task(name, repeated * at_a_time, [=] { return work(lock, repeated); }, on);
  };
  run("rwlock_uncontented_read", threads::as_asked, many, read_alone);
  run("rwlock_uncontented_read_concurrent", threads::current_thread, times, join_six<shared_lock>);
  run("rwlock_uncontented_read_concurrent_multi", threads::as_asked, times, spawn_six<shared_lock>);
  run("rwlock_contention_read_concurrent", threads::current_thread, times, join_behind_writer);
  run("rwlock_contention_read_concurrent_multi", threads::as_asked, times, spawn_behind_writer);
}

void run_semaphores(runner& bench, std::size_t many, std::size_t times) {
  auto run = [&](const char* name, threads on, std::size_t permits, std::size_t repeated,
                 auto work) {
    auto shared = std::make_shared<semaphore>(permits);
    bench.run_task(name, repeated * at_a_time, [=] { return work(shared, repeated); }, on);
  };
  run("semaphore_uncontented_multi", threads::as_asked, 10, many, acquire_alone);
  run("semaphore_uncontented_concurrent_multi", threads::as_asked, 10, times,
      spawn_six<shared_semaphore>);
  run("semaphore_uncontented_concurrent_single", threads::current_thread, 10, times,
      join_six<shared_semaphore>);
  run("semaphore_contention_concurrent_multi", threads::as_asked, 5, times,
      spawn_six<shared_semaphore>);
  run("semaphore_contention_concurrent_single", threads::current_thread, 5, times,
      join_six<shared_semaphore>);
}

}  // namespace

void run_concurrent_locks(runner& bench) {
  auto many = bench.scaled(300'000);
  auto times = bench.scaled(100'000);
  run_rwlocks(bench, many, times);
  run_semaphores(bench, many, times);
}

}  // namespace bench
