// Chapter 8 of docs/tutorial.
#include <weft/runtime.hpp>
#include <weft/stream.hpp>
#include <weft/stream_adaptors.hpp>
#include <weft/time.hpp>

#include <cstdio>
#include <string>
#include <vector>

using weft::or_return;
using namespace std::chrono_literals;

namespace {

auto ballots() -> weft::stream<std::string> {
  for (auto* name : {"ann", "bob", "", "ann"}) {
    co_await weft::sleep(1ms);
    co_yield std::string(name);
  }
}

auto count() -> weft::task<void> {
  auto valid = ballots() | weft::filter([](const std::string& name) { return !name.empty(); });
  int votes = 0;
  while (auto name = co_await valid.next()) std::printf("%d: %s\n", ++votes, name->c_str());
}

// One that may fail yields results; an error ends it.
auto checked_ballots(int broken) -> weft::stream<weft::result<int>> {
  for (int number = 0;; ++number) {
    if (number == broken) co_yield weft::fail(weft::errc::invalid_data, "torn ballot");
    co_yield number;
  }
}

auto check() -> weft::task<weft::result<int>> {
  auto ballots = checked_ballots(3);
  int sum = 0;
  while (auto number = co_await or_return(ballots.next())) sum += *number;
  co_return sum;
}

auto show() -> weft::task<void> {
  co_await count();
  auto checked = co_await check();
  if (!checked) std::printf("%s\n", checked.error().message().c_str());
}

}  // namespace

int main() {
  return weft::run(show());
}
