// Work that blocks goes to the blocking pool: the workers go on meanwhile, and who has too much of
// it waits.

#include <weft/reserve_blocking.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn_blocking.hpp>
#include <weft/task_group.hpp>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <utility>

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

// The pool has a queue, and refuses what is too much. Who would rather wait reserves a place.
auto one_of_many(std::uint64_t number) -> weft::task<weft::result<int>> {
  auto permit = co_await or_return(weft::reserve_blocking());
  auto job = std::move(permit).spawn([number] { return sum_of_digits(number); });
  co_return co_await std::move(job);
}

auto many() -> weft::task<weft::result<int>> {
  co_return co_await weft::task_group<int>([](auto& group) -> weft::task<weft::result<int>> {
    for (std::uint64_t number = 0; number < 1000; ++number) {
      group.spawn(one_of_many(number));
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

  auto all = co_await or_return(many());
  std::printf("those of the first thousand numbers to %d\n", all);

  auto failed = co_await off_the_workers(10'000'000);
  std::printf("%s\n", failed.error().message().c_str());
  co_return {};
}

}  // namespace

int main() {
  // Four threads, and a queue of sixteen: small, so that most of the thousand calls have to wait.
  auto runtime = weft::runtime::multi_thread().blocking_threads(4).blocking_queue(16).build();
  auto ended = runtime.block_on(show());
  if (!ended) std::fprintf(stderr, "%s\n", ended.error().message().c_str());
  return ended ? 0 : 1;
}
