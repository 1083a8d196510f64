// Tasks that talk: workers send to one receiver, and wait while it is behind.

#include <weft/runtime.hpp>
#include <weft/spawn.hpp>
#include <weft/sync/mpsc.hpp>
#include <weft/sync/oneshot.hpp>

#include <cstdio>
#include <string>
#include <utility>

using weft::or_return;
using weft::result;
using weft::task;

namespace {

namespace sync = weft::sync;

// A request carries the way back.
struct question {
  std::string text;
  sync::oneshot_sender<std::size_t> answer;
};

// At most 8 lines are on their way; a worker that is too fast waits in `send`.
auto count_to(int last, sync::mpsc_sender<int> to) -> task<result<void>> {
  for (int number = 1; number <= last; ++number) co_await or_return(to.send(number));
  co_return {};
}

auto sum_of_many() -> task<void> {
  auto [tx, rx] = sync::mpsc<int>(8);
  for (int worker = 0; worker < 10; ++worker) weft::spawn(count_to(100, tx)).detach();
  {
    auto ours = std::move(tx);  // the workers' senders are left; the stream ends with the last
  }
  int sum = 0;
  while (auto number = co_await rx.next()) sum += *number;
  std::printf("ten workers counted to %d\n", sum);
}

// One task owns the state; others ask it. No lock.
auto librarian(sync::mpsc_receiver<question> questions) -> task<void> {
  std::size_t asked = 0;
  while (auto next = co_await questions.next()) {
    ++asked;
    (void)next->answer.send(next->text.size() + asked);
  }
  std::printf("the librarian was asked %zu times\n", asked);
}

auto ask(sync::mpsc_sender<question>& desk, std::string text) -> task<result<std::size_t>> {
  auto [answer, answered] = sync::oneshot<std::size_t>();
  question asked{std::move(text), std::move(answer)};
  co_await or_return(desk.send(std::move(asked)));
  co_return co_await std::move(answered);
}

auto ask_twice() -> task<result<void>> {
  auto [desk, questions] = sync::mpsc<question>(1);
  auto serving = weft::spawn(librarian(std::move(questions)));
  auto first = co_await or_return(ask(desk, "where"));
  auto second = co_await or_return(ask(desk, "why"));
  std::printf("answers: %zu, %zu\n", first, second);
  {
    auto closed = std::move(desk);
  }
  co_return co_await std::move(serving);
}

// A place that is reserved first: what would be sent is made only when it can be.
auto reserve() -> task<result<void>> {
  auto [tx, rx] = sync::mpsc<std::string>(1);
  auto place = co_await or_return(tx.reserve());
  auto full = tx.try_send("no room for this");
  std::printf("full: %s\n", full == weft::fail(weft::errc::overloaded) ? "yes" : "no");
  place.send("reserved");
  auto received = co_await rx.next();
  std::printf("received: %s\n", received->c_str());
  co_return {};
}

auto show_all() -> task<result<void>> {
  co_await sum_of_many();
  co_await or_return(ask_twice());
  co_return co_await reserve();
}

}  // namespace

int main() {
  return weft::run(show_all());
}
