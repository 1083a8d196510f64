// What single steps of core cost: awaiting, failing, composing, waking, frames. Each is timed
// inside one task.
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/yield.hpp>

#include <benchmark/benchmark.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;

weft::task<int> one() {
  co_return 1;
}
weft::task<weft::result<int>> failing() {
  co_return weft::fail(weft::errc::timed_out);
}
weft::task<weft::result<int>> passing_on() {
  co_return co_await weft::or_return(failing());
}

weft::task<void> await_ready_child(benchmark::State& state) {
  for (auto _ : state) {
    auto value = co_await one();
    benchmark::DoNotOptimize(value);
  }
}

weft::task<void> or_return_error(benchmark::State& state) {
  for (auto _ : state) {
    auto failed = co_await passing_on();
    benchmark::DoNotOptimize(failed);
  }
}

weft::task<void> join_two_ready(benchmark::State& state) {
  for (auto _ : state) {
    auto both = co_await weft::join(one(), one());
    benchmark::DoNotOptimize(both);
  }
}

weft::task<void> select_two_ready(benchmark::State& state) {
  for (auto _ : state) {
    auto first = co_await weft::select(one(), one());
    benchmark::DoNotOptimize(first);
  }
}

weft::task<void> timeout_of_ready(benchmark::State& state) {
  for (auto _ : state) {
    auto value = co_await weft::timeout(1s, one());
    benchmark::DoNotOptimize(value);
  }
}

weft::task<void> yield(benchmark::State& state) {
  for (auto _ : state) co_await weft::yield_now();
}

// Wakers are made in a leaf's poll.
class clones_wakers : public weft::leaf_awaiter<clones_wakers> {
 public:
  explicit clones_wakers(benchmark::State& state) noexcept : state_(state) {}
  bool poll() noexcept {
    auto mine = weft::waker::current();
    for (auto _ : state_) {
      auto copy = mine.clone();
      benchmark::DoNotOptimize(copy);
    }
    return true;
  }
  void take() noexcept {}

 private:
  benchmark::State& state_;
};
class cloning {
 public:
  explicit cloning(benchmark::State& state) noexcept : state_(state) {}
  auto operator co_await() && noexcept { return clones_wakers(state_); }

 private:
  benchmark::State& state_;
};
weft::task<void> waker_clone_drop(benchmark::State& state) {
  co_await cloning(state);
}

void frame(benchmark::State& state) {
  auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    auto* memory = weft::detail::allocate_frame(size);
    benchmark::DoNotOptimize(memory);
    weft::detail::deallocate_frame(memory, size);
  }
}

template <weft::task<void> (*Body)(benchmark::State&)>
void in_task(benchmark::State& state) {
  auto runtime = weft::runtime::current_thread().build();
  runtime.block_on(Body(state));
}

BENCHMARK(in_task<await_ready_child>)->Name("await_ready_child");
BENCHMARK(in_task<or_return_error>)->Name("or_return_error");
BENCHMARK(in_task<join_two_ready>)->Name("join_two_ready");
BENCHMARK(in_task<select_two_ready>)->Name("select_two_ready");
BENCHMARK(in_task<timeout_of_ready>)->Name("timeout_of_ready");
BENCHMARK(in_task<yield>)->Name("yield");
BENCHMARK(in_task<waker_clone_drop>)->Name("waker_clone_drop");
BENCHMARK(frame)->Name("frame_alloc_free")->Arg(128)->Arg(1024);

}  // namespace

BENCHMARK_MAIN();
