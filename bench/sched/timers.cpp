// Sleeps, and what is built on them: select and timeout.
#include <weft/select.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

#include "bench.hpp"

namespace bench {

namespace {

using namespace std::chrono_literals;

constexpr auto long_time = 10s;

class ready_awaiter : public weft::leaf_awaiter<ready_awaiter> {
 public:
  bool poll() noexcept { return true; }
  void take() noexcept {}
};
// Is done at once.
class ready {
 public:
  ready() noexcept {}
  auto operator co_await() && noexcept { return ready_awaiter(); }
};

class poll_sleep_awaiter : public weft::leaf_awaiter<poll_sleep_awaiter> {
 public:
  explicit poll_sleep_awaiter(weft::sleep_operation&& sleep) noexcept
      : sleep_(std::move(sleep).operator co_await()) {}
  bool poll() noexcept {
    pending_ = !sleep_.poll();
    return true;
  }
  bool take() noexcept { return pending_; }

 private:
  decltype(std::declval<weft::sleep_operation>().operator co_await()) sleep_;
  bool pending_ = false;
};
// Polls a sleep once and gives it up: whether it had to wait.
class poll_sleep {
 public:
  explicit poll_sleep(weft::duration wait) noexcept : sleep_(weft::sleep(wait)) {}
  auto operator co_await() && noexcept { return poll_sleep_awaiter(std::move(sleep_)); }

 private:
  weft::sleep_operation sleep_;
};

weft::task<void> register_and_cancel(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    auto pending = co_await poll_sleep(long_time);
    check(pending, "a sleep of 10 s was over at once");
  }
}

weft::task<void> select_fair(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    auto [came, slept] = co_await weft::select(ready(), weft::sleep(long_time));
    check(came && !slept, "a sleep of 10 s was over at once");
  }
}

weft::task<void> select_sleep_first(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    auto [slept, came] = co_await weft::select_biased(weft::sleep(long_time), ready());
    check(came && !slept, "a sleep of 10 s was over at once");
  }
}

weft::task<void> select_ready_first(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    auto [came, slept] = co_await weft::select_biased(ready(), weft::sleep(long_time));
    check(came && !slept, "a sleep of 10 s was over at once");
  }
}

weft::task<void> timeouts(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    auto ended = co_await weft::timeout(1s, weft::yield_now());
    check(ended.has_value(), "a timeout of 1 s was over at once");
  }
}

weft::task<void> yields(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) co_await weft::yield_now();
}

using lateness = std::vector<std::atomic<std::uint64_t>>;

weft::task<void> sleep_once(std::size_t index, std::shared_ptr<lateness> late,
                            std::shared_ptr<done> finished) {
  auto wait = std::chrono::milliseconds(10 + (index * 7919) % 91);
  auto deadline = std::chrono::steady_clock::now() + wait;
  co_await weft::sleep(wait);
  auto over = std::chrono::steady_clock::now() - deadline;
  (*late)[index].store(static_cast<std::uint64_t>(std::max<std::int64_t>(0, over / 1ns)),
                       std::memory_order_relaxed);
  finished->hit();
}

weft::task<void> spawn_sleeps(std::size_t tasks, std::shared_ptr<lateness> late,
                              std::shared_ptr<done> finished) {
  for (std::size_t i = 0; i < tasks; ++i) weft::spawn(sleep_once(i, late, finished)).detach();
  co_return;
}

std::string quantiles(const lateness& late) {
  std::vector<std::uint64_t> sorted(late.begin(), late.end());
  std::ranges::sort(sorted);
  auto at = [&](double share) {
    auto index = static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * share);
    return static_cast<double>(sorted[index]) / 1000;
  };
  char text[128];
  std::snprintf(text, sizeof text,
                ",\"late_p50_us\":%.0f,\"late_p99_us\":%.0f,\"late_max_us\":%.0f", at(0.5),
                at(0.99), at(1));
  return text;
}

// 100k tasks with one sleep of 10 to 100 ms each. Wall time has a floor of 100 ms: look at the CPU
// time, and at the lateness past the deadline, which is taken when the sleep is made.
void run_concurrent_sleeps(runner& bench) {
  auto tasks = bench.scaled(100'000);
  bench.run_with_extra("sleep_100k_concurrent", tasks, [tasks](weft::runtime& runtime) {
    auto late = std::make_shared<lateness>(tasks);
    auto [finished, all] = done::after(tasks);
    runtime.spawn(spawn_sleeps(tasks, late, finished)).detach();
    wait_for(runtime, std::move(all));
    return quantiles(*late);
  });
}

}  // namespace

void run_timers(runner& bench) {
  auto n = bench.scaled(1'000'000);
  bench.run_task("sleep_register_cancel", n, [n] { return register_and_cancel(n); });
  run_concurrent_sleeps(bench);
  bench.run_task("select_ready_vs_sleep", n, [n] { return select_fair(n); });
  bench.run_task("select_biased_sleep_first", n, [n] { return select_sleep_first(n); });
  bench.run_task("select_biased_ready_first", n, [n] { return select_ready_first(n); });
  bench.run_task("timeout_yield_once", n, [n] { return timeouts(n); });
  bench.run_task("yield_alone", n, [n] { return yields(n); });
}

}  // namespace bench
