// Replaces the allocation functions of the program, to count them and to let one of them fail.
// Include it in one source of a program. AddressSanitizer leaves us some of them, so that what is
// allocated may fail, and it judges what comes of that; under it, and under ThreadSanitizer, there
// are no free lists, and counting tells nothing.
#pragma once

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#ifdef __has_feature
#define WEFT_TEST_HAS(what) __has_feature(what)
#else
#define WEFT_TEST_HAS(what) 0
#endif
#if defined(__SANITIZE_THREAD__) || WEFT_TEST_HAS(thread_sanitizer)
#define WEFT_TEST_COUNTS_MEMORY 0
#define WEFT_TEST_FAILS_MEMORY 0
#elif defined(__SANITIZE_ADDRESS__) || WEFT_TEST_HAS(address_sanitizer)
#define WEFT_TEST_COUNTS_MEMORY 0
#define WEFT_TEST_FAILS_MEMORY 1
#else
#define WEFT_TEST_COUNTS_MEMORY 1
#define WEFT_TEST_FAILS_MEMORY 1
#endif

namespace task_test {

inline std::atomic<std::size_t> allocations{0};
// The number of the allocation that is to fail, counted down by this thread alone; 0: none.
inline thread_local std::size_t fails_at = 0;

inline bool may_allocate() noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return fails_at == 0 || --fails_at > 0;
}

}  // namespace task_test

#if WEFT_TEST_FAILS_MEMORY

#if defined(__GNUC__) && !defined(__clang__)
// GCC takes these for a library's, and warns that free is not their counterpart.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif
#if WEFT_TEST_COUNTS_MEMORY
// glibc's own, under the name that stays when a program has another.
extern "C" void* __libc_malloc(std::size_t size);  // NOLINT(bugprone-reserved-identifier)
extern "C" [[gnu::visibility("default")]] void* malloc(std::size_t size) noexcept {
  return task_test::may_allocate() ? __libc_malloc(size) : nullptr;
}
#endif
extern "C" [[gnu::visibility("default")]] void* aligned_alloc(std::size_t alignment,
                                                              std::size_t size) noexcept {
  return task_test::may_allocate() ? ::memalign(alignment, size) : nullptr;
}
void* operator new(std::size_t size) {
  if (void* memory = ::operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  if (void* memory = task_test::may_allocate()
                         ? ::memalign(static_cast<std::size_t>(alignment), size)
                         : nullptr) {
    return memory;
  }
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
#if WEFT_TEST_COUNTS_MEMORY
  return std::malloc(size);  // ours
#else
  return task_test::may_allocate() ? std::malloc(size) : nullptr;
#endif
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

#endif
