// Many things at once in one task: branches that borrow, values as they come, all of a list; and a
// task of its own that is gone with its handle.

#include <weft/futures_unordered.hpp>
#include <weft/join_all.hpp>
#include <weft/runtime.hpp>
#include <weft/scope.hpp>
#include <weft/scoped_handle.hpp>
#include <weft/time.hpp>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

using weft::or_return;
using namespace std::chrono_literals;

namespace {

auto fill(std::vector<int>& half, int value) -> weft::task<void> {
  co_await weft::sleep(1ms);
  half.assign(100, value);
}

auto price(std::string shop, weft::duration takes, int euros) -> weft::task<weft::result<int>> {
  co_await weft::sleep(takes);
  if (euros < 0) co_return weft::fail(weft::errc::not_found, shop);
  co_return euros;
}

// One thread at a time runs the branches of a task: no copies, no locks.
auto in_a_scope() -> weft::task<weft::result<int>> {
  std::vector<int> left;
  std::vector<int> right;
  co_await or_return(weft::scope([&](auto& scope) -> weft::task<void> {
    scope.start(fill(left, 1));
    scope.start(fill(right, 2));
    co_return;
  }));
  co_return std::accumulate(left.begin(), left.end(), 0) +
      std::accumulate(right.begin(), right.end(), 0);
}

// The first two answers of three; the slow one is destroyed with the set.
auto two_of_three() -> weft::task<weft::result<int>> {
  weft::futures_unordered<weft::result<int>> prices;
  prices.push(price("near", 1ms, 30));
  prices.push(price("far", 1h, 20));
  prices.push(price("next door", 20ms, 25));
  int best = 1000;
  for (int answers = 0; answers < 2; ++answers) {
    auto one = co_await prices.next();
    auto euros = co_await or_return(std::move(*one));
    best = std::min(best, euros);
  }
  co_return best;
}

auto show_all() -> weft::task<weft::result<void>> {
  auto sum = co_await or_return(in_a_scope());
  std::printf("scope: %d\n", sum);
  auto best = co_await or_return(two_of_three());
  std::printf("best of two: %d\n", best);

  std::vector<weft::task<weft::result<int>>> asked;
  for (int euros : {7, 8, -1}) asked.push_back(price("shop", 1ms, euros));
  auto all = co_await weft::try_join_all(std::move(asked));
  std::printf("all or none: %s\n", all ? "all" : all.error().message().c_str());

  auto watch = weft::abort_on_drop(weft::spawn(weft::sleep(1h)));
  std::printf("the watch ends with its handle\n");
  co_return {};
}

}  // namespace

int main() {
  return weft::run(show_all());
}
