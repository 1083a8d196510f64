// Spawning, yielding and waking. The first five follow Tokio's own benches/rt_multi_threaded.rs,
// repeated inside a repetition until it is long enough to time.
#include <weft/spawn.hpp>
#include <weft/yield.hpp>

#include "bench.hpp"

namespace bench {

namespace {

constexpr std::size_t spawned = 10'000;
constexpr std::size_t yielding = 200;
constexpr std::size_t yields = 1000;
constexpr std::size_t pairs = 1000;
constexpr std::size_t links = 1000;

// A task that does nothing but hit.
auto hitting(const std::shared_ptr<done>& finished) {
  return [finished]() -> weft::task<void> {
    finished->hit();
    co_return;
  };
}

weft::task<void> spawn_many(std::shared_ptr<done> finished) {
  for (std::size_t i = 0; i < spawned; ++i) weft::spawn(hitting(finished)).detach();
  co_return;
}

weft::task<void> yield_often(std::shared_ptr<done> finished) {
  for (std::size_t i = 0; i < yields; ++i) co_await weft::yield_now();
  finished->hit();
}

weft::task<void> answer(weft::sync::oneshot_receiver<void> ping,
                        weft::sync::oneshot_sender<void> pong) {
  auto pinged = co_await std::move(ping);
  check(pinged && pong.send(), "a ping or a pong was lost");
}

weft::task<void> ping_pong(std::shared_ptr<done> finished) {
  auto [ping, pinged] = weft::sync::oneshot<void>();
  auto [pong, ponged] = weft::sync::oneshot<void>();
  weft::spawn(answer(std::move(pinged), std::move(pong))).detach();
  (void)ping.send();
  auto came = co_await std::move(ponged);
  check(came.has_value(), "a pong was lost");
  finished->hit();
}

weft::task<void> spawn_pairs(std::shared_ptr<done> finished) {
  for (std::size_t i = 0; i < pairs; ++i) weft::spawn(ping_pong(finished)).detach();
  co_return;
}

weft::task<void> chain(std::shared_ptr<done> finished, std::size_t left) {
  if (left == 0) {
    finished->hit();
  } else {
    weft::spawn(chain(std::move(finished), left - 1)).detach();
  }
  co_return;
}

weft::task<std::size_t> same(std::size_t value) {
  co_return value;
}

weft::task<void> spawn_and_join(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    auto joined = co_await weft::spawn(same(i));
    check(joined == i, "a task gave another value");
  }
}

void run_spawns(runner& bench) {
  auto times = bench.scaled(50);
  bench.run("spawn_many_local", times * spawned, [times](weft::runtime& runtime) {
    for (std::size_t i = 0; i < times; ++i) {
      auto [finished, all] = done::after(spawned);
      runtime.spawn(spawn_many(finished)).detach();
      wait_for(runtime, std::move(all));
    }
  });
  // From the thread that blocks, which is no worker: through the injection queue.
  bench.run("spawn_many_remote", times * spawned, [times](weft::runtime& runtime) {
    for (std::size_t i = 0; i < times; ++i) {
      auto [finished, all] = done::after(spawned);
      for (std::size_t task = 0; task < spawned; ++task) runtime.spawn(hitting(finished)).detach();
      wait_for(runtime, std::move(all));
    }
  });
}

}  // namespace

void run_scheduler(runner& bench) {
  run_spawns(bench);

  auto times = bench.scaled(5);
  bench.run("yield_many", times * yielding * yields, [times](weft::runtime& runtime) {
    for (std::size_t i = 0; i < times; ++i) {
      auto [finished, all] = done::after(yielding);
      for (std::size_t task = 0; task < yielding; ++task)
        runtime.spawn(yield_often(finished)).detach();
      wait_for(runtime, std::move(all));
    }
  });

  times = bench.scaled(200);
  bench.run("ping_pong", times * pairs, [times](weft::runtime& runtime) {
    for (std::size_t i = 0; i < times; ++i) {
      auto [finished, all] = done::after(pairs);
      runtime.spawn(spawn_pairs(finished)).detach();
      wait_for(runtime, std::move(all));
    }
  });

  times = bench.scaled(500);
  bench.run("chained_spawn", times * links, [times](weft::runtime& runtime) {
    for (std::size_t i = 0; i < times; ++i) {
      auto [finished, all] = done::after(1);
      runtime.spawn(chain(std::move(finished), links)).detach();
      wait_for(runtime, std::move(all));
    }
  });

  auto n = bench.scaled(500'000);
  bench.run_task("spawn_join_sequential", n, [n] { return spawn_and_join(n); });
}

}  // namespace bench
