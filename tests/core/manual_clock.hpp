// A clock that the test moves while tasks run, for what a paused clock cannot show: time that
// passes while a runtime is busy.
#pragma once

#include <weft/environment.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace task_test {

class manual_clock final : public weft::environment {
 public:
  std::uint64_t monotonic_ns() noexcept override { return now_.load(); }
  std::uint64_t random_seed() noexcept override { return 42; }
  void advance(std::chrono::nanoseconds by) noexcept {
    now_.fetch_add(static_cast<std::uint64_t>(by.count()));
  }

 private:
  std::atomic<std::uint64_t> now_{1'000'000'000};
};

}  // namespace task_test
