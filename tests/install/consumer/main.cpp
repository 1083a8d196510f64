// What a user's program does with an installed weft. It is compiled in many ways against one
// library, so it touches what is inline in the public headers, and what would overflow the stack or
// hang if that depended on the options. WEFT_HAS_<COMPONENT> tells what it is linked with.
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/task.hpp>
#include <weft/time.hpp>
#include <weft/version.hpp>
#include <weft/yield.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

int failures = 0;
void expect(bool right, const char* what) {
  if (right) return;
  std::printf("wrong: %s\n", what);
  ++failures;
}

auto ready(int value) -> weft::task<int> {
  co_return value;
}

auto a_long_loop_of_ready_awaits() -> weft::task<void> {
  long sum = 0;
  for (int i = 0; i < 1'000'000; ++i) sum += co_await ready(1);
  expect(sum == 1'000'000, "the loop of ready awaits");
}

auto nested(int depth) -> weft::task<int> {
  if (depth == 0) co_return 0;
  auto below = co_await nested(depth - 1);
  co_return below + 1;
}

auto a_deep_chain() -> weft::task<void> {
  auto depth = co_await nested(10'000);
  expect(depth == 10'000, "the deep chain");
}

auto fails() -> weft::task<weft::result<int>> {
  co_await weft::yield_now();
  co_return std::unexpected(weft::error(weft::errc::timed_out));
}
auto passes_on(bool& reached) -> weft::task<weft::result<int>> {
  auto value = co_await weft::or_return(fails());
  reached = true;
  co_return value;
}

auto an_error() -> weft::task<void> {
  bool reached = false;
  auto ended = co_await passes_on(reached);
  expect(!ended && !reached, "or_return");
}

auto branches() -> weft::task<void> {
  auto [one, two] = co_await weft::join(ready(1), ready(2));
  expect(one == 1 && two == 2, "join");
  auto [slow, quick] = co_await weft::select(weft::sleep(1h), ready(3));
  expect(!slow && quick == 3, "select");
  auto late = co_await weft::timeout(1ms, weft::sleep(1h));
  expect(!late, "timeout");
}

auto tasks() -> weft::task<void> {
  auto shared = std::make_shared<int>(7);
  std::vector<weft::join_handle<int>> handles;
  for (int i = 0; i < 100; ++i) {
    auto body = [shared]() -> weft::task<int> {
      co_await weft::yield_now();
      co_return *shared;
    };
    handles.push_back(weft::spawn(std::move(body)));
  }
  int sum = 0;
  for (auto& handle : handles) {
    auto value = co_await handle;
    sum += value.value_or(0);
  }
  expect(sum == 700, "spawned tasks");
  handles.clear();
}

auto everything() -> weft::task<int> {
  co_await a_long_loop_of_ready_awaits();
  co_await a_deep_chain();
  co_await an_error();
  co_await branches();
  co_await tasks();
  co_return failures == 0 ? 0 : 1;
}

}  // namespace

int main() {
  auto version = weft::version();
  std::printf("weft %.*s\n", static_cast<int>(version.size()), version.data());
  return weft::run(everything());
}
