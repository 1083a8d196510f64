#include "memory/release_memory.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace {

#ifdef WEFT_SANITIZED
constexpr bool glibc_allocates = false;
#else
constexpr bool glibc_allocates = true;
#endif

// A sanitizer's allocator stands for every other: there, glibc's heap must not be touched. When it
// was, threads that did so at once aborted the process as they ended.
TEST(release_memory, touches_the_heap_of_glibc_only_where_it_is_in_use) {
  constexpr std::size_t threads = 8;
  std::vector<int> released(threads);
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i)
    running.emplace_back([&released, i] { released[i] = weft::detail::release_memory(0); });
  for (auto& thread : running) thread.join();
  EXPECT_EQ(released, std::vector<int>(threads, glibc_allocates));
}

}  // namespace
