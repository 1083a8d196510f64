#include <weft/trace/writer.hpp>

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <utility>

namespace weft {
inline namespace v0 {
namespace trace {

writer::~writer() = default;

namespace {

// What a descriptor does not take is lost; one that would block is waited for.
void write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    auto written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd waiting{descriptor, POLLOUT, 0};
      ::poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

class direct final : public writer {
 public:
  explicit direct(int descriptor) noexcept : descriptor_(descriptor) {}
  void write(std::string_view line) noexcept override { write_all(descriptor_, line); }

 private:
  int descriptor_;
};

}  // namespace

std::shared_ptr<writer> direct_writer(int descriptor) {
  return std::make_shared<direct>(descriptor);
}

struct background_writer::shared_state {
  int descriptor;
  std::size_t capacity;
  std::mutex lock;
  std::condition_variable changed;
  std::string waiting;
  std::uint64_t dropped = 0;
  std::uint64_t unsaid = 0;   // dropped since a line said so
  std::uint64_t rounds = 0;   // begun
  std::uint64_t written = 0;  // the last round that is done
  bool ending = false;
  std::thread thread;

  void run() noexcept {
    std::string taken;
    std::unique_lock held(lock);
    for (;;) {
      changed.wait(held, [&] { return ending || !waiting.empty() || unsaid > 0; });
      if (waiting.empty() && unsaid == 0) return;
      taken.swap(waiting);
      auto lost = std::exchange(unsaid, 0);
      auto round = ++rounds;
      held.unlock();
      write_all(descriptor, taken);
      taken.clear();
      if (lost) say_lost(lost);
      held.lock();
      written = round;
      changed.notify_all();
    }
  }

  void say_lost(std::uint64_t lost) noexcept {
    char line[64];
    auto length = std::snprintf(line, sizeof line, "weft: %llu lines were dropped\n",
                                static_cast<unsigned long long>(lost));
    write_all(descriptor, {line, static_cast<std::size_t>(length)});
  }
};

background_writer::background_writer(int descriptor, std::size_t capacity)
    : state_(std::make_unique<shared_state>()) {
  state_->descriptor = descriptor;
  state_->capacity = capacity;
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

background_writer::~background_writer() {
  {
    std::lock_guard held(state_->lock);
    state_->ending = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
}

void background_writer::write(std::string_view line) noexcept {
  bool was_empty = false;
  {
    std::lock_guard held(state_->lock);
    was_empty = state_->waiting.empty() && state_->unsaid == 0;
    bool fits = line.size() <= state_->capacity - state_->waiting.size();
    try {
      if (fits) state_->waiting += line;
    } catch (const std::bad_alloc&) {
      fits = false;
    }
    if (!fits) ++state_->dropped, ++state_->unsaid;
  }
  if (was_empty) state_->changed.notify_all();
}

void background_writer::flush() noexcept {
  std::unique_lock held(state_->lock);
  auto target = state_->rounds + (state_->waiting.empty() && state_->unsaid == 0 ? 0 : 1);
  state_->changed.wait(held, [&] { return state_->written >= target; });
}

std::uint64_t background_writer::dropped() const noexcept {
  std::lock_guard held(state_->lock);
  return state_->dropped;
}

}  // namespace trace
}  // namespace v0
}  // namespace weft
