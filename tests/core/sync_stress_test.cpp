// Each primitive under random use from several workers, for as long as WEFT_STRESS_SECONDS says.
// What matters is what the sanitizers say, that nothing hangs, and that what is conserved is
// conserved.
#include "sync_stress.hpp"

#include <weft/cancellation_token.hpp>
#include <weft/deadline.hpp>
#include <weft/shield.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/sync/notify.hpp>
#include <weft/sync/oneshot.hpp>
#include <weft/sync/rw_lock.hpp>
#include <weft/sync/semaphore.hpp>
#include <weft/task_tracker.hpp>
#include <weft/time.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

using namespace task_test;
using weft::cancellation_token;
using weft::errc;
using weft::sync::mutex;
using weft::sync::notify;
using weft::sync::oneshot;
using weft::sync::oneshot_receiver;
using weft::sync::oneshot_sender;
using weft::sync::semaphore;

TEST(stress_oneshot, every_value_arrives_once_or_is_destroyed) {
  census alive;
  std::atomic<int> sent{0};
  std::atomic<int> received{0};
  std::atomic<int> lost{0};
  auto receive = [&](oneshot_receiver<census::member> from, dice chance) -> task<void> {
    for (unsigned tries = chance.below(3); tries > 0; --tries) {
      auto [value, other] = co_await weft::select(from.receive(), distraction(chance));
      if (!value) continue;
      if (value->has_value()) received.fetch_add(1);
      co_return;
    }
    if (chance.below(3) == 0) from.close();
    if (chance.below(5) == 0) co_return;
    auto value = co_await std::move(from);
    if (value) received.fetch_add(1);
  };
  in_rounds(60, [&](dice chance) -> task<void> {
    auto [sender, receiver] = oneshot<census::member>();
    auto receiving = weft::spawn(receive(std::move(receiver), dice(chance.below(1000) + 1)));
    if (chance.below(2)) co_await distraction(chance);
    if (chance.below(8) == 0) receiving.abort();
    if (chance.below(4) == 0) (void)co_await weft::select(sender.closed(), distraction(chance));
    if (chance.below(4) != 0) {
      if (sender.send(alive.join())) {
        sent.fetch_add(1);
      } else {
        lost.fetch_add(1);
      }
    } else {
      auto dropped = std::move(sender);
    }
    (void)co_await std::move(receiving);
  });
  EXPECT_GT(received, 0);
  EXPECT_LE(received, sent);
}

TEST(stress_semaphore, never_gives_more_than_it_has_and_loses_none) {
  constexpr std::size_t total = 5;
  semaphore slots(total);
  std::atomic<std::size_t> out{0};
  in_rounds(
      50,
      [&](dice chance) -> task<void> {
        for (int round = 0; round < 20; ++round) {
          auto wanted = 1 + chance.below(total);
          weft::sync::semaphore_permit held;
          if (chance.below(4) == 0) {
            auto tried = slots.try_acquire(wanted);
            if (tried) held = std::move(*tried);
          } else if (chance.below(2)) {
            auto [permit, other] =
                co_await weft::select(slots.acquire_many(wanted), distraction(chance));
            if (permit) held = std::move(**permit);
          } else {
            auto permit = co_await weft::timeout(1ms, slots.acquire_many(wanted));
            if (permit) held = std::move(*permit);
          }
          if (!held) continue;
          EXPECT_LE(out.fetch_add(held.count()) + held.count(), total);
          struct leaving {
            std::atomic<std::size_t>* from;
            std::size_t count;
            ~leaving() { from->fetch_sub(count); }
          } at_end{&out, held.count()};
          if (chance.below(2)) co_await weft::yield_now();
        }
      },
      [&] { EXPECT_EQ(slots.available_permits(), total) << "permits were lost or made"; });
}

TEST(stress_semaphore, closing_lets_everybody_go) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto visit = [](std::shared_ptr<semaphore> of) -> task<void> {
    auto permit = co_await of->acquire();
    while (permit) {
      co_await weft::yield_now();
      permit->release();
      permit = co_await of->acquire();
    }
  };
  auto rounds = [&](stress_time time) -> task<void> {
    for (dice chance(1); !time.over();) {
      auto slots = std::make_shared<semaphore>(2);
      weft::task_tracker tracker;
      for (int index = 0; index < 80; ++index) tracker.spawn(visit(slots)).detach();
      co_await distraction(chance);
      slots->close();
      tracker.close();
      co_await tracker.wait();
      EXPECT_EQ(slots->available_permits(), 2u);
    }
  };
  runtime.block_on(rounds(stress_time()));
}

TEST(stress_mutex, excludes_and_is_handed_on) {
  mutex<int> counter(0);  // not atomic: the thread sanitizer watches it
  std::atomic<int> added{0};
  in_rounds(
      40,
      [&](dice chance) -> task<void> {
        for (int round = 0; round < 30; ++round) {
          auto [held, other] = co_await weft::select(counter.lock(), distraction(chance));
          if (!held) continue;
          auto before = **held;
          if (chance.below(2)) co_await weft::yield_now();
          **held = before + 1;
          added.fetch_add(1);
        }
      },
      [&] { EXPECT_EQ(*counter.try_lock(), added); });
}

