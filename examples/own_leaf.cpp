// Something of your own to await: a library that calls back, from a thread of its own, as an
// operation.

#include <weft/leaf.hpp>
#include <weft/runtime.hpp>
#include <weft/time.hpp>
#include <weft/waker.hpp>

#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>

using weft::or_return;
using namespace std::chrono_literals;

namespace {

// The library: it answers once, on some thread, at some time.
void ask_oracle(int question, std::function<void(int)> callback) {
  std::thread([question, callback = std::move(callback)] { callback(question * 2); }).detach();
}

// What the callback and the awaiter share. It outlives both, so that an answer to a task that was
// cancelled meanwhile finds somebody to tell.
struct pending_answer {
  std::atomic<bool> there{false};
  int value = 0;
  weft::atomic_waker waiter;
};

class oracle_awaiter : public weft::leaf_awaiter<oracle_awaiter> {
 public:
  explicit oracle_awaiter(int question) noexcept : question_(question) {}
  ~oracle_awaiter() {  // at any time: this is how a task is cancelled
    if (answer_) answer_->waiter.clear();
  }
  static constexpr const char* name =
      "the oracle";  // what dump_tasks() says that the task waits for

  bool poll() noexcept {  // true: it is done
    if (!answer_ && !ask()) return true;
    answer_->waiter
        .register_current();  // first register, then look: the callback does it the other way round
    return answer_->there.load(std::memory_order_acquire);
  }
  auto take() -> weft::result<int> {
    if (!answer_) return weft::fail(weft::errc::unsupported, "the oracle is silent");
    return answer_->value;
  }

 private:
  bool ask() noexcept {
    try {
      auto shared = std::make_shared<pending_answer>();
      ask_oracle(question_, [shared](int value) {
        shared->value = value;
        shared->there.store(true, std::memory_order_release);
        shared->waiter.wake();
      });
      answer_ = std::move(shared);
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  int question_;
  std::shared_ptr<pending_answer> answer_;
};

// What users call. An operation is movable and does nothing yet; its awaiter is pinned and does it.
class oracle {
 public:
  explicit oracle(int question) noexcept : question_(question) {}
  auto operator co_await() && noexcept { return oracle_awaiter(question_); }

 private:
  int question_;
};

// It goes wherever an operation goes: or_return, timeout, select, join, spawn.
auto consult() -> weft::task<weft::result<void>> {
  auto answer = co_await or_return(weft::timeout(10s, oracle(21)));
  std::printf("the oracle says %d\n", answer);
  co_return {};
}

}  // namespace

int main() {
  return weft::run(consult());
}
