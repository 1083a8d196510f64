// What a user's program does with an installed weft. It is compiled in many ways against one
// library, so it should touch whatever is inline in the public headers. WEFT_HAS_<COMPONENT> tells
// what it is linked with.
#include <weft/version.hpp>

#include <cstdio>

int main() {
  auto version = weft::version();
  std::printf("weft %.*s\n", static_cast<int>(version.size()), version.data());
  return version.empty() ? 1 : 0;
}
