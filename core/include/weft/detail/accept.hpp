// How listeners accept, whatever their sockets are.
#pragma once

#include <weft/detail/io.hpp>
#include <weft/io/stream.hpp>
#include <weft/leaf.hpp>
#include <weft/result.hpp>

#include <memory>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// Polls for a connection; null with no error: pending.
WEFT_API result<std::unique_ptr<io::byte_stream>> poll_accept(io_handle& listener,
                                                              io_operation& state) noexcept;

template <class Stream>
class accept_awaiter : public leaf_awaiter<accept_awaiter<Stream>> {
 public:
  explicit accept_awaiter(io_handle& listener) noexcept
      : listener_(listener), state_(io_direction::read) {}
  static constexpr const char* name = "accept";
  bool poll() noexcept {
    came_ = poll_accept(listener_, state_);
    return !came_ || *came_;
  }
  result<Stream> take() {
    if (!came_) return fail(std::move(came_).error());
    return Stream(std::move(*came_));
  }

 private:
  io_handle& listener_;
  io_operation state_;
  result<std::unique_ptr<io::byte_stream>> came_{};
};

template <class Stream>
class [[nodiscard]] accept_operation {
 public:
  explicit accept_operation(io_handle& listener) noexcept : listener_(&listener) {}
  auto operator co_await() && noexcept { return accept_awaiter<Stream>(*listener_); }

 private:
  io_handle* listener_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
