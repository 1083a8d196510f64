#include <weft/http/body_channel.hpp>

#include <algorithm>

#include "channel_state.hpp"

namespace weft::inline v0::http {

namespace detail {

void release_channel::operator()(channel_state* state) const noexcept {
  state->release();
}

auto channel_state::wanted() noexcept -> bool {
  std::lock_guard held(mutex_);
  return wanted_ && !reader_gone_;
}

auto channel_state::has_room() noexcept -> bool {
  std::lock_guard held(mutex_);
  return queued_ < capacity_;
}

auto channel_state::reader_is_gone() noexcept -> bool {
  std::lock_guard held(mutex_);
  return reader_gone_;
}

auto channel_state::push(bytes&& data) -> bool {
  {
    std::lock_guard held(mutex_);
    if (reader_gone_) return false;
    queued_ += data.size();
    if (left_) *left_ -= std::min<std::uint64_t>(*left_, data.size());
    queue_.emplace_back(std::move(data));
    wanted_ = false;
  }
  reader_.wake();
  return true;
}

void channel_state::end(header_map&& trailers) {
  {
    std::lock_guard held(mutex_);
    if (ending_ != ending::open) return;
    if (!trailers.empty() && !reader_gone_) queue_.emplace_back(std::move(trailers));
    ending_ = ending::ended;
  }
  reader_.wake();
}

void channel_state::fail(error why) noexcept {
  {
    std::lock_guard held(mutex_);
    if (ending_ != ending::open) return;
    failure_ = std::move(why);
    ending_ = ending::failed;
  }
  reader_.wake();
}

auto channel_state::pop_locked(body_source::polled& into) -> bool {
  if (!queue_.empty()) {
    queued_ -= queue_.front().data().size();
    into = std::optional<frame>(std::move(queue_.front()));
    queue_.pop_front();
    return true;
  }
  switch (ending_) {
    case ending::open:
      break;
    case ending::ended:
      into = std::optional<frame>();
      return true;
    case ending::failed:
      into = std::unexpected(*failure_);
      return true;
  }
  return false;
}

auto channel_state::poll_frame(body_source::polled& into) noexcept -> bool {
  for (bool registered = false;; registered = true) {
    bool popped = false;
    {
      std::lock_guard held(mutex_);
      popped = pop_locked(into);
      if (!popped) wanted_ = true;
    }
    if (popped || registered) {
      writer_.wake();  // there is room again, or somebody waits for more
      return popped;
    }
    reader_.register_current();
  }
}

void channel_state::close_reader() noexcept {
  {
    std::lock_guard held(mutex_);
    reader_gone_ = true;
    queue_.clear();
    queued_ = 0;
  }
  reader_.clear();
  writer_.wake();
}

auto channel_state::size() noexcept -> std::optional<std::uint64_t> {
  std::lock_guard held(mutex_);
  if (!left_) return std::nullopt;
  return *left_ + queued_;
}

namespace {

class channel_source final : public body_source {
 public:
  explicit channel_source(channel_state& state) noexcept : state_(&state) {
    state_->add_reference();
  }
  ~channel_source() override { state_->close_reader(); }
  auto poll_frame(polled& into) noexcept -> bool override { return state_->poll_frame(into); }
  [[nodiscard]] auto size() const noexcept -> std::optional<std::uint64_t> override {
    return state_->size();
  }

 private:
  channel_ptr state_;
};

}  // namespace

auto make_channel_source(channel_state& state) -> std::unique_ptr<body_source> {
  return std::make_unique<channel_source>(state);
}

}  // namespace detail

body_sender::~body_sender() {
  if (state_) state_->fail(error(errc::closed, "the writer of this body is gone"));
}

auto body_sender::poll_ready(weft::result<void>& into) noexcept -> bool {
  for (bool registered = false;; registered = true) {
    if (!state_ || state_->reader_is_gone()) {
      into = weft::fail(errc::closed);
      return true;
    }
    if (state_->has_room()) {
      into = {};
      return true;
    }
    if (registered) return false;
    state_->writer().register_current();
  }
}

auto body_sender::try_send(bytes& data) -> weft::result<void> {
  if (!state_ || state_->reader_is_gone()) return weft::fail(errc::closed);
  if (data.empty()) return {};
  if (!state_->has_room()) return weft::fail(errc::overloaded);
  if (!state_->push(std::move(data))) return weft::fail(errc::closed);
  return {};
}

auto body_sender::send(bytes data) -> task<weft::result<void>> {
  auto room = co_await ready();
  if (!room) co_return room;
  co_return try_send(data);
}

void body_sender::finish(header_map trailers) && {
  if (auto state = std::move(state_)) state->end(std::move(trailers));
}

void body_sender::fail(error why) && noexcept {
  if (auto state = std::move(state_)) state->fail(std::move(why));
}

auto body_channel(std::size_t capacity) -> std::pair<body_sender, body> {
  detail::channel_ptr state(new detail::channel_state(capacity));
  auto source = detail::make_channel_source(*state);
  return {body_sender(std::move(state)), body(std::move(source))};
}

}  // namespace weft::inline v0::http
