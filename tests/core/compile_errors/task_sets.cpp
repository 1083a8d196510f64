// Groups, scopes and sets say what is wrong with what they are given.
#include <weft/futures_unordered.hpp>
#include <weft/join_set.hpp>
#include <weft/scope.hpp>
#include <weft/task_group.hpp>

#include <string>

weft::task<int> load(int number);
weft::task<std::string> text();

weft::task<void> use() {
#if CASE == 0
  auto grouped = co_await weft::task_group<int>([](auto& group) -> weft::task<void> {
    group.spawn(load, 1);
    group.spawn(load(2));
    co_return;
  });
  auto scoped = co_await weft::scope([](weft::open_scope& scope) -> weft::task<void> {
    scope.start(load(1));
    co_return;
  });
  weft::join_set<int> set;
  set.spawn(load, 1);
  set.spawn_blocking([] { return 1; });
  weft::futures_unordered<int> branches;
  branches.push(load(1));
#elif CASE == 1
  (void)weft::task_group<int>([](weft::group<int>&) { return 1; });
#elif CASE == 2
  (void)weft::task_group<int>([](weft::open_scope&) -> weft::task<void> { co_return; });
#elif CASE == 3
  (void)weft::task_group<int>([](weft::group<int>& group) -> weft::task<void> {
    group.spawn(text());
    co_return;
  });
#elif CASE == 4
  (void)weft::task_group<int>([](weft::group<int>& group) -> weft::task<void> {
    auto named = load(1);
    group.spawn(named);
    co_return;
  });
#elif CASE == 5
  (void)weft::task_group<int>([](weft::group<int>& group) -> weft::task<void> {
    group.spawn([] { return 1; });
    co_return;
  });
#elif CASE == 6
  (void)weft::scope([](weft::open_scope&) {});
#elif CASE == 7
  (void)weft::scope([](weft::open_scope& scope) -> weft::task<void> {
    auto named = load(1);
    scope.start(named);
    co_return;
  });
#elif CASE == 8
  (void)weft::scope([](weft::open_scope& scope) -> weft::task<void> {
    scope.start([]() -> weft::task<void> { co_return; });
    co_return;
  });
#elif CASE == 9
  weft::join_set<int> set;
  set.spawn(text());
#elif CASE == 10
  weft::join_set<int> set;
  auto named = load(1);
  set.spawn(named);
#elif CASE == 11
  weft::join_set<int> set;
  set.spawn([](int) { return 1; }, 1);
#elif CASE == 12
  weft::join_set<int> set;
  set.spawn_blocking([] { return std::string(); });
#elif CASE == 13
  weft::futures_unordered<int> branches;
  branches.push(text());
#elif CASE == 14
  weft::futures_unordered<int> branches;
  auto named = load(1);
  branches.push(named);
#elif CASE == 15
  weft::futures_unordered<int> branches;
  branches.push([]() -> weft::task<int> { co_return 1; });
#endif
  co_return;
}
