// A runtime does not survive fork(): its threads are gone, its epoll descriptor is shared with the
// parent.
#pragma once

#include <cstdint>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// How many forks lie between this process and the one that loaded weft. Counted in the child, by
// pthread_atfork, from when the first guard was made. Relaxed: the child has one thread when it is
// written.
inline constinit facade::atomic<std::uint32_t> fork_generation{0};

// Remembers the process that it was made in.
class fork_guard {
 public:
  fork_guard() noexcept;
  bool forked() const noexcept {
    return fork_generation.load(std::memory_order_relaxed) != made_in_;
  }
  // Ends the program with a message in a child of that process.
  void check() const noexcept {
    if (forked()) [[unlikely]]
      used_after_fork();
  }

 private:
  [[noreturn]] static void used_after_fork() noexcept;
  std::uint32_t made_in_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
