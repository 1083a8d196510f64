// Streams and their adaptors say what is wrong with what they are given.
#include <weft/stream_adaptors.hpp>

#include <vector>

weft::task<int> load(int number);
weft::result<int> parse(int number);

weft::stream<weft::result<int>> fallible() {
  auto one = co_await weft::or_return(parse(1));
  co_yield one;
  co_yield weft::errc::closed;
}

#if CASE == 1
weft::stream<int> use() {
  auto one = co_await weft::or_return(parse(1));
  co_yield one;
}
#elif CASE == 2
weft::stream<int> use() {
  co_yield weft::errc::closed;
}
#else
weft::task<void> use() {
#if CASE == 0
  auto some = weft::from({1, 2}) | weft::map(load) | weft::buffered(2);
  auto all = co_await (std::move(some) | weft::count());
  (void)all;
#elif CASE == 3
  auto wrong = std::vector<int>() | weft::take(2);
#elif CASE == 4
  auto wrong = weft::from({1, 2}) | weft::buffered(2);
#elif CASE == 5
  auto some = weft::from({1, 2});
  co_await (std::move(some) | weft::for_each(load));
#elif CASE == 6
  auto wrong = weft::from({1, 2}) | weft::map([](int) {});
#endif
  co_return;
}
#endif
