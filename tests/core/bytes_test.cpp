#include <weft/bytes.hpp>

#include <gtest/gtest.h>

#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using weft::buffer;
using weft::bytes;
using weft::bytes_chain;

TEST(bytes, is_empty_by_default) {
  const bytes none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.size(), 0U);
  EXPECT_EQ(none, "");
}

TEST(bytes, refers_to_static_text_without_a_copy) {
  static constexpr std::string_view text = "hello";
  EXPECT_EQ(bytes::from_static(text).data(), text.data());
}

TEST(bytes, copies_what_will_not_live) {
  std::string text = "hello";
  const auto copy = bytes::copy(text);
  text = "other";
  EXPECT_EQ(copy, "hello");
  EXPECT_TRUE(bytes::copy(std::string_view()).empty());
}

TEST(bytes, takes_over_strings_and_vectors) {
  std::string text(1000, 'x');
  const auto* where = text.data();
  EXPECT_EQ(bytes::from(std::move(text)).data(), where);
  EXPECT_EQ(bytes::from(std::string("short")), "short");
  EXPECT_EQ(bytes::from(std::vector<char>{'a', 'b'}), "ab");
  EXPECT_EQ(bytes::from(std::vector<std::byte>(3)).size(), 3U);
}

struct watched {
  std::shared_ptr<int> token;
  std::string text;
  auto data() const { return text.data(); }
  auto size() const { return text.size(); }
};

TEST(bytes, an_owner_lives_until_the_last_slice_is_gone) {
  auto token = std::make_shared<int>(0);
  auto whole = bytes::from(watched{token, "hello world"});
  auto part = whole.slice(6);
  EXPECT_EQ(token.use_count(), 2);
  whole.clear();
  EXPECT_EQ(token.use_count(), 2);
  EXPECT_EQ(part, "world");
  part = bytes();
  EXPECT_EQ(token.use_count(), 1);
}

TEST(bytes, an_empty_slice_holds_no_memory) {
  auto token = std::make_shared<int>(0);
  auto whole = bytes::from(watched{token, "hello"});
  const auto empty = whole.slice(2, 0);
  whole = bytes();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_TRUE(bytes::from(watched{token, ""}).empty());
  EXPECT_EQ(token.use_count(), 1);
}

TEST(bytes, slices_are_clamped_to_what_there_is) {
  const auto whole = bytes::from_static("hello");
  EXPECT_EQ(whole.slice(1, 3), "ell");
  EXPECT_EQ(whole.slice(3), "lo");
  EXPECT_EQ(whole.slice(3, 100), "lo");
  EXPECT_EQ(whole.slice(100), "");
  EXPECT_EQ(whole.slice(0, 0), "");
  EXPECT_EQ(whole.slice_of(whole.view().substr(1, 2)), "el");
}

TEST(bytes, splits_at_every_point) {
  for (std::size_t at = 0; at <= 6; ++at) {
    auto tail = bytes::copy("hello");
    const auto head = tail.split_to(at);
    EXPECT_EQ(head.to_string() + tail.to_string(), "hello");
    EXPECT_EQ(head.size(), std::min<std::size_t>(at, 5));

    auto front = bytes::copy("hello");
    const auto back = front.split_off(at);
    EXPECT_EQ(front.to_string() + back.to_string(), "hello");
    EXPECT_EQ(front.size(), std::min<std::size_t>(at, 5));
  }
}

TEST(bytes, loses_a_prefix_or_suffix) {
  auto b = bytes::copy("hello");
  b.remove_prefix(1);
  b.remove_suffix(1);
  EXPECT_EQ(b, "ell");
  b.remove_suffix(7);
  EXPECT_TRUE(b.empty());
}

TEST(bytes, compares_by_content) {
  EXPECT_EQ(bytes::copy("a"), bytes::from_static("a"));
  EXPECT_LT(bytes::copy("a"), bytes::copy("b"));
  EXPECT_NE(bytes::copy("a"), "b");
}

