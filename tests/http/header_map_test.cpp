#include <weft/http/header_map.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "header_map_builder.hpp"

namespace {

namespace http = weft::http;
using http::header;
using http::header_map;
using weft::errc;

auto text_of(const header_map& map) {
  std::string text;
  for (const auto& field : map) {
    text.append(field.name).append("=").append(field.value).append(";");
  }
  return text;
}

auto values_of(const header_map& map, http::header_name name) {
  std::vector<std::string> values;
  for (const auto value : map.get_all(name)) values.emplace_back(value);
  return values;
}

TEST(header_map, finds_what_was_inserted_in_any_case) {
  header_map map;
  ASSERT_TRUE(map.insert(header::content_type, "text/plain"));
  ASSERT_TRUE(map.insert("X-Request-Tag", "7"));
  EXPECT_EQ(map.get("Content-Type"), "text/plain");
  EXPECT_EQ(map.get(header::content_type), "text/plain");
  EXPECT_EQ(map.get("x-REQUEST-tag"), "7");
  EXPECT_EQ(map.get("x-request-ta"), std::nullopt);
  EXPECT_EQ(map.get(header::host), std::nullopt);
  EXPECT_TRUE(map.contains("content-TYPE"));
  EXPECT_EQ(map.size(), 2U);
}

TEST(header_map, keeps_the_order_of_insertion) {
  header_map map;
  ASSERT_TRUE(map.append("b", "1"));
  ASSERT_TRUE(map.append(header::accept, "2"));
  ASSERT_TRUE(map.append("a", "3"));
  EXPECT_EQ(text_of(map), "b=1;accept=2;a=3;");
}

TEST(header_map, holds_several_values_of_a_name) {
  header_map map;
  ASSERT_TRUE(map.append(header::set_cookie, "a=1"));
  ASSERT_TRUE(map.append("x", "y"));
  ASSERT_TRUE(map.append("Set-Cookie", "b=2"));
  EXPECT_EQ(map.get(header::set_cookie), "a=1");
  EXPECT_EQ(values_of(map, header::set_cookie), (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_TRUE(map.get_all("none").empty());
  EXPECT_EQ(values_of(map, "none"), std::vector<std::string>{});
}

TEST(header_map, insert_replaces_all_values_in_the_place_of_the_first) {
  header_map map;
  ASSERT_TRUE(map.append("a", "1"));
  ASSERT_TRUE(map.append("b", "2"));
  ASSERT_TRUE(map.append("A", "3"));
  ASSERT_TRUE(map.insert("a", "4"));
  EXPECT_EQ(text_of(map), "a=4;b=2;");
}

TEST(header_map, removes_all_values_of_a_name) {
  header_map map;
  ASSERT_TRUE(map.append("a", "1"));
  ASSERT_TRUE(map.append(header::host, "h"));
  ASSERT_TRUE(map.append("A", "3"));
  EXPECT_EQ(map.remove("a"), 2U);
  EXPECT_EQ(map.remove("a"), 0U);
  EXPECT_EQ(text_of(map), "host=h;");
  EXPECT_EQ(map.remove(header::host), 1U);
  EXPECT_TRUE(map.empty());
}

TEST(header_map, refuses_values_that_could_split_a_message) {
  header_map map;
  for (const auto& value :
       {std::string("a\r\nSet-Cookie: x"), std::string("a\n"), std::string("\rb"),
        std::string("a\0b", 3), std::string("a\x01"), std::string("a\x7f")}) {
    const auto inserted = map.insert("x", value);
    ASSERT_FALSE(inserted.has_value()) << value;
    EXPECT_TRUE(inserted.error() == errc::invalid_argument);
    EXPECT_FALSE(map.append(header::location, value).has_value());
  }
  EXPECT_TRUE(map.empty());
}

TEST(header_map, refuses_names_that_are_no_tokens) {
  header_map map;
  for (const auto* name :
       {"", " ", "a b", "a:", "a\r\n", "host ", "\xc3\xa4", ":path", "content\rtype"}) {
    EXPECT_FALSE(map.insert(name, "x").has_value()) << name;
    EXPECT_FALSE(map.append(name, "x").has_value()) << name;
  }
  EXPECT_FALSE(map.insert(header::other, "x").has_value());
  EXPECT_FALSE(map.insert(std::string(70'000, 'a'), "x").has_value());
  EXPECT_TRUE(map.empty());
}

TEST(header_map, takes_tabs_and_bytes_beyond_ascii_and_trims_white_space) {
  header_map map;
  ASSERT_TRUE(map.insert("x", " \t a\tb \xc3\xa4 \t"));
  EXPECT_EQ(map.get("x"), "a\tb \xc3\xa4");
  ASSERT_TRUE(map.insert("y", "  "));
  EXPECT_EQ(map.get("y"), "");
}

TEST(header_map, takes_views_into_itself) {
  header_map map;
  ASSERT_TRUE(map.insert("a", "the value that is copied"));
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(map.append("b", *map.get("a")));
    ASSERT_TRUE(map.insert("c", *map.get("a")));
  }
  for (const auto value : map.get_all("b")) ASSERT_EQ(value, "the value that is copied");
  ASSERT_TRUE(map.append(map.at(0).name, map.at(0).value));
  EXPECT_EQ(values_of(map, "a").size(), 2U);
  ASSERT_TRUE(map.insert(map.at(0).name, "new"));
  EXPECT_EQ(values_of(map, "a"), std::vector<std::string>{"new"});
}

TEST(header_map, does_not_grow_without_end_when_a_value_is_replaced_over_and_over) {
  header_map map;
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(map.insert("counter", std::to_string(i)));
  EXPECT_EQ(map.get("counter"), "99999");
  EXPECT_EQ(map.size(), 1U);
}

TEST(header_map, grows_beyond_what_the_wire_may_bring) {
  header_map map;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(map.append("name-" + std::to_string(i), std::string(100, 'v')));
  }
  EXPECT_EQ(map.size(), 1000U);
  EXPECT_EQ(map.get("NAME-999"), std::string(100, 'v'));
}

TEST(header_map, a_copy_is_independent) {
  header_map map;
  ASSERT_TRUE(map.append("a", "1"));
  header_map copy = map;
  ASSERT_TRUE(map.insert("a", "2"));
  ASSERT_TRUE(copy.append("b", "3"));
  EXPECT_EQ(text_of(map), "a=2;");
  EXPECT_EQ(text_of(copy), "a=1;b=3;");
  copy = map;
  EXPECT_EQ(text_of(copy), "a=2;");
  copy = header_map();
  EXPECT_EQ(text_of(header_map(copy)), "");
}

TEST(header_map, moved_from_is_empty_and_usable) {
  header_map map;
  ASSERT_TRUE(map.append("a", "1"));
  header_map moved = std::move(map);
  EXPECT_EQ(text_of(moved), "a=1;");
  EXPECT_TRUE(map.empty());  // NOLINT(bugprone-use-after-move): the subject of the test
  ASSERT_TRUE(map.append("b", "2"));
  EXPECT_EQ(text_of(map), "b=2;");
  map.clear();
  EXPECT_TRUE(map.empty());
}

auto parsed_map(std::string_view head) {
  header_map map;
  const auto block = weft::bytes::copy(head);
  http::detail::header_map_builder::start(map, block, 4);
  auto rest = block.view();
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const auto colon = line.find(':');
    http::detail::header_map_builder::add(map, line.substr(0, colon), line.substr(colon + 1));
  }
  return map;
}

TEST(header_map, parsed_fields_are_views_of_their_block) {
  const auto block = weft::bytes::copy("Host:a");
  header_map map;
  http::detail::header_map_builder::start(map, block, 1);
  EXPECT_TRUE(http::detail::header_map_builder::add(map, block.view().substr(0, 4),
                                                    block.view().substr(5, 1)));
  EXPECT_EQ(map.get(header::host)->data(), block.data() + 5);
  EXPECT_EQ(map.at(0).name, "Host") << "as it was received";
}

TEST(header_map, parsed_fields_and_inserted_ones_live_together) {
  auto map = parsed_map("Host:a\nX-Tag:b\nx-tag:c\n");
  ASSERT_TRUE(map.append("x-tag", "d"));
  ASSERT_TRUE(map.insert(header::host, "e"));
  EXPECT_EQ(text_of(map), "Host=e;X-Tag=b;x-tag=c;x-tag=d;");
  const header_map copy = map;
  map.clear();
  EXPECT_EQ(text_of(copy), "Host=e;X-Tag=b;x-tag=c;x-tag=d;");
}

TEST(header_map, parsed_fields_beyond_the_room_are_refused) {
  header_map map;
  const auto block = weft::bytes::copy("ab");
  http::detail::header_map_builder::start(map, block, 1);
  int added = 0;
  while (added < 10'000 && http::detail::header_map_builder::add(map, block.view().substr(0, 1),
                                                                 block.view().substr(1, 1))) {
    ++added;
  }
  EXPECT_LT(added, 10'000);
  EXPECT_GE(added, 1);
}

TEST(header_map, known_names_that_were_inserted_are_capitalised_on_the_wire) {
  auto map = parsed_map("hOST:a\n");
  ASSERT_TRUE(map.append(header::content_type, "b"));
  ASSERT_TRUE(map.append("ETAG", "c"));
  ASSERT_TRUE(map.append("x-Own", "d"));
  const auto wire_name = [&](std::size_t i) {
    return http::detail::header_map_builder::wire_name(map, i);
  };
  EXPECT_EQ(wire_name(0), "hOST");
  EXPECT_EQ(wire_name(1), "Content-Type");
  EXPECT_EQ(wire_name(2), "Etag");
  EXPECT_EQ(wire_name(3), "x-Own");
}

TEST(header_map, agrees_with_a_vector_over_random_operations) {
  std::mt19937 random(3);
  const std::vector<std::string> names{"host", "a", "content-type", "x-b", "accept", "x-long-name"};
  header_map map;
  std::vector<std::pair<std::string, std::string>> model;
  for (int i = 0; i < 20'000; ++i) {
    const auto& name = names[random() % names.size()];
    const std::string value(random() % 50, static_cast<char>('a' + random() % 26));
    const auto same = [&](const auto& field) { return field.first == name; };
    switch (random() % 8) {
      case 0:
      case 1:
      case 2:
        ASSERT_TRUE(map.append(name, value));
        model.emplace_back(name, value);
        break;
      case 3:
      case 4: {
        ASSERT_TRUE(map.insert(name, value));
        const auto first = std::find_if(model.begin(), model.end(), same);
        if (first == model.end()) {
          model.emplace_back(name, value);
        } else {
          first->second = value;
          model.erase(std::remove_if(first + 1, model.end(), same), model.end());
        }
        break;
      }
      case 5:
      case 6:
        ASSERT_EQ(map.remove(name), std::erase_if(model, same));
        break;
      default: {
        header_map copy = map;
        map = random() % 2 == 0 ? std::move(copy) : header_map(copy);
        if (random() % 40 == 0) {
          map.clear();
          model.clear();
        }
      }
    }
    std::string expected;
    for (const auto& [n, v] : model) expected.append(n).append("=").append(v).append(";");
    ASSERT_EQ(text_of(map), expected);
  }
}

}  // namespace
