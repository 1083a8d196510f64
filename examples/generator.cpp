// A stream that a coroutine makes: it yields values one after the other, waits in between, and ends
// with an error when it has to. It runs within the task that asks for the next value.

#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/stream.hpp>
#include <weft/time.hpp>

#include <cstdio>
#include <string>

using weft::or_return;
using namespace std::chrono_literals;

namespace {

auto fibonacci() -> weft::stream<int> {
  int before = 0;
  int last = 1;
  while (true) {
    co_yield before;
    before = std::exchange(last, before + last);
  }
}

auto fetch(int page) -> weft::task<weft::result<std::string>> {
  co_await weft::sleep(1ms);
  if (page > 2) co_return weft::fail(weft::errc::not_found, "page " + std::to_string(page));
  co_return "page " + std::to_string(page);
}

// Fails when a page does: or_return ends the stream with the error.
auto pages() -> weft::stream<weft::result<std::string>> {
  for (int number = 1;; ++number) co_yield co_await or_return(fetch(number));
}

auto read_pages() -> weft::task<weft::result<void>> {
  auto all = pages();
  while (auto page = co_await or_return(all.next())) std::printf("%s\n", page->c_str());
  co_return {};
}

auto slow() -> weft::stream<int> {
  for (int number = 1;; ++number) {
    co_await weft::sleep(20ms);
    co_yield number;
  }
}

auto show() -> weft::task<void> {
  auto numbers = fibonacci();
  std::printf("fibonacci:");
  for (int count = 0; count < 10; ++count) {
    auto next = co_await numbers.next();
    std::printf(" %d", *next);
  }
  std::printf("\n");

  auto read = co_await read_pages();
  std::printf("no more: %s\n", read.error().message().c_str());

  // A next() that is dropped loses nothing: the stream goes on where it was.
  auto late = slow();
  int dropped = 0;
  for (int got = 0; got < 2;) {
    auto [next, tired] = co_await weft::select(late.next(), weft::sleep(1ms));
    if (next) std::printf("slow: %d\n", (++got, **next));
    if (tired) ++dropped;
  }
  std::printf("gave up waiting in between: %s\n", dropped > 0 ? "yes" : "no");
}

}  // namespace

int main() {
  return weft::run(show());
}