TEST(bytes, slices_are_shared_between_threads) {
  const auto whole = bytes::copy(std::string(4096, 'x'));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([mine = whole]() mutable {
      for (int i = 0; i < 1000; ++i) {
        auto part = mine.slice(static_cast<std::size_t>(i), 10);
        ASSERT_EQ(part, "xxxxxxxxxx");
      }
      mine.clear();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(whole.size(), 4096U);
}

void write(buffer& out, std::string_view text) {
  auto room = out.prepare(text.size());
  ASSERT_GE(room.size(), text.size());
  std::memcpy(room.data(), text.data(), text.size());
  out.commit(text.size());
}

TEST(buffer, is_written_through_its_prepared_room) {
  buffer b;
  EXPECT_TRUE(b.empty());
  EXPECT_EQ(b.view(), "");
  write(b, "hello ");
  b.append("world");
  b.append('!');
  EXPECT_EQ(b.view(), "hello world!");
  b.consume(6);
  EXPECT_EQ(b.view(), "world!");
  b.truncate(5);
  EXPECT_EQ(b.view(), "world");
  b.clear();
  EXPECT_TRUE(b.empty());
}

TEST(buffer, commits_no_more_than_was_prepared) {
  buffer b(10);
  b.commit(1 << 20);
  EXPECT_EQ(b.spare(), 0U);
  b.consume(1 << 30);
  EXPECT_TRUE(b.empty());
}

TEST(buffer, a_default_prepare_takes_one_standard_block) {
  buffer b;
  EXPECT_EQ(b.prepare().size(), buffer::block_size);
}

TEST(buffer, what_is_split_off_stays_while_the_buffer_goes_on) {
  buffer b;
  b.append("one two");
  const auto one = b.split_to(4);
  const auto* where = b.data();
  EXPECT_EQ(one.data() + 4, where) << "no copy";
  b.append(" three");
  EXPECT_EQ(one, "one ");
  EXPECT_EQ(b.view(), "two three");
  const auto rest = b.split();
  EXPECT_TRUE(b.empty());
  write(b, "four");
  EXPECT_EQ(rest, "two three");
  EXPECT_EQ(b.view(), "four");
}

TEST(buffer, a_slice_keeps_its_block_alive) {
  bytes kept;
  {
    buffer b;
    b.append("stays");
    kept = b.share(0, 5);
    EXPECT_EQ(b.view(), "stays");
  }
  EXPECT_EQ(kept, "stays");
}

TEST(buffer, does_not_overwrite_what_is_shared_when_it_makes_room) {
  buffer b;
  b.append(std::string(buffer::block_size - 10, 'a'));
  const auto first = b.split_to(b.size() - 5);
  b.append(std::string(5000, 'b'));
  EXPECT_EQ(b.view(), "aaaaa" + std::string(5000, 'b'));
  EXPECT_EQ(first.to_string(), std::string(buffer::block_size - 15, 'a'));
}

TEST(buffer, reuses_its_block_from_the_front_when_nobody_shares_it) {
  buffer b;
  static_cast<void>(b.prepare());
  const auto* block = b.data();
  for (int i = 0; i < 100; ++i) {
    b.append(std::string(1000, 'y'));
    b.consume(b.size());
    static_cast<void>(b.prepare());
    ASSERT_EQ(b.data(), block);
  }
}

TEST(buffer, moves_the_rest_to_the_front_of_its_own_block) {
  buffer b;
  b.append(std::string(16000, 'x'));
  const auto* block = b.data();
  b.consume(15990);
  b.append(std::string(4096, 'y'));
  EXPECT_EQ(b.data(), block);
  EXPECT_EQ(b.view(), std::string(10, 'x') + std::string(4096, 'y'));
}

TEST(buffer, grows_to_any_size) {
  buffer b;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string part(static_cast<std::size_t>(i) * 7, static_cast<char>('a' + i % 26));
    b.append(part);
    expected += part;
  }
  EXPECT_EQ(b.view(), expected);
}

TEST(buffer, freezes_without_a_copy_and_is_empty_then) {
  buffer b;
  b.append("frozen");
  const auto* where = b.data();
  const auto frozen = b.freeze();
  EXPECT_EQ(frozen.data(), where);
  EXPECT_TRUE(b.empty());
  EXPECT_EQ(b.spare(), 0U);
  EXPECT_TRUE(buffer(100).freeze().empty());
}

TEST(buffer, refuses_absurd_sizes_with_bad_alloc) {
  buffer b;
  b.append("x");
  EXPECT_THROW(static_cast<void>(b.prepare(static_cast<std::size_t>(-1))), std::bad_alloc);
  EXPECT_THROW(static_cast<void>(b.prepare(static_cast<std::size_t>(-1) / 4 - 1)), std::bad_alloc);
  EXPECT_EQ(b.view(), "x");
}

TEST(buffer, moves) {
  buffer a;
  a.append("text");
  buffer b = std::move(a);
  EXPECT_EQ(b.view(), "text");
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): the subject of the test
  a.append("again");
  a.swap(b);
  EXPECT_EQ(a.view(), "text");
}

