// readiness: what a descriptor is ready for, for those who make the system calls themselves.
//
//   co_await socket.readable();
//   auto count = socket.try_read(buffer);        // or fails: it would block after all
//
// Most programs await `read` or `receive` instead, which do both.
#pragma once

#include <weft/detail/io.hpp>
#include <weft/leaf.hpp>

#include <cstdint>

namespace weft {
inline namespace v0 {
namespace net {

/// What is waited for: that a call in one direction, or in either, need not block.
enum class interest : std::uint8_t { readable = 1, writable = 2, either = 3 };

/// What came of it. An error and the end of a stream make a descriptor ready, too, and so may
/// nothing at all: the system call that follows may still say that it would block.
/// Thread-safety: a value.
class readiness {
 public:
  constexpr readiness() noexcept = default;
  constexpr readiness(bool readable, bool writable) noexcept
      : readable_(readable), writable_(writable) {}
  constexpr bool readable() const noexcept { return readable_; }
  constexpr bool writable() const noexcept { return writable_; }
  friend bool operator==(const readiness&, const readiness&) noexcept = default;

 private:
  bool readable_ = false;
  bool writable_ = false;
};

}  // namespace net

namespace detail {

// What `seen` of each direction was when a handle was ready; for `io_handle::clear_ready`.
struct readiness_marks {
  std::uint64_t read = 0;
  std::uint64_t write = 0;
};

class ready_awaiter : public leaf_awaiter<ready_awaiter> {
 public:
  ready_awaiter(io_handle& handle, net::interest wanted) noexcept
      : handle_(handle),
        wanted_(static_cast<std::uint8_t>(wanted)),
        reading_(io_direction::read),
        writing_(io_direction::write) {}
  static constexpr const char* name = "ready";
  bool poll() noexcept {
    bool readable = wants(net::interest::readable) && handle_.ready(reading_, marks_.read) == 0;
    bool writable = wants(net::interest::writable) && handle_.ready(writing_, marks_.write) == 0;
    came_ = net::readiness(readable, writable);
    return readable || writable;
  }
  net::readiness take() noexcept { return came_; }
  const readiness_marks& marks() const noexcept { return marks_; }

 private:
  bool wants(net::interest one) const noexcept {
    return (wanted_ & static_cast<std::uint8_t>(one)) != 0;
  }

  io_handle& handle_;
  std::uint8_t wanted_;
  io_operation reading_;
  io_operation writing_;
  readiness_marks marks_;
  net::readiness came_;
};

class [[nodiscard]] ready_operation {
 public:
  ready_operation(io_handle& handle, net::interest wanted) noexcept
      : handle_(&handle), wanted_(wanted) {}
  auto operator co_await() && noexcept { return ready_awaiter(*handle_, wanted_); }

 private:
  io_handle* handle_;
  net::interest wanted_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
