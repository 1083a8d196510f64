#include <weft/bytes.hpp>

#include <cstdlib>
#include <new>
#include <utility>

#include "memory/release_memory.hpp"

// Blocks of four size classes are kept in a cache of each thread, last in first out, so that the
// block that is hot in the processor's cache is used next. A cache is capped, and it decays: blocks
// that were not needed during a window of operations are given back, half of them at a time, so
// that memory returns after a burst. A build for sanitizers (WEFT_SANITIZED) has no cache, lest it
// hide a use after free.

namespace weft::inline v0 {

namespace {

using detail::bytes_block;
using detail::bytes_owner;

constexpr std::array<std::size_t, 4> block_class_sizes{1024, 4 * 1024, 16 * 1024, 64 * 1024};
constexpr std::array<std::uint32_t, 4> block_class_caps{64, 64, 64, 8};
constexpr std::size_t max_block_capacity = std::size_t{1} << 38;  // beyond that it is a mistake
constexpr std::uint32_t decay_window = 1024;                      // operations on a class
constexpr std::size_t worth_returning = 1 << 20;                  // to the system

struct free_block {
  free_block* next;
};

// Trivial, so that it can be used while a thread's other locals are being destroyed.
struct free_blocks {
  free_block* head;
  std::uint32_t held;
  std::uint32_t lowest;      // the fewest held in this window: so many were not needed
  std::uint32_t operations;  // in this window
};

struct block_cache {
  std::array<free_blocks, block_class_sizes.size()> lists;
  std::size_t freed;  // bytes that malloc got back since it last gave memory back to the system
  bool reaper_armed;
  bool closed;  // the thread is ending
};

thread_local constinit block_cache thread_blocks{};

auto pop_block(free_blocks& list) noexcept -> free_block* {
  auto* block = list.head;
  list.head = block->next;
  --list.held;
  return block;
}

void free_memory(void* block, std::size_t size) noexcept {
  thread_blocks.freed += size;
  std::free(block);
}

void shrink_blocks(free_blocks& list, std::uint32_t target) noexcept {
  auto size = block_class_sizes[static_cast<std::size_t>(&list - thread_blocks.lists.data())];
  while (list.held > target) free_memory(pop_block(list), size);
  if (list.lowest > list.held) list.lowest = list.held;
}

void tick_blocks(free_blocks& list) noexcept {
  if (++list.operations < decay_window) return;
  list.operations = 0;
  shrink_blocks(list, list.held - (list.lowest + 1) / 2);
  list.lowest = list.held;
}

// Empties the cache when its thread ends.
struct block_reaper {
  ~block_reaper() {
    thread_blocks.closed = true;
    trim_block_cache();
  }
};

void arm_block_reaper() noexcept {
  static thread_local block_reaper instance;
  static_cast<void>(&instance);
  thread_blocks.reaper_armed = true;
}

constexpr auto block_class_of(std::size_t total) noexcept -> std::size_t {
  for (std::size_t i = 0; i < block_class_sizes.size(); ++i) {
    if (total <= block_class_sizes[i]) return i;
  }
  return block_class_sizes.size();
}

#ifdef WEFT_SANITIZED
constexpr bool block_caching = false;
#else
constexpr bool block_caching = true;
#endif

void put_block_back(bytes_owner* owner) noexcept {
  auto* block = static_cast<bytes_block*>(owner);
  const auto size = block->capacity + sizeof(bytes_block);
  const auto index = block_class_of(size);
  block->~bytes_block();
  if (block_caching && index < block_class_sizes.size() && !thread_blocks.closed) {
    auto& list = thread_blocks.lists[index];
    if (list.held < block_class_caps[index]) {
      if (!thread_blocks.reaper_armed) arm_block_reaper();
      list.head = new (static_cast<void*>(block)) free_block{list.head};
      ++list.held;
      return tick_blocks(list);
    }
  }
  free_memory(block, size);
}

}  // namespace

// noinline here and below by being in this file: a coroutine that is resumed on another thread must
// not go on with the old thread's cache.
auto detail::allocate_block(std::size_t capacity) -> bytes_block* {
  if (capacity > max_block_capacity) throw std::bad_alloc();
  auto total = capacity + sizeof(bytes_block);
  const auto index = block_class_of(total);
  if (index < block_class_sizes.size()) total = block_class_sizes[index];

  void* memory = nullptr;
  if (block_caching && index < block_class_sizes.size() && thread_blocks.lists[index].held != 0) {
    auto& list = thread_blocks.lists[index];
    memory = pop_block(list);
    if (list.held < list.lowest) list.lowest = list.held;
    tick_blocks(list);
  } else {
    memory = std::malloc(total);
    if (memory == nullptr) throw std::bad_alloc();
  }
  return new (memory) bytes_block(total - sizeof(bytes_block), &put_block_back);
}

void trim_block_cache() noexcept {
  for (auto& list : thread_blocks.lists) {
    shrink_blocks(list, 0);
    list.operations = 0;
  }
  // Malloc keeps what lies between blocks that are still in use: after a burst, most of it.
  if (std::exchange(thread_blocks.freed, 0) >= worth_returning)
    detail::release_memory(worth_returning);
}

}  // namespace weft::inline v0