TEST(stress_rw_lock, writers_are_alone_and_readers_see_what_they_wrote) {
  struct pair {
    int one = 0;  // not atomic: the thread sanitizer watches them
    int two = 0;
  };
  struct completing {
    explicit completing(pair* changed) : half_done(changed) {}
    pair* half_done;
    ~completing() { half_done->two = half_done->one; }
  };
  weft::sync::rw_lock<pair> numbers;
  std::atomic<int> written{0};
  in_rounds(
      40,
      [&](dice chance) -> task<void> {
        for (int round = 0; round < 30; ++round) {
          if (chance.below(3) != 0) {
            auto [held, other] = co_await weft::select(numbers.read(), distraction(chance));
            if (!held) continue;
            auto before = (*held)->one;
            if (chance.below(2)) co_await weft::yield_now();
            EXPECT_EQ((*held)->two, before);
            continue;
          }
          auto [held, other] = co_await weft::select(numbers.write(), distraction(chance));
          if (!held) continue;
          (*held)->one += 1;
          {
            completing also_when_aborted(&**held);
            if (chance.below(2)) co_await weft::yield_now();
          }
          written.fetch_add(1);
          if (chance.below(2)) {
            auto reading = std::move(*held).downgrade();
            auto before = reading->one;
            co_await weft::yield_now();
            EXPECT_EQ(reading->two, before);
          }
        }
      },
      [&] {
        auto held = numbers.try_write();
        ASSERT_TRUE(held) << "a lock was lost";
        EXPECT_GE(held->one, written);
      });
}

// Whoever has got what it waited for may destroy where it came from, though the giver has not
// returned yet.
TEST(stress_lifetime, the_last_holder_may_destroy_it) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto lock = [](mutex<int>* shared) -> task<void> {
    auto held = co_await shared->lock();
    *held += 1;
  };
  auto rounds = [&](stress_time time) -> task<void> {
    while (!time.over()) {
      {
        auto bell = std::make_unique<notify>();
        weft::spawn([](notify* to) -> task<void> {
          to->notify_one();
          co_return;
        }(bell.get()))
            .detach();
        (void)co_await weft::select(bell->notified(), never());
      }
      {
        auto slots = std::make_unique<semaphore>(0);
        weft::spawn([](semaphore* to) -> task<void> {
          to->add_permits(1);
          co_return;
        }(slots.get()))
            .detach();
        (void)co_await weft::timeout(1h, slots->acquire());
      }
      {
        auto shared = std::make_unique<mutex<int>>(0);
        std::vector<weft::join_handle<void>> others;
        auto held = co_await shared->lock();
        for (int index = 0; index < 3; ++index) others.push_back(weft::spawn(lock(shared.get())));
        co_await weft::yield_now();
        held.unlock();
        for (bool last = false; !last;) {
          auto mine = co_await shared->lock();
          last = *mine == 3;
        }
      }
    }
  };
  runtime.block_on(rounds(stress_time()));
}

// As many are let go as were notified: a notification that its waiter did not live to receive went
// on.
TEST(stress_notify, no_notification_is_lost) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto rounds = [&](stress_time time) -> task<void> {
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      dice chance(seed);
      auto bell = std::make_shared<notify>();
      auto work = std::make_shared<std::atomic<int>>(200);
      std::vector<weft::join_handle<void>> consumers;
      auto consume = [](std::shared_ptr<notify> on, std::shared_ptr<std::atomic<int>> left,
                        dice luck) -> task<void> {
        while (left->load() > 0) {
          auto [notified, other] = co_await weft::select(on->notified(), distraction(luck));
          if (notified) left->fetch_sub(1);
        }
      };
      for (std::uint64_t index = 0; index < 8; ++index) {
        consumers.push_back(weft::spawn(consume(bell, work, dice(seed * 100 + index))));
      }
      while (work->load() > 0) {
        auto before = work->load();
        if (chance.below(3) == 0) {
          bell->notify_last();
        } else {
          bell->notify_one();
        }
        // Only this notification can let the number fall; it must, whoever was cancelled meanwhile.
        while (before > 0 && work->load() == before) co_await weft::yield_now();
      }
      for (auto& consumer : consumers) (void)co_await consumer;
    }
  };
  runtime.block_on(rounds(stress_time()));
}

