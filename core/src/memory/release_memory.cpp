#include "memory/release_memory.hpp"

#include <malloc.h>

#include <cstdlib>

#ifdef __GLIBC__
// Weak, for without it the compiler would take two functions to be two addresses.
extern "C" [[gnu::weak]] void* __libc_malloc(std::size_t size) noexcept;  // NOLINT: glibc's name
#endif

namespace weft::inline v0 {

bool detail::release_memory([[maybe_unused]] std::size_t keep) noexcept {
#ifdef __GLIBC__
  // Another allocator's process, a sanitizer's too, has a glibc heap that nobody set up:
  // malloc_trim would, and several threads at once would count the wrong owners for it (glibc then
  // aborts).
  static const bool glibc_allocates = &std::malloc == &__libc_malloc;
  if (!glibc_allocates) return false;
  ::malloc_trim(keep);
  return true;
#else
  return false;
#endif
}

}  // namespace weft::inline v0
