#include <weft/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using weft::errc;
using weft::error;

struct retry_after {
  int seconds;
};

TEST(error, is_one_machine_word) {
  EXPECT_EQ(sizeof(error), sizeof(void*));
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<error>);
  EXPECT_TRUE(std::is_nothrow_copy_constructible_v<error>);
}

TEST(error, compares_with_codes_and_conditions) {
  const error e = errc::timed_out;
  EXPECT_TRUE(e == errc::timed_out);
  EXPECT_FALSE(e == errc::cancelled);
  EXPECT_TRUE(e == std::errc::timed_out);
  EXPECT_TRUE(e == std::make_error_condition(std::errc::timed_out));
  EXPECT_TRUE(e != std::errc::connection_refused);
}

TEST(error, every_code_has_a_message_of_its_own) {
  std::vector<std::string> seen;
  for (int i = 0; i <= static_cast<int>(errc::lagged); ++i) {
    const auto text = error(static_cast<errc>(i)).message();
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(std::count(seen.begin(), seen.end(), text), 0) << text;
    seen.push_back(text);
  }
}

TEST(error, a_number_that_is_no_errc_is_unknown) {
  EXPECT_TRUE(error(static_cast<errc>(-1)) == errc::unknown);
  EXPECT_TRUE(error(static_cast<errc>(9999)) == errc::unknown);
}

TEST(error, of_the_operating_system_keeps_its_category) {
  const auto e = error::from_errno(ECONNREFUSED);
  EXPECT_TRUE(e == std::errc::connection_refused);
  EXPECT_EQ(e.code(), std::error_code(ECONNREFUSED, std::system_category()));
  EXPECT_EQ(e.message(), std::system_category().message(ECONNREFUSED));
}

TEST(error, codes_of_any_category_are_kept_even_when_there_are_thousands) {
  std::vector<error> all;
  for (int i = 0; i < 5000; ++i) all.emplace_back(std::error_code(i, std::generic_category()));
  for (int i = 0; i < 5000; ++i) {
    const auto& e = all[static_cast<std::size_t>(i)];
    ASSERT_EQ(e.code(), std::error_code(i, std::generic_category()));
    const auto changed = error(e).with_context("x");
    ASSERT_EQ(changed.code(), e.code());
  }
  auto clone = all.back();
  all.clear();
  const auto shared = clone;
  clone = std::move(clone).with_context("after its origin is gone");
  EXPECT_EQ(clone.code().value(), 4999);
}

TEST(error, context_stands_before_the_message_outermost_first) {
  auto e = error(errc::closed, "reading the head").with_context("serving 10.0.0.1");
  EXPECT_EQ(e.context(), "serving 10.0.0.1: reading the head");
  EXPECT_EQ(e.message(), "serving 10.0.0.1: reading the head: " + error(errc::closed).message());
  EXPECT_TRUE(e == errc::closed);
}

TEST(error, tells_what_caused_it) {
  auto e = error(errc::not_found, "user 7").with_cause(error(errc::timed_out, "database"));
  ASSERT_NE(e.cause(), nullptr);
  EXPECT_TRUE(*e.cause() == errc::timed_out);
  EXPECT_EQ(e.message(),
            "user 7: not found: caused by: database: " + error(errc::timed_out).message());
  EXPECT_EQ(error(errc::closed).cause(), nullptr);
}

TEST(error, carries_payloads_that_are_found_by_type) {
  auto e = error(errc::overloaded).with_payload(retry_after{3}).with_payload(std::string("zone a"));
  ASSERT_NE(e.get<retry_after>(), nullptr);
  EXPECT_EQ(e.get<retry_after>()->seconds, 3);
  ASSERT_NE(e.get<std::string>(), nullptr);
  EXPECT_EQ(*e.get<std::string>(), "zone a");
  EXPECT_EQ(e.get<int>(), nullptr);

  auto newer = std::move(e).with_payload(retry_after{5});
  EXPECT_EQ(newer.get<retry_after>()->seconds, 5);
}

TEST(error, finds_the_payload_of_a_cause) {
  auto e = error(errc::closed).with_cause(error(errc::overloaded).with_payload(retry_after{9}));
  ASSERT_NE(e.get<retry_after>(), nullptr);
  EXPECT_EQ(e.get<retry_after>()->seconds, 9);
}

TEST(error, a_copy_does_not_see_what_is_added_to_the_original) {
  auto e = error(errc::closed, "a").with_payload(retry_after{1});
  const auto copy = e;
  e = std::move(e).with_context("b").with_payload(std::string("s")).with_cause(errc::timed_out);
  EXPECT_EQ(copy.context(), "a");
  EXPECT_EQ(copy.get<std::string>(), nullptr);
  EXPECT_EQ(copy.cause(), nullptr);
  EXPECT_EQ(e.context(), "b: a");
  EXPECT_EQ(e.get<retry_after>()->seconds, 1);
}

TEST(error, destroys_its_payload_with_the_last_copy) {
  auto token = std::make_shared<int>(1);
  {
    auto e = error(errc::closed).with_payload(std::shared_ptr<int>(token));
    const auto copy = e;
    const auto extended = error(e).with_context("more");
    e = errc::timed_out;
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(error, moved_from_reports_unknown_and_can_be_assigned) {
  error e(errc::closed, "x");
  const auto taken = std::move(e);
  EXPECT_TRUE(e == errc::unknown);  // NOLINT(bugprone-use-after-move): the subject of the test
  EXPECT_FALSE(e.message().empty());
  e = errc::cancelled;
  EXPECT_TRUE(e == errc::cancelled);
  EXPECT_TRUE(taken == errc::closed);
}

TEST(error, a_cause_of_itself_is_no_cycle) {
  error e(errc::closed, "x");
  e = std::move(e).with_cause(error(e));
  ASSERT_NE(e.cause(), nullptr);
  EXPECT_EQ(e.cause()->cause(), nullptr);
}

TEST(error, a_chain_of_a_hundred_thousand_causes_is_destroyed_without_recursion) {
  error e = errc::closed;
  for (int i = 0; i < 100'000; ++i) e = error(errc::task_failed).with_cause(std::move(e));
  EXPECT_EQ(e.get<retry_after>(), nullptr);
}

TEST(error, copies_are_shared_between_threads) {
  const auto e = error(errc::closed, "shared").with_payload(retry_after{2});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([copy = e] {
      for (int i = 0; i < 1000; ++i) {
        const auto mine = copy;
        const auto changed = error(mine).with_context("mine");
        ASSERT_EQ(changed.get<retry_after>()->seconds, 2);
        ASSERT_TRUE(error(std::error_code(i % 100, std::generic_category())) !=
                    std::errc::owner_dead);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(e.context(), "shared");
}

TEST(error, foreign_enums_convert_like_our_own) {
  const error e = std::future_errc::broken_promise;
  EXPECT_TRUE(e == std::future_errc::broken_promise);
  EXPECT_EQ(error(std::future_errc::no_state, "ctx").context(), "ctx");
}

TEST(error, refers_to_records_with_static_storage) {
  static const weft::error_record record{&std::generic_category(), ENOENT, "no such route"};
  const auto e = error::from_record(record);
  EXPECT_EQ(e.context(), "no such route");
  EXPECT_TRUE(e == std::errc::no_such_file_or_directory);
  EXPECT_EQ(error(e).with_context("GET /").message().find("GET /: no such route: "), 0U);
}

}  // namespace
