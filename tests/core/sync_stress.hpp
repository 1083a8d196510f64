// What the stress tests of locks and channels share, beside sync_support.hpp.
#pragma once

#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <functional>
#include <utility>
#include <vector>

#include "sync_support.hpp"

namespace task_test {

inline constexpr unsigned workers = 4;

/// Runs rounds of `tasks` tasks, made by `make(dice)`, and aborts some of them at random moments,
/// until the time is over. `after` runs when all tasks of a round are gone.
inline void in_rounds(
    unsigned tasks, std::function<task<void>(dice)> make, std::function<void()> after = [] {}) {
  auto runtime = weft::runtime::multi_thread().worker_threads(workers).build();
  stress_time time;
  for (std::uint64_t round = 1; !time.over(); ++round) {
    auto all = [](std::function<task<void>(dice)>& maker, unsigned count,
                  std::uint64_t seed) -> task<void> {
      dice chance(seed);
      std::vector<weft::join_handle<void>> handles;
      for (unsigned index = 0; index < count; ++index) {
        handles.push_back(weft::spawn(maker(dice(seed * 1000 + index))));
      }
      for (unsigned step = chance.below(10); step > 0; --step) co_await weft::yield_now();
      for (auto& handle : handles) {
        if (chance.below(4) == 0) handle.abort();
      }
      for (auto& handle : handles) (void)co_await handle;
    };
    runtime.block_on(all(make, tasks, round));
    after();
  }
}

/// A way for something else to be over first.
inline task<void> distraction(dice& chance) {
  switch (chance.below(4)) {
    case 0:
      break;
    case 1:
      co_await weft::sleep(1ms);
      break;
    default:
      for (unsigned step = chance.below(4); step > 0; --step) co_await weft::yield_now();
  }
}

}  // namespace task_test
