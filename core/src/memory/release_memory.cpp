#include "memory/release_memory.hpp"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace weft::inline v0 {

void detail::release_memory([[maybe_unused]] std::size_t keep) noexcept {
#ifdef __GLIBC__
  // Where another allocator serves the process, a sanitizer's too, the first call sets up a heap
  // that nobody uses. Two threads that do so at once would both count as its owner, and glibc
  // aborts when the second one ends: so the first call comes alone.
  static const bool set_up = [keep] {
    ::malloc_trim(keep);
    return true;
  }();
  if (set_up) ::malloc_trim(keep);
#endif
}

}  // namespace weft::inline v0
