#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/h1_transcript.hpp"

// Requests from anybody. The first byte says how the rest arrives; what is decided must not depend
// on it. A refusal must be one of ours, and no input may crash.

namespace {

namespace h1 = weft::http::h1;
using weft::http::test::transcript_of;

auto split(std::string_view input, std::size_t seed) -> std::vector<std::string_view> {
  std::vector<std::string_view> pieces;
  std::size_t size = seed % 7;
  while (!input.empty()) {
    size = (size * 5 + seed) % 23;
    pieces.push_back(input.substr(0, size + 1));
    input.remove_prefix(pieces.back().size());
  }
  return pieces;
}

auto tight_limits() -> h1::limits {
  h1::limits tight;
  tight.head = 256;
  tight.fields = 4;
  tight.target = 32;
  tight.body = 64;
  tight.chunk_extension = 8;
  tight.chunk_extensions = 16;
  tight.chunk_overhead = 32;
  tight.trailers = 48;
  tight.trailer_fields = 2;
  tight.allow_connect = true;
  return tight;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto limits = data[0] % 2 == 0 ? h1::limits() : tight_limits();
  const auto whole = transcript_of({input}, limits);
  const auto pieces = transcript_of(split(input, data[0] / 2), limits);
  if (whole != pieces) {
    std::fprintf(stderr, "whole:     %s\nin pieces: %s\n", whole.c_str(), pieces.c_str());
    std::abort();
  }
  return 0;
}
