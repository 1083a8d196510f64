// The end of a runtime: everything is cancelled, every frame is freed, whatever others do
// meanwhile.
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
using weft::errc;
using weft::join_handle;
using weft::runtime;

task<void> yields_for_ever(census::member) {
  while (true) co_await weft::yield_now();
}
task<void> waits(flag& until, census::member) {
  co_await until.wait();
}
task<void> sleeps(census::member) {
  co_await weft::sleep(1h);
}
task<void> waits_deep(int levels, flag& until, census::member kept) {
  if (levels == 0) {
    co_await until.wait();
  } else {
    co_await weft::join(waits_deep(levels - 1, until, kept), weft::timeout(1h, never()),
                        sleeps(kept));
  }
}

TEST(shut_down, cancels_every_task_in_whatever_state) {
  on_every_runtime([](runtime& runtime) {
    census frames;
    flag until;
    flag running;
    auto runs = [&running](census::member) -> task<void> {
      running.set();
      while (true) co_await weft::yield_now();
    };
    std::vector<join_handle<void>> handles;
    handles.push_back(runtime.spawn(runs, frames.join()));
    for (int i = 0; i < 20; ++i) {
      handles.push_back(runtime.spawn(yields_for_ever(frames.join())));
      handles.push_back(runtime.spawn(waits(until, frames.join())));
      handles.push_back(runtime.spawn(sleeps(frames.join())));
      handles.push_back(runtime.spawn(waits_deep(1 + i * 2, until, frames.join())));
    }
    runtime.block_on(running.wait());
    handles.push_back(runtime.spawn(yields_for_ever(frames.join())));
    EXPECT_EQ(runtime.shut_down(), handles.size()) << "it says how many it cancelled";
    EXPECT_EQ(frames.alive(), 0);
    EXPECT_EQ(until.waiting(), 0);
    for (auto& each : handles) EXPECT_TRUE(each.is_finished());
    EXPECT_EQ(runtime.shut_down(), 0u) << "again has nothing to do";
    EXPECT_EQ(runtime.metrics().alive_tasks, 0u);
  });
}

TEST(shut_down, of_a_runtime_that_ran_nothing_frees_what_was_spawned) {
  census frames;
  {
    auto unused = runtime::current_thread().build();
    for (int i = 0; i < 10; ++i) unused.spawn(yields_for_ever(frames.join())).detach();
    EXPECT_EQ(frames.alive(), 10);
  }
  EXPECT_EQ(frames.alive(), 0);
}

TEST(shut_down, what_comes_afterwards_is_aborted) {
  on_every_runtime([](runtime& runtime) {
    census frames;
    runtime.shut_down();
    auto handle = runtime.spawn(yields_for_ever(frames.join()));
    EXPECT_TRUE(handle.is_finished());
    EXPECT_EQ(frames.alive(), 0);
    auto fresh = runtime::current_thread().build();
    auto ended = fresh.block_on(std::move(handle));
    EXPECT_TRUE(!ended.has_value() && ended.error() == errc::task_aborted);
    try {
      runtime.block_on(yields_for_ever(frames.join()));
      ADD_FAILURE() << "expected std::system_error";
    } catch (const std::system_error& thrown) {
      EXPECT_EQ(thrown.code(), weft::make_error_code(errc::task_aborted));
    }
  });
}

TEST(shut_down, handles_outlive_the_runtime) {
  census frames;
  census values;
  std::vector<join_handle<census::member>> handles;
  flag until;
  auto hung = [&until](census::member kept) -> task<census::member> {
    co_await until.wait();
    co_return kept;
  };
  on_every_runtime([&](runtime& runtime) {
    handles.push_back(runtime.spawn(hung, frames.join()));
    handles.push_back(runtime.spawn(value_task(values.join())));
    auto& ended = handles.back();
    auto until_ended = [&ended]() -> task<void> {
      while (!ended.is_finished()) co_await weft::yield_now();
    };
    runtime.block_on(until_ended());
  });
  EXPECT_EQ(frames.alive(), 0);
  EXPECT_EQ(values.alive(), 5) << "a value waits for its handle";
  auto fresh = runtime::current_thread().build();
  for (auto& each : handles) each.abort();
  for (std::size_t i = 0; i < handles.size(); ++i) {
    auto ended = fresh.block_on(std::move(handles[i]));
    EXPECT_EQ(ended.has_value(), i % 2 == 1);
  }
  EXPECT_EQ(values.alive(), 0);
}

