// What the tests of locks, channels and cancellation share, beside task_support.hpp.
#pragma once

#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/yield.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "task_support.hpp"

namespace task_test {

using namespace std::chrono_literals;

/// On a current-thread runtime: lets every task that is ready run until it waits, and those that
/// it wakes by that.
inline task<void> settle() {
  for (int round = 0; round < 5; ++round) co_await weft::yield_now();
}

/// The names of those who came, in order.
class arrivals {
 public:
  void add(std::string what) { entries_.push_back(std::move(what)); }
  std::string text() const {
    std::string all;
    for (const auto& entry : entries_) all += (all.empty() ? "" : " ") + entry;
    return all;
  }

 private:
  std::vector<std::string> entries_;
};

/// How long a stress test goes on: WEFT_STRESS_SECONDS, or a moment.
class stress_time {
 public:
  stress_time() : stress_time(1) {}
  /// A share of it, in a test that does the same several times.
  explicit stress_time(int shares) : end_(std::chrono::steady_clock::now() + seconds() / shares) {}
  bool over() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  static std::chrono::milliseconds seconds() {
    const char* set = std::getenv("WEFT_STRESS_SECONDS");
    return set ? std::chrono::milliseconds(std::atoi(set) * 1000) : 200ms;
  }
  std::chrono::steady_clock::time_point end_;
};

/// Small random numbers; each task of a stress test has its own.
class dice {
 public:
  explicit dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull | 1) {}
  unsigned below(unsigned bound) { return static_cast<unsigned>((roll() >> 32) % bound); }
  bool one_in(unsigned bound) { return below(bound) == 0; }
  /// Others, for another task.
  dice fork() { return dice(roll()); }

 private:
  std::uint64_t roll() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  std::uint64_t state_;
};

}  // namespace task_test
