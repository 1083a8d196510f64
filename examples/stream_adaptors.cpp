// Streams are put together with `|`: values of a container, calls that run at the same time,
// batches by number and time. Any object with a `next()` that can be awaited is a stream.

#include <weft/runtime.hpp>
#include <weft/stream_adaptors.hpp>
#include <weft/time.hpp>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

struct page {
  int number;
  std::string text;
};

auto fetch(int number) -> weft::task<weft::result<page>> {
  co_await weft::sleep(5ms);
  if (number == 3) co_return weft::fail(weft::errc::not_found, "page 3");
  co_return page{number, std::string(static_cast<std::size_t>(100 * number), 'x')};
}

// A stream of one's own: it counts for ever.
class counter {
 public:
  auto next() -> weft::task<std::optional<int>> { co_return ++value_; }

 private:
  int value_ = 0;
};

auto show() -> weft::task<weft::result<void>> {
  auto squares = counter() | weft::map([](int n) { return n * n; }) |
                 weft::filter([](const int& n) { return n % 2 == 0; }) | weft::take(3);
  auto even = co_await (std::move(squares) | weft::collect<std::vector<int>>());
  std::printf("%zu even squares:", even.size());
  for (auto square : even) std::printf(" %d", square);
  std::printf("\n");

  // Three at a time, in order; an error takes the place of its page.
  auto pages = weft::from({1, 2, 3, 4}) | weft::map(fetch) | weft::buffered(3);
  for (int i = 0; i < 4; ++i) {
    auto next = co_await pages.next();
    if (next) {
      std::printf("page %d: %zu bytes\n", (*next)->number, (*next)->text.size());
    } else {
      std::printf("%s\n", next.error().message().c_str());
    }
  }

  // Whichever is done first; at most three in a batch, and none waits for longer than 50 ms.
  auto sizes = weft::from({1, 2, 3, 4}) |
               weft::then([](int number) { return weft::sleep(number == 4 ? 200ms : 1ms); }) |
               weft::enumerate() | weft::chunks_timeout(3, 50ms);
  std::string batches;
  while (auto batch = co_await sizes.next()) batches += " " + std::to_string(batch->size());
  auto bytes = weft::from({1, 2, 4, 3}) | weft::map([](int n) { return 100 * n; });
  auto total = co_await (std::move(bytes) | weft::fold(0, std::plus<>()));
  std::printf("%d bytes in batches:%s\n", total, batches.c_str());
  co_return {};
}

}  // namespace

int main() {
  return weft::run(show());
}
