// Each line with a mark must be reported under the rule that it names, and no other line.
// clang-format off: a mark stays on the line that it is about.
#include "tiny_task.hpp"

// R1: where co_await may not stand

auto bare_if() -> task<int> {
  if (co_await number(1) == 1) co_return 1;  // finds: R1-condition
  co_return 0;
}
auto bare_while() -> task<int> {
  while (co_await truth()) {  // finds: R1-condition
  }
  co_return 0;
}
auto bare_do() -> task<int> {
  do {
  } while (!co_await truth());  // finds: R1-condition
  co_return 0;
}
auto bare_for() -> task<int> {
  for (int i = 0; i < co_await number(1); ++i) {  // finds: R1-condition
  }
  co_return 0;
}
auto bare_switch() -> task<int> {
  switch (co_await number(1)) {  // finds: R1-condition
    default:
      co_return 0;
  }
}
#define CHECK(condition)            \
  do {                              \
    if (!(condition)) std::abort(); \
  } while (0)
auto assert_macro() -> task<int> {
  CHECK(co_await truth());  // finds: R1-condition
  co_return 0;
}
auto in_a_lambda() -> task<int> {
  auto inner = []() -> task<int> {
    if (co_await truth()) co_return 1;  // finds: R1-condition
    co_return 0;
  };
  co_return co_await inner();
}
template <class T>
auto in_a_template(T value) -> task<int> {
  if (co_await number(value) == 1) co_return 1;  // finds: R1-condition
  co_return co_await call([value, s = std::string{}] { return value; });  // finds: R2-lambda
}
template auto in_a_template(int) -> task<int>;

auto choice_of_awaits(bool c) -> task<int> {
  int n = c ? co_await number(1) : 2;  // finds: R1-choice
  co_return n;
}
auto choice_by_await() -> task<int> {
  int n = co_await truth() ? 1 : 2;  // finds: R1-choice
  co_return n;
}
auto braced_object() -> task<int> {
  aggregate a{co_await text(1), 3};  // finds: R1-braces
  co_return a.size;
}
auto braced_array() -> task<int> {
  std::string a[2] = {co_await text(1), co_await text(2)};  // finds: R1-braces
  co_return static_cast<int>(a[0].size());
}
auto new_object() -> task<int> {
  std::unique_ptr<std::string> p{new std::string(co_await text(1))};  // finds: R1-new
  co_return 0;
}

// R2: temporaries that are built without a constructor

auto capturing_lambda(std::string s) -> task<int> {
  co_return co_await call([s] { return static_cast<int>(s.size()); });  // finds: R2-lambda
}
auto capturing_shared_pointer(std::shared_ptr<int> p) -> task<int> {
  int n = co_await call([p] { return *p; });  // finds: R2-lambda
  co_return n;
}
auto capturing_by_init(std::string s) -> task<int> {
  int n = co_await call([s = std::move(s)] { return static_cast<int>(s.size()); });  // finds: R2-lambda
  co_return n;
}
auto capturing_in_an_operand(std::string s) -> task<int> {
  int n = co_await number(1) + call_plainly([s] { return 1; });  // finds: R2-lambda
  co_return n;
}
auto capturing_in_a_lambda(std::string s) -> task<int> {
  auto inner = [&]() -> task<int> {
    co_return co_await call([s] { return 1; });  // finds: R2-lambda
  };
  co_return co_await inner();
}
auto capturing_across_lines(std::string s) -> task<int> {
  int n = co_await call(
      [s] { return 1; });  // finds: R2-lambda
  co_return n;
}
auto into_a_function_object(std::string s) -> task<int> {
  auto accept = [](std::function<int()> f) -> task<int> { co_return f(); };
  co_return co_await accept([s] { return 1; });  // finds: R2-lambda
}
auto yielded(std::string s) -> task<int> {
  co_yield call_plainly([s] { return 1; });  // finds: R2-lambda
  co_return 0;
}
auto braced_argument() -> task<int> {
  co_return co_await take_aggregate(aggregate{"a", 1});  // finds: R2-aggregate
}
auto bare_braces() -> task<int> {
  co_return co_await take_aggregate({"a", 1});  // finds: R2-aggregate
}
auto designated() -> task<int> {
  co_return co_await take_aggregate({.name = "a"});  // finds: R2-aggregate
}
auto empty_braces() -> task<int> {
  co_return co_await take_aggregate({});  // finds: R2-aggregate
}
auto parentheses() -> task<int> {
  co_return co_await take_aggregate(aggregate("a", 1));  // finds: R2-aggregate
}
auto method_of_braces() -> task<int> {
  co_return co_await aggregate{"a", 1}.method();  // finds: R2-aggregate
}
auto default_argument() -> task<int> {
  co_return co_await defaulted(1);  // finds: R2-default
}
struct aggregate_awaiter {
  std::string name;
  auto await_ready() noexcept -> bool { return false; }
  void await_suspend(std::coroutine_handle<>) noexcept {}
  auto await_resume() noexcept -> int { return 0; }
};
auto braced_awaiter(std::string s) -> task<int> {
  co_return co_await aggregate_awaiter{std::move(s)};  // finds: R2-aggregate
}
auto choice_of_temporaries(bool c) -> task<int> {
  co_return co_await take(c ? std::string{"a"} : std::string{"b"});  // finds: R2-choice
}
auto choice_of_tasks(bool c) -> task<int> {
  co_return co_await (c ? number(1) : number(2));  // finds: R2-choice
}
auto initializer_list() -> task<int> {
  co_return co_await take_vector({1, 2, 3});  // finds: R2-list
}

// R3: awaiters come by value

struct counting_awaiter {
  counting_awaiter();
  counting_awaiter(const counting_awaiter&) = delete;
  auto await_ready() noexcept -> bool;
  void await_suspend(std::coroutine_handle<>) noexcept;
  auto await_resume() noexcept -> int;
};
struct by_reference {
  auto operator co_await() -> counting_awaiter&;  // finds: R3-reference
};
auto stored() -> counting_awaiter&;
auto awaits_a_reference() -> task<int> {
  co_return co_await stored();  // finds: R3-reference
}
struct transforming_promise {
  auto await_transform(counting_awaiter&&) -> counting_awaiter&&;  // finds: R3-reference
};
