// One tells many: the latest value to all, or every value to all. And two who meet.

#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/sync/broadcast.hpp>
#include <weft/sync/rendezvous.hpp>
#include <weft/sync/watch.hpp>

#include <cstdio>
#include <string>
#include <utility>

using weft::or_return;
using weft::result;
using weft::task;

namespace {

namespace sync = weft::sync;

// The latest value for everybody: what came in between is skipped.
auto follow(sync::watch_receiver<std::string> weather) -> task<std::string> {
  while (auto changed = co_await weather.changed()) {
  }
  co_return *weather.borrow();
}

auto watch() -> task<result<void>> {
  auto [tx, rx] = sync::watch<std::string>("sun");
  auto following = weft::spawn(follow(std::move(rx)));
  for (const char* next : {"wind", "rain"}) co_await or_return(tx.send(next));
  {
    auto last = std::move(tx);
  }
  auto seen = co_await or_return(std::move(following));
  std::printf("the last weather: %s\n", seen.c_str());
  co_return {};
}

// Everything for everybody; who is too slow is told how much it missed.
auto news() -> task<void> {
  auto [tx, rx] = sync::broadcast<int>(2);
  for (int number = 1; number <= 5; ++number) (void)tx.send(number);
  auto late = co_await rx.next();
  std::printf("missed: %d\n", static_cast<int>(late.error().get<sync::broadcast_lag>()->missed));
  auto next = co_await rx.next();
  std::printf("goes on with: %d\n", **next);
}

// Nothing is kept in between: sending is done when the value was taken.
auto meet(sync::rendezvous_sender<const char*> to) -> task<result<void>> {
  co_await or_return(to.send("a letter"));
  std::printf("it was handed over\n");
  co_return {};
}

auto letter() -> task<result<void>> {
  auto [tx, rx] = sync::rendezvous<const char*>();
  auto sending = weft::spawn(meet(std::move(tx)));
  auto letter = co_await rx.next();
  co_await or_return(std::move(sending));
  std::printf("received: %s\n", *letter);
  co_return {};
}

auto show_all() -> task<result<void>> {
  co_await or_return(watch());
  co_await news();
  co_return co_await letter();
}

}  // namespace

int main() {
  return weft::run(show_all());
}
