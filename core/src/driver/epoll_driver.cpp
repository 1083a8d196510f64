#include "driver/epoll_driver.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <new>
#include <system_error>

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

constexpr unsigned events_per_wait = 256;
constexpr unsigned pointer_bits = 48;

std::uint64_t event_word(epoll_handle* handle, std::uint16_t generation) noexcept {
  return std::uint64_t{generation} << pointer_bits | reinterpret_cast<std::uintptr_t>(handle);
}

}  // namespace

driver* make_epoll_driver() {
  return new epoll_driver;
}

epoll_driver::epoll_driver() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  if (wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) < 0) {
    auto failure = errno;
    if (wake_ >= 0) ::close(wake_);
    ::close(epoll_);
    throw std::system_error(failure, std::system_category(), "eventfd");
  }
}

epoll_driver::~epoll_driver() {
  ::close(wake_);
  ::close(epoll_);
}

epoll_handle* epoll_driver::take_handle() noexcept {
  std::lock_guard held(lock_);
  if (!free_) {
    try {
      slabs_.push_back(std::make_unique<epoll_handle[]>(slab_size));
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
    for (std::size_t index = 0; index < slab_size; ++index) {
      slabs_.back()[index].next_free_ = free_;
      free_ = &slabs_.back()[index];
    }
  }
  auto* taken = free_;
  free_ = taken->next_free_;
  return taken;
}

void epoll_driver::give_back(epoll_handle* handle) noexcept {
  std::lock_guard held(lock_);
  handle->next_free_ = free_;
  free_ = handle;
}

result<io_handle*> driver::adopt(int descriptor) noexcept {
  auto attached = attach(descriptor);
  if (!attached) ::close(descriptor);
  return attached;
}

result<io_handle*> epoll_driver::attach(int descriptor) noexcept {
  process_.check();
  auto* handle = take_handle();
  if (!handle) return std::unexpected(error::from_errno(ENOMEM));
  handle->open(*this, descriptor);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = event_word(handle, handle->generation());
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) < 0) {
    auto failure = errno;
    give_back(handle);
    return std::unexpected(error::from_errno(failure));
  }
  adopted_.fetch_add(1, std::memory_order_relaxed);
  add_reference();
  return handle;
}

int epoll_driver::detach(epoll_handle& handle) noexcept {
  // Closing the last descriptor of a socket would take it out of epoll, but it may have been
  // duplicated, or stay open. Events that were fetched before find another generation. In a forked
  // child the epoll descriptor, and what is registered with it, is the parent's.
  if (!process_.forked()) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, handle.descriptor_, nullptr);
  auto descriptor = std::exchange(handle.descriptor_, -1);
  auto seen = handle.readiness_.load(std::memory_order_relaxed);
  handle.readiness_.store(((seen >> epoll_handle::generation_shift) + 1)
                              << epoll_handle::generation_shift,
                          std::memory_order_release);
  handle.read_waker_.clear();
  handle.write_waker_.clear();
  handle.closing_waker_.clear();
  closed_.fetch_add(1, std::memory_order_relaxed);
  give_back(&handle);
  release();
  return descriptor;
}

driver::turn epoll_driver::wait(int timeout_ms) noexcept {
  std::array<epoll_event, events_per_wait> events;
  int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  if (count <= 0) return {};
  turn seen{static_cast<unsigned>(count), false};
  for (int index = 0; index < count; ++index) {
    auto word = events[static_cast<std::size_t>(index)].data.u64;
    if (word == 0) {  // wake_one
      seen.woken = true;
      continue;
    }
    auto* handle = reinterpret_cast<epoll_handle*>(word & ((1ull << pointer_bits) - 1));
    handle->on_event(events[static_cast<std::size_t>(index)].events,
                     static_cast<std::uint16_t>(word >> pointer_bits));
  }
  return seen;
}

void epoll_driver::wake_one() noexcept {
  std::uint64_t one = 1;
  // The counter saturates after 2^64 writes only.
  [[maybe_unused]] auto written = ::write(wake_, &one, sizeof one);
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
