// A descriptor that weft knows nothing of, awaited: here a timerfd of the kernel's.
//
//   ./async_fd

#include <weft/net/async_fd.hpp>
#include <weft/runtime.hpp>

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>

using weft::or_return;
using weft::net::descriptor;

namespace {

// How often the timer has run out since it was read last.
auto expirations(const descriptor& timer) -> weft::result<std::uint64_t> {
  std::uint64_t count = 0;
  if (::read(timer.native_handle(), &count, sizeof count) < 0) {
    return weft::fail(weft::error::from_errno(errno));
  }
  return count;
}

auto show() -> weft::task<weft::result<void>> {
  descriptor timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  itimerspec every{};
  every.it_value.tv_nsec = every.it_interval.tv_nsec = 10'000'000;
  ::timerfd_settime(timer.native_handle(), 0, &every, nullptr);

  auto watched = co_await or_return(weft::net::async_fd<>::make(std::move(timer)));
  std::uint64_t seen = 0;
  while (seen < 3) seen += co_await or_return(watched.read_with(expirations));
  std::printf("the timer ran out three times\n");

  // The same by hand, for calls that do not fit: wait, call, and say so when it would have blocked.
  while (true) {
    auto ready = co_await watched.readable();
    auto came = ready.try_io(expirations);
    if (came) break;
    if (came.error() != std::errc::operation_would_block) co_return weft::fail(came.error());
  }
  std::printf("and once more\n");
  co_return {};
}

}  // namespace

int main() {
  return weft::run(show());
}
