// Tokio's sync_broadcast and sync_watch: one value for 10 to 1000 tasks, which all have had it
// before the next is sent. An operation is one value received by one task.
#include <weft/spawn.hpp>
#include <weft/sync/broadcast.hpp>
#include <weft/sync/notify.hpp>
#include <weft/sync/watch.hpp>

#include <atomic>
#include <memory>

#include "bench.hpp"
#include "generator.hpp"

namespace bench {

namespace {

constexpr std::size_t sends = 100;

// How many have yet to receive what was sent last.
class wait_group {
 public:
  void add(std::size_t count) {
    check(left_.fetch_add(count, std::memory_order_relaxed) == 0, "a value was received twice");
  }
  void leave() {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) none_.notify_one();
  }
  weft::task<void> wait() {
    while (left_.load(std::memory_order_acquire) > 0) co_await none_.notified();
  }

 private:
  std::atomic<std::size_t> left_{0};
  weft::sync::notify none_;
};
using shared_group = std::shared_ptr<wait_group>;

weft::task<void> receive(weft::sync::broadcast_receiver<std::size_t> from, shared_group group,
                         std::uint64_t seed) {
  generator random(seed);
  while (true) {
    auto value = co_await from.next();
    check(value.has_value(), "a receiver was too slow");
    if (!*value) break;
    keep(do_work(random));
    group->leave();
  }
}

weft::task<void> broadcast(weft::sync::broadcast_sender<std::size_t> to, shared_group group,
                           std::size_t tasks, std::size_t times) {
  for (std::size_t i = 0; i < times * sends; ++i) {
    group->add(tasks);
    check(to.send(std::size_t{i}).has_value(), "a channel has no receivers");
    co_await group->wait();
  }
}

weft::task<void> look(weft::sync::watch_receiver<int> at, shared_group group, std::uint64_t seed) {
  generator random(seed);
  while (true) {
    auto changed = co_await at.changed();
    if (!changed) break;
    auto value = at.borrow();
    check(*value == 42, "a watch has another value");
    keep(do_work(random));
    group->leave();
  }
}

weft::task<void> change(weft::sync::watch_sender<int> to, shared_group group, std::size_t tasks,
                        std::size_t times) {
  for (std::size_t i = 0; i < times * sends; ++i) {
    group->add(tasks);
    check(to.send(42).has_value(), "a watch has no receivers");
    co_await group->wait();
  }
}

runner::work prepare_broadcast(weft::runtime& runtime, std::size_t tasks, std::size_t times) {
  auto [to, from] = weft::sync::broadcast<std::size_t>(1000);
  auto group = std::make_shared<wait_group>();
  for (std::size_t i = 0; i < tasks; ++i) {
    runtime.spawn(receive(to.subscribe(), group, i)).detach();
  }
  return [=, sender = to](weft::runtime& on_it) {
    on_it.block_on(broadcast(sender, group, tasks, times));
  };
}

runner::work prepare_watch(weft::runtime& runtime, std::size_t tasks, std::size_t times) {
  auto [to, from] = weft::sync::watch(0);
  auto group = std::make_shared<wait_group>();
  for (std::size_t i = 0; i < tasks; ++i) {
    runtime.spawn(look(to.subscribe(), group, i)).detach();
  }
  return [=, sender = to](weft::runtime& on_it) {
    on_it.block_on(change(sender, group, tasks, times));
  };
}

}  // namespace

void run_fan_out(runner& bench) {
  auto run = [&](const char* name, auto prepare) {
    for (std::size_t tasks : {10uz, 100uz, 500uz, 1000uz}) {
      auto times = bench.scaled(2000 / tasks);
      bench.run_prepared(name + std::to_string(tasks), times * sends * tasks, threads::as_asked,
                         [=](weft::runtime& runtime) { return prepare(runtime, tasks, times); });
    }
  };
  run("broadcast_contention_", prepare_broadcast);
  run("watch_contention_resubscribe_", prepare_watch);
}

}  // namespace bench
