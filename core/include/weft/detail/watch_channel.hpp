// What the ends of a watch share: the latest value, its version, and who is there.
#pragma once

#include <weft/detail/shared_value.hpp>
#include <weft/detail/wait_list.hpp>
#include <weft/sync/notify.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

// The latest value is replaced, never changed: who looks at one holds no lock. The pointer to it is
// read and replaced under a short lock, in which no code of users runs. Senders exclude one another
// by a mutex, while they make a new value from the latest.
template <class T>
class watch_channel {
 public:
  using value_type = shared_value<T>;

  explicit watch_channel(value_type* initial) noexcept : latest_(initial) {}
  watch_channel(const watch_channel&) = delete;
  watch_channel& operator=(const watch_channel&) = delete;

  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  std::uint64_t version() const noexcept { return word_.load() / one; }
  // A reference to the latest value, for the caller; and its version.
  value_type* look(std::uint64_t& version) noexcept {
    auto word = word_.lock();
    auto* seen = latest_;
    seen->add_reference();
    word_.unlock(word);
    version = word / one;
    return seen;
  }
  // Returns what was there.
  value_type* replace(value_type* by) noexcept {
    auto word = word_.lock();
    auto* before = std::exchange(latest_, by);
    word_.unlock(word + one);
    changed_.notify_waiters();
    return before;
  }
  std::mutex& sending() noexcept { return sending_; }
  sync::notify& changed() noexcept { return changed_; }
  sync::notify& closing() noexcept { return closing_; }

  void add_sender() noexcept {
    senders_.fetch_add(1, std::memory_order_relaxed);
    add_reference();
  }
  // Release: who sees that there is none sees what they have sent.
  void sender_goes() noexcept {
    if (senders_.fetch_sub(1, std::memory_order_acq_rel) == 1) changed_.notify_waiters();
    release();
  }
  std::size_t senders() const noexcept { return senders_.load(std::memory_order_acquire); }
  void add_receiver() noexcept {
    receivers_.fetch_add(1, std::memory_order_relaxed);
    add_reference();
  }
  void receiver_goes() noexcept {
    if (receivers_.fetch_sub(1, std::memory_order_acq_rel) == 1) closing_.notify_waiters();
    release();
  }
  std::size_t receivers() const noexcept { return receivers_.load(std::memory_order_acquire); }

 private:
  ~watch_channel() { latest_->release(); }
  static constexpr std::uint64_t one = 2;

  locked_word word_{0};  // version << 1 | locked
  value_type* latest_;
  sync::notify changed_;
  sync::notify closing_;
  std::atomic<std::size_t> senders_{0};
  std::atomic<std::size_t> receivers_{0};
  std::atomic<std::size_t> references_{0};
  std::mutex sending_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
