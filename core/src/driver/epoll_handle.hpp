// A descriptor registered with epoll: what is known of its readiness, and who waits for it.
#pragma once

#include <weft/detail/io.hpp>
#include <weft/waker.hpp>

#include "facade.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

class epoll_driver;

// Type-stable: handles come from a slab that lives as long as the driver, so that an event that was
// fetched before a close may still be looked at. The generation tells that it is stale.
//
// `readiness_` packs flags (8 bits), a tick (24), the generation (32). An event sets flags and
// advances the tick. An operation that got EAGAIN clears a flag by CAS against the word that it
// read *before* its system call: an edge that came in between has changed the tick, the CAS fails,
// and the edge is not lost. A waiter registers its waker and looks at the word again; the event
// side sets the word and then takes the waker (both seq_cst).
class epoll_handle final : public io_handle {
 public:
  std::int64_t accept(io_operation& operation, io_handle*& accepted,
                      socket_address& peer) noexcept override;
  std::int64_t connected(io_operation& operation) noexcept override;
  std::int64_t receive(io_operation& operation, std::span<std::byte> into) noexcept override;
  std::int64_t receive_into(io_operation& operation, buffer& into,
                            std::size_t limit) noexcept override;
  std::int64_t send(io_operation& operation, std::span<const io_slice> pieces) noexcept override;
  std::int64_t became_readable(io_operation& operation) noexcept override;
  std::int64_t peer_closed(io_operation& operation) noexcept override;
  std::int64_t attempt(io_operation& operation, io_call call) noexcept override;
  std::int64_t attempt_now(io_direction direction, io_call call) noexcept override;
  std::int64_t ready(io_operation& operation, std::uint64_t& seen) noexcept override;
  void clear_ready(io_direction direction, std::uint64_t seen) noexcept override;
  int failure() const noexcept override { return failure_.load(std::memory_order_acquire); }
  int shutdown(io_direction direction) noexcept override;
  int descriptor() const noexcept override { return descriptor_; }
  void cancel(io_operation& operation) noexcept override;
  void close() noexcept override;
  int release() noexcept override;

 private:
  friend class epoll_driver;

  static constexpr std::uint64_t readable = 1;
  static constexpr std::uint64_t writable = 2;
  static constexpr std::uint64_t read_closed = 4;  // the peer will send no more; sticky
  static constexpr std::uint64_t broken = 8;       // both directions are over; sticky
  static constexpr std::uint64_t tick = 1ull << 8;
  static constexpr std::uint64_t tick_mask = 0xffffff00ull;
  static constexpr unsigned generation_shift = 32;

  // Runs `attempt` (a system call that returns a count or a negative errno) until it would block.
  template <class Attempt>
  std::int64_t try_then_wait(io_operation& operation, std::uint64_t flag, Attempt attempt) noexcept;
  std::int64_t wait_for(io_operation& operation, std::uint64_t flags) noexcept;
  atomic_waker& slot_of(io_direction direction) noexcept;
  static std::uint64_t flags_of(io_direction direction) noexcept;
  void clear(std::uint64_t seen, std::uint64_t flag) noexcept;
  void note_short_read(std::uint64_t seen) noexcept;
  void note_failure(std::int64_t failure) noexcept;
  void on_event(std::uint32_t events, std::uint16_t generation) noexcept;
  void open(epoll_driver& owner, int descriptor) noexcept;
  std::uint16_t generation() const noexcept {
    return static_cast<std::uint16_t>(readiness_.load(std::memory_order_relaxed) >>
                                      generation_shift);
  }

  facade::atomic<std::uint64_t> readiness_{0};
  atomic_waker read_waker_;
  atomic_waker write_waker_;
  atomic_waker closing_waker_;
  facade::atomic<int> failure_{0};  // a negative errno, once the connection has failed
  int descriptor_ = -1;
  epoll_driver* owner_ = nullptr;
  epoll_handle* next_free_ = nullptr;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
