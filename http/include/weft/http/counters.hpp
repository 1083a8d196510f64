#pragma once

#include <weft/export.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::inline v0::http {

/// What a server counts, always. Each trip of a limit has a counter of its own.
enum class counter : std::uint8_t {
  connections_accepted,
  connections_refused,  ///< above limits::connections
  connections_open,     ///< now
  requests,             ///< whose head was understood
  responses,            ///< that were begun, of handlers: not those that refuse a request
  accept_failures,      ///< accept() failed, for lack of descriptors or memory
  handler_exceptions,   ///< answered with 500
  peer_disconnects,     ///< the peer went away before it had all of its response
  protocol_errors,      ///< requests that were refused; see `refused` for why
  head_timeouts,        ///< limits::head_time
  idle_timeouts,        ///< limits::idle
  body_timeouts,        ///< limits::body_idle, limits::body_rate
  write_stalls,         ///< limits::write_stall
  body_failures,        ///< a response's body ended with an error, and its connection with it
  connections_cut,      ///< by the deadline of a shutdown
  count
};

/// The name of a counter: "head_timeouts".
WEFT_API auto name_of(counter which) noexcept -> std::string_view;

/// The counters of a server, in shards, so that workers do not share cache lines.
/// Thread-safety: everything from any thread.
class counters {
 public:
  counters() = default;
  counters(const counters&) = delete;
  auto operator=(const counters&) -> counters& = delete;

  WEFT_API void add(counter which, std::int64_t change = 1) noexcept;
  /// The sum at about this moment.
  [[nodiscard]] WEFT_API auto get(counter which) const noexcept -> std::int64_t;

  /// How often requests were refused for the reason of this number; see rejection_name.
  static constexpr std::size_t reasons = 64;
  void add_refused(std::size_t reason) noexcept {
    refused_[reason % reasons].fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] auto refused(std::size_t reason) const noexcept -> std::int64_t {
    return refused_[reason % reasons].load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t shards = 8;
  struct alignas(64) shard {
    std::array<std::atomic<std::int64_t>, static_cast<std::size_t>(counter::count)> values{};
  };
  std::array<shard, shards> shards_;
  std::array<std::atomic<std::int64_t>, reasons> refused_{};
};

/// The name of a reason to refuse a request: "head_too_large"; empty when there is no such.
WEFT_API auto rejection_name(std::size_t reason) noexcept -> std::string_view;

}  // namespace weft::inline v0::http
