#include <weft/http/extensions.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace {

using weft::http::extensions;

struct user {
  std::string name;
};

TEST(extensions, are_found_by_their_type) {
  extensions e;
  EXPECT_TRUE(e.empty());
  EXPECT_EQ(e.get<user>(), nullptr);
  e.insert(user{"ann"});
  e.insert(7);
  ASSERT_NE(e.get<user>(), nullptr);
  EXPECT_EQ(e.get<user>()->name, "ann");
  EXPECT_EQ(*std::as_const(e).get<int>(), 7);
  EXPECT_EQ(e.get<long>(), nullptr);
}

TEST(extensions, hold_one_value_of_a_type) {
  auto token = std::make_shared<int>(1);
  extensions e;
  e.insert(std::shared_ptr<int>(token));
  e.insert(std::make_shared<int>(2));
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(**e.get<std::shared_ptr<int>>(), 2);
}

TEST(extensions, are_removed_and_moved) {
  extensions e;
  e.insert(std::make_unique<int>(3));
  auto moved = std::move(e);
  EXPECT_EQ(**moved.get<std::unique_ptr<int>>(), 3);
  EXPECT_TRUE(moved.remove<std::unique_ptr<int>>());
  EXPECT_FALSE(moved.remove<std::unique_ptr<int>>());
  EXPECT_TRUE(moved.empty());
}

}  // namespace
