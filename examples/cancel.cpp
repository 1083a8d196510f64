// Three ways to cancel: abort destroys a task, a token asks for an end, a shield keeps what must
// finish.

#include <weft/cancellation_token.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/shield.hpp>
#include <weft/spawn.hpp>
#include <weft/sync/oneshot.hpp>
#include <weft/task_tracker.hpp>
#include <weft/time.hpp>

#include <cstdio>

using weft::or_return;
using namespace std::chrono_literals;

namespace {

struct says_goodbye {
  explicit says_goodbye(const char* who) : name(who) {}
  ~says_goodbye() { std::printf("%s is cleaned up\n", name); }
  says_goodbye(const says_goodbye&) = delete;
  const char* name;
};

auto works_for_ever() -> weft::task<void> {
  says_goodbye at_end("the worker");
  while (true) co_await weft::sleep(1h);
}

// Cancellation is destruction: what the task holds goes the usual way, from the inside out.
auto aborted() -> weft::task<void> {
  auto handle = weft::spawn(works_for_ever());
  co_await weft::sleep(1ms);
  handle.abort();                           // asks; returns at once
  auto ended = co_await std::move(handle);  // proves: nothing of the task is left
  if (ended == std::unexpected(weft::error(weft::errc::task_aborted))) std::printf("aborted\n");
}

// A token lets work end in its own way, at a point of its choice.
auto polite(weft::cancellation_token token) -> weft::task<int> {
  for (int rounds = 1;; ++rounds) {
    auto [done, why] = co_await weft::select(weft::sleep(1ms), token.cancelled());
    if (why) {
      std::printf("asked to end, because of a %s\n",
                  *why == weft::cancel_reason::shutdown ? "shutdown" : "whim");
      co_return rounds;
    }
  }
}

auto asked() -> weft::task<weft::result<void>> {
  weft::cancellation_token service;
  auto handle = weft::spawn(polite(service.child_token()));  // cancelled with its parent
  co_await weft::sleep(5ms);
  service.cancel(weft::cancel_reason::shutdown);
  auto rounds = co_await or_return(std::move(handle));
  std::printf("it had done its rounds: %s\n", rounds > 0 ? "yes" : "no");
  co_return {};
}

auto commit(weft::sync::oneshot_sender<int> done) -> weft::task<void> {
  co_await weft::sleep(20ms);
  (void)done.send(7);
}

// The time-out destroys whoever waits for the commit, not the commit.
auto shielded() -> weft::task<weft::result<void>> {
  auto [done, committed] = weft::sync::oneshot<int>();
  auto in_time = co_await weft::timeout(1ms, weft::shield(commit(std::move(done))));
  if (!in_time) std::printf("gave up waiting: %s\n", in_time.error().message().c_str());
  auto row = co_await or_return(std::move(committed));
  std::printf("committed all the same: %d\n", row);
  co_return {};
}

auto show_all() -> weft::task<weft::result<void>> {
  co_await aborted();
  co_await or_return(asked());
  co_return co_await shielded();
}

}  // namespace

int main() {
  return weft::run(show_all());
}
