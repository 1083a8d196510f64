#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "http/h1_corpus.hpp"
#include "http/h1_transcript.hpp"

// Random inputs made from the corpus: nothing may crash, whatever a sanitizer watches for may not
// happen, and what is decided must not depend on how the bytes were split.

namespace {

using weft::http::test::h1_corpus;
using weft::http::test::transcript_of;

class mutator {
 public:
  explicit mutator(unsigned seed) : random_(seed) {}

  auto make() -> std::string {
    auto text = pick();
    if (below(3) == 0) text += pick();
    for (auto changes = below(6); changes > 0 && !text.empty(); --changes) change(text);
    return text;
  }

  auto split(std::string_view text) -> std::vector<std::string_view> {
    std::vector<std::string_view> pieces;
    while (!text.empty()) {
      const auto size = 1 + below(below(2) == 0 ? 4 : text.size());
      pieces.push_back(text.substr(0, size));
      text.remove_prefix(pieces.back().size());
    }
    return pieces;
  }

 private:
  std::mt19937 random_;

  auto below(std::size_t bound) -> std::size_t { return random_() % bound; }
  auto pick() -> std::string { return std::string(h1_corpus[below(std::size(h1_corpus))].input); }

  void change(std::string& text) {
    constexpr std::string_view favourites = "\r\n\r\n :;,\t0123456789abcdefx\x7f";
    const auto at = below(text.size());
    switch (below(7)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text[at] = favourites[below(favourites.size())];
        break;
      case 2:
        text.insert(at, 1, favourites[below(favourites.size())]);
        break;
      case 3:
        text.erase(at, 1 + below(4));
        break;
      case 4:
        text.insert(at, text.substr(below(text.size()), below(40)));
        break;
      case 5:
        text.resize(at);
        break;
      default: {
        const auto other = pick();
        if (!other.empty()) text.insert(at, other.substr(below(other.size())));
      }
    }
  }
};

TEST(h1_mutation, random_inputs_get_one_verdict_however_they_are_split) {
  mutator mutate(20'261'123);
  for (int round = 0; round < 60'000; ++round) {
    const auto input = mutate.make();
    const auto whole = transcript_of({input});
    ASSERT_EQ(transcript_of(mutate.split(input)), whole) << "round " << round << ": " << input;
  }
}

TEST(h1_mutation, tight_limits_get_one_verdict_too) {
  mutator mutate(7);
  weft::http::h1::limits tight;
  tight.head = 120;
  tight.fields = 3;
  tight.target = 10;
  tight.body = 40;
  tight.chunk_extension = 3;
  tight.chunk_extensions = 5;
  tight.chunk_overhead = 10;
  tight.trailers = 20;
  tight.trailer_fields = 1;
  for (int round = 0; round < 40'000; ++round) {
    const auto input = mutate.make();
    const auto whole = transcript_of({input}, tight);
    ASSERT_EQ(transcript_of(mutate.split(input), tight), whole)
        << "round " << round << ": " << input;
  }
}

TEST(h1_mutation, noise_is_survived) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string input(random() % 200, '\0');
    for (auto& c : input) c = static_cast<char>(random());
    const auto prefix = random() % 3;
    if (prefix == 0) input.insert(0, "GET / HTTP/1.1\r\nHost: a\r\n");
    if (prefix == 1) {
      input.insert(0, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    }
    static_cast<void>(transcript_of({input}));
  }
}

}  // namespace
