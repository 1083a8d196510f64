// Tasks in parallel that end before the statement does: a group that joins them, a set that keeps
// their number small, a map that has one for each key.

#include <weft/join_map.hpp>
#include <weft/join_set.hpp>
#include <weft/runtime.hpp>
#include <weft/task_group.hpp>
#include <weft/time.hpp>

#include <cstdio>
#include <string>
#include <vector>

using weft::or_return;
using namespace std::chrono_literals;

namespace {

auto fetch(std::string url) -> weft::task<weft::result<std::string>> {
  co_await weft::sleep(1ms * url.size());
  if (url == "broken") co_return weft::fail(weft::errc::not_found, url);
  co_return "<" + url + ">";
}

auto all_of(std::vector<std::string> urls) -> weft::task<weft::result<std::string>> {
  std::string pages;
  co_await or_return(weft::task_group<std::string>([&](auto& group) -> weft::task<void> {
    for (auto& url : urls) group.spawn(fetch, url);  // in parallel; each owns its url
    while (auto done = co_await group.next()) pages += done->value_or("(none)");
  }));
  co_return pages;
}

// What the body does not take is joined at the end; the first failure ends the others.
auto all_or_nothing() -> weft::task<weft::result<void>> {
  co_return co_await weft::task_group<std::string>([](auto& group) -> weft::task<void> {
    group.spawn(fetch, std::string("broken"));
    group.spawn(fetch, std::string(1'000'000, 'x'));
    co_return;
  });
}

// Never more than two at once.
auto two_at_once(int count) -> weft::task<int> {
  weft::join_set<std::string> fetches;
  int fetched = 0;
  for (int i = 0; i < count; ++i) {
    if (fetches.size() == 2) {
      auto done = co_await fetches.join_next();
      fetched += done->has_value();
    }
    fetches.spawn(fetch, std::string("page"));
  }
  while (auto done = co_await fetches.join_next()) fetched += done->has_value();
  co_return fetched;
}

auto show_all() -> weft::task<weft::result<void>> {
  std::vector<std::string> urls{"news", "map", "broken"};
  auto pages = co_await or_return(all_of(urls));
  std::printf("group: %s\n", pages.c_str());
  auto nothing = co_await all_or_nothing();
  std::printf("all or nothing: %s\n", nothing.error().message().c_str());
  auto fetched = co_await two_at_once(5);
  std::printf("two at once: %d\n", fetched);

  weft::join_map<std::string, std::string> sessions;
  sessions.spawn("ann", fetch, std::string("first"));
  sessions.spawn("ann", fetch, std::string("second"));  // instead of the first
  while (auto done = co_await sessions.join_next())
    std::printf("%s: %s\n", done->first.c_str(), done->second->c_str());
  co_return {};
}

}  // namespace

int main() {
  return weft::run(show_all());
}
