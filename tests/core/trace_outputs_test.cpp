#include <weft/context.hpp>
#include <weft/trace.hpp>
#include <weft/trace/outputs.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "trace_support.hpp"

namespace {

using namespace trace_test;
using namespace std::chrono_literals;
using weft::context;

struct kept_lines final : trace::writer {
  void write(std::string_view line) noexcept override { text += line; }
  std::string text;
};

std::string as_text(trace::text_options options, void (*tell)()) {
  auto lines = std::make_shared<kept_lines>();
  trace::install({{level::trace, trace::text(lines, options)}}).value();
  tell();
  trace::install({}).value();
  return lines->text;
}

TEST(trace_text, is_one_line_for_each_event) {
  EXPECT_EQ(as_text({.time = false},
                    [] {
                      trace::info("charged", {{"amount", 12}, {"to", "two words"}, {"no", ""}});
                      trace::span checkout("checkout", {{"order", 7}, {"who", "a"}});
                      trace::span pay("pay");
                      trace::warn("slow", {{"took", 1500us}, {"quote", "say \"hi\""}});
                    }),
            " INFO charged amount=12 to=\"two words\" no=\"\"\n"
            " WARN slow took=1.5ms quote=\"say \\\"hi\\\"\" in pay < checkout{order=7 who=a}\n");
}

TEST(trace_text, time_is_rfc_3339) {
  auto line = as_text({}, [] { trace::error("x"); });
  ASSERT_EQ(line.size(), std::string("2026-11-23T19:12:28.123456Z ERROR x\n").size()) << line;
  EXPECT_EQ(line[10], 'T');
  EXPECT_EQ(line.substr(26), "Z ERROR x\n");
}

TEST(trace_text, neither_forges_lines_nor_speaks_to_the_terminal) {
  EXPECT_EQ(as_text({.time = false},
                    [] { trace::info("a\nb\x1b[31m\x7f", {{"k", "\r\xc2\x9b\xff\xc3\xa4"}}); }),
            " INFO a\\u{a}b\\u{1b}[31m\\u{7f} k=\\u{d}\\u{9b}\\u{ff}\xc3\xa4\n");
}

TEST(trace_text, long_lines_are_cut_between_characters) {
  for (int shift = 0; shift < 3; ++shift) {
    auto lines = std::make_shared<kept_lines>();
    trace::install({{level::trace, trace::text(lines, {.time = false})}}).value();
    std::string longer(static_cast<std::size_t>(shift), 'a');
    for (int i = 0; i < 20000; ++i) longer += "\xc3\xa4";
    trace::info(longer);
    trace::install({}).value();
    EXPECT_LE(lines->text.size(), 16u * 1024);
    EXPECT_TRUE(lines->text.ends_with("\xc3\xa4…\n"));
  }
}

TEST(trace_text, ends_of_spans_and_places_when_asked_for) {
  auto text = as_text({.time = false, .place = true, .span_ends = true}, [] {
    trace::span outer("outer");
    trace::span inner("inner", {{"a", 1}});
    inner.set_status(trace::status::error, "broke");
  });
  EXPECT_NE(text.find(" INFO inner{a=1} ended busy="), std::string::npos) << text;
  EXPECT_NE(text.find(" error=broke in outer at "), std::string::npos) << text;
  EXPECT_NE(text.find("trace_outputs_test.cpp:"), std::string::npos) << text;
}

std::string as_json(void (*tell)()) {
  auto lines = std::make_shared<kept_lines>();
  trace::install({{level::trace, trace::json(lines)}}).value();
  tell();
  trace::install({}).value();
  return lines->text;
}

TEST(trace_json, is_one_object_for_each_event) {
  auto line = as_json([] {
    trace::info("say \"hi\"\\\n\xff", {{"int", -1},
                                       {"real", 0.5},
                                       {"nan", std::nan("")},
                                       {"infinite", -std::numeric_limits<double>::infinity()},
                                       {"on", true},
                                       {"text", "\x01\xc3\xa4"},
                                       {"took", 2us}});
  });
  EXPECT_NE(line.find(R"("level":"info","message":"say \"hi\"\\\u000a)"
                      "\xef\xbf\xbd"
                      R"(","fields":{"int":-1,"real":0.5,"nan":null,"infinite":null,"on":true,)"
                      R"("text":"\u0001)"
                      "\xc3\xa4"
                      R"(","took":2000},"file":")"),
            std::string::npos)
      << line;
  EXPECT_TRUE(line.starts_with(R"({"time":"2)")) << line;
  EXPECT_TRUE(line.ends_with("}\n")) << line;
  EXPECT_EQ(line.find("trace_id"), line.npos);
}

TEST(trace_json, event_names_its_spans_and_a_span_its_parent) {
  auto text = as_json([] {
    weft::context_scope scope(context::current().with_remote_parent(remote()));
    trace::span outer("outer", {{"a", 1}});
    trace::span inner("inner");
    inner.add_link(remote());
    inner.set_status(trace::status::error, "broke");
    trace::info("event");
  });
  EXPECT_NE(text.find(R"("trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":")"), text.npos);
  EXPECT_NE(
      text.find(R"("spans":[{"name":"inner","fields":{}},{"name":"outer","fields":{"a":1}}])"),
      text.npos)
      << text;
  EXPECT_NE(text.find(R"("links":["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"])"
                      R"(,"status":"error","description":"broke","duration_ns":)"),
            text.npos)
      << text;
  EXPECT_NE(text.find(R"("span":"outer","fields":{"a":1},"file":")"), text.npos) << text;
  EXPECT_NE(text.find(R"("parent_id":"b7ad6b7169203331")"), text.npos) << text;
  EXPECT_NE(text.find(R"("idle_ns":0})"), text.npos) << text;
}

TEST(trace_collector, keeps_so_much_and_counts_the_rest) {
  auto heard = std::make_shared<collector>(2);
  trace::install({{level::trace, heard}}).value();
  for (int i = 0; i < 5; ++i) trace::info("event");
  for (int i = 0; i < 4; ++i) trace::span span("span");
  trace::install({}).value();
  EXPECT_EQ(heard->events().size(), 2u);
  EXPECT_EQ(heard->spans().size(), 2u);
  EXPECT_EQ(heard->started().size(), 2u);
  EXPECT_EQ(heard->missed(), 5u);
  heard->clear();
  EXPECT_TRUE(heard->events().empty() && heard->spans().empty() && heard->missed() == 0);
}

}  // namespace
