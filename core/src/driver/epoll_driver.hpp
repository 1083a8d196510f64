// The driver over epoll: one descriptor, edge-triggered.
#pragma once

#include <memory>
#include <vector>

#include "driver/driver.hpp"
#include "driver/epoll_handle.hpp"
#include "scheduler/fork_guard.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

class epoll_driver final : public driver {
 public:
  epoll_driver();

  result<io_handle*> attach(int descriptor) noexcept override;
  turn wait(int timeout_ms) noexcept override;
  void wake_one() noexcept override;
  handles counted() const noexcept override {
    return {adopted_.load(std::memory_order_relaxed), closed_.load(std::memory_order_relaxed)};
  }

  // Ends the handle and returns its descriptor, which is open.
  int detach(epoll_handle& handle) noexcept;

 private:
  ~epoll_driver() override;
  static constexpr std::size_t slab_size = 64;

  epoll_handle* take_handle() noexcept;
  void give_back(epoll_handle* handle) noexcept;

  const fork_guard process_;
  int epoll_ = -1;
  int wake_ = -1;  // an eventfd; each write is an edge, which wakes one waiter
  facade::atomic<std::uint64_t> adopted_{0};
  facade::atomic<std::uint64_t> closed_{0};
  spin_lock lock_;
  epoll_handle* free_ = nullptr;
  std::vector<std::unique_ptr<epoll_handle[]>> slabs_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
