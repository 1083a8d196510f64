#include "memory/release_memory.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>
#include <vector>

namespace {

// Under a sanitizer, which has an allocator of its own, the end of a second thread that had set up
// glibc's heap aborted the process.
TEST(release_memory, is_harmless_where_another_allocator_serves_the_process) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process whose heap nobody has touched
  EXPECT_EXIT(
      {
        std::vector<std::thread> threads;
        for (int i = 0; i < 16; ++i) {
          threads.emplace_back([] { weft::detail::release_memory(0); });
        }
        for (auto& one : threads) one.join();
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
