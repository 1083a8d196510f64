// Tasks that share: many readers or one writer, a value that is made once, a start together, a
// condition.

#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/sync/barrier.hpp>
#include <weft/sync/condition_variable.hpp>
#include <weft/sync/once_cell.hpp>
#include <weft/sync/rw_lock.hpp>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

using weft::or_return;
using weft::result;
using weft::task;

namespace {

namespace sync = weft::sync;

auto readers_and_a_writer() -> task<void> {
  sync::rw_lock<std::string> motto("festina");
  {
    auto one = co_await motto.read();
    auto another = co_await motto.read();  // both at a time
    std::printf("%zu and %zu letters\n", one->size(), another->size());
  }
  auto writing = co_await motto.write();
  *writing += " lente";
  auto reading = std::move(writing).downgrade();  // nobody writes in between
  std::printf("%s\n", reading->c_str());
}

auto connect() -> task<result<std::string>> {
  std::printf("connecting, once\n");
  co_return "a connection";
}

// The first who needs it makes it; the others wait for that.
auto made_once() -> task<result<void>> {
  sync::once_cell<std::string> shared;
  auto [one, two] =
      co_await weft::join(shared.get_or_try_init(connect), shared.get_or_try_init(connect));
  std::printf("the same for both: %s\n", one && two && *one == *two ? "yes" : "no");
  co_return {};
}

auto run_a_race(sync::barrier& start) -> task<int> {
  auto here = co_await start.wait();  // until three have come
  co_return here.is_leader() ? 1 : 0;
}

struct shelf {
  sync::mutex<std::vector<int>> books;
  sync::condition_variable filled;
};

auto take_one(shelf& from) -> task<int> {
  auto held = co_await from.books.lock();
  auto any = [](const std::vector<int>& books) { return !books.empty(); };
  co_await from.filled.wait(held, any);  // the lock is given up meanwhile
  co_return held->back();
}

auto put_one(shelf& on) -> task<void> {
  auto held = co_await on.books.lock();
  held->push_back(42);
  on.filled.notify_one();
}

auto show_all() -> task<result<void>> {
  co_await readers_and_a_writer();
  co_await or_return(made_once());

  sync::barrier start(3);
  auto [a, b, c] = co_await weft::join(run_a_race(start), run_a_race(start), run_a_race(start));
  std::printf("leaders: %d\n", a + b + c);

  shelf one;
  auto [taken, put] = co_await weft::join(take_one(one), put_one(one));
  std::printf("taken: %d\n", taken);
  co_return {};
}

}  // namespace

int main() {
  return weft::run(show_all());
}
