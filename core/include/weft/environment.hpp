// The doors to what is not deterministic: the clock, randomness, threads, names.
#pragma once

#include <weft/export.hpp>
#include <weft/net/address.hpp>
#include <weft/result.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace weft {
inline namespace v0 {

template <class T>
class task;

/// Where a runtime gets time, randomness, threads and the addresses of names from. Derive from it
/// and override what a test wants to control; give it to the runtime's builder. Thread-safety:
/// every member may be called from any thread at once.
class WEFT_API environment {
 public:
  environment() = default;
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;
  virtual ~environment();

  /// Nanoseconds of a clock that is never set back. By default CLOCK_MONOTONIC.
  virtual std::uint64_t monotonic_ns() noexcept;
  /// Seconds since 1970, for dates in messages. By default CLOCK_REALTIME, at its coarse
  /// resolution.
  virtual std::int64_t wall_clock_s() noexcept;
  /// Nanoseconds since 1970, for spans and events. By default CLOCK_REALTIME.
  virtual std::int64_t wall_clock_ns() noexcept;
  /// The seed of the generators that order `select` and stealing. By default from the kernel.
  virtual std::uint64_t random_seed() noexcept;
  /// Starts a thread of the runtime. Throws std::system_error when there is none to be had.
  virtual std::thread start_thread(const std::string& name, std::move_only_function<void()> body);
  /// The addresses of a name that is no address, each with `port`; see net::resolve for order and
  /// errors. By default getaddrinfo, on the blocking pool of the runtime of the calling task.
  /// Cancel-safety: safe, as `net::resolve`; so has to be one that overrides it.
  virtual task<result<std::vector<net::socket_address>>> resolve(std::string host,
                                                                 std::uint16_t port);
};

}  // namespace v0
}  // namespace weft
