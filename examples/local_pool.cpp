// What must stay on one thread: here an interpreter that is bound to the thread that made it.

#include <weft/local_pool.hpp>
#include <weft/runtime.hpp>
#include <weft/yield.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>

using weft::or_return;

namespace {

class interpreter {
 public:
  auto evaluate(int number) -> int {
    bound_ = bound_ && std::this_thread::get_id() == thread_;
    return number * number;
  }
  auto stayed() const -> bool { return bound_; }

 private:
  std::thread::id thread_ = std::this_thread::get_id();
  bool bound_ = true;
};

auto squares(int count) -> weft::task<std::string> {
  auto engine = std::make_shared<interpreter>();  // no lock: all that use it are on this thread
  int sum = 0;
  auto adds = [&sum](std::shared_ptr<interpreter> with, int number) -> weft::task<void> {
    co_await weft::yield_now();
    sum += with->evaluate(number);
  };
  for (int i = 1; i <= count; ++i) {
    auto handle = weft::spawn_local(adds, engine, i);
    (void)co_await std::move(handle);
  }
  co_return std::to_string(sum) + (engine->stayed() ? ", on one thread" : ", astray");
}

auto asks(weft::local_pool& pool) -> weft::task<weft::result<void>> {
  auto few = pool.spawn_pinned(squares, 3);
  auto many = pool.spawn_pinned(squares, 100);
  auto first = co_await or_return(std::move(few));
  auto second = co_await or_return(std::move(many));
  std::printf("%s\n%s\n", first.c_str(), second.c_str());
  co_return {};
}

}  // namespace

int main() {
  weft::local_pool pool(2);
  return weft::run(asks(pool));
}
