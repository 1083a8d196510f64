// Writing to a pipe without SIGPIPE, with kernels that offer nothing for it.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX's, not C's
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>

#include "net/pipe_stream.hpp"

namespace {

using weft::io_slice;
using weft::detail::write_with_signal_blocked;

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  return ends;
}

bool is_pending() {
  sigset_t pending;
  ::sigpending(&pending);
  return ::sigismember(&pending, SIGPIPE) == 1;
}

// The default of SIGPIPE would end this program.
TEST(pipe_signal, a_broken_pipe_is_an_error_alone) {
  auto ends = make_pipe();
  std::array<io_slice, 2> pieces{io_slice{"ab", 2}, io_slice{"c", 1}};
  EXPECT_EQ(write_with_signal_blocked(ends[1], pieces), 3);
  ::close(ends[0]);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(write_with_signal_blocked(ends[1], pieces), -EPIPE);
    EXPECT_FALSE(is_pending());
  }
  sigset_t mask;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_EQ(::sigismember(&mask, SIGPIPE), 0);
  ::close(ends[1]);
}

TEST(pipe_signal, one_that_was_pending_stays) {
  sigset_t broken;
  ::sigemptyset(&broken);
  ::sigaddset(&broken, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken, nullptr);
  ::raise(SIGPIPE);
  auto ends = make_pipe();
  ::close(ends[0]);
  io_slice piece{"x", 1};
  EXPECT_EQ(write_with_signal_blocked(ends[1], std::span(&piece, 1)), -EPIPE);
  EXPECT_TRUE(is_pending());
  timespec at_once{};
  EXPECT_EQ(::sigtimedwait(&broken, nullptr, &at_once), SIGPIPE);
  ::pthread_sigmask(SIG_UNBLOCK, &broken, nullptr);
  ::close(ends[1]);
}

}  // namespace
