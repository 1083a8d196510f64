#include <weft/context.hpp>
#include <weft/join.hpp>
#include <weft/scope.hpp>
#include <weft/select.hpp>
#include <weft/shield.hpp>
#include <weft/spawn.hpp>
#include <weft/spawn_blocking.hpp>
#include <weft/stream.hpp>
#include <weft/sync/oneshot.hpp>
#include <weft/task_group.hpp>
#include <weft/time.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "task_support.hpp"

namespace {

using namespace task_test;
using namespace std::chrono_literals;
using weft::context;
using weft::context_scope;
using weft::errc;
using weft::in_context;
using weft::result;
using weft::trace::span_context;

constexpr weft::task_local<std::string> tenant;
constexpr weft::task_local<int> attempt;

span_context remote_span() {
  return span_context::from_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
      .value();
}

// All that can flow, as a test looks at it.
struct seen {
  bool deadline = false;
  bool cancellation = false;
  bool span = false;
  bool link = false;
  bool baggage = false;
  bool local = false;
  friend bool operator==(const seen&, const seen&) = default;
};
void PrintTo(const seen& one, std::ostream* out) {
  *out << (one.deadline ? "deadline " : "") << (one.cancellation ? "cancellation " : "")
       << (one.span ? "span " : "") << (one.link ? "link " : "") << (one.baggage ? "baggage " : "")
       << (one.local ? "local" : "");
}
constexpr seen everything{
    .deadline = true, .cancellation = true, .span = true, .baggage = true, .local = true};
constexpr seen what_spawn_hands_on{.link = true, .baggage = true, .local = true};

seen look() {
  auto here = context::current();
  return {.deadline = here.deadline() != weft::time::never,
          .cancellation = here.cancellation().has_value(),
          .span = here.span() == remote_span(),
          .link = here.linked_span() == remote_span(),
          .baggage = here.baggage("customer") == "acme",
          .local = tenant.get() && *tenant.get() == "acme"};
}
task<seen> look_later() {
  co_await weft::yield_now();
  co_return look();
}
context full_context() {
  return context()
      .with_deadline(weft::time::after(1h))
      .with_cancellation(weft::cancellation_token())
      .with_remote_parent(remote_span())
      .with_baggage("customer", "acme")
      .value()
      .with(tenant, std::string("acme"));
}

// The rows of the table in context.hpp.

TEST(context, flows_whole_into_what_is_awaited) {
  run_paused([]() -> task<void> {
    context_scope scope(full_context());
    EXPECT_EQ(look(), everything);
    auto awaited = co_await look_later();
    EXPECT_EQ(awaited, everything);
  }());
}

TEST(context, flows_whole_into_branches) {
  run_paused([]() -> task<void> {
    context_scope scope(full_context());
    auto [left, right] = co_await weft::join(look_later(), look_later());
    EXPECT_EQ(left, everything);
    EXPECT_EQ(right, everything);
    auto [selected, late] = co_await weft::select(look_later(), weft::sleep(1h));
    EXPECT_EQ(selected, everything);
    auto timed = co_await weft::timeout(1min, look_later());
    EXPECT_EQ(timed.value(), everything);
  }());
}

TEST(context, flows_whole_into_the_tasks_of_a_group) {
  on_every_runtime([](weft::runtime& runtime) {
    runtime.block_on([]() -> task<void> {
      context_scope scope(full_context());
      auto ended = co_await weft::task_group<seen>([](auto& group) -> task<void> {
        group.spawn(look_later());
        group.spawn(&look_later);
        while (auto next = co_await group.next()) EXPECT_EQ(next->value(), everything);
      });
      EXPECT_TRUE(ended.has_value());
      auto start = weft::time::now();
      auto timed = co_await weft::timeout(
          1min, weft::task_group<bool>([](auto& group) -> task<bool> {
            group.spawn([]() -> task<bool> {
              co_return context::current().deadline() < weft::time::after(2min);
            });
            auto next = co_await group.next();
            co_return next->value();
          }));
      EXPECT_TRUE(timed.value()) << (weft::time::now() - start).count();
    }());
  });
}

TEST(context, flows_whole_into_a_scope) {
  run_paused([]() -> task<void> {
    context_scope scope(full_context());
    co_await weft::scope([](auto& branches) -> task<void> {
      branches.start([]() -> task<void> {
        auto inside = co_await look_later();
        EXPECT_EQ(inside, everything);
      }());
      co_return;
    });
  }());
}

TEST(context, flows_into_what_is_spawned_without_deadline_and_cancellation) {
  on_every_runtime([](weft::runtime& runtime) {
    runtime.block_on([]() -> task<void> {
      context_scope scope(full_context());
      auto spawned = co_await weft::spawn(look_later());
      EXPECT_EQ(spawned.value(), what_spawn_hands_on);
      auto called = co_await weft::spawn(&look_later);
      EXPECT_EQ(called.value(), what_spawn_hands_on);
      auto shielded = co_await weft::shield(look_later());
      EXPECT_EQ(shielded.value(), what_spawn_hands_on);
      auto blocking = weft::spawn_blocking(&look);
      auto on_the_pool = co_await std::move(blocking);
      EXPECT_EQ(on_the_pool.value(), what_spawn_hands_on);
      EXPECT_EQ(look(), everything);
    }());
  });
}

TEST(context, flows_on_to_what_a_spawned_task_spawns) {
  run_paused([]() -> task<void> {
    context_scope scope(full_context());
    auto again = co_await weft::spawn([]() -> task<seen> {
      auto inner = co_await weft::spawn(look_later());
      co_return inner.value();
    });
    EXPECT_EQ(again.value(), what_spawn_hands_on);
  }());
}

TEST(context, of_a_spawned_task_outlives_the_scope_that_it_came_from) {
  run_paused([]() -> task<void> {
    std::optional<weft::join_handle<seen>> handle;
    {
      context_scope scope(full_context());
      handle.emplace(weft::spawn([]() -> task<seen> {
        co_await weft::sleep(10ms);
        co_return look();
      }));
    }
    EXPECT_EQ(look(), seen());
    auto later = co_await std::move(*handle);
    EXPECT_EQ(later.value(), what_spawn_hands_on);
  }());
}

TEST(context, is_handed_on_whole_where_that_is_asked_for) {
  run_paused([]() -> task<void> {
    context_scope scope(full_context());
    auto spawned = co_await weft::spawn(in_context(context::current(), look_later()));
    EXPECT_EQ(spawned.value(), everything);
  }());
}

TEST(context, is_empty_where_nothing_was_set) {
  run_paused([]() -> task<void> {
    EXPECT_FALSE(context::current());
    EXPECT_EQ(look(), seen());
    auto spawned = co_await weft::spawn(look_later());
    EXPECT_EQ(spawned.value(), seen());
    context_scope scope(full_context());
    auto without = co_await in_context(context(), look_later());
    EXPECT_EQ(without, seen());
  }());
}

TEST(context, of_a_branch_is_its_own) {
  run_paused([]() -> task<void> {
    auto set = [](int number) -> task<bool> {
      context_scope scope(context::current().with(attempt, number));
      for (int i = 0; i < 5; ++i) {
        co_await weft::yield_now();
        if (!attempt.get() || *attempt.get() != number) co_return false;
      }
      co_return true;
    };
    auto [one, two, three] = co_await weft::join(set(1), set(2), set(3));
    EXPECT_TRUE(one && two && three);
    EXPECT_EQ(attempt.get(), nullptr);
  }());
}

TEST(context, of_a_branch_that_loses_ends_with_it) {
  run_paused([]() -> task<void> {
    context_scope scope(context::current().with(attempt, 1));
    auto set = []() -> task<void> {
      context_scope inner(context::current().with(attempt, 2));
      context_scope innermost(context::current().with(attempt, 3));
      co_await weft::sleep(1h);
    };
    auto [lost, won] = co_await weft::select(set(), weft::sleep(1ms));
    EXPECT_TRUE(won);
    EXPECT_EQ(*attempt.get(), 1);
    auto late = co_await weft::timeout(1ms, set());
    EXPECT_FALSE(late.has_value());
    EXPECT_EQ(*attempt.get(), 1);
  }());
}

struct looks_when_destroyed {
  int* saw;
  ~looks_when_destroyed() { *saw = attempt.get() ? *attempt.get() : 0; }
};

TEST(context, of_an_aborted_task_is_in_force_until_its_frames_are_gone) {
  run_paused([]() -> task<void> {
    int outer = -1, inner = -1;
    auto handle = weft::spawn([&outer, &inner]() -> task<void> {
      looks_when_destroyed outside{&outer};
      context_scope scope(context::current().with(attempt, 7));
      looks_when_destroyed inside{&inner};
      co_await weft::sleep(1h);
    });
    co_await weft::sleep(1ms);
    handle.abort();
    auto ended = co_await std::move(handle);
    EXPECT_TRUE(ended.error() == errc::task_aborted);
    EXPECT_EQ(inner, 7);
    EXPECT_EQ(outer, 0);
  }());
}

TEST(context, follows_its_task_from_thread_to_thread) {
  auto runtime = weft::runtime::multi_thread().worker_threads(4).build();
  runtime.block_on([]() -> task<void> {
    auto check = [](int number) -> task<bool> {
      context_scope scope(context::current().with(attempt, number));
      for (int i = 0; i < 200; ++i) {
        co_await weft::yield_now();
        if (*attempt.get() != number) co_return false;
      }
      co_return true;
    };
    std::vector<weft::join_handle<bool>> handles;
    for (int i = 0; i < 64; ++i) handles.push_back(weft::spawn(check, i));
    for (auto& handle : handles) {
      auto kept = co_await std::move(handle);
      EXPECT_TRUE(kept.value());
    }
  }());
}

int attempt_here() {
  return attempt.get() ? *attempt.get() : 0;
}

weft::stream<int> attempts() {
  co_yield attempt_here();
  co_await weft::yield_now();
  co_yield attempt_here();
  {
    context_scope scope(context::current().with(attempt, attempt_here() + 100));
    co_yield attempt_here();
    co_await weft::yield_now();
    co_yield attempt_here();
  }
  co_yield attempt_here();
  co_await weft::sleep(1h);
}

TEST(context, of_a_stream_is_that_of_whoever_asks_and_its_own_scopes) {
  run_paused([]() -> task<void> {
    auto from = attempts();
    auto ask = [](weft::stream<int>& asked) -> task<int> {
      auto next = co_await asked.next();
      co_return *next;
    };
    auto first = co_await attempt.scope(1, ask(from));
    EXPECT_EQ(first, 1);
    auto second = co_await attempt.scope(2, ask(from));
    EXPECT_EQ(second, 2);
    // Its scope is open from here on, and what that is in stays.
    auto third = co_await attempt.scope(3, ask(from));
    EXPECT_EQ(third, 103);
    EXPECT_EQ(attempt_here(), 0) << "it does not leak out";
    auto fourth = co_await attempt.scope(4, ask(from));
    EXPECT_EQ(fourth, 103);
    auto fifth = co_await ask(from);
    EXPECT_EQ(fifth, 3);
    auto last = co_await weft::timeout(1ms, attempt.scope(6, ask(from)));
    EXPECT_FALSE(last.has_value());
  }());
}

TEST(context, of_a_stream_goes_with_it_from_task_to_task) {
  auto runtime = weft::runtime::multi_thread().worker_threads(2).build();
  runtime.block_on([]() -> task<void> {
    auto from = attempts();
    auto ask = [](weft::stream<int> asked) -> task<std::pair<int, weft::stream<int>>> {
      auto next = co_await asked.next();
      co_return std::pair(*next, std::move(asked));
    };
    std::vector<int> seen;
    for (int i = 1; i <= 5; ++i) {
      auto handle = weft::spawn(attempt.scope(i, ask(std::move(from))));
      auto asked = co_await std::move(handle);
      seen.push_back(asked->first);
      from = std::move(asked->second);
    }
    EXPECT_EQ(seen, (std::vector{1, 2, 103, 103, 3}));
  }());
}

TEST(context, works_on_a_thread_outside) {
  EXPECT_EQ(look(), seen());
  {
    context_scope scope(full_context());
    EXPECT_EQ(look(), everything);
    auto runtime = paused_runtime();
    EXPECT_EQ(runtime.block_on(look_later()), what_spawn_hands_on);
    std::thread([] { EXPECT_EQ(look(), seen()); }).join();
  }
  EXPECT_EQ(look(), seen());
}

TEST(context, tells_the_earliest_deadline) {
  run_paused([]() -> task<void> {
    auto deadline = []() -> task<weft::time::time_point> {
      co_return context::current().deadline();
    };
    auto now = weft::time::now();
    auto in_timeout = co_await weft::timeout(2s, deadline());
    EXPECT_EQ(in_timeout.value(), now + 2s);
    auto nested = co_await weft::timeout(2s, weft::timeout(5s, deadline()));
    EXPECT_EQ(nested.value(), now + 2s);
    context_scope scope(context().with_deadline(now + 3s));
    auto sooner = co_await weft::timeout(2s, deadline());
    EXPECT_EQ(sooner.value(), now + 2s);
    auto later = co_await weft::timeout(5s, deadline());
    EXPECT_EQ(later.value(), now + 3s);
    EXPECT_EQ(context::current().with_deadline(now + 9s).deadline(), now + 3s);
    EXPECT_EQ(context::current().with_deadline(weft::time::never).deadline(), now + 3s);
    EXPECT_EQ(context::current().with_deadline(now - 9s).deadline(), now - 9s);
    EXPECT_EQ(context::current().detached().deadline(), weft::time::never);
    auto escaped = co_await weft::timeout(1s, in_context(context(), deadline()));
    EXPECT_EQ(escaped.value(), weft::time::never);
  }());
}

TEST(context, deadline_ends_a_timeout_that_is_longer) {
  run_paused([]() -> task<void> {
    auto start = weft::time::now();
    context_scope scope(context().with_deadline(start + 10ms));
    auto late = co_await weft::timeout(1h, weft::sleep(30min));
    EXPECT_TRUE(late.error() == errc::timed_out);
    EXPECT_EQ(weft::time::now(), start + 10ms);
    co_await weft::sleep(10ms);
    EXPECT_EQ(weft::time::now(), start + 20ms) << "a sleep does not heed it";
  }());
}

TEST(context, cancellation_reaches_those_who_ask) {
  run_paused([]() -> task<void> {
    weft::cancellation_token token;
    context_scope scope(context().with_cancellation(token));
    auto work = []() -> task<weft::cancel_reason> {
      auto mine = context::current().cancellation();
      co_return co_await mine->cancelled();
    };
    auto cancels = [](weft::cancellation_token given) -> task<void> {
      co_await weft::sleep(1ms);
      given.cancel(weft::cancel_reason::disconnect);
    };
    auto [why, done] = co_await weft::join(work(), cancels(token));
    EXPECT_EQ(why, weft::cancel_reason::disconnect);
  }());
}

TEST(context, baggage_is_replaced_and_removed_by_name) {
  auto one = context().with_baggage("a", "1").value().with_baggage("b", "2").value();
  auto two = one.with_baggage("a", "3").value();
  EXPECT_EQ(one.baggage("a"), "1");
  EXPECT_EQ(two.baggage("a"), "3");
  EXPECT_EQ(two.baggage().size(), 2u);
  EXPECT_EQ(two.without_baggage("a").baggage("a"), std::nullopt);
  EXPECT_EQ(two.without_baggage("c"), two);
  EXPECT_EQ(context().baggage("a"), std::nullopt);
  EXPECT_TRUE(context().baggage().empty());
}

TEST(context, baggage_has_limits) {
  auto full = context();
  for (std::size_t i = 0; i < context::max_baggage_entries; ++i) {
    full = full.with_baggage("n" + std::to_string(i), "v").value();
  }
  EXPECT_TRUE(full.with_baggage("more", "v").error() == errc::limit_exceeded);
  EXPECT_TRUE(full.with_baggage("n0", "other").has_value());
  // "name=value" and nothing else is what the limit allows.
  std::string value(context::max_baggage_bytes - 5, 'v');
  EXPECT_TRUE(context().with_baggage("name", value).has_value());
  EXPECT_TRUE(context().with_baggage("name", value + "v").error() == errc::limit_exceeded);
  EXPECT_TRUE(context().with_baggage("a", "").value().with_baggage("name", value).error() ==
              errc::limit_exceeded);
  for (auto* name : {"", "with blank", "colon:", "comma,", "\xc3\xa4"}) {
    EXPECT_TRUE(context().with_baggage(name, "v").error() == errc::invalid_argument) << name;
  }
}

TEST(task_local, is_in_force_within_its_scope) {
  run_paused([]() -> task<void> {
    auto read = []() -> task<int> {
      co_await weft::yield_now();
      co_return attempt.get() ? *attempt.get() : 0;
    };
    auto inside = co_await attempt.scope(5, read());
    EXPECT_EQ(inside, 5);
    auto outside = co_await read();
    EXPECT_EQ(outside, 0);
    auto both = co_await attempt.scope(1, tenant.scope("acme", read()));
    EXPECT_EQ(both, 1);
  }());
}

TEST(task_local, innermost_value_is_the_one) {
  auto one = context().with(attempt, 1).with(tenant, std::string("a"));
  auto two = one.with(attempt, 2);
  EXPECT_EQ(*one.find(attempt), 1);
  EXPECT_EQ(*two.find(attempt), 2);
  EXPECT_EQ(*two.find(tenant), "a");
  EXPECT_EQ(context().find(attempt), nullptr);
}

struct counted {
  explicit counted(int* alive) : alive_(alive) { ++*alive_; }
  counted(counted&& other) noexcept : alive_(other.alive_) { ++*alive_; }
  ~counted() { --*alive_; }
  int* alive_;
};
constexpr weft::task_local<counted> counts;

TEST(task_local, value_goes_with_the_last_task_that_has_it) {
  int alive = 0;
  run_paused([](int* count) -> task<void> {
    std::optional<weft::join_handle<void>> handle;
    {
      context_scope scope(context::current().with(counts, counted(count)));
      handle.emplace(weft::spawn([]() -> task<void> { co_await weft::sleep(10ms); }));
    }
    EXPECT_EQ(*count, 1);
    auto ended = co_await *handle;
    EXPECT_TRUE(ended.has_value());
    EXPECT_EQ(*count, 0) << "though the handle is still there";
  }(&alive));
  EXPECT_EQ(alive, 0);
}

TEST(task_local, value_goes_when_its_task_never_ran) {
  int alive = 0;
  {
    auto runtime = paused_runtime();
    (void)runtime.shut_down();
    context_scope scope(context().with(counts, counted(&alive)));
    auto refused = runtime.spawn([]() -> task<void> { co_return; });
    EXPECT_TRUE(refused.is_finished());
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

}  // namespace
