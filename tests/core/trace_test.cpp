#include <weft/join.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/stream.hpp>
#include <weft/time.hpp>
#include <weft/trace.hpp>
#include <weft/trace/outputs.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "manual_clock.hpp"
#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
namespace trace = weft::trace;
using trace::collector;
using trace::level;
using weft::context;
using weft::errc;

// Listens as long as it lives.
class listening {
 public:
  explicit listening(trace::filter which = level::trace) {
    trace::install({{std::move(which), heard_}}).value();
  }
  explicit listening(std::string_view directives)
      : listening(trace::filter::parse(directives).value()) {}
  ~listening() { trace::install({}).value(); }
  collector* operator->() { return heard_.get(); }
  std::vector<std::string> messages() const {
    std::vector<std::string> all;
    for (auto& one : heard_->events()) all.push_back(one.message);
    return all;
  }

 private:
  std::shared_ptr<collector> heard_ = std::make_shared<collector>();
};

using texts = std::vector<std::string>;
using fields = std::vector<collector::field>;

TEST(trace, nobody_hears_until_somebody_listens) {
  EXPECT_FALSE(trace::enabled(level::error));
  trace::error("nobody hears this");
  trace::span span("nor this");
  EXPECT_FALSE(span);
  listening heard;
  EXPECT_TRUE(trace::enabled(level::trace));
  trace::info("heard");
  EXPECT_EQ(heard.messages(), texts{"heard"});
}

