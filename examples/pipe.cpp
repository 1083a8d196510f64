// A pipe to a child process: what the child says is read while it runs.
//
//   ./pipe

#include <weft/net/pipe.hpp>
#include <weft/runtime.hpp>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>

using weft::or_return;

namespace {

// Starts a shell that writes to `output`, which is then its alone.
auto start_child(int output) -> pid_t {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  char shell[] = "sh";
  char option[] = "-c";
  char script[] = "echo one; echo two";
  char* arguments[] = {shell, option, script, nullptr};
  pid_t child = -1;
  ::posix_spawn(&child, "/bin/sh", &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(output);
  return child;
}

auto show() -> weft::task<weft::result<void>> {
  auto [sender, receiver] = co_await or_return(weft::net::pipe());
  auto output = co_await or_return(std::move(sender).into_blocking());
  auto child = start_child(output);
  std::string said;
  while (true) {
    auto data = co_await or_return(receiver.receive());
    if (data.empty()) break;  // the child has closed its end
    said += data.view();
  }
  ::waitpid(child, nullptr, 0);
  std::printf("the child said:\n%s", said.c_str());
  co_return {};
}

}  // namespace

int main() {
  return weft::run(show());
}
