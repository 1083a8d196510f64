// Memory for coroutine frames and tasks: free lists by size class, a cache per thread before a
// shared list.
//
// Classes are multiples of 64 bytes up to 2 KiB; larger frames go to malloc. A thread's list of a
// class holds at most 2 * batch blocks; what is more moves to the shared list, batch by batch, and
// what the shared list holds beyond its cap goes back to malloc, as does the rest, by halves, once
// the workers are idle.
#include "memory/frame_pool.hpp"

#include <weft/detail/execution.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

#include "facade.hpp"
#include "memory/release_memory.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

constexpr std::size_t granule = 64;

void* aligned(std::size_t size) {
  if (void* memory = std::aligned_alloc(granule, (size + granule - 1) & ~(granule - 1)))
    return memory;
  throw std::bad_alloc();
}

}  // namespace

#ifdef WEFT_SANITIZED

// Under a sanitizer every frame comes from malloc, so that it sees each of them.
void* allocate_frame(std::size_t size) {
  return aligned(size);
}
void deallocate_frame(void* frame, std::size_t) noexcept {
  std::free(frame);
}
bool trim_frames() noexcept {
  return false;
}

#else

namespace {

constexpr unsigned classes = 32;
constexpr unsigned batch = 64;
constexpr std::size_t shared_cap = 8u << 20;  // bytes of one class that stay in the shared list

struct block {
  block* next;
  block* next_batch;  // of the first of a batch in the shared list
};

// Batches of `batch` linked blocks. They are linked through themselves, since giving memory back
// must not need any.
class batch_list {
 public:
  std::size_t size() const noexcept { return size_; }
  void push(block* chain) noexcept {
    chain->next_batch = std::exchange(first_, chain);
    ++size_;
  }
  // Null when there is none.
  block* pop() noexcept {
    if (!first_) return nullptr;
    --size_;
    return std::exchange(first_, first_->next_batch);
  }

 private:
  block* first_ = nullptr;
  std::size_t size_ = 0;
};

// Without a destructor: threads may end after static destruction.
struct shared_list {
  spin_lock lock;
  std::array<batch_list, classes> batches;
};
static_assert(std::is_trivially_destructible_v<shared_list>);
constinit shared_list shared;

void free_chain(block* first) noexcept {
  while (first) std::free(std::exchange(first, first->next));
}

// Without a destructor, so that using it does not ask whether it was registered; `closer` has that.
struct thread_cache {
  std::array<block*, classes> first{};
  std::array<unsigned, classes> count{};
  enum class use : std::uint8_t { none_yet, open, ended } state = use::none_yet;
};
constinit thread_local thread_cache cache;

struct cache_closer {
  void at_thread_end() noexcept {}
  ~cache_closer() {
    for (auto* chain : cache.first) free_chain(chain);
    cache.first = {};
    cache.count = {};
    cache.state = thread_cache::use::ended;
  }
};
thread_local cache_closer closer;

// False: the thread is ending, and caches no more.
bool open_cache() noexcept {
  if (cache.state == thread_cache::use::none_yet) {
    closer.at_thread_end();
    cache.state = thread_cache::use::open;
  }
  return cache.state == thread_cache::use::open;
}

[[gnu::noinline]] void* refill(unsigned size_class) {
  if (!open_cache()) return aligned((size_class + 1) * granule);
  block* chain = nullptr;
  {
    std::lock_guard held(shared.lock);
    chain = shared.batches[size_class].pop();
  }
  if (!chain) return aligned((size_class + 1) * granule);
  cache.first[size_class] = chain->next;
  cache.count[size_class] = batch - 1;
  return chain;
}

[[gnu::noinline]] void spill(unsigned size_class) noexcept {
  block* chain = cache.first[size_class];
  block* last = chain;
  for (unsigned step = 1; step < batch; ++step) last = last->next;
  cache.first[size_class] = std::exchange(last->next, nullptr);
  cache.count[size_class] -= batch;
  {
    std::lock_guard held(shared.lock);
    auto& batches = shared.batches[size_class];
    if ((batches.size() + 1) * batch * (size_class + 1) * granule <= shared_cap)
      return batches.push(chain);
  }
  free_chain(chain);
}

}  // namespace

void* allocate_frame(std::size_t size) {
  auto size_class = static_cast<unsigned>((size - 1) / granule);
  if (size_class >= classes) return aligned(size);
  auto& local = cache;
  if (auto* found = local.first[size_class]) {
    local.first[size_class] = found->next;
    // Often the last that touched it was another thread, or this one long ago: it is fetched while
    // the first is filled.
    __builtin_prefetch(found->next, 1);
    --local.count[size_class];
    return found;
  }
  return refill(size_class);
}

void deallocate_frame(void* frame, std::size_t size) noexcept {
  auto size_class = static_cast<unsigned>((size - 1) / granule);
  auto& local = cache;
  if (size_class >= classes || (local.state != thread_cache::use::open && !open_cache()))
      [[unlikely]] {
    return std::free(frame);
  }
  auto* freed = static_cast<block*>(frame);
  freed->next = local.first[size_class];
  local.first[size_class] = freed;
  if (++local.count[size_class] >= 2 * batch) spill(size_class);
}

bool trim_frames() noexcept {
  for (unsigned size_class = 0; size_class < classes; ++size_class) {
    cache.count[size_class] = 0;
    free_chain(std::exchange(cache.first[size_class], nullptr));
  }
  batch_list taken;
  std::size_t left = 0;
  {
    std::lock_guard held(shared.lock);
    for (auto& batches : shared.batches) {
      auto keep = batches.size() / 2;
      while (batches.size() > keep) taken.push(batches.pop());
      left += keep;
    }
  }
  bool any = taken.size() > 0;
  while (auto* chain = taken.pop()) free_chain(chain);
  if (any) release_memory(1u << 20);
  return left > 0;
}

#endif

}  // namespace detail
}  // namespace v0
}  // namespace weft