TEST(trace, event_has_level_message_and_typed_fields) {
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

TEST(trace, each_level_has_its_function) {
  listening heard;
  trace::trace("t");
  trace::debug("d");
  trace::info("i");
  trace::warn("w");
  trace::error("e");
  trace::event(level::info, "any");
  std::vector<level> levels;
  for (auto& one : heard->events()) levels.push_back(one.importance);
  EXPECT_EQ(levels, (std::vector{level::trace, level::debug, level::info, level::warn, level::error,
                                 level::info}));
}

task<void> tells_in_spans() {
  trace::span outer("outer", {{"order", 7}});
  co_await weft::yield_now();
  trace::info("in outer");
  {
    trace::span inner("inner");
    co_await weft::sleep(1ms);
    trace::info("in inner");
  }
  co_await weft::yield_now();
  trace::info("in outer again");
}

TEST(trace, span_follows_its_task_across_co_await) {
  listening heard;
  run_paused([]() -> task<void> {
    co_await weft::join(tells_in_spans(), tells_in_spans());
    trace::info("outside");
  }());
  texts told;
  for (auto& one : heard->events()) {
    auto line = one.message + ":";
    for (auto& span : one.spans) line += " " + span;
    told.push_back(line);
  }
  EXPECT_EQ(told, (texts{"in outer: outer", "in outer: outer", "in inner: inner outer",
                         "in inner: inner outer", "in outer again: outer", "in outer again: outer",
                         "outside:"}));
}

TEST(trace, span_follows_its_task_from_thread_to_thread) {
  listening heard;
  auto runtime = weft::runtime::multi_thread().worker_threads(4).build();
  runtime.block_on([]() -> task<void> {
    auto work = [](int number) -> task<void> {
      trace::span span("work", {{"number", number}});
      for (int i = 0; i < 20; ++i) {
        co_await weft::yield_now();
        trace::info("step", {{"number", number}});
      }
    };
    std::vector<weft::join_handle<void>> handles;
    for (int i = 0; i < 20; ++i) handles.push_back(weft::spawn(work, i));
    for (auto& one : handles) {
      auto ended = co_await std::move(one);
      EXPECT_TRUE(ended.has_value());
    }
  }());
  auto spans = heard->spans();
  auto events = heard->events();
  ASSERT_EQ(spans.size(), 20u);
  ASSERT_EQ(events.size(), 400u);
  for (auto& event : events) {
    ASSERT_EQ(event.spans, texts{"work"});
    auto mine = std::find_if(spans.begin(), spans.end(),
                             [&](auto& span) { return span.identity == event.span; });
    ASSERT_NE(mine, spans.end());
    EXPECT_EQ(mine->fields, event.fields);
  }
}

TEST(trace, spans_of_a_trace_are_parent_and_child) {
  listening heard;
  {
    trace::span outer("outer");
    trace::span inner("inner");
  }
  trace::span other("other");
  auto spans = heard->spans();
  ASSERT_EQ(spans.size(), 2u);
  auto &inner = spans[0], &outer = spans[1];
  EXPECT_EQ(inner.parent, outer.identity);
  EXPECT_EQ(inner.identity.trace_id, outer.identity.trace_id);
  EXPECT_NE(inner.identity.span_id, outer.identity.span_id);
  EXPECT_FALSE(outer.parent.valid());
  EXPECT_TRUE(outer.identity.valid());
  EXPECT_TRUE(outer.identity.sampled());
  EXPECT_NE(other.identity().trace_id, outer.identity.trace_id);
  EXPECT_EQ(heard->started(), (texts{"outer", "inner", "other"}));
}

weft::stream<int> tells_and_yields() {
  trace::span span("stream");
  for (int i = 0; i < 3; ++i) {
    trace::info("in the stream");
    co_await weft::yield_now();
    co_yield i;
  }
}

TEST(trace, span_of_a_stream_is_not_that_of_whoever_asks_it) {
  listening heard;
  run_paused([]() -> task<void> {
    trace::span span("asks");
    auto from = tells_and_yields();
    while (auto next = co_await from.next()) trace::info("outside");
  }());
  for (auto& one : heard->events()) {
    auto inside = one.message == "in the stream";
    EXPECT_EQ(one.spans, (inside ? texts{"stream", "asks"} : texts{"asks"}));
  }
  EXPECT_EQ(heard->events().size(), 6u);
  EXPECT_EQ(heard->spans().at(0).name, "stream");
}

auto remote() {
  return trace::span_context::from_traceparent(
             "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
      .value();
}

TEST(trace, span_goes_on_with_the_trace_of_a_remote_parent) {
  listening heard;
  {
    weft::context_scope scope(context::current().with_remote_parent(remote()));
    trace::span here("here");
    EXPECT_EQ(context::current().span(), here.identity()) << "what the next process gets";
  }
  {
    trace::span later("later");
    later.set_parent(remote());
    trace::span child("child");
    EXPECT_EQ(child.identity().trace_id, remote().trace_id);
  }
  auto spans = heard->spans();
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[0].parent, remote());
  EXPECT_EQ(spans[0].identity.trace_id, remote().trace_id);
  EXPECT_FALSE(spans[0].identity.sampled()) << "the flags are the parent's";
  EXPECT_EQ(spans[2].name, "later");
  EXPECT_EQ(spans[2].parent, remote());
  EXPECT_EQ(spans[2].identity.trace_id, remote().trace_id);
}

TEST(trace, span_of_a_spawned_task_is_linked_to_the_one_that_it_came_from) {
  listening heard;
  run_paused([]() -> task<void> {
    trace::span outer("outer");
    auto ended = co_await weft::spawn([]() -> task<void> {
      trace::info("before");
      trace::span spawned("spawned");
      trace::span inner("inner");
      co_return;
    });
    EXPECT_TRUE(ended.has_value());
  }());
  auto spans = heard->spans();
  ASSERT_EQ(spans.size(), 3u);
  auto &inner = spans[0], &spawned = spans[1], &outer = spans[2];
  EXPECT_EQ(spawned.links, std::vector{outer.identity});
  EXPECT_FALSE(spawned.parent.valid());
  EXPECT_NE(spawned.identity.trace_id, outer.identity.trace_id);
  EXPECT_TRUE(inner.links.empty());
  EXPECT_EQ(inner.parent, spawned.identity);
  EXPECT_TRUE(heard->events().at(0).spans.empty());
}

TEST(trace, span_takes_fields_links_and_status_later) {
  listening heard;
  {
    trace::span span("span", {{"a", 1}});
    span.set("b", "two");
    span.set("a", 3);
    span.add_link(remote());
    span.add_link({});
    span.set_status(trace::status::error, "it broke");
    trace::span good("good");
    good.set_status(trace::status::ok, "not kept");
  }
  auto spans = heard->spans();
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[1].fields, (fields{{"a", "3"}, {"b", "two"}}));
  EXPECT_EQ(spans[1].links, std::vector{remote()});
  EXPECT_EQ(spans[1].how_it_ended, trace::status::error);
  EXPECT_EQ(spans[1].description, "it broke");
  EXPECT_EQ(spans[0].how_it_ended, trace::status::ok);
  EXPECT_EQ(spans[0].description, "");
}

