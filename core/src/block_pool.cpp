#include <weft/bytes.hpp>

#include <cstdlib>
#include <new>

// Blocks of four size classes are kept in a cache of each thread, last in first out, so that the
// block that is hot in the processor's cache is used next. A cache is capped, and it decays: blocks
// that were not needed during a window of operations are given back, half of them at a time, so
// that memory returns after a burst. A build for sanitizers (WEFT_SANITIZED) has no cache, lest it
// hide a use after free.

namespace weft::inline v0 {

namespace {

using detail::bytes_block;
using detail::bytes_owner;

constexpr std::array<std::size_t, 4> class_sizes{1024, 4 * 1024, 16 * 1024, 64 * 1024};
constexpr std::array<std::uint32_t, 4> class_caps{64, 64, 64, 8};
constexpr std::uint32_t decay_window = 1024;  // operations on a class

struct free_block {
  free_block* next;
};

// Trivial, so that it can be used while a thread's other locals are being destroyed.
struct free_list {
  free_block* head;
  std::uint32_t held;
  std::uint32_t lowest;      // the fewest held in this window: so many were not needed
  std::uint32_t operations;  // in this window
};

struct block_cache {
  std::array<free_list, class_sizes.size()> lists;
  bool reaper_armed;
  bool closed;  // the thread is ending
};

thread_local constinit block_cache cache{};

auto pop(free_list& list) noexcept -> free_block* {
  auto* block = list.head;
  list.head = block->next;
  --list.held;
  return block;
}

void shrink(free_list& list, std::uint32_t target) noexcept {
  while (list.held > target) std::free(pop(list));
  if (list.lowest > list.held) list.lowest = list.held;
}

void tick(free_list& list) noexcept {
  if (++list.operations < decay_window) return;
  list.operations = 0;
  shrink(list, list.held - (list.lowest + 1) / 2);
  list.lowest = list.held;
}

// Empties the cache when its thread ends.
struct reaper {
  ~reaper() {
    cache.closed = true;
    trim_block_cache();
  }
};

void arm_reaper() noexcept {
  static thread_local reaper instance;
  static_cast<void>(&instance);
  cache.reaper_armed = true;
}

constexpr auto class_of(std::size_t total) noexcept -> std::size_t {
  for (std::size_t i = 0; i < class_sizes.size(); ++i) {
    if (total <= class_sizes[i]) return i;
  }
  return class_sizes.size();
}

#ifdef WEFT_SANITIZED
constexpr bool caching = false;
#else
constexpr bool caching = true;
#endif

void put_back(bytes_owner* owner) noexcept {
  auto* block = static_cast<bytes_block*>(owner);
  const auto index = class_of(block->capacity + sizeof(bytes_block));
  block->~bytes_block();
  if (caching && index < class_sizes.size() && !cache.closed) {
    auto& list = cache.lists[index];
    if (list.held < class_caps[index]) {
      if (!cache.reaper_armed) arm_reaper();
      list.head = new (static_cast<void*>(block)) free_block{list.head};
      ++list.held;
      return tick(list);
    }
  }
  std::free(block);
}

}  // namespace

// noinline here and below by being in this file: a coroutine that is resumed on another thread must
// not go on with the old thread's cache.
auto detail::allocate_block(std::size_t capacity) -> bytes_block* {
  if (capacity > static_cast<std::size_t>(-1) / 2) throw std::bad_alloc();
  auto total = capacity + sizeof(bytes_block);
  const auto index = class_of(total);
  if (index < class_sizes.size()) total = class_sizes[index];

  void* memory = nullptr;
  if (caching && index < class_sizes.size() && cache.lists[index].held != 0) {
    auto& list = cache.lists[index];
    memory = pop(list);
    if (list.held < list.lowest) list.lowest = list.held;
    tick(list);
  } else {
    memory = std::malloc(total);
    if (memory == nullptr) throw std::bad_alloc();
  }
  return new (memory) bytes_block(total - sizeof(bytes_block), &put_back);
}

void trim_block_cache() noexcept {
  for (auto& list : cache.lists) {
    shrink(list, 0);
    list.operations = 0;
  }
}

}  // namespace weft::inline v0
