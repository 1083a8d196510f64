#include <weft/trace/outputs.hpp>
#include <weft/trace/subscriber.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "trace_support.hpp"

namespace {

using namespace trace_test;
using weft::errc;

TEST(trace_subscriber, each_output_has_its_filter) {
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

TEST(trace_subscriber, span_ends_for_those_who_heard_it_begin) {
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

TEST(trace_subscriber, so_many_outputs_at_once) {
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

TEST(trace_subscriber, output_does_not_hear_itself) {
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

TEST(trace_subscriber, installing_while_all_threads_tell) {
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

}  // namespace
