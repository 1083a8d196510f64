// A coroutine type and a few helpers: just enough for the shapes that the lint is tried on. Never
// run.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

template <class T>
struct task {
  struct promise_type {
    auto get_return_object() -> task { return {}; }
    auto initial_suspend() noexcept -> std::suspend_always { return {}; }
    auto final_suspend() noexcept -> std::suspend_always { return {}; }
    template <class U>
    void return_value(U&&) {}
    template <class U>
    auto yield_value(U&&) -> std::suspend_always {
      return {};
    }
    void unhandled_exception() { std::terminate(); }
  };
  struct awaiter {
    auto await_ready() noexcept -> bool;
    void await_suspend(std::coroutine_handle<>) noexcept;
    auto await_resume() -> T;
    ~awaiter();
  };
  task() = default;
  task(task&&) noexcept;
  ~task();
  auto operator co_await() && -> awaiter;
};

struct aggregate {
  std::string name;
  int size = 0;
  auto method() && -> task<int>;
};
struct trivial_aggregate {
  int first, second;
};
struct with_constructor {
  with_constructor() = default;
  with_constructor(std::string, int);
  std::string name;
  int size = 0;
};

template <class F>
auto call(F) -> task<int> {
  co_return 1;
}
template <class F>
auto call_plainly(F f) -> int {
  return f();
}
auto number(int) -> task<int>;
auto truth() -> task<bool>;
auto text(int) -> task<std::string>;
auto take(std::string) -> task<int>;
auto borrow(const std::string&) -> task<int>;
auto take_aggregate(aggregate) -> task<int>;
auto take_trivial(trivial_aggregate) -> task<int>;
auto take_object(with_constructor) -> task<int>;
auto take_vector(std::vector<int>) -> task<int>;
auto defaulted(int, aggregate = {}) -> task<int>;
auto defaulted_trivially(int, trivial_aggregate = {}) -> task<int>;
