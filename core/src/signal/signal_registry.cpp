#include "signal/signal_registry.hpp"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX's, not C's
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

constexpr int last_signal = 64;

struct signal_entry {
  std::atomic<std::uint64_t> seen{0};
  std::atomic<int> listeners{0};
  // Written once, before the handler is installed that reads it.
  struct sigaction before{};
  bool installed = false;  // guarded by the lock
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
                  std::atomic<int>::is_always_lock_free,
              "the handler may use these only if they are lock-free");

constinit std::array<signal_entry, last_signal + 1> signals;
constinit std::mutex signals_lock;
constinit std::atomic<int> signal_event{-1};  // an eventfd, open until the process ends

// Async-signal-safe: atomics, write, sigaction, raise. seq_cst, so that whoever sees the event sees
// the count; the system call in between would do as well.
void on_signal(int number, siginfo_t* info, void* context) noexcept {
  auto saved = errno;
  auto& entry = signals[static_cast<std::size_t>(number)];
  // Before it is counted: who hears of it may stop listening at once.
  bool nobody_listens = entry.listeners.load(std::memory_order_seq_cst) == 0;
  entry.seen.fetch_add(1, std::memory_order_seq_cst);
  std::uint64_t one = 1;
  [[maybe_unused]] auto written =
      ::write(signal_event.load(std::memory_order_relaxed), &one, sizeof one);
  const auto& before = entry.before;
  if (before.sa_flags & SA_SIGINFO) {
    before.sa_sigaction(number, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(number);
  } else if (before.sa_handler == SIG_DFL && number == SIGINT && nobody_listens) {
    // Pending until this handler returns; then the program ends, by this signal.
    ::sigaction(number, &before, nullptr);
    ::raise(number);
  }
  errno = saved;
}

bool can_be_caught(int number) noexcept {
  switch (number) {
    case SIGKILL:
    case SIGSTOP:
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
      return false;
    default:
      return number > 0 && number <= last_signal;
  }
}

// With the lock held.
result<void> open_event() noexcept {
  if (signal_event.load(std::memory_order_relaxed) >= 0) return {};
  auto made = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (made < 0) return fail(error::from_errno(errno));
  signal_event.store(made, std::memory_order_relaxed);
  return {};
}

// With the lock held.
result<void> install(int number, signal_entry& entry) noexcept {
  struct sigaction action{};
  if (::sigaction(number, nullptr, &entry.before) < 0) return fail(error::from_errno(errno));
  action.sa_sigaction = &on_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  ::sigfillset(&action.sa_mask);
  if (::sigaction(number, &action, nullptr) < 0) return fail(error::from_errno(errno));
  entry.installed = true;
  return {};
}

}  // namespace

result<void> start_listening(int number) noexcept {
  if (!can_be_caught(number)) {
    static const error_record record{&core_category(), static_cast<int>(errc::invalid_argument),
                                     "this signal cannot be waited for"};
    return fail(error::from_record(record));
  }
  auto& entry = signals[static_cast<std::size_t>(number)];
  std::lock_guard held(signals_lock);
  if (!entry.installed) {
    auto ready = open_event();
    if (ready) ready = install(number, entry);
    if (!ready) return ready;
  }
  entry.listeners.fetch_add(1, std::memory_order_seq_cst);
  return {};
}

void stop_listening(int number) noexcept {
  signals[static_cast<std::size_t>(number)].listeners.fetch_sub(1, std::memory_order_seq_cst);
}

std::uint64_t signals_seen(int number) noexcept {
  return signals[static_cast<std::size_t>(number)].seen.load(std::memory_order_seq_cst);
}

result<int> signal_descriptor() noexcept {
  auto made = ::fcntl(signal_event.load(std::memory_order_relaxed), F_DUPFD_CLOEXEC, 0);
  if (made < 0) return fail(error::from_errno(errno));
  return made;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