TEST(trace, span_keeps_so_many_fields_and_links) {
  listening heard;
  {
    trace::span span("span");
    for (int i = 0; i < 100; ++i) span.set("f" + std::to_string(i), i);
    for (int i = 0; i < 100; ++i) span.add_link(remote());
  }
  auto spans = heard->spans();
  EXPECT_EQ(spans.at(0).fields.size(), trace::manual_span::max_fields);
  EXPECT_EQ(spans.at(0).links.size(), trace::manual_span::max_links);
}

TEST(trace, manual_span_is_in_force_only_where_it_is_put) {
  listening heard;
  trace::manual_span span("request");
  trace::info("outside");
  {
    weft::context_scope scope(span.child_context());
    trace::info("inside");
  }
  auto moved = std::move(span);
  EXPECT_FALSE(span);
  moved.end();
  moved.end();
  EXPECT_FALSE(moved);
  moved.set("nothing", 1);
  EXPECT_FALSE(moved.identity().valid());
  auto events = heard->events();
  EXPECT_TRUE(events.at(0).spans.empty());
  EXPECT_EQ(events.at(1).spans, texts{"request"});
  EXPECT_EQ(heard->spans().size(), 1u);
}

task<void> sleeps_in_a_span() {
  trace::span span("inner");
  co_await weft::sleep(1h);
}

TEST(trace, span_whose_task_is_aborted_ends) {
  listening heard;
  run_paused([]() -> task<void> {
    auto handle = weft::spawn([]() -> task<void> {
      trace::span outer("outer");
      co_await weft::join(sleeps_in_a_span(), weft::sleep(2h));
    });
    co_await weft::sleep(1ms);
    handle.abort();
    auto ended = co_await std::move(handle);
    EXPECT_FALSE(ended.has_value());
    trace::info("after");
  }());
  texts names;
  for (auto& one : heard->spans()) names.push_back(one.name);
  EXPECT_EQ(names, (texts{"inner", "outer"}));
  EXPECT_TRUE(heard->events().at(0).spans.empty());
}

task<void> advances(manual_clock& clock, std::chrono::nanoseconds by) {
  clock.advance(by);
  co_return;
}

task<void> works_in_spans(manual_clock& clock) {
  trace::span outer("outer");
  clock.advance(5ms);
  co_await weft::yield_now();
  {
    trace::span inner("inner");
    clock.advance(3ms);
    co_await weft::yield_now();
    clock.advance(2ms);
  }
}

// A clock that is moved by hand, so that what "runs" takes time.
TEST(trace, span_tells_busy_time_from_idle_time) {
  listening heard;
  auto doors = std::make_shared<manual_clock>();
  auto runtime = weft::runtime::current_thread().environment(doors).build();
  runtime.block_on([](manual_clock& clock) -> task<void> {
    auto handle = weft::spawn(works_in_spans(clock));
    while (!handle.is_finished()) {
      co_await weft::yield_now();
      clock.advance(10ms);
    }
    auto ended = co_await std::move(handle);
    EXPECT_TRUE(ended.has_value());
  }(*doors));
  auto spans = heard->spans();
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].busy, 5ms);
  EXPECT_EQ(spans[0].idle(), 10ms);
  EXPECT_EQ(spans[1].busy, 10ms);
  EXPECT_EQ(spans[1].idle(), 20ms);
}

TEST(trace, spans_that_overlap_in_one_task_are_timed_alone) {
  listening heard;
  auto doors = std::make_shared<manual_clock>();
  auto runtime = weft::runtime::current_thread().environment(doors).build();
  runtime.block_on([](manual_clock& clock) -> task<void> {
    trace::manual_span first("first"), second("second");
    clock.advance(1ms);
    first.end();
    co_await weft::spawn(advances(clock, 10ms));
    clock.advance(2ms);
    second.end();
    co_await weft::spawn(advances(clock, 10ms));
    trace::manual_span third("third");
    co_await weft::spawn(advances(clock, 10ms));
    clock.advance(4ms);
  }(*doors));
  std::vector<std::chrono::nanoseconds> busy;
  for (auto& one : heard->spans()) busy.push_back(one.busy);
  EXPECT_EQ(busy, (std::vector<std::chrono::nanoseconds>{1ms, 3ms, 4ms}));
}

