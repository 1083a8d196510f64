#include <weft/literals.hpp>

#include <gtest/gtest.h>

namespace {

using namespace weft::literals;

TEST(literals, sizes_are_multiples_of_1024) {
  EXPECT_EQ(3_KiB, 3072u);
  EXPECT_EQ(64_MiB, 64u * 1024 * 1024);
  EXPECT_EQ(1_GiB, 1u << 30);
  EXPECT_EQ(0_GiB, 0u);
}

}  // namespace
