// What the two ends of a duplex share.
#pragma once

#include <weft/detail/timer.hpp>
#include <weft/io/duplex.hpp>

#include <array>
#include <mutex>
#include <optional>
#include <vector>

namespace weft {
inline namespace v0 {
namespace detail {

// Wakers that were taken under the lock, to be woken after it. There are at most three a direction.
class duplex_wakers {
 public:
  void take(waker& from) noexcept {
    if (from) taken_[count_++] = std::move(from);
  }
  void wake() noexcept {
    for (std::size_t index = 0; index < count_; ++index) taken_[index].wake();
  }

 private:
  std::array<waker, 6> taken_;
  std::size_t count_ = 0;
};

// One direction: what the one end sent and the other has not received. Guarded by the pair's lock.
struct duplex_pipe {
  std::vector<char> ring;
  std::size_t begin = 0;
  std::size_t size = 0;
  bool ended = false;        // the sender has shut down or closed
  bool reader_gone = false;  // the receiver has closed
  waker reader;
  waker writer;
  waker closing;  // the receiver waits for `ended`

  std::size_t room() const noexcept { return ring.size() - size; }
  std::size_t write(std::span<const io_slice> pieces, std::size_t limit) noexcept;
  std::size_t read(std::span<std::byte> into) noexcept;
};

// The faults and the progress of one direction of one end.
struct duplex_plan {
  struct entry {
    std::uint64_t nth;  // 0: every
    io::fault what;
  };
  std::vector<entry> entries;
  std::uint64_t done = 0;           // operations that ended
  std::uint64_t suspended_for = 0;  // the operation that was suspended, or whose delay has begun
  std::uint64_t delayed_for = 0;
};

struct duplex_side {
  duplex_plan receives;
  duplex_plan sends;
  io::duplex_counters counters;
  bool resets_when_closed_unread = false;
};

struct duplex_state {
  std::mutex lock;
  std::array<duplex_pipe, 2> pipes;  // pipes[side] is what that side sends
  std::array<duplex_side, 2> sides;
  bool broken = false;

  // What the plan makes of an operation that is polled.
  struct verdict {
    std::optional<io::progress> ends;  // at once, with this
    std::size_t at_most = static_cast<std::size_t>(-1);
  };
  // With the lock held. `timer` belongs to the direction.
  verdict judge(duplex_plan& plan, timer_entry& timer) noexcept;
  // With the lock held.
  void break_connection(duplex_wakers& woken) noexcept;
  void reset() noexcept;
  void plan(duplex_plan& into, std::uint64_t nth, io::fault what);
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