TEST(buffer, agrees_with_a_string_over_random_operations) {
  std::mt19937 random(7);
  buffer b;
  std::string model;
  std::vector<std::pair<bytes, std::string>> kept;
  for (int i = 0; i < 20'000; ++i) {
    switch (random() % 6) {
      case 0:
      case 1: {
        const std::string text(random() % 3000, static_cast<char>('a' + random() % 26));
        b.append(text);
        model += text;
        break;
      }
      case 2: {
        const auto n = random() % 4000;
        b.consume(n);
        model.erase(0, n);
        break;
      }
      case 3: {
        const auto n = random() % 2000;
        kept.emplace_back(b.split_to(n), model.substr(0, n));
        model.erase(0, n);
        break;
      }
      case 4:
        if (!kept.empty()) kept.erase(kept.begin() + static_cast<long>(random() % kept.size()));
        break;
      default:
        if (random() % 50 == 0) {
          kept.emplace_back(b.freeze(), std::move(model));
          model.clear();
        }
    }
    ASSERT_EQ(b.view(), model);
  }
  for (const auto& [slice, text] : kept) ASSERT_EQ(slice, text);
}

TEST(block_cache, blocks_cross_threads_and_threads_end) {
  std::vector<bytes> kept(400);
  std::thread([&] {
    for (auto& slot : kept) slot = bytes::copy(std::string(10'000, 'z'));
  }).join();
  for (const auto& slot : kept) ASSERT_EQ(slot.size(), 10'000U);
  kept.clear();
  weft::trim_block_cache();
  EXPECT_EQ(bytes::copy("after"), "after");
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEFT_TEST_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEFT_TEST_SANITIZED 1
#endif

#ifndef WEFT_TEST_SANITIZED

// What malloc has handed out and not got back, in the main arena and in mappings.
auto bytes_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(block_cache, keeps_what_is_used_and_gives_back_what_a_burst_left) {
  constexpr std::size_t blocks = 60;
  weft::trim_block_cache();
  const auto before = bytes_in_use();
  {
    std::vector<buffer> burst(blocks);
    for (auto& b : burst) b.append(std::string(10'000, 'x'));
  }
  EXPECT_GT(bytes_in_use(), before + blocks * 10'000) << "kept for the next burst";
  for (int i = 0; i < 10'000; ++i) bytes::copy(std::string(10'000, 'y'));
  EXPECT_LT(bytes_in_use(), before + 5 * 16 * 1024);
  weft::trim_block_cache();
  EXPECT_LT(bytes_in_use(), before + 16 * 1024);
}

TEST(block_cache, is_capped) {
  weft::trim_block_cache();
  const auto before = bytes_in_use();
  {
    std::vector<buffer> burst(1000);
    for (auto& b : burst) b.append(std::string(10'000, 'x'));
  }
  EXPECT_LT(bytes_in_use(), before + 65 * 16 * 1024);
}

#endif

auto chain_of(std::initializer_list<std::string_view> parts) -> bytes_chain {
  bytes_chain chain;
  for (auto part : parts) chain.push_back(bytes::copy(part));
  return chain;
}

TEST(bytes_chain, counts_bytes_and_pieces_and_drops_empty_ones) {
  const auto chain = chain_of({"ab", "", "c"});
  EXPECT_EQ(chain.size(), 3U);
  EXPECT_EQ(chain.pieces(), 2U);
  EXPECT_EQ(chain.piece(1), "c");
  EXPECT_EQ(chain.to_string(), "abc");
  EXPECT_TRUE(bytes_chain().empty());
}

TEST(bytes_chain, describes_its_first_pieces) {
  const auto chain = chain_of({"ab", "cde", "f"});
  weft::io_slice out[2];
  ASSERT_EQ(chain.fill(out), 2U);
  EXPECT_EQ(std::string_view(static_cast<const char*>(out[1].data), out[1].size), "cde");
  weft::io_slice more[8];
  EXPECT_EQ(chain.fill(more), 3U);
}

TEST(bytes_chain, is_consumed_at_every_offset) {
  const std::string whole = "abcdefghijklmnopqrstuvwxyz";
  for (std::size_t first = 0; first <= whole.size() + 1; ++first) {
    for (std::size_t second = 0; first + second <= whole.size(); ++second) {
      auto chain = chain_of({"a", "bcd", "efghi", "j", "klmnopqr", "stuvwxy", "z"});
      chain.consume(first);
      ASSERT_EQ(chain.to_string(), whole.substr(std::min(first, whole.size())));
      chain.consume(second);
      ASSERT_EQ(chain.to_string(), whole.substr(std::min(first + second, whole.size())));
      ASSERT_EQ(chain.size(), whole.size() - first - second);
    }
  }
}

TEST(bytes_chain, keeps_its_order_while_it_wraps_and_grows) {
  bytes_chain chain;
  std::string model;
  for (int i = 0; i < 200; ++i) {
    const std::string part(static_cast<std::size_t>(i % 5 + 1), static_cast<char>('a' + i % 26));
    chain.push_back(bytes::copy(part));
    model += part;
    if (i % 3 == 0) {
      chain.consume(2);
      model.erase(0, 2);
    }
    ASSERT_EQ(chain.to_string(), model);
  }
  const auto front = chain.pop_front();
  EXPECT_EQ(front.to_string() + chain.to_string(), model);
}

TEST(bytes_chain, lets_go_of_what_was_consumed) {
  auto token = std::make_shared<int>(0);
  bytes_chain chain;
  chain.push_back(bytes::from(watched{token, "abc"}));
  chain.push_back(bytes::copy("d"));
  chain.consume(3);
  EXPECT_EQ(token.use_count(), 1);
}

TEST(bytes_chain, moves_and_appends) {
  auto small = chain_of({"a", "b"});
  auto large = chain_of({"1", "2", "3", "4", "5", "6"});
  large.append(std::move(small));
  EXPECT_EQ(large.to_string(), "123456ab");
  EXPECT_TRUE(small.empty());  // NOLINT(bugprone-use-after-move): the subject of the test
  bytes_chain moved = std::move(large);
  EXPECT_EQ(moved.to_string(), "123456ab");
  large = chain_of({"x"});
  large.append(std::move(moved));
  EXPECT_EQ(large.to_string(), "x123456ab");
  large = bytes_chain();
  EXPECT_TRUE(large.empty());
}

}  // namespace
