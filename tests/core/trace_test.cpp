#include <weft/context.hpp>
#include <weft/join.hpp>
#include <weft/spawn.hpp>
#include <weft/stream.hpp>
#include <weft/time.hpp>
#include <weft/trace.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "manual_clock.hpp"
#include "task_support.hpp"
#include "trace_support.hpp"

namespace {

using namespace task_test;
using namespace trace_test;
using namespace std::chrono_literals;
using weft::context;

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

}  // namespace
