// Several things at once: join, try_join, select and timeout within one task, and tasks of their
// own by spawn.

#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/time.hpp>

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

using weft::or_return;
using namespace std::chrono_literals;

namespace {

auto fetch(std::string_view what, weft::duration takes) -> weft::task<std::string> {
  co_await weft::sleep(takes);
  co_return std::string(what);
}

auto parse(std::string_view text) -> weft::task<weft::result<int>> {
  int value = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc()) {
    co_return weft::fail(weft::errc::invalid_data, "'" + std::string(text) + "' is no number");
  }
  co_return value;
}

// or_return: the value, or an end with the error. try_join: both values, or the first error.
auto add(std::string_view left, std::string_view right) -> weft::task<weft::result<int>> {
  auto [a, b] = co_await or_return(weft::try_join(parse(left), parse(right)));
  co_return a + b;
}

auto count_multiples(int of, int below) -> weft::task<int> {
  int count = 0;
  for (int i = of; i < below; i += of) ++count;
  co_return count;
}

auto show_all() -> weft::task<weft::result<void>> {
  // Both, in the time of the slower one.
  auto [page, picture] = co_await weft::join(fetch("page", 20ms), fetch("picture", 10ms));
  std::printf("join: %s and %s\n", page.c_str(), picture.c_str());

  // The first; the others are destroyed where they wait.
  auto [mirror, origin, late] =
      co_await weft::select(fetch("mirror", 1h), fetch("origin", 1ms), weft::sleep(1min));
  if (origin) std::printf("select: %s\n", origin->c_str());
  if (mirror || late) std::printf("select: that is not possible\n");

  // The same for one thing and the clock.
  auto slow = co_await weft::timeout(5ms, fetch("archive", 1h));
  if (!slow) std::printf("timeout: %s\n", slow.error().message().c_str());

  auto three = co_await add("1", "2");
  if (three) std::printf("try_join: %d\n", *three);
  auto wrong = co_await add("1", "two");
  if (!wrong) std::printf("try_join: %s\n", wrong.error().message().c_str());

  // Tasks of their own run in parallel, on all workers. They own their arguments.
  std::vector<weft::join_handle<int>> tasks;
  for (int divisor = 1; divisor <= 4; ++divisor) {
    tasks.push_back(weft::spawn(count_multiples, divisor, 1'000'000));
  }
  int sum = 0;
  for (auto& task : tasks) {
    auto count = co_await or_return(std::move(task));
    sum += count;
  }
  std::printf("spawn: %d\n", sum);
  co_return {};
}

}  // namespace

int main() {
  return weft::run(show_all());
}
