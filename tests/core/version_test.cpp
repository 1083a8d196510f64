#include <weft/version.hpp>

#include <gtest/gtest.h>

#include <string>

TEST(version, of_the_library_is_that_of_the_headers) {
  auto expected = std::to_string(WEFT_VERSION_MAJOR) + "." + std::to_string(WEFT_VERSION_MINOR) +
                  "." + std::to_string(WEFT_VERSION_PATCH);
  EXPECT_EQ(weft::version(), expected);
}
