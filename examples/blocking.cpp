// Work that blocks goes to the blocking pool: the workers go on meanwhile, and who has too much of
// it waits.

#include <weft/runtime.hpp>
#include <weft/spawn_blocking.hpp>
#include <weft/sync/semaphore.hpp>
#include <weft/task_group.hpp>

#include <cstdint>
#include <cstdio>
#include <stdexcept>

using weft::or_return;

namespace {

auto sum_of_digits(std::uint64_t number) -> int {
  if (number > 1'000'000) throw std::out_of_range("too large for this example");
  int sum = 0;
  for (; number > 0; number /= 10) sum += static_cast<int>(number % 10);
  return sum;
}

// The function is named before it is awaited: see docs/guides/gcc12-coroutines.md.
auto off_the_workers(std::uint64_t number) -> weft::task<weft::result<int>> {
  auto job = weft::spawn_blocking([number] { return sum_of_digits(number); });
  co_return co_await std::move(job);
}

// The pool has a queue of 4,096 calls, and refuses more. Who would rather wait has permits.
auto one_of_many(weft::sync::semaphore& slots, std::uint64_t number)
    -> weft::task<weft::result<int>> {
  auto permit = co_await or_return(slots.acquire());
  co_return co_await off_the_workers(number);
}

auto many(weft::sync::semaphore& slots) -> weft::task<weft::result<int>> {
  co_return co_await weft::task_group<int>([&](auto& group) -> weft::task<weft::result<int>> {
    for (std::uint64_t number = 0; number < 1000; ++number) {
      group.spawn(one_of_many(slots, number));
    }
    int sum = 0;
    while (auto part = co_await group.next()) {
      if (!*part) co_return weft::fail(part->error());
      sum += **part;
    }
    co_return sum;
  });
}

auto show() -> weft::task<weft::result<void>> {
  auto one = co_await or_return(off_the_workers(1234));
  std::printf("the digits of 1234 sum to %d\n", one);

  weft::sync::semaphore slots(4);
  auto all = co_await or_return(many(slots));
  std::printf("those of the first thousand numbers to %d\n", all);

  auto failed = co_await off_the_workers(10'000'000);
  std::printf("%s\n", failed.error().message().c_str());
  co_return {};
}

}  // namespace

int main() {
  return weft::run(show());
}
