#include <weft/trace.hpp>
#include <weft/trace/field.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "trace_support.hpp"

namespace {

using namespace trace_test;
using namespace std::chrono_literals;
using weft::errc;

TEST(trace_field, event_has_level_message_and_typed_fields) {
  listening heard;
  enum class colour : int { red = 1 };
  weft::error failure(errc::not_found, "user 7");
  std::string text = "text";
  trace::warn("it", {{"bool", true},
                     {"int", -3},
                     {"unsigned", 3u},
                     {"large", std::numeric_limits<std::uint64_t>::max()},
                     {"real", 2.5},
                     {"literal", "literal"},
                     {"string", text},
                     {"view", std::string_view("view")},
                     {"enum", colour::red},
                     {"duration", 1500us},
                     {"error", failure}});
  auto events = heard->events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].importance, level::warn);
  EXPECT_EQ(events[0].fields, (fields{{"bool", "true"},
                                      {"int", "-3"},
                                      {"unsigned", "3"},
                                      {"large", "18446744073709551615"},
                                      {"real", "2.5"},
                                      {"literal", "literal"},
                                      {"string", "text"},
                                      {"view", "view"},
                                      {"enum", "1"},
                                      {"duration", "1.5ms"},
                                      {"error", failure.message()}}));
  EXPECT_TRUE(events[0].spans.empty());
}

}  // namespace