TEST(trace, span_outside_a_task_is_busy_all_the_time) {
  listening heard;
  {
    trace::span span("here");
  }
  auto spans = heard->spans();
  EXPECT_EQ(spans.at(0).idle(), 0ns);
}

TEST(trace, each_output_has_its_filter) {
  auto all = std::make_shared<collector>();
  auto few = std::make_shared<collector>();
  trace::install({{level::trace, all}, {level::warn, few}}).value();
  trace::debug("one");
  trace::error("two");
  {
    trace::span span("span");
  }
  trace::install({}).value();
  trace::error("three");
  EXPECT_EQ(all->events().size(), 2u);
  EXPECT_EQ(few->events().size(), 1u);
  EXPECT_EQ(all->spans().size(), 1u);
  EXPECT_EQ(few->spans().size(), 0u);
}

TEST(trace, span_ends_for_those_who_heard_it_begin) {
  auto first = std::make_shared<collector>();
  auto second = std::make_shared<collector>();
  trace::install({{level::trace, first}}).value();
  {
    trace::span span("span");
    trace::install({{level::trace, second}}).value();
    trace::info("event");
  }
  trace::install({}).value();
  EXPECT_EQ(first->spans().size(), 1u);
  EXPECT_EQ(second->spans().size(), 0u);
  EXPECT_EQ(second->events().at(0).spans, texts{"span"});
}

TEST(trace, so_many_outputs_at_once) {
  std::vector<trace::subscription> many;
  for (std::size_t i = 0; i <= trace::max_outputs; ++i) {
    many.push_back({level::info, std::make_shared<collector>()});
  }
  EXPECT_TRUE(trace::install(many).error() == errc::limit_exceeded);
  many.pop_back();
  EXPECT_TRUE(trace::install(many).has_value());
  trace::info("all of them");
  trace::install({}).value();
  for (auto& one : many) {
    EXPECT_EQ(static_cast<collector&>(*one.to).events().size(), 1u);
  }
}

struct talkative final : trace::output {
  void on_event(const trace::event_view&) noexcept override {
    ++heard;
    trace::error("from within");
    trace::span span("from within");
  }
  int heard = 0;
};

TEST(trace, output_does_not_hear_itself) {
  auto output = std::make_shared<talkative>();
  trace::install({{level::trace, output}}).value();
  trace::info("once");
  trace::install({}).value();
  EXPECT_EQ(output->heard, 1);
}

struct counting final : trace::output {
  void on_event(const trace::event_view&) noexcept override { ++events; }
  void on_span_start(const trace::span_view&) noexcept override { ++open; }
  void on_span_end(const trace::span_view&) noexcept override { --open; }
  std::atomic<int> events{0};
  std::atomic<int> open{0};
};

TEST(trace, installing_while_all_threads_tell) {
  std::atomic<bool> done{false};
  std::vector<std::thread> tellers;
  for (int i = 0; i < 3; ++i) {
    tellers.emplace_back([&] {
      while (!done.load()) {
        trace::span span("span", {{"i", 1}});
        trace::info("event");
      }
    });
  }
  std::vector<std::pair<std::shared_ptr<counting>, int>> heard;
  for (int i = 0; i < 200; ++i) {
    auto output = std::make_shared<counting>();
    trace::install({{i % 2 ? level::trace : level::info, output}}).value();
    while (output->events.load() == 0) std::this_thread::yield();
    trace::install({}).value();
    heard.emplace_back(output, output->events.load());
  }
  done = true;
  for (auto& one : tellers) one.join();
  for (auto& [output, events] : heard) {
    EXPECT_EQ(output->events.load(), events) << "nothing comes after another was installed";
    EXPECT_EQ(output->open.load(), 0) << "but the ends of spans";
    EXPECT_EQ(output.use_count(), 1);
  }
}

// Filters.

TEST(trace_filter, level_of_everything) {
  listening heard("warn");
  trace::info("low");
  trace::warn("high");
  EXPECT_EQ(heard.messages(), texts{"high"});
}