// Destructors that run during the shut-down may do what destructors do.

class spawns_when_destroyed {
 public:
  explicit spawns_when_destroyed(census& frames) : frames_(&frames) {}
  spawns_when_destroyed(spawns_when_destroyed&& other) noexcept
      : frames_(std::exchange(other.frames_, nullptr)) {}
  ~spawns_when_destroyed() {
    if (!frames_) return;
    auto handle = weft::spawn(yields_for_ever(frames_->join()));
    handle.abort();
    EXPECT_TRUE(handle.is_finished());
  }

 private:
  census* frames_;
};
class sets_when_destroyed {
 public:
  explicit sets_when_destroyed(flag& which) : flag_(&which) {}
  sets_when_destroyed(sets_when_destroyed&& other) noexcept
      : flag_(std::exchange(other.flag_, nullptr)) {}
  ~sets_when_destroyed() {
    if (flag_) flag_->set();
  }

 private:
  flag* flag_;
};
TEST(shut_down, destructors_may_spawn_and_wake) {
  on_every_runtime([](runtime& runtime) {
    census frames;
    std::array<flag, 10> flags;
    auto first = [](spawns_when_destroyed, census::member) -> task<void> { co_await never(); };
    auto second = [](flag& own, sets_when_destroyed, census::member) -> task<void> {
      co_await own.wait();
    };
    auto aborts = [](join_handle<void> other, census::member) -> task<void> {
      struct aborting {
        join_handle<void>& handle;
        ~aborting() { handle.abort(); }
      } at_end{other};
      co_await never();
    };
    for (std::size_t i = 0; i < 10; ++i) {
      runtime.spawn(first, spawns_when_destroyed(frames), frames.join()).detach();
      auto chained = runtime.spawn(second, std::ref(flags[i]),
                                   sets_when_destroyed(flags[(i + 1) % 10]), frames.join());
      runtime.spawn(aborts, std::move(chained), frames.join()).detach();
    }
    auto settles = []() -> task<void> {
      for (int i = 0; i < 3; ++i) co_await weft::yield_now();
    };
    runtime.block_on(settles());
    runtime.shut_down();
    EXPECT_EQ(frames.alive(), 0);
  });
}

// Others who are at work meanwhile, on threads of their own. Address and thread sanitizers are the
// judges.

TEST(shut_down, while_other_threads_wake_its_tasks) {
  for (unsigned round = 0; round < 200; ++round) {
    census frames;
    std::array<flag, 4> flags;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    {
      auto runtime = round % 2 ? runtime::multi_thread().worker_threads(1 + round % 3).build()
                               : runtime::current_thread().build();
      for (auto& each : flags) runtime.spawn(waits(each, frames.join())).detach();
      for (unsigned i = 0; i < 2; ++i) {
        threads.emplace_back([&, i] {
          for (unsigned n = i; !stop.load(); ++n) flags[n % 4].wake_for_nothing();
        });
      }
      auto settles = []() -> task<void> {
        for (int i = 0; i < 20; ++i) co_await weft::yield_now();
      };
      runtime.block_on(settles());
    }
    stop.store(true);
    for (auto& each : threads) each.join();
    EXPECT_EQ(frames.alive(), 0);
  }
}

TEST(shut_down, while_other_threads_abort_its_tasks) {
  for (unsigned round = 0; round < 200; ++round) {
    census frames;
    flag until;
    std::vector<join_handle<void>> handles;
    std::vector<std::thread> threads;
    {
      auto runtime = runtime::multi_thread().worker_threads(1 + round % 2).build();
      for (int i = 0; i < 20; ++i) {
        handles.push_back(
            runtime.spawn(i % 2 ? waits(until, frames.join()) : sleeps(frames.join())));
      }
      threads.emplace_back([&] {
        for (auto& each : handles) each.abort();
      });
      threads.emplace_back([&] {
        for (std::size_t i = handles.size(); i > 0; --i) handles[i - 1].abort();
      });
    }
    for (auto& each : threads) each.join();
    for (auto& each : handles) EXPECT_TRUE(each.is_finished());
    EXPECT_EQ(frames.alive(), 0);
  }
}

