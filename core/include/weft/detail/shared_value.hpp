// A value that several share, and the last destroys.
#pragma once

#include <weft/detail/execution.hpp>

#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// From the frame pool. One reference for whoever made it. Nobody changes the value while there are
// two; `is_last` tells the holder of one that no other is there, nor will be.
template <class T>
class shared_value {
  static_assert(alignof(T) <= 64,
                "a channel's values are at most 64-byte aligned; send a std::unique_ptr");

 public:
  template <class... Arguments>
  static shared_value* make(Arguments&&... arguments) {
    void* memory = allocate_frame(sizeof(shared_value));
    try {
      return new (memory) shared_value(std::forward<Arguments>(arguments)...);
    } catch (...) {
      deallocate_frame(memory, sizeof(shared_value));
      throw;
    }
  }

  T& value() noexcept { return value_; }
  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  bool is_last() const noexcept { return references_.load(std::memory_order_acquire) == 1; }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    this->~shared_value();
    deallocate_frame(this, sizeof(shared_value));
  }

 private:
  template <class... Arguments>
  explicit shared_value(Arguments&&... arguments) : value_(std::forward<Arguments>(arguments)...) {}
  ~shared_value() = default;

  T value_;
  std::atomic<std::size_t> references_{1};
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