TEST(stress_notify, waiters_reaches_everybody) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto rounds = [&](stress_time time) -> task<void> {
    while (!time.over()) {
      auto bell = std::make_shared<notify>();
      auto open = std::make_shared<std::atomic<bool>>(false);
      weft::task_tracker tracker;
      auto wait = [](std::shared_ptr<notify> on,
                     std::shared_ptr<std::atomic<bool>> set) -> task<void> {
        for (;;) {
          auto changed = on->notified();
          if (set->load(std::memory_order_relaxed)) co_return;
          co_await std::move(changed);
        }
      };
      std::vector<weft::join_handle<void>> waiting;
      for (int index = 0; index < 70; ++index) waiting.push_back(tracker.spawn(wait(bell, open)));
      co_await weft::yield_now();
      bell->notify_waiters();
      for (std::size_t index = 0; index < 70; index += 7) waiting[index].abort();
      open->store(true, std::memory_order_relaxed);
      bell->notify_waiters();
      tracker.close();
      co_await tracker.wait();
    }
  };
  runtime.block_on(rounds(stress_time()));
}

// Makes children, cancels them, waits for them in all ways, until its own token is cancelled.
task<void> grow(weft::task_tracker tracker, cancellation_token token, dice luck, int depth) {
  while (!token.is_cancelled()) {
    auto child = token.child_token();
    auto guard = child.drop_guard(weft::cancel_reason::disconnect);
    if (depth > 0 && tracker.size() < 60) {
      tracker.spawn(grow(tracker, child, dice(luck.below(10'000) + 1), depth - 1)).detach();
    }
    switch (luck.below(4)) {
      case 0:
        child.cancel();
        break;
      case 1:
        (void)co_await token.run_until_cancelled(distraction(luck));
        break;
      case 2:
        (void)co_await weft::select(child.cancelled(), distraction(luck));
        break;
      default:
        (void)co_await child.child_token().run_until_cancelled(weft::sleep(1ms));
    }
  }
  (void)co_await token.cancelled();
}

TEST(stress_cancellation, reaches_the_whole_tree) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  auto rounds = [](stress_time time) -> task<void> {
    for (std::uint64_t seed = 1; !time.over(); ++seed) {
      dice chance(seed);
      cancellation_token root;
      weft::task_tracker tracker;
      std::vector<weft::join_handle<void>> growing;
      for (std::uint64_t index = 0; index < 8; ++index) {
        growing.push_back(
            tracker.spawn(grow(tracker, root.child_token(), dice(seed * 100 + index), 3)));
      }
      for (unsigned step = chance.below(50); step > 0; --step) co_await weft::yield_now();
      growing[chance.below(8)].abort();
      root.cancel(weft::cancel_reason::shutdown);
      tracker.close();
      co_await tracker.wait();
    }
  };
  runtime.block_on(rounds(stress_time()));
}

TEST(stress_tracker, counts_to_zero) {
  in_rounds(4, [](dice chance) -> task<void> {
    weft::task_tracker tracker;
    std::vector<weft::abort_handle> aborts;
    for (int index = 0; index < 100; ++index) {
      auto work = [](dice luck) -> task<void> {
        co_await distraction(luck);
        if (luck.below(5) == 0) throw std::runtime_error("by chance");
      };
      auto handle = tracker.spawn(work, dice(chance.below(10'000) + 1));
      if (chance.below(3) == 0) aborts.push_back(handle.abort_handle());
      std::move(handle).detach();
    }
    for (auto& abort : aborts) abort.abort();
    tracker.close();
    co_await tracker.wait();
    EXPECT_EQ(tracker.size(), 0u);
  });
}

TEST(stress_deadline, is_never_early_and_always_comes) {
  in_rounds(30, [](dice chance) -> task<void> {
    weft::deadline limit;
    for (int round = 0; round < 5; ++round) {
      auto due = weft::time::now() + std::chrono::microseconds(chance.below(3000));
      limit.reset(due);
      switch (chance.below(3)) {
        case 0:
          co_await limit.expired();
          break;
        case 1: {
          auto [expired, other] = co_await weft::select(limit.expired(), distraction(chance));
          if (!expired) continue;
          break;
        }
        default: {
          (void)co_await weft::select(limit.expired(), weft::yield_now());
          due = weft::time::now() + std::chrono::microseconds(chance.below(2000));
          limit.reset(due);
          co_await limit.expired();
        }
      }
      EXPECT_GE(weft::time::now(), due);
    }
  });
}

TEST(stress_shield, shutdown_drains_what_others_have_given_up) {
  std::atomic<int> started{0};
  std::atomic<int> finished{0};
  auto commit = [&](dice luck) -> task<void> {
    started.fetch_add(1);
    co_await distraction(luck);
    finished.fetch_add(1);
  };
  auto work = [&](dice luck) -> task<void> {
    auto shielded = weft::shield(commit(luck));
    (void)co_await weft::select(std::move(shielded), distraction(luck));
  };
  stress_time time;
  for (std::uint64_t seed = 1; !time.over(); ++seed) {
    auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
    for (std::uint64_t index = 0; index < 50; ++index) {
      auto handle = runtime.spawn(work(dice(seed * 100 + index)));
      if (index % 5 == 0) handle.abort();
      std::move(handle).detach();
    }
    runtime.shut_down(1h);
    EXPECT_EQ(started, finished);
  }
}

}  // namespace
