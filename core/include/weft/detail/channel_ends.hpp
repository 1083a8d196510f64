// Who is there of an mpsc or broadcast channel: senders, weak senders, and the references of all.
#pragma once

#include <atomic>
#include <cstddef>

namespace weft {
inline namespace v0 {
namespace detail {

// Senders count among themselves; all of them together have one reference, as each receiver and
// each weak sender have. `Channel::no_sender_is_left()` hears of the last sender's end;
// `Channel::destroy()` frees the channel when the last reference goes.
template <class Channel>
class channel_ends {
 public:
  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) self().destroy();
  }

  void add_sender() noexcept { senders_.fetch_add(1, std::memory_order_relaxed); }
  bool add_sender_unless_gone() noexcept {
    auto seen = senders_.load(std::memory_order_relaxed);
    while (seen != 0) {
      if (senders_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  // Release: who sees that there is none sees what they have sent. seq_cst: a receiver registers
  // and then looks whether there is one, as the last wakes who has registered.
  void sender_goes() noexcept {
    if (senders_.fetch_sub(1, std::memory_order_seq_cst) != 1) return;
    self().no_sender_is_left();
    release();
  }
  std::size_t senders() const noexcept { return senders_.load(std::memory_order_seq_cst); }

  void add_weak() noexcept {
    weak_.fetch_add(1, std::memory_order_relaxed);
    add_reference();
  }
  void weak_goes() noexcept {
    weak_.fetch_sub(1, std::memory_order_relaxed);
    release();
  }
  std::size_t weak() const noexcept { return weak_.load(std::memory_order_relaxed); }

 protected:
  // There is one sender, whose reference is the first.
  explicit channel_ends(std::size_t receivers) noexcept : references_(1 + receivers) {}
  ~channel_ends() = default;

 private:
  Channel& self() noexcept { return static_cast<Channel&>(*this); }

  std::atomic<std::size_t> senders_{1};
  std::atomic<std::size_t> weak_{0};
  std::atomic<std::size_t> references_;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
