#include <weft/environment.hpp>

#include <pthread.h>
#include <sys/random.h>

#include <ctime>

namespace weft {
inline namespace v0 {

environment::~environment() = default;

std::uint64_t environment::monotonic_ns() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::int64_t environment::wall_clock_s() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec;
}

std::int64_t environment::wall_clock_ns() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::uint64_t environment::random_seed() noexcept {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = monotonic_ns();
  return seed;
}

std::thread environment::start_thread(const std::string& name,
                                      std::move_only_function<void()> body) {
  return std::thread([name, run = std::move(body)]() mutable {
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
    run();
  });
}

}  // namespace v0
}  // namespace weft
