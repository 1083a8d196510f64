// A worker's run queue: a ring of 256, pushed and popped by its owner, stolen from by half by
// others.
#pragma once

#include <weft/detail/execution.hpp>

#include <array>
#include <cstdint>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

class injection_queue;

// Indices count up without bound (mod 2^32) and differ by at most the capacity.
//
// `head_` packs two of them: `real`, where the owner pops, and `steal`, which stays behind while a
// thief copies [steal, real). The owner may write slots up to `steal + capacity` only, so what a
// thief reads stays in place until it moves `steal` up.
//
// Memory orders. The owner publishes a slot by the release store of `tail_`; a thief acquires it by
// loading `tail_` before the CAS of `head_`. A slot is freed by a release (acq_rel CAS) of `head_`
// and reused by the owner after an acquire load of `head_`. Slots themselves are relaxed atomics:
// they carry no ordering. The tail's stores and loads are seq_cst besides, for those who go to
// sleep (idle.hpp).
class local_queue {
 public:
  static constexpr std::uint32_t capacity = 256;

  // Owner. When the ring is full, half of it goes to `overflow` together with `task`, or, while a
  // thief makes room, `task` alone; false then.
  bool push(task_header* task, injection_queue& overflow) noexcept;
  // Owner, who knows that there is room: `count` tasks of a list. Returns what follows them in it.
  task_header* append(task_header* first, std::uint32_t count) noexcept;
  // Owner: how many more fit.
  std::uint32_t room() const noexcept {
    auto head = unpack(head_.load(std::memory_order_acquire));
    return capacity - (tail_.load(std::memory_order_relaxed) - head.steal);
  }
  // Owner. Null when empty.
  task_header* pop() noexcept;
  // Owner of `into`, which is empty. Takes half of this queue; returns one to be run at once, or
  // null.
  task_header* steal_into(local_queue& into) noexcept;

  // Exact for the owner, a hint for others.
  std::uint32_t size() const noexcept {
    auto head = unpack(head_.load(std::memory_order_acquire));
    return tail_.load(std::memory_order_seq_cst) - head.real;
  }

 private:
  struct heads {
    std::uint32_t steal;
    std::uint32_t real;
  };
  static constexpr std::uint32_t mask = capacity - 1;
  static heads unpack(std::uint64_t packed) noexcept {
    return {static_cast<std::uint32_t>(packed >> 32), static_cast<std::uint32_t>(packed)};
  }
  static std::uint64_t pack(heads unpacked) noexcept {
    return std::uint64_t{unpacked.steal} << 32 | unpacked.real;
  }
  bool push_overflow(task_header* task, std::uint32_t head, injection_queue& overflow) noexcept;
  std::uint32_t claim_half(local_queue& into, std::uint32_t into_tail) noexcept;

  alignas(64) facade::atomic<std::uint64_t> head_{0};
  alignas(64) facade::atomic<std::uint32_t> tail_{0};
  std::array<facade::atomic<task_header*>, capacity> slots_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
