// Routes: patterns, precedence, parameters, methods, and the router as a service.
#include <weft/http/router.hpp>
#include <weft/runtime.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

namespace http = weft::http;
using weft::or_return;
using weft::task;

auto request_for(http::method method, std::string_view path) -> http::request {
  auto target = http::target::parse(weft::bytes::copy(path), method);
  EXPECT_TRUE(target.has_value()) << path;
  return http::request(http::request_head(method, std::move(*target)));
}

struct reply {
  int status = 0;
  std::string body;
  std::string allow;
};

auto call(const http::router& app, http::method method, std::string_view path) -> reply {
  auto runtime = weft::runtime::current_thread().build();
  auto run = [&]() -> task<reply> {
    auto incoming = request_for(method, path);
    auto got = co_await app(std::move(incoming));
    reply made;
    if (!got) {
      made.body = got.error().message();
      co_return made;
    }
    made.status = got->status().code();
    made.allow = std::string(std::as_const(*got).headers().get("allow").value_or(""));
    auto all = co_await std::move(*got).body().collect(1'000'000);
    made.body = all->to_string();
    co_return made;
  };
  return runtime.block_on(run());
}
auto get(const http::router& app, std::string_view path) -> std::string {
  auto made = call(app, http::method::get, path);
  return made.status == 200 ? made.body : std::to_string(made.status);
}

/// Answers with its name and the parameters.
auto named(std::string name) {
  return [name](http::request r) {
    auto text = name;
    for (std::size_t i = 0; i < 8 && !r.parameter(i).empty(); ++i)
      text += " " + std::string(r.parameter(i));
    return text;
  };
}

TEST(router, finds_literal_paths_exactly) {
  auto app = http::router()
                 .get("/", named("root"))
                 .get("/a", named("a"))
                 .get("/a/", named("a-slash"))
                 .get("/a/b", named("ab"));
  EXPECT_EQ(get(app, "/"), "root");
  EXPECT_EQ(get(app, "/a"), "a");
  EXPECT_EQ(get(app, "/a/"), "a-slash");
  EXPECT_EQ(get(app, "/a/b"), "ab");
  EXPECT_EQ(get(app, "/a?x=/a/b"), "a") << "the query is no part of the path";
  for (const auto* path : {"/b", "/a/b/", "/a/b/c", "//", "/A", "/%61", "//a"})
    EXPECT_EQ(get(app, path), "404") << path;
}

TEST(router, a_parameter_is_one_segment_that_is_not_empty) {
  auto app = http::router()
                 .get("/users/{id}", named("user"))
                 .get("/users/{id}/posts/{post}", named("post"));
  EXPECT_EQ(get(app, "/users/7"), "user 7");
  EXPECT_EQ(get(app, "/users/a%2Fb"), "user a%2Fb") << "as it was sent, not decoded";
  EXPECT_EQ(get(app, "/users/7/posts/42?q"), "post 7 42");
  for (const auto* path : {"/users/", "/users", "/users/7/", "/users/7/posts", "/users//posts/1"}) {
    EXPECT_EQ(get(app, path), "404") << path;
  }
}

TEST(router, a_rest_takes_all_that_is_left) {
  auto app = http::router().get("/files/{*path}", named("file")).get("/{a}/{*b}", named("any"));
  EXPECT_EQ(get(app, "/files/x"), "file x");
  EXPECT_EQ(get(app, "/files/x/y/z"), "file x/y/z");
  EXPECT_EQ(get(app, "/files/x/"), "file x/");
  EXPECT_EQ(get(app, "/files/"), "404");
  EXPECT_EQ(get(app, "/p/q/r"), "any p q/r");
}

TEST(router, literals_win_over_parameters_and_these_over_rests_in_any_order_of_adding) {
  const auto check = [](const http::router& app) {
    EXPECT_EQ(get(app, "/x/me"), "literal");
    EXPECT_EQ(get(app, "/x/you"), "one you");
    EXPECT_EQ(get(app, "/x/you/too"), "rest you/too");
    EXPECT_EQ(get(app, "/y/b"), "left y");
  };
  check(http::router()
            .get("/x/me", named("literal"))
            .get("/x/{one}", named("one"))
            .get("/x/{*rest}", named("rest"))
            .get("/{a}/b", named("left")));
  check(http::router()
            .get("/{a}/b", named("left"))
            .get("/x/{*rest}", named("rest"))
            .get("/x/{one}", named("one"))
            .get("/x/me", named("literal")));
}

TEST(router, the_leftmost_literal_decides) {
  auto app = http::router().get("/{x}/b/{y}", named("second")).get("/a/{x}/{y}", named("first"));
  EXPECT_EQ(get(app, "/a/b/c"), "first b c");
  EXPECT_EQ(get(app, "/z/b/c"), "second z c");
}

TEST(router, parameters_of_a_pattern_that_did_not_fit_are_forgotten) {
  auto app = http::router().get("/{a}/{b}/x", named("x")).get("/{*all}", named("all"));
  EXPECT_EQ(get(app, "/1/2/3"), "all 1/2/3");
}

TEST(router, parameters_may_lie_far_behind_in_a_path) {
  auto app = http::router().get("/{*all}", named("all")).get("/{first}/{second}", named("two"));
  auto far = "/" + std::string(70'000, 'x') + "/end";
  EXPECT_EQ(get(app, far), "two " + far.substr(1, 70'000) + " end");
}

TEST(router, no_route_is_404_and_another_method_405_with_allow) {
  auto app = http::router()
                 .get("/a", named("get"))
                 .post("/a", named("post"))
                 .put("/{x}/b", named("put"))
                 .del("/a", named("del"));
  auto missing = call(app, http::method::get, "/nowhere");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.allow, "");
  auto wrong = call(app, http::method::put, "/a");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.allow, "GET, HEAD, POST, DELETE");
  wrong = call(app, http::method::get, "/a/b");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.allow, "PUT");
  EXPECT_EQ(call(app, http::method::delete_, "/a").body, "del");
}

