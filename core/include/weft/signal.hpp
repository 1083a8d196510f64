// Signals of the operating system, as things to wait for.
//
//   co_await weft::select(serve(), weft::signal::ctrl_c());
//
//   weft::signal::listener reload(weft::signal::kind::hangup);   // also those between two awaits
//   while (true) {
//     co_await or_return(reload.next());
//     read_configuration();
//   }
//
// The first who listens for a signal installs a handler for the whole process, which stays; a
// handler that was there before is still called. Any number of listeners, in any number of
// runtimes, hear every signal. Signals of one kind that come in quick succession may be heard as
// one. The handler counts, and writes to an eventfd that the drivers of the listening runtimes
// watch; it does nothing else, so what waits runs as an ordinary task.
#pragma once

#include <weft/detail/io.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>
#include <utility>

namespace weft {
inline namespace v0 {

namespace detail {

// One or two signals, and how many of each have been heard. Listens from its construction to
// `stop`.
class signal_watch {
 public:
  WEFT_API explicit signal_watch(int first, int second = 0) noexcept;
  signal_watch(signal_watch&& other) noexcept
      : numbers_(std::exchange(other.numbers_, {})),
        heard_(other.heard_),
        handle_(std::exchange(other.handle_, nullptr)),
        failure_(std::move(other.failure_)) {}
  signal_watch& operator=(signal_watch&& other) noexcept {
    std::swap(numbers_, other.numbers_);
    std::swap(heard_, other.heard_);
    std::swap(handle_, other.handle_);
    std::swap(failure_, other.failure_);
    return *this;
  }
  ~signal_watch() { stop(); }

  // The number of a signal that came, or why none will; nothing: not yet.
  WEFT_API std::optional<result<int>> poll(io_operation& state) noexcept;
  WEFT_API void stop() noexcept;

 private:
  int next_unheard() noexcept;
  result<void> open() noexcept;

  std::array<int, 2> numbers_;
  std::array<std::uint64_t, 2> heard_{};
  io_handle* handle_ = nullptr;   // of the eventfd, in the runtime that polls
  std::optional<error> failure_;  // it will never hear anything
};

class signal_awaiter : public leaf_awaiter<signal_awaiter> {
 public:
  explicit signal_awaiter(signal_watch&& own) noexcept
      : own_(std::move(own)), watch_(&*own_), state_(io_direction::read) {}
  explicit signal_awaiter(signal_watch& watch) noexcept
      : watch_(&watch), state_(io_direction::read) {}
  static constexpr const char* name = "a signal";
  bool poll() noexcept {
    came_ = watch_->poll(state_);
    return came_.has_value();
  }
  result<int> take() {
    if (own_) own_->stop();
    return *std::move(came_);
  }

 private:
  std::optional<signal_watch> own_;
  signal_watch* watch_;
  io_operation state_;
  std::optional<result<int>> came_;
};

class [[nodiscard]] signal_operation {
 public:
  explicit signal_operation(int first, int second = 0) noexcept : watch_(first, second) {}
  auto operator co_await() && noexcept { return signal_awaiter(std::move(watch_)); }

 private:
  signal_watch watch_;
};

class [[nodiscard]] next_signal_operation {
 public:
  explicit next_signal_operation(signal_watch& watch) noexcept : watch_(&watch) {}
  auto operator co_await() && noexcept { return signal_awaiter(*watch_); }

 private:
  signal_watch* watch_;
};

}  // namespace detail

namespace signal {

/// The signals that a program may want to hear, by name. Any other is given by its number, also a
/// real-time signal (SIGRTMIN + n).
enum class kind : int {
  alarm = SIGALRM,      ///< a timer of alarm(2)
  child = SIGCHLD,      ///< a child process has ended or stopped
  hangup = SIGHUP,      ///< the terminal is gone; of services: read the configuration again
  interrupt = SIGINT,   ///< Ctrl-C
  io = SIGIO,           ///< a descriptor with O_ASYNC is ready
  pipe = SIGPIPE,       ///< a write to a pipe that nobody reads; weft's own writes raise none
  quit = SIGQUIT,       ///< Ctrl-\, which would leave a core
  terminate = SIGTERM,  ///< asks to end
  user_defined1 = SIGUSR1,
  user_defined2 = SIGUSR2,
  window_change = SIGWINCH,  ///< the terminal has another size
};

/// Hears every signal of one kind, from its construction on.
/// Ownership: unique; the operations that it makes refer to it. Thread-safety: one task at a time,
/// of one runtime.
class listener {
 public:
  explicit listener(int number) noexcept : watch_(number) {}
  explicit listener(kind which) noexcept : listener(static_cast<int>(which)) {}

  /// The next signal since the last one that was heard. Yields a `result<int>`, its number; there
  /// is always a next one. However many have come since, they are one. Errors:
  /// `errc::invalid_argument` for a signal that cannot be caught (SIGKILL, SIGSTOP) or that reports
  /// a fault of the running thread (SIGSEGV, SIGBUS, SIGFPE, SIGILL); of the operating system when
  /// there is no descriptor. Cancel-safety: safe; no signal is lost.
  auto next() noexcept { return detail::next_signal_operation(watch_); }

 private:
  detail::signal_watch watch_;
};

/// A signal of this kind that comes from now on, not only from when it is awaited. Yields a
/// `result<int>`, its number. Errors: as `listener::next`. Cancel-safety: signals that came unheard
/// are lost; in a loop use a listener.
inline auto on(int number) noexcept {
  return detail::signal_operation(number);
}
inline auto on(kind which) noexcept {
  return on(static_cast<int>(which));
}

/// SIGINT: Ctrl-C at the terminal. As `on`.
///
/// Once nobody listens for SIGINT any more, it does what it did before: a second Ctrl-C ends a
/// program that is shutting down. Every other signal, once caught, is ignored while nobody listens.
WEFT_API detail::signal_operation ctrl_c() noexcept;

/// What asks a program to end: SIGTERM of a service manager, or SIGINT of a terminal. As `ctrl_c`;
/// made for `graceful_shutdown(weft::signal::terminate(), 30s)`. A second SIGTERM changes nothing.
WEFT_API detail::signal_operation terminate() noexcept;

}  // namespace signal
}  // namespace v0
}  // namespace weft
