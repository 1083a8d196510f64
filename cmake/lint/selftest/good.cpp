// Shapes that every supported compiler gets right. The lint must be silent.
#include "tiny_task.hpp"

auto named_lambda(std::string s) -> task<int> {
  auto f = [s] { return static_cast<int>(s.size()); };
  int n = co_await call(std::move(f));
  co_return n;
}
auto named_task(std::string s) -> task<int> {
  auto t = call([s] { return static_cast<int>(s.size()); });
  co_return co_await std::move(t);
}
auto harmless_captures(std::string s, int i) -> task<int> {
  int n = co_await call([&s] { return static_cast<int>(s.size()); });
  n += co_await call([i] { return i; });
  n += co_await call([&] { return n; });
  co_return n;
}
auto called_at_once(std::string s) -> task<int> {
  co_return co_await [&] { return call([s] { return 1; }); }();
}
auto no_await_here(std::string s) -> task<int> {
  int n = call_plainly([s] { return 1; });
  aggregate a{"a", n};
  auto b = std::vector<aggregate>{};
  b.push_back({"a", 1});
  b.push_back(aggregate{"a", 1});
  co_await take_aggregate(std::move(a));
  co_return n;
}
auto named_options() -> task<int> {
  aggregate a{"a", 1};
  co_return co_await take_aggregate(std::move(a));
}
auto trivial_options(bool c) -> task<int> {
  co_await take_trivial({1, 2});
  co_await take_trivial({.first = 1, .second = 2});
  co_await take_trivial(c ? trivial_aggregate{1, 2} : trivial_aggregate{3, 4});
  co_await defaulted_trivially(1);
  co_return 0;
}
auto constructors() -> task<int> {
  co_await take_object(with_constructor{"a", 1});
  co_await take_object({"a", 1});
  co_await take_object({});
  co_await take(std::string{"a"});
  co_await take("a");
  co_return co_await borrow("a");
}
auto returned_aggregate() -> aggregate {
  return {"a", 1};
}
auto from_a_function() -> task<int> {
  co_return co_await take_aggregate(returned_aggregate());
}

auto choices(bool c, std::string a, std::string b) -> task<int> {
  int n = co_await number(c ? 1 : 2);
  n += co_await borrow(c ? a : b);
  co_return c ? n : 0;
}
auto conditions() -> task<int> {
  if (auto n = co_await number(1); n == 1) co_return 1;
  if (auto n = co_await number(2)) co_return n;
  while (auto n = co_await number(3)) {
    if (n == 3) break;
  }
  auto ready = co_await truth();
  if (ready) co_return 4;
  auto f = []() -> task<bool> { co_return co_await truth(); };
  if (call_plainly([&]() -> int {
        auto later = []() -> task<int> { co_return co_await number(1); };
        (void)later;
        return 1;
      })) {
    co_await f();
  }
  for (auto c : co_await text(1)) co_await number(c);
  co_return 0;
}
auto values() -> task<int> {
  auto a = co_await text(1);
  auto [first, second] = std::pair{1, 2};
  a = co_await text(first);
  a += co_await text(1) + co_await text(second);
  int n{co_await number(1)};
  auto p = std::make_unique<std::string>(co_await text(1));
  co_yield a;
  co_return n;
}
auto defaults_given() -> task<int> {
  aggregate a{"a", 1};
  co_return co_await defaulted(1, std::move(a));
}
template <class T>
auto in_a_template(T value) -> task<int> {
  auto f = [value] { return 1; };
  if (auto n = co_await call(std::move(f)); n == 1) co_return n;
  co_return co_await number(1);
}
template auto in_a_template(std::string) -> task<int>;

struct awaiter {
  explicit awaiter(std::string s);
  auto await_ready() noexcept -> bool;
  void await_suspend(std::coroutine_handle<>) noexcept;
  auto await_resume() noexcept -> int;
  std::string s;
};
struct operation {
  auto operator co_await() && -> awaiter;
};
auto by_value(operation op) -> task<int> {
  int n = co_await awaiter{"a"};
  n += co_await awaiter("a");
  co_return n + co_await std::move(op);
}