TEST(trace_filter, most_special_place_decides) {
  listening heard("off, core/trace_test=debug ,tests=error,somewhere/else=trace");
  trace::trace("too low");
  trace::debug("here");
  EXPECT_EQ(heard.messages(), texts{"here"});
}

TEST(trace_filter, place_begins_and_ends_where_names_do) {
  {
    listening heard("off,trace_te=trace,ace_test=trace,core/trace=trace");
    trace::error("no");
    EXPECT_TRUE(heard.messages().empty());
  }
  listening heard("off,trace_test.cpp");
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

// Outputs.

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
  EXPECT_NE(text.find("trace_test.cpp:"), std::string::npos) << text;
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

struct pipe_pair {
  pipe_pair() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    out = ends[0];
    in = ends[1];
  }
  ~pipe_pair() {
    close_in();
    ::close(out);
  }
  void close_in() {
    if (in >= 0) ::close(in);
    in = -1;
  }
  std::string read_all() {
    std::string all;
    std::array<char, 65536> some;
    for (;;) {
      auto got = ::read(out, some.data(), some.size());
      if (got <= 0) return all;
      all.append(some.data(), static_cast<std::size_t>(got));
    }
  }
  int out, in;
};

TEST(trace_writer, direct_writes_at_once) {
  pipe_pair pipe;
  auto writer = trace::direct_writer(pipe.in);
  writer->write("one\n");
  writer->write("two\n");
  pipe.close_in();
  EXPECT_EQ(pipe.read_all(), "one\ntwo\n");
}

TEST(trace_writer, background_writes_all_before_it_goes) {
  pipe_pair pipe;
  std::string expected;
  {
    trace::background_writer writer(pipe.in);
    for (int i = 0; i < 1000; ++i) {
      auto line = "line " + std::to_string(i) + "\n";
      expected += line;
      writer.write(line);
    }
    writer.flush();
    EXPECT_EQ(writer.dropped(), 0u);
    writer.write("last\n");
    writer.flush();
    writer.flush();
  }
  pipe.close_in();
  EXPECT_EQ(pipe.read_all(), expected + "last\n");
}

// Nobody reads the pipe, so that its writer waits; whoever tells does not.
TEST(trace_writer, background_drops_whole_lines_when_it_is_full_and_says_so) {
  pipe_pair pipe;
  const std::string line(1000, 'x');
  std::uint64_t dropped = 0;
  std::string all;
  {
    trace::background_writer writer(pipe.in, 10'000);
    while (writer.dropped() == 0) writer.write(line + "\n");
    for (int i = 0; i < 50; ++i) writer.write(line + "\n");
    std::thread reader([&] { all = pipe.read_all(); });
    writer.flush();
    dropped = writer.dropped();
    writer.write("room again\n");
    writer.flush();
    pipe.close_in();
    reader.join();
  }
  EXPECT_TRUE(all.ends_with("room again\n"));
  std::uint64_t said = 0;
  std::istringstream lines(all);
  for (std::string one; std::getline(lines, one);) {
    if (one.starts_with("weft: ")) {
      said += std::stoull(one.substr(6));
    } else {
      EXPECT_TRUE(one == line || one == "room again") << one.size();
    }
  }
  EXPECT_EQ(said, dropped);
}

TEST(trace_writer, lines_of_many_threads_stay_whole) {
  pipe_pair pipe;
  std::string all;
  std::thread reader([&] { all = pipe.read_all(); });
  {
    trace::background_writer writer(pipe.in);
    std::vector<std::thread> tellers;
    for (char c : {'a', 'b', 'c'}) {
      tellers.emplace_back([&writer, c] {
        for (int i = 0; i < 500; ++i) writer.write(std::string(20, c) + "\n");
      });
    }
    for (auto& one : tellers) one.join();
    EXPECT_EQ(writer.dropped(), 0u);
  }
  pipe.close_in();
  reader.join();
  ASSERT_EQ(all.size(), 3u * 500 * 21);
  for (std::size_t begin = 0; begin < all.size(); begin += 21) {
    ASSERT_EQ(all.substr(begin, 21), std::string(20, all[begin]) + "\n");
  }
}

}  // namespace
