#include <weft/trace.hpp>
#include <weft/trace/filter.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "trace_support.hpp"

namespace {

using namespace trace_test;
using weft::errc;

TEST(trace_filter, level_of_everything) {
  listening heard("warn");
  trace::info("low");
  trace::warn("high");
  EXPECT_EQ(heard.messages(), texts{"high"});
}

TEST(trace_filter, most_special_place_decides) {
  listening heard("off, core/trace_filter_test=debug ,tests=error,somewhere/else=trace");
  trace::trace("too low");
  trace::debug("here");
  EXPECT_EQ(heard.messages(), texts{"here"});
}

TEST(trace_filter, place_begins_and_ends_where_names_do) {
  {
    listening heard("off,trace_filter_te=trace,filter_test=trace,core/trace=trace");
    trace::error("no");
    EXPECT_TRUE(heard.messages().empty());
  }
  listening heard("off,trace_filter_test.cpp");
  trace::trace("all of a place");
  EXPECT_EQ(heard.messages().size(), 1u);
}

TEST(trace_filter, without_a_level_for_everything_errors_are_heard) {
  listening heard("somewhere/else=trace");
  trace::warn("no");
  trace::error("yes");
  EXPECT_EQ(heard.messages(), texts{"yes"});
}

TEST(trace_filter, what_is_told_within_a_span) {
  listening heard("error,[checkout]=debug");
  trace::info("outside");
  {
    trace::span span("checkout");
    EXPECT_TRUE(span);
    trace::debug("inside");
    trace::trace("too low");
    trace::span deeper("deeper");
    trace::debug("deeper");
  }
  trace::span other("other");
  EXPECT_FALSE(other);
  EXPECT_EQ(heard.messages(), (texts{"inside", "deeper"}));
}

TEST(trace_filter, field_and_value_of_a_span) {
  listening heard("off,[{user=7}]=trace,[pay{card}]=trace");
  {
    trace::span span("any", {{"user", 7}});
    trace::info("user 7");
  }
  {
    trace::span span("any", {{"user", 8}});
    trace::info("user 8");
  }
  {
    trace::span span("pay", {{"card", "visa"}});
    trace::info("card");
  }
  {
    trace::span span("pay", {{"cash", true}});
    trace::info("cash");
  }
  EXPECT_EQ(heard.messages(), (texts{"user 7", "card"}));
}

TEST(trace_filter, says_which_directive_is_wrong) {
  struct bad {
    std::string text;
    const char* says;
  };
  std::string many;
  for (int i = 0; i < 65; ++i) many += "place=info,";
  for (const auto& [text, says] :
       {bad{"info,http=loud", "'http=loud': the level"}, bad{"=info", "before '='"},
        bad{"[span=info", "']' is missing"}, bad{"[]=info", "between the brackets"},
        bad{"[span{field]=info", "between the brackets"}, bad{"[span{}]=info", "between"},
        bad{"[span]info", "after ']'"}, bad{std::string(4097, 'a'), "4096"},
        bad{many, "64 directives"}}) {
    auto read = trace::filter::parse(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_TRUE(read.error() == errc::invalid_argument);
    EXPECT_NE(read.error().message().find(says), std::string::npos) << read.error().message();
  }
}

TEST(trace_filter, comes_from_the_environment) {
  ::setenv("WEFT_TEST_LOG", "debug", 1);
  EXPECT_EQ(trace::filter::from_environment("warn", "WEFT_TEST_LOG").least(), level::debug);
  ::setenv("WEFT_TEST_LOG", "", 1);
  EXPECT_EQ(trace::filter::from_environment("warn", "WEFT_TEST_LOG").least(), level::warn);
  ::setenv("WEFT_TEST_LOG", "=", 1);
  testing::internal::CaptureStderr();
  EXPECT_EQ(trace::filter::from_environment("warn", "WEFT_TEST_LOG").least(), level::warn);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("WEFT_TEST_LOG: filter: '='"),
            std::string::npos);
  ::unsetenv("WEFT_TEST_LOG");
  EXPECT_EQ(trace::filter::from_environment("warn", "WEFT_TEST_LOG").least(), level::warn);
}

}  // namespace
