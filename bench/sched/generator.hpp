// Random numbers, the same on Tokio's side, and a little work that is made of them.
#pragma once

#include <cstdint>

namespace bench {

// xorshift64.
class generator {
 public:
  explicit generator(std::uint64_t seed) noexcept : state_(seed + 0x9e3779b97f4a7c15) {}

  std::uint64_t next() noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

 private:
  std::uint64_t state_;
};

// What a task does with a value that it was told of: ten numbers in hexadecimal, and the sum of
// the letters. Tokio's own benches format floating-point numbers; that would compare the languages'
// libraries.
inline std::uint32_t do_work(generator& random) noexcept {
  std::uint32_t sum = 0;
  for (int number = 0; number < 10; ++number) {
    auto left = random.next();
    char text[16];
    for (auto& letter : text) {
      letter = "0123456789abcdef"[left & 15];
      left >>= 4;
    }
    for (auto letter : text) sum += static_cast<unsigned char>(letter);
  }
  return sum;
}

}  // namespace bench
