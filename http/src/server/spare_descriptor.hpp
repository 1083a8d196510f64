#pragma once

#include <cstddef>

namespace weft::inline v0::http {

/// A descriptor that is held back, so that a process that has run out can still accept a connection
/// in order to close it.
class spare_descriptor {
 public:
  spare_descriptor() noexcept { take_back(); }
  spare_descriptor(const spare_descriptor&) = delete;
  auto operator=(const spare_descriptor&) -> spare_descriptor& = delete;
  ~spare_descriptor() { (void)give_up(); }

  /// True: there is room for one descriptor now.
  auto give_up() noexcept -> bool;
  /// Tries to hold one again, unless it does.
  void take_back() noexcept;

 private:
  int descriptor_ = -1;
};

/// RLIMIT_NOFILE less 64 for everything else.
auto connections_that_fit() noexcept -> std::size_t;

}  // namespace weft::inline v0::http
