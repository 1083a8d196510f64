// What the tests of streams share.
#pragma once

#include <weft/stream.hpp>
#include <weft/time.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "sync_support.hpp"

namespace stream_test {

using namespace task_test;
using weft::errc;
using weft::or_return;
using weft::result;
using weft::stream;

/// 0, 1, … count - 1, after a step of the scheduler each.
inline stream<int> slow_numbers(int count) {
  for (int i = 0; i < count; ++i) {
    co_await weft::yield_now();
    co_yield i;
  }
}
/// One number after each nap.
inline stream<int> naps(std::vector<weft::duration> waits) {
  for (std::size_t i = 0; i < waits.size(); ++i) {
    co_await weft::sleep(waits[i]);
    co_yield static_cast<int>(i);
  }
}
/// 0, 1, … count - 1, and then `errc::not_found`.
inline stream<result<int>> numbers_then_error(int count) {
  for (int i = 0; i < count; ++i) {
    co_await weft::yield_now();
    co_yield i;
  }
  co_yield errc::not_found;
}

/// A stream whose `next()` returns a task.
class tasks_for_next {
 public:
  explicit tasks_for_next(int count) noexcept : left_(count) {}
  task<std::optional<int>> next() {
    co_await weft::yield_now();
    if (left_ == 0) co_return std::nullopt;
    co_return left_--;
  }

 private:
  int left_;
};

struct only_moves {
  explicit only_moves(int number) : value(std::make_unique<int>(number)) {}
  std::unique_ptr<int> value;
};
inline stream<only_moves> movable(int count) {
  for (int i = 0; i < count; ++i) co_yield only_moves(i);
}

/// Everything until the end.
template <class Source>
auto all_of(Source from) -> task<std::vector<weft::stream_item_t<Source>>> {
  std::vector<weft::stream_item_t<Source>> all;
  while (auto next = co_await from.next()) all.push_back(std::move(*next));
  co_return all;
}
/// As above, with every next() dropped a few times while it waits, and continued in another task.
template <class Source>
auto all_of_dropped(Source from) -> task<std::vector<weft::stream_item_t<Source>>> {
  std::vector<weft::stream_item_t<Source>> all;
  for (bool ended = false; !ended;) {
    auto handle = weft::spawn(
        [](Source& source, std::vector<weft::stream_item_t<Source>>& into) -> task<bool> {
          for (int drops = 0; drops < 3; ++drops) {
            auto [next, other] = co_await weft::select_biased(source.next(), weft::yield_now());
            if (!next) continue;
            if (!*next) co_return true;
            into.push_back(std::move(**next));
          }
          auto [next, late] = co_await weft::select_biased(source.next(), weft::sleep(1ms));
          if (next && !*next) co_return true;
          if (next) into.push_back(std::move(**next));
          co_return false;
        }(from, all));
    auto came = co_await std::move(handle);
    ended = came.value();
  }
  co_return all;
}
/// The items before the first error, and the error.
template <class Source>
auto until_error(Source from)
    -> task<std::pair<std::vector<weft::stream_item_t<Source>>, std::optional<weft::error>>> {
  std::vector<weft::stream_item_t<Source>> all;
  std::optional<weft::error> failure;
  while (true) {
    auto next = co_await from.next();
    if (!next) failure.emplace(std::move(next).error());
    if (!next || !*next) break;
    all.push_back(std::move(**next));
  }
  co_return std::pair(std::move(all), std::move(failure));
}

/// Checks that a stream yields `wanted`, also when its next() is dropped over and over.
template <class Make, class Item>
void expect_items(Make make, const std::vector<Item>& wanted) {
  EXPECT_EQ(run_paused(all_of(make())), wanted);
  EXPECT_EQ(run_paused(all_of_dropped(make())), wanted) << "when next() is dropped in between";
}
/// Checks that a stream yields `wanted` and then `errc::not_found`.
template <class Make, class Item>
void expect_items_then_error(Make make, const std::vector<Item>& wanted) {
  auto [items, failure] = run_paused(until_error(make()));
  EXPECT_EQ(items, wanted);
  ASSERT_TRUE(failure.has_value());
  EXPECT_TRUE(*failure == errc::not_found);
}

}  // namespace stream_test
