// A runtime, and what it owns, in a process that was forked after it was made.
#include <weft/net/tcp.hpp>
#include <weft/runtime.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "net_support.hpp"

namespace {

using namespace net_test;

task<void> nothing() {
  co_return;
}

// gtest's death tests fork: their statement runs in a child of the process that has the runtime.
TEST(fork_death_test, using_a_runtime_in_a_child_aborts_with_a_message) {
  auto several = weft::runtime::multi_thread().worker_threads(2).build();
  auto one = weft::runtime::current_thread().build();
  several.block_on(nothing());
  EXPECT_DEATH(several.block_on(nothing()), "in a child of the process that made it");
  EXPECT_DEATH(several.spawn(nothing()).detach(), "in a child of the process that made it");
  EXPECT_DEATH(one.block_on(nothing()), "in a child of the process that made it");
  several.block_on(nothing());  // the parent's goes on
}

TEST(fork_death_test, destroying_a_runtime_in_a_child_does_nothing) {
  std::optional<weft::runtime> runtime(weft::runtime::multi_thread().worker_threads(2).build());
  runtime->block_on(nothing());
  auto destroy = [&] {
    runtime->shut_down();
    runtime.reset();
    ::_exit(0);
  };
  EXPECT_EXIT(destroy(), testing::ExitedWithCode(0), "");
}

int exit_status_of(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

// The child's copy of the task must not go on: the parent's does.
task<result<void>> fork_in_a_task() {
  auto child = ::fork();
  if (child == 0) {
    ::close(STDERR_FILENO);
    co_await weft::sleep(std::chrono::milliseconds(1));
    ::_exit(0);  // not reached
  }
  auto status = exit_status_of(child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) << status;
  co_return {};
}
TEST(fork, a_task_does_not_go_on_in_a_child) {
  run(fork_in_a_task());
}
TEST(fork, a_task_does_not_go_on_in_a_child_on_one_thread) {
  run_here(fork_in_a_task());
}

// The epoll descriptor is shared: were the child to take its sockets out of it, the parent would
// hear no more.
task<result<void>> a_child_that_closes_its_sockets_leaves_the_parents() {
  auto pair = co_await or_return(connected_pair());
  auto child = ::fork();
  if (child == 0) {
    pair.client.close();
    pair.server.close();
    ::_exit(0);
  }
  auto status = exit_status_of(child);
  EXPECT_TRUE(WIFEXITED(status));
  for (int round = 0; round < 3; ++round) {
    co_await or_return(pair.client.write_all("ping"));
    auto ping = co_await or_return(pair.server.receive());
    EXPECT_EQ(ping, "ping");
    auto late = co_await weft::timeout(std::chrono::milliseconds(0), pair.server.receive());
    EXPECT_FALSE(late.has_value());
  }
  co_return {};
}
TEST(fork, a_child_that_closes_its_sockets_leaves_the_parents) {
  run(a_child_that_closes_its_sockets_leaves_the_parents());
}

}  // namespace