TEST(shut_down, while_other_threads_spawn) {
  for (unsigned round = 0; round < 100; ++round) {
    census frames;
    std::atomic<int> handed{0};
    auto runtime = round % 2 ? runtime::multi_thread().worker_threads(2).build()
                             : runtime::current_thread().build();
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 50; ++n) {
          runtime.spawn(yields_for_ever(frames.join())).detach();
          handed.fetch_add(1);
        }
      });
    }
    while (handed.load() < static_cast<int>(round % 60)) std::this_thread::yield();
    runtime.shut_down();
    for (auto& each : threads) each.join();
    EXPECT_EQ(frames.alive(), 0);
    EXPECT_EQ(runtime.metrics().alive_tasks, 0u);
  }
}

TEST(shut_down, ends_a_block_on_of_another_thread) {
  for (unsigned round = 0; round < 50; ++round) {
    census frames;
    flag started;
    auto runtime = runtime::multi_thread().worker_threads(1 + round % 2).build();
    auto hangs = [&started](census::member) -> task<void> {
      started.set();
      co_await never();
    };
    std::thread blocked([&] {
      try {
        runtime.block_on(hangs(frames.join()));
        ADD_FAILURE() << "expected std::system_error";
      } catch (const std::system_error& thrown) {
        EXPECT_EQ(thrown.code(), weft::make_error_code(errc::task_aborted));
      }
    });
    while (!started.is_set()) std::this_thread::yield();
    runtime.shut_down();
    blocked.join();
  }
}

TEST(shut_down, while_another_thread_dumps_its_tasks) {
  for (unsigned round = 0; round < 50; ++round) {
    census frames;
    flag until;
    auto runtime = runtime::multi_thread().worker_threads(1 + round % 2).build();
    for (int i = 0; i < 30; ++i) runtime.spawn(waits(until, frames.join())).detach();
    std::atomic<bool> stop{false};
    std::thread dumping([&] {
      while (!stop.load()) (void)runtime.dump_tasks();
    });
    for (int i = 0; i < 5; ++i) until.wake_for_nothing();
    runtime.shut_down();
    stop.store(true);
    dumping.join();
    EXPECT_EQ(frames.alive(), 0);
  }
}

// A runtime that ends on the worker of another one.
TEST(shut_down, on_a_worker_of_another_runtime) {
  on_every_runtime([](runtime& outer) {
    census frames;
    auto makes_another = [](census& all) -> task<void> {
      for (int round = 0; round < 5; ++round) {
        auto inner = runtime::multi_thread().worker_threads(2).build();
        auto handle = inner.spawn(yields_for_ever(all.join()));
        co_await weft::yield_now();
        handle.abort();
        (void)co_await std::move(handle);
        inner.spawn(sleeps(all.join())).detach();
      }
    };
    outer.block_on(makes_another(frames));
    EXPECT_EQ(frames.alive(), 0);
  });
}

TEST(waker, outlives_the_runtime) {
  class keeps_a_waker {
   public:
    class awaiter : public weft::leaf_awaiter<awaiter> {
     public:
      explicit awaiter(weft::waker& out) noexcept : out_(out) {}
      bool poll() noexcept {
        out_ = weft::waker::current();
        return false;
      }
      void take() noexcept {}

     private:
      weft::waker& out_;
    };
    explicit keeps_a_waker(weft::waker& out) noexcept : out_(&out) {}
    auto operator co_await() && noexcept { return awaiter(*out_); }

   private:
    weft::waker* out_;
  };
  census frames;
  weft::waker kept;
  weft::waker copy;
  {
    auto runtime = runtime::current_thread().build();
    auto hangs = [&kept](census::member) -> task<void> { co_await keeps_a_waker(kept); };
    runtime.spawn(hangs, frames.join()).detach();
    runtime.block_on(weft::yield_now());
    copy = kept.clone();
  }
  EXPECT_EQ(frames.alive(), 0) << "a waker must not keep frames or arguments";
  kept.wake();
  EXPECT_FALSE(static_cast<bool>(kept));
  copy.clone().wake();
}

}  // namespace
