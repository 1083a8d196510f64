// A call that blocks and works on what the task itself holds: another thread goes on with the
// worker meanwhile.
#include <weft/block_in_place.hpp>
#include <weft/runtime.hpp>
#include <weft/spawn.hpp>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>

namespace {

// A library that knows nothing of coroutines.
class mailbox {
 public:
  void post(std::string text) {
    std::lock_guard held(lock_);
    text_ = std::move(text);
    posted_.notify_one();
  }
  auto wait() -> std::string {
    std::unique_lock held(lock_);
    posted_.wait(held, [this] { return !text_.empty(); });
    return std::move(text_);
  }

 private:
  std::mutex lock_;
  std::condition_variable posted_;
  std::string text_;
};

auto posts(mailbox& to) -> weft::task<void> {
  to.post("from a task of the same worker");
  co_return;
}

// With one worker: without block_in_place, `posts` would never run.
auto waits(mailbox& from) -> weft::task<void> {
  auto poster = weft::spawn(posts(from));
  auto text = weft::block_in_place([&] { return from.wait(); });
  std::printf("received: %s\n", text.c_str());
  (void)co_await std::move(poster);
}

}  // namespace

int main() {
  auto runtime = weft::runtime::multi_thread().worker_threads(1).build();
  mailbox box;
  runtime.block_on(waits(box));
}
