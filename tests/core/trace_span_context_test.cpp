#include <weft/trace/span_context.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using weft::errc;
using weft::trace::span_context;

TEST(span_context, reads_and_writes_the_header_of_the_w3c) {
  auto read =
      span_context::from_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
          .value();
  EXPECT_TRUE(read.valid());
  EXPECT_TRUE(read.sampled());
  EXPECT_EQ(read.trace_id[0], 0x0a);
  EXPECT_EQ(read.span_id[7], 0x31);
  EXPECT_EQ(read.to_traceparent(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(span_context().to_traceparent(), "");
}

TEST(span_context, reads_later_versions_as_far_as_it_knows) {
  auto prefix = std::string("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_TRUE(span_context::from_traceparent(prefix).has_value());
  EXPECT_TRUE(span_context::from_traceparent(prefix + "-what-the-future-will-be-like").has_value());
  EXPECT_FALSE(span_context::from_traceparent(prefix + ".what").has_value());
}

TEST(span_context, refuses_what_the_specification_refuses) {
  struct bad {
    const char* header;
    const char* says;
  };
  for (const auto& [header, says] : {
           bad{"", "shorter"},
           bad{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", "shorter"},
           bad{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-", "follows"},
           bad{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-010", "follows"},
           bad{"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "version"},
           bad{"0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "version"},
           bad{"00-00000000000000000000000000000000-b7ad6b7169203331-01", "trace's id"},
           bad{"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "trace's id"},
           bad{"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "parent's id"},
           bad{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01", "parent's id"},
           bad{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x", "flags"},
           bad{"00.0af7651916cd43dd8448eb211c80319c.b7ad6b7169203331.01", "joined"},
       }) {
    auto read = span_context::from_traceparent(header);
    ASSERT_FALSE(read.has_value()) << header;
    EXPECT_TRUE(read.error() == errc::invalid_data);
    EXPECT_NE(read.error().message().find(says), std::string::npos) << read.error().message();
  }
}

}  // namespace
