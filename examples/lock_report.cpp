// Which lock is waited for longest, and where: dump_locks, switched on while it is asked.

#include <weft/dump.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/sync/mutex.hpp>
#include <weft/yield.hpp>

#include <cstdio>
#include <string>
#include <utility>

using weft::task;

namespace {

auto wants_the_lock(weft::sync::mutex<int>& count) -> task<void> {
  auto held = co_await count.lock();  // the report names this line
  *held += 1;
}

auto report() -> task<void> {
  weft::track_lock_waits(true);
  weft::sync::mutex<int> count(0);
  auto held = co_await count.lock();
  auto other = weft::spawn(wants_the_lock(count));

  std::string text;
  while (text.find("wants_the_lock") == std::string::npos) {  // until it waits
    co_await weft::yield_now();
    text = weft::dump_locks();
  }
  std::fputs(text.c_str(), stderr);
  std::printf("%s", text.substr(0, text.find('\n') + 1).c_str());

  held.unlock();
  (void)co_await std::move(other);
  weft::track_lock_waits(false);
}

}  // namespace

int main() {
  return weft::run(report());
}