TEST(router, head_is_answered_by_get_unless_it_has_a_handler) {
  auto shared = http::router().get("/", named("get"));
  EXPECT_EQ(call(shared, http::method::head, "/").status, 200);
  auto own = http::router().get("/", named("get")).route(http::method::head, "/", named("head"));
  EXPECT_EQ(call(own, http::method::head, "/").body, "head");
  EXPECT_EQ(call(own, http::method::put, "/").allow, "GET, HEAD");
  auto none = http::router().post("/", named("post"));
  EXPECT_EQ(call(none, http::method::head, "/").status, 405);
}

TEST(router, refuses_malformed_patterns) {
  for (const auto* pattern :
       {"", "a", "a/b", "/{", "/}", "/{}", "/{*}", "/{a", "/a}", "/x{a}", "/{a}x", "/{a}{b}",
        "/{{a}}", "/{*a}/b", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", "/a?b", "/a#b", "/a b"}) {
    EXPECT_THROW((void)http::router().get(pattern, named("x")), std::invalid_argument) << pattern;
  }
  EXPECT_NO_THROW((void)http::router().get("/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}", named("x")));
}

TEST(router, refuses_a_route_that_is_there) {
  EXPECT_THROW((void)http::router().get("/a", named("x")).get("/a", named("y")),
               std::invalid_argument);
  EXPECT_THROW((void)http::router().get("/{a}", named("x")).get("/{b}", named("y")),
               std::invalid_argument)
      << "names do not tell patterns apart";
  EXPECT_THROW((void)http::router().get("/x/{*a}", named("x")).get("/x/{*b}", named("y")),
               std::invalid_argument);
  EXPECT_NO_THROW((void)http::router().get("/{a}", named("x")).post("/{b}", named("y")));
}

TEST(router, says_what_is_wrong_with_a_pattern) {
  try {
    (void)http::router().get("/x{a}", named("x"));
    FAIL() << "it was taken";
  } catch (const std::invalid_argument& why) {
    EXPECT_NE(std::string_view(why.what()).find("/x{a}"), std::string_view::npos) << why.what();
  }
}

TEST(router, handlers_return_what_answers_are_made_from) {
  auto app =
      http::router()
          .get("/literal", [] { return "literal"; })
          .get("/string", [] { return std::string("string"); })
          .get("/view", [] { return std::string_view("view"); })
          .get("/bytes", [] { return weft::bytes::copy("bytes"); })
          .get("/status", [] { return http::status::created; })
          .get("/response", [] { return http::response(http::status::accepted, std::string("r")); })
          .get("/result", []() -> weft::result<std::string> { return "result"; })
          .get("/error",
               []() -> weft::result<std::string> {
                 return weft::fail(weft::errc::permission_denied);
               })
          .get("/nothing", []() -> weft::result<void> { return {}; })
          .get("/task",
               []() -> task<std::string> {
                 co_await weft::yield_now();
                 co_return "task";
               })
          .get("/task-bytes",
               []() -> task<weft::result<weft::bytes>> { co_return weft::bytes::copy("tb"); })
          .get("/task-nothing", []() -> task<void> { co_return; });
  EXPECT_EQ(get(app, "/literal"), "literal");
  EXPECT_EQ(get(app, "/string"), "string");
  EXPECT_EQ(get(app, "/view"), "view");
  EXPECT_EQ(get(app, "/bytes"), "bytes");
  EXPECT_EQ(get(app, "/status"), "201");
  EXPECT_EQ(get(app, "/response"), "202");
  EXPECT_EQ(get(app, "/result"), "result");
  EXPECT_EQ(call(app, http::method::get, "/error").status, 0)
      << "as a service it yields the error itself";
  EXPECT_EQ(get(app, "/nothing"), "204");
  EXPECT_EQ(get(app, "/task"), "task");
  EXPECT_EQ(get(app, "/task-bytes"), "tb");
  EXPECT_EQ(get(app, "/task-nothing"), "204");
}

TEST(router, as_a_service_throws_what_the_handler_threw) {
  auto app = http::router()
                 .get("/now", []() -> std::string { throw std::runtime_error("now"); })
                 .get("/later", []() -> task<std::string> {
                   co_await weft::yield_now();
                   throw std::runtime_error("later");
                 });
  EXPECT_THROW((void)call(app, http::method::get, "/now"), std::runtime_error);
  EXPECT_THROW((void)call(app, http::method::get, "/later"), std::runtime_error);
}

TEST(router, a_call_outlives_the_router) {
  auto kept = std::make_shared<int>(1);
  auto runtime = weft::runtime::current_thread().build();
  auto run = [&]() -> task<std::string> {
    auto app =
        std::make_unique<http::router>(http::router().get("/", [kept]() -> task<std::string> {
          co_await weft::yield_now();
          co_return "alive";
        }));
    auto operation = (*app)(request_for(http::method::get, "/"));
    app.reset();
    auto got = co_await std::move(operation);
    auto all = co_await std::move(*got).body().collect(100);
    co_return all->to_string();
  };
  EXPECT_EQ(runtime.block_on(run()), "alive");
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(router, copies_share_the_table) {
  auto app = http::router().get("/", named("root"));
  auto copy = app;
  EXPECT_EQ(get(copy, "/"), "root");
  EXPECT_EQ(app.handler(), copy.handler());
}

}  // namespace
