#pragma once

#include <weft/http/counters.hpp>
#include <weft/http/detail/handler.hpp>
#include <weft/http/limits.hpp>
#include <weft/waker.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "h1/limits.hpp"

namespace weft::inline v0::http {

/// How far a server's shutdown has come. It only moves on.
enum class phase : std::uint8_t {
  serving,
  draining,  ///< no new requests: idle connections close, busy ones after their response
  cutting,   ///< the deadline has passed: everything ends now
};

class server_state;

/// A connection's place among those that its server has open: taken when it is accepted, before its
/// task runs, so that no burst goes past limits::connections and no shutdown overlooks one.
class admission {
 public:
  explicit admission(std::shared_ptr<server_state> to) noexcept;
  admission(admission&&) noexcept = default;
  auto operator=(admission&&) -> admission& = delete;
  ~admission();

  [[nodiscard]] auto server() noexcept -> server_state& { return *server_; }

 private:
  std::shared_ptr<server_state> server_;
};

/// A connection as its server knows it. Registered while it lives; woken when the phase changes.
class registered_connection {
 public:
  explicit registered_connection(admission admitted);
  registered_connection(const registered_connection&) = delete;
  auto operator=(const registered_connection&) -> registered_connection& = delete;
  ~registered_connection();

  /// In a poll of the connection's task: it will be polled again when the phase changes.
  void watch_phase() noexcept { waker_.register_current(); }
  [[nodiscard]] auto server() noexcept -> server_state& { return admission_.server(); }

 private:
  friend class server_state;
  admission admission_;
  registered_connection* next_ = nullptr;
  registered_connection* previous_ = nullptr;
  atomic_waker waker_;
};

/// What the connections of a server share; each of them keeps it alive.
class server_state {
 public:
  server_state(std::shared_ptr<const detail::erased_handler> handler, const limits& within,
               std::shared_ptr<http::counters> counters);

  [[nodiscard]] auto handler() const noexcept -> const detail::erased_handler& { return *handler_; }
  [[nodiscard]] auto limits() const noexcept -> const http::limits& { return limits_; }
  [[nodiscard]] auto parser_limits() const noexcept -> const h1::limits& { return parser_limits_; }
  [[nodiscard]] auto counters() noexcept -> http::counters& { return *counters_; }

  [[nodiscard]] auto phase() const noexcept -> http::phase {
    return phase_.load(std::memory_order_acquire);
  }
  /// Moves on to `next` and wakes every connection.
  void enter(http::phase next) noexcept;

  [[nodiscard]] auto open_connections() const noexcept -> std::size_t {
    return open_.load(std::memory_order_acquire);
  }
  /// In a poll: true once the last connection is gone.
  auto poll_empty() noexcept -> bool;

 private:
  friend class admission;
  friend class registered_connection;

  std::shared_ptr<const detail::erased_handler> handler_;
  http::limits limits_;
  h1::limits parser_limits_;
  std::shared_ptr<http::counters> counters_;
  std::atomic<http::phase> phase_{http::phase::serving};
  std::atomic<std::size_t> open_{0};
  std::mutex mutex_;  // of the list
  registered_connection* first_ = nullptr;
  atomic_waker empty_;
};

}  // namespace weft::inline v0::http
