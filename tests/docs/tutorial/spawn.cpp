// Chapter 2 of docs/tutorial.
#include <weft/join.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/task_group.hpp>
#include <weft/time.hpp>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

using weft::or_return;
using namespace std::chrono_literals;

namespace {

auto count_words(std::string text) -> weft::task<int> {
  co_await weft::sleep(1ms);  // stands for the disk
  int words = 0;
  bool inside = false;
  for (char c : text) {
    words += c != ' ' && !inside;
    inside = c != ' ';
  }
  co_return words;
}

auto both() -> weft::task<void> {
  auto [first, second] = co_await weft::join(count_words("to be"), count_words("or not to be"));
  std::printf("%d and %d\n", first, second);
}

auto in_the_background() -> weft::task<weft::result<void>> {
  auto handle = weft::spawn(count_words("that is the question"));
  std::printf("counting\n");
  auto words = co_await or_return(std::move(handle));
  std::printf("%d words\n", words);
  co_return {};
}

auto many(std::vector<std::string> texts) -> weft::task<weft::result<int>> {
  co_return co_await weft::task_group<int>([&](auto& group) -> weft::task<weft::result<int>> {
    for (auto& text : texts) group.spawn(count_words, text);
    int sum = 0;
    while (auto words = co_await group.next()) sum += words->value_or(0);
    co_return sum;
  });
}

auto show() -> weft::task<weft::result<void>> {
  co_await both();
  co_await or_return(in_the_background());
  std::vector<std::string> texts{"a b c", "d e", "f"};
  auto sum = co_await or_return(many(std::move(texts)));
  std::printf("%d words in all\n", sum);
  co_return {};
}

}  // namespace

int main() {
  return weft::run(show());
}
