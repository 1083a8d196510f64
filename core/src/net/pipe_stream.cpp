#include "net/pipe_stream.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX's, not C's
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <ctime>

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

// Since Linux 6.18 a write can be told to raise no signal. Headers may be older than the kernel.
constexpr int write_without_signal = 0x100;
constinit std::atomic<bool> kernel_knows_it{true};

const iovec* vectors_of(std::span<const io_slice> pieces) noexcept {
  static_assert(sizeof(io_slice) == sizeof(iovec));
  return reinterpret_cast<const iovec*>(pieces.data());
}
int vector_count(std::span<const io_slice> pieces) noexcept {
  return static_cast<int>(std::min<std::size_t>(pieces.size(), IOV_MAX));
}

}  // namespace

std::int64_t read_pipe(int descriptor, std::span<std::byte> into) noexcept {
  auto got = ::read(descriptor, into.data(), into.size());
  return got < 0 ? -errno : got;
}

std::int64_t write_with_signal_blocked(int descriptor, std::span<const io_slice> pieces) noexcept {
  sigset_t broken;
  sigset_t before;
  sigset_t pending;
  ::sigemptyset(&broken);
  ::sigaddset(&broken, SIGPIPE);
  ::sigpending(&pending);
  ::pthread_sigmask(SIG_BLOCK, &broken, &before);
  auto written = ::writev(descriptor, vectors_of(pieces), vector_count(pieces));
  auto failure = errno;
  // One that was pending before is another's.
  if (written < 0 && failure == EPIPE && !::sigismember(&pending, SIGPIPE)) {
    timespec at_once{};
    while (::sigtimedwait(&broken, nullptr, &at_once) < 0 && errno == EINTR) continue;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return written < 0 ? -failure : written;
}

std::int64_t write_pipe(int descriptor, std::span<const io_slice> pieces) noexcept {
  if (kernel_knows_it.load(std::memory_order_relaxed)) {
    constexpr off_t where_it_stands = -1;
    auto written = ::pwritev2(descriptor, vectors_of(pieces), vector_count(pieces), where_it_stands,
                              write_without_signal);
    if (written >= 0) return written;
    if (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS) return -errno;
    kernel_knows_it.store(false, std::memory_order_relaxed);
  }
  return write_with_signal_blocked(descriptor, pieces);
}

io::progress pipe_stream::poll_receive(io::io_state& state, std::span<std::byte> into) noexcept {
  if (into.empty()) return error(errc::invalid_argument);
  if (end_ != pipe_end::receiver) return error::from_errno(EBADF);
  auto read = [&](int descriptor) noexcept { return read_pipe(descriptor, into); };
  return io::progress::from_driver(handle_->attempt(state, io_call(read)));
}

io::progress pipe_stream::poll_send(io::io_state& state,
                                    std::span<const io_slice> pieces) noexcept {
  if (end_ != pipe_end::sender || !handle_) return error::from_errno(EBADF);
  auto write = [&](int descriptor) noexcept { return write_pipe(descriptor, pieces); };
  return io::progress::from_driver(handle_->attempt(state, io_call(write)));
}

io::progress pipe_stream::poll_shutdown(io::io_state&) noexcept {
  if (end_ == pipe_end::sender && handle_) std::exchange(handle_, nullptr)->close();
  return 0;
}

bool pipe_stream::poll_peer_closed(io::io_state& state) noexcept {
  return !handle_ || handle_->peer_closed(state) != io_pending;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
