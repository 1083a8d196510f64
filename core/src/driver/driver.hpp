// The one interface between tasks and the kernel: operations on opaque handles, not readiness.
#pragma once

#include <weft/detail/io.hpp>
#include <weft/result.hpp>

#include <atomic>
#include <cstdint>

namespace weft {
inline namespace v0 {
namespace detail {

// Implemented by try-then-wait over epoll; made so that completion queues and a simulated network
// fit as well. Reference-counted: each open handle keeps its driver, so that a socket may outlive
// the runtime. Thread-safety: all but the destructor, from any thread.
class driver {
 public:
  driver() = default;
  driver(const driver&) = delete;
  driver& operator=(const driver&) = delete;

  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // Takes over a non-blocking descriptor, unless it fails.
  virtual result<io_handle*> attach(int descriptor) noexcept = 0;
  // As above; closes it when that fails.
  result<io_handle*> adopt(int descriptor) noexcept;

  // Since the start.
  struct handles {
    std::uint64_t adopted = 0;
    std::uint64_t closed = 0;
  };
  virtual handles counted() const noexcept { return {}; }

  struct turn {
    unsigned events = 0;
    bool woken = false;  // among them was the wake-up that `wake_one` asked for
  };
  // Waits for events and wakes whom they concern. `timeout_ms`: 0 does not wait, negative waits for
  // ever. Any number of threads may wait at once. Who is not idle and gets `woken` must pass it on.
  virtual turn wait(int timeout_ms) noexcept = 0;
  // Makes one waiting thread return, now or, when none waits, the next that does.
  virtual void wake_one() noexcept = 0;

 protected:
  virtual ~driver() = default;

 private:
  std::atomic<std::uint32_t> references_{1};
};

// Holds one reference.
class driver_reference {
 public:
  explicit driver_reference(driver* taken_over) noexcept : driver_(taken_over) {}
  driver_reference(const driver_reference&) = delete;
  driver_reference& operator=(const driver_reference&) = delete;
  ~driver_reference() { driver_->release(); }
  driver& operator*() const noexcept { return *driver_; }
  driver* operator->() const noexcept { return driver_; }

 private:
  driver* driver_;
};

// With one reference, the caller's. Throws std::system_error when the kernel refuses.
driver* make_epoll_driver();

}  // namespace detail
}  // namespace v0
}  // namespace weft
