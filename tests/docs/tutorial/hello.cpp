// Chapter 1 of docs/tutorial.
#include <weft/runtime.hpp>
#include <weft/time.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

auto greet(std::string name) -> weft::task<int> {
  co_await weft::sleep(10ms);
  std::printf("hello, %s\n", name.c_str());
  co_return static_cast<int>(name.size());
}

auto talk() -> weft::task<void> {
  auto letters = co_await greet("world");
  std::printf("that was %d letters\n", letters);
}

int main() {
  return weft::run(talk());
}
