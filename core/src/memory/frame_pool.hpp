#pragma once

namespace weft {
inline namespace v0 {
namespace detail {

// Gives this thread's frames and half of the shared ones back to the system. For a worker that has
// nothing to do. True: some are left.
bool trim_frames() noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft
