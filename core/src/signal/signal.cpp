#include <weft/signal.hpp>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX's, not C's

#include "scheduler/scheduler.hpp"
#include "signal/signal_registry.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

signal_watch::signal_watch(int first, int second) noexcept : numbers_{first, second} {
  for (std::size_t index = 0; index < numbers_.size(); ++index) {
    auto& number = numbers_[index];
    if (number == 0 && index > 0) continue;
    auto listening = start_listening(number);
    if (!listening) {
      failure_ = std::move(listening).error();
      number = 0;
      return;
    }
    heard_[index] = signals_seen(number);
  }
}

void signal_watch::stop() noexcept {
  if (handle_) std::exchange(handle_, nullptr)->close();
  for (auto& number : numbers_) {
    if (number) stop_listening(std::exchange(number, 0));
  }
}

int signal_watch::next_unheard() noexcept {
  for (std::size_t index = 0; index < numbers_.size(); ++index) {
    if (numbers_[index] == 0) continue;
    auto seen = signals_seen(numbers_[index]);
    if (seen != heard_[index]) {
      heard_[index] = seen;
      return numbers_[index];
    }
  }
  return 0;
}

result<void> signal_watch::open() noexcept {
  auto descriptor = signal_descriptor();
  if (!descriptor) return fail(std::move(descriptor).error());
  auto adopted = scheduler::here()->io().adopt(*descriptor);
  if (!adopted) return fail(std::move(adopted).error());
  handle_ = *adopted;
  return {};
}

// The handler counts and then writes; here the count is looked at after the event was taken note
// of. So either this look sees the signal, or its event is still to come and wakes us.
std::optional<result<int>> signal_watch::poll(io_operation& state) noexcept {
  if (failure_) return fail(*failure_);
  for (;;) {
    if (auto number = next_unheard()) {
      state.cancel();
      return number;
    }
    if (!handle_) {
      auto opened = open();
      if (!opened) return fail(std::move(opened).error());
    }
    if (handle_->became_readable(state) == io_pending) return std::nullopt;
  }
}

}  // namespace detail

namespace signal {

detail::signal_operation ctrl_c() noexcept {
  return detail::signal_operation(SIGINT);
}
detail::signal_operation terminate() noexcept {
  return detail::signal_operation(SIGTERM, SIGINT);
}

}  // namespace signal
}  // namespace v0
}  // namespace weft
