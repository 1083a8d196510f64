#include <weft/runtime.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include "task_support.hpp"

namespace {

using namespace task_test;

task<void> yield_times(int times) {
  for (int i = 0; i < times; ++i) co_await weft::yield_now();
}

task<void> join_both(weft::join_handle<void> first, weft::join_handle<void> second) {
  (void)co_await std::move(first);
  (void)co_await std::move(second);
}

// A worker that looked at the driver while it was busy took the wake-up that was meant for one that
// slept. From then on the runtime believed that somebody searched for work, and woke nobody again.
TEST(runtime, a_wake_up_is_not_lost_when_a_busy_worker_receives_it) {
  on_every_runtime([](weft::runtime& runtime) {
    for (int round = 0; round < 4000; ++round) {
      auto first = runtime.spawn(yield_times(70 + round % 100));
      auto second = runtime.spawn(yield_times(round % 90));
      runtime.block_on(join_both(std::move(first), std::move(second)));
    }
  });
}

}  // namespace
