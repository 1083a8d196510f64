#include <weft/deadline.hpp>

namespace weft {
inline namespace v0 {

// The timer fired, or has to be set: for the first time, for an earlier time, or for another
// branch.
bool deadline::poll_slowly() noexcept {
  if (timer_.fired() && armed_for_ >= due_) return true;
  if (detail::now_ns() >= due_) return true;
  armed_for_ = due_;
  registered_ = waker::current_word();
  timer_.arm(due_);
  return timer_.fired();
}

}  // namespace v0
}  // namespace weft
