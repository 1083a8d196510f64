#include <weft/http/counters.hpp>

#include "h1/rejection.hpp"

namespace weft::inline v0::http {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(counter::count)> names = {
    "connections_accepted",
    "connections_refused",
    "connections_open",
    "requests",
    "responses",
    "accept_failures",
    "handler_exceptions",
    "peer_disconnects",
    "protocol_errors",
    "head_timeouts",
    "idle_timeouts",
    "body_timeouts",
    "write_stalls",
    "body_failures",
    "connections_cut",
};

// Threads are dealt out to the shards in the order in which they first count something.
auto shard_of_thread() noexcept -> std::size_t {
  static std::atomic<std::size_t> threads{0};
  thread_local const auto mine = threads.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace

auto name_of(counter which) noexcept -> std::string_view {
  return names[static_cast<std::size_t>(which)];
}

auto rejection_name(std::size_t reason) noexcept -> std::string_view {
  if (reason >= h1::rejection_count) return {};
  return h1::name_of(static_cast<h1::rejection>(reason));
}

void counters::add(counter which, std::int64_t change) noexcept {
  shards_[shard_of_thread() % shards].values[static_cast<std::size_t>(which)].fetch_add(
      change, std::memory_order_relaxed);
}

auto counters::get(counter which) const noexcept -> std::int64_t {
  std::int64_t sum = 0;
  for (const auto& one : shards_) {
    sum += one.values[static_cast<std::size_t>(which)].load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace weft::inline v0::http
