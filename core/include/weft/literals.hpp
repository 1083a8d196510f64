// Sizes in binary units.
//
//   using namespace weft::literals;
//   http::limits().body(64_MiB)
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>

namespace weft {
inline namespace v0 {

namespace detail {

consteval std::uint64_t shifted(unsigned long long count, unsigned bits) {
  if (count > std::numeric_limits<std::uint64_t>::max() >> bits)
    throw std::overflow_error("too many bytes for 64 bits");
  return count << bits;
}

}  // namespace detail

inline namespace literals {

consteval std::uint64_t operator""_KiB(unsigned long long count) {
  return detail::shifted(count, 10);
}
consteval std::uint64_t operator""_MiB(unsigned long long count) {
  return detail::shifted(count, 20);
}
consteval std::uint64_t operator""_GiB(unsigned long long count) {
  return detail::shifted(count, 30);
}

}  // namespace literals
}  // namespace v0
}  // namespace weft
