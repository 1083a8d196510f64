#include "io/duplex_state.hpp"

#include <weft/detail/execution.hpp>

#include <algorithm>
#include <cstring>

namespace weft {
inline namespace v0 {
namespace detail {

std::size_t duplex_pipe::write(std::span<const io_slice> pieces, std::size_t limit) noexcept {
  std::size_t written = 0;
  limit = std::min(limit, room());
  for (const auto& piece : pieces) {
    auto* from = static_cast<const char*>(piece.data);
    auto left = std::min(piece.size, limit - written);
    while (left > 0) {
      auto at = (begin + size) % ring.size();
      auto count = std::min(left, ring.size() - at);
      std::memcpy(ring.data() + at, from, count);
      size += count;
      written += count;
      from += count;
      left -= count;
    }
  }
  return written;
}

std::size_t duplex_pipe::read(std::span<std::byte> into) noexcept {
  auto wanted = std::min(into.size(), size);
  for (std::size_t done = 0; done < wanted;) {
    auto count = std::min(wanted - done, ring.size() - begin);
    std::memcpy(into.data() + done, ring.data() + begin, count);
    begin = (begin + count) % ring.size();
    size -= count;
    done += count;
  }
  return wanted;
}

duplex_state::verdict duplex_state::judge(duplex_plan& plan, timer_entry& timer) noexcept {
  verdict found;
  auto nth = plan.done + 1;
  for (const auto& [when, what] : plan.entries) {
    if (when != 0 && when != nth) continue;
    switch (what.kind_) {
      case io::fault::kind::at_most:
        found.at_most = std::min(found.at_most, what.amount_);
        break;
      case io::fault::kind::suspend:
        if (plan.suspended_for != nth) {
          plan.suspended_for = nth;
          wake_current();
          found.ends = io::progress::not_yet();
          return found;
        }
        break;
      case io::fault::kind::delay:
        if (plan.delayed_for != nth) {
          plan.delayed_for = nth;
          timer.arm(deadline_ns(time::after(duration(what.amount_))));
        } else if (!timer.fired() &&
                   !timer.armed()) {  // an earlier await of this operation was given up
          timer.arm(deadline_ns(time::after(duration(what.amount_))));
        }
        if (!timer.fired()) {
          found.ends = io::progress::not_yet();
          return found;
        }
        break;
      case io::fault::kind::fail:
        ++plan.done;
        found.ends = io::progress(what.error_);
        return found;
      case io::fault::kind::reset:
        broken = true;
        break;
    }
  }
  return found;
}

void duplex_state::break_connection(duplex_wakers& woken) noexcept {
  broken = true;
  for (auto& pipe : pipes) {
    pipe.size = 0;
    for (auto* one : {&pipe.reader, &pipe.writer, &pipe.closing}) woken.take(*one);
  }
}

void duplex_state::reset() noexcept {
  duplex_wakers woken;
  {
    std::lock_guard held(lock);
    break_connection(woken);
  }
  woken.wake();
}

void duplex_state::plan(duplex_plan& into, std::uint64_t nth, io::fault what) {
  std::lock_guard held(lock);
  into.entries.push_back({nth, std::move(what)});
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
