// What streams allocate: a frame when they are made, and nothing for an item.
#include <weft/stream_adaptors.hpp>

#include <gtest/gtest.h>

#include "counted_memory.hpp"
#include "stream_support.hpp"

namespace {

using namespace stream_test;

stream<int> endless() {
  for (int i = 0;; ++i) {
    if (i % 3 == 0) co_await weft::yield_now();
    if (i % 7 == 0) (void)co_await weft::select(weft::yield_now(), weft::sleep(1h));
    co_yield i;
  }
}
task<int> doubled(int value) {
  co_await weft::yield_now();
  co_return 2 * value;
}

// After as many items as it takes until everything has its place.
template <class Source>
task<void> allocates_nothing(Source source) {
  for (int i = 0; i < 200; ++i) (void)co_await source.next();
  auto before = allocations.load();
  for (int i = 0; i < 1000; ++i) {
    auto next = co_await source.next();
    EXPECT_TRUE(next.has_value());
  }
  EXPECT_EQ(allocations.load() - before, 0U);
}

TEST(stream_memory, nothing_is_allocated_for_an_item) {
  if (!WEFT_TEST_COUNTS_MEMORY) GTEST_SKIP() << "this build has no free lists";
  run_paused(allocates_nothing(endless()));
  auto even = [](const int& value) { return value % 2 == 0; };
  auto next = [](int value) { return value + 1; };
  run_paused(allocates_nothing(endless() | weft::filter(even) | weft::map(next) |
                               weft::enumerate() | weft::zip(endless())));
  run_paused(allocates_nothing(endless() | weft::merge(endless()) | weft::map(doubled) |
                               weft::buffered(5)));
  run_paused(allocates_nothing(endless() | weft::map(doubled) | weft::buffer_unordered(40)));
  run_paused(allocates_nothing(endless() | weft::then(doubled) | weft::peekable()));
}

}  // namespace
