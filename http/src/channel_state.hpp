#pragma once

#include <weft/detail/execution.hpp>
#include <weft/http/body_channel.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace weft::inline v0::http::detail {

/// What the two ends of a body share: a queue of frames, bounded in bytes.
///
/// Everything but the wakers is under the mutex, which is held for a few instructions; wakers run
/// outside it. The side that waits registers and looks again (atomic_waker).
class channel_state {
 public:
  explicit channel_state(std::size_t capacity) noexcept : capacity_(capacity) {}

  static auto operator new(std::size_t size) -> void* { return weft::detail::allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    weft::detail::deallocate_frame(memory, size);
  }
  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // The writing end.
  /// Whether the reader asked for more than is queued, or there is room. Does not register.
  [[nodiscard]] auto wanted() noexcept -> bool;
  [[nodiscard]] auto has_room() noexcept -> bool;
  [[nodiscard]] auto reader_is_gone() noexcept -> bool;
  auto push(bytes&& data) -> bool;
  void end(header_map&& trailers);
  void fail(error why) noexcept;
  atomic_waker& writer() noexcept { return writer_; }

  // The reading end.
  auto poll_frame(body_source::polled& into) noexcept -> bool;
  void close_reader() noexcept;
  void set_size(std::optional<std::uint64_t> left) noexcept { left_ = left; }
  [[nodiscard]] auto size() noexcept -> std::optional<std::uint64_t>;

 private:
  enum class ending : std::uint8_t { open, ended, failed };

  auto pop_locked(body_source::polled& into) -> bool;

  std::atomic<std::uint32_t> references_{1};
  std::mutex mutex_;
  std::deque<frame> queue_;
  std::size_t queued_ = 0;
  const std::size_t capacity_;
  ending ending_ = ending::open;
  bool wanted_ = false;
  bool reader_gone_ = false;
  std::optional<error> failure_;
  std::optional<std::uint64_t> left_;
  atomic_waker reader_;
  atomic_waker writer_;
};

/// The reading end as a body's source.
auto make_channel_source(channel_state& state) -> std::unique_ptr<body_source>;

}  // namespace weft::inline v0::http::detail
