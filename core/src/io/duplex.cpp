#include <weft/io/duplex.hpp>

#include <algorithm>
#include <cerrno>

#include "io/duplex_state.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

// One end. What wakes the other end is collected under the lock and woken after it.
class duplex_stream final : public io::byte_stream {
 public:
  duplex_stream(std::shared_ptr<duplex_state> shared, unsigned side) noexcept
      : shared_(std::move(shared)), side_(side) {}
  ~duplex_stream() override { close(); }

  io::progress poll_receive(io::io_state& state, std::span<std::byte> into) noexcept override;
  io::progress poll_send(io::io_state& state, std::span<const io_slice> pieces) noexcept override;
  io::progress poll_shutdown(io::io_state& state) noexcept override;
  bool poll_peer_closed(io::io_state& state) noexcept override;
  void abort() noexcept override { shared_->reset(); }
  void cancel(io_operation& state) noexcept override;

 private:
  duplex_side& self() noexcept { return shared_->sides[side_]; }
  duplex_pipe& incoming() noexcept { return shared_->pipes[1 - side_]; }
  duplex_pipe& outgoing() noexcept { return shared_->pipes[side_]; }

  // With the lock held.
  io::progress receive_locked(std::span<std::byte> into, duplex_wakers& woken) noexcept;
  io::progress send_locked(std::span<const io_slice> pieces, duplex_wakers& woken) noexcept;
  void end_outgoing(duplex_wakers& woken) noexcept;
  void close() noexcept;
  // Runs `step` under the lock, wakes, and tells `state` how it came out.
  template <class Step>
  io::progress locked(io::io_state& state, Step step) noexcept;

  std::shared_ptr<duplex_state> shared_;
  const unsigned side_;
  timer_entry receive_delay_;
  timer_entry send_delay_;
};

template <class Step>
io::progress duplex_stream::locked(io::io_state& state, Step step) noexcept {
  duplex_wakers woken;
  auto came = io::progress::not_yet();
  {
    std::lock_guard held(shared_->lock);
    came = step(woken);
  }
  woken.wake();
  if (came.pending()) {
    state.engage(*this);
  } else {
    state.cancel();
  }
  return came;
}

io::progress duplex_stream::receive_locked(std::span<std::byte> into,
                                           duplex_wakers& woken) noexcept {
  auto& plan = self().receives;
  auto judged = shared_->judge(plan, receive_delay_);
  if (judged.ends) return *std::move(judged.ends);
  auto& pipe = incoming();
  if (shared_->broken) {
    shared_->break_connection(woken);
    ++plan.done;
    return error::from_errno(ECONNRESET);
  }
  if (pipe.size == 0 && !pipe.ended) {
    if (!pipe.reader.wakes_current()) pipe.reader = waker::current();
    return io::progress::not_yet();
  }
  if (!consume_budget()) return io::progress::not_yet();
  auto count = pipe.read(into.first(std::min(into.size(), judged.at_most)));
  if (count > 0) woken.take(pipe.writer);
  ++plan.done;
  self().counters.bytes_received += count;
  return count;
}

io::progress duplex_stream::send_locked(std::span<const io_slice> pieces,
                                        duplex_wakers& woken) noexcept {
  auto& plan = self().sends;
  auto judged = shared_->judge(plan, send_delay_);
  if (judged.ends) return *std::move(judged.ends);
  auto& pipe = outgoing();
  if (shared_->broken || pipe.ended || pipe.reader_gone) {
    if (shared_->broken) shared_->break_connection(woken);
    ++plan.done;
    return error::from_errno(shared_->broken ? ECONNRESET : EPIPE);
  }
  if (pipe.room() == 0) {
    if (!pipe.writer.wakes_current()) pipe.writer = waker::current();
    return io::progress::not_yet();
  }
  if (!consume_budget()) return io::progress::not_yet();
  auto count = pipe.write(pieces, judged.at_most);
  if (count > 0) woken.take(pipe.reader);
  ++plan.done;
  self().counters.bytes_sent += count;
  return count;
}

io::progress duplex_stream::poll_receive(io::io_state& state, std::span<std::byte> into) noexcept {
  if (into.empty()) return error(errc::invalid_argument);
  return locked(state, [&](duplex_wakers& woken) { return receive_locked(into, woken); });
}

io::progress duplex_stream::poll_send(io::io_state& state,
                                      std::span<const io_slice> pieces) noexcept {
  return locked(state, [&](duplex_wakers& woken) { return send_locked(pieces, woken); });
}

io::progress duplex_stream::poll_shutdown(io::io_state& state) noexcept {
  return locked(state, [&](duplex_wakers& woken) -> io::progress {
    self().counters.shut_down = true;
    end_outgoing(woken);
    return 0;
  });
}

bool duplex_stream::poll_peer_closed(io::io_state& state) noexcept {
  auto came = locked(state, [&](duplex_wakers&) -> io::progress {
    if (incoming().ended || shared_->broken) return 0;
    if (!incoming().closing.wakes_current()) incoming().closing = waker::current();
    return io::progress::not_yet();
  });
  return came.done();
}

void duplex_stream::end_outgoing(duplex_wakers& woken) noexcept {
  outgoing().ended = true;
  woken.take(outgoing().reader);
  woken.take(outgoing().closing);
}

void duplex_stream::close() noexcept {
  duplex_wakers woken;
  {
    std::lock_guard held(shared_->lock);
    self().counters.closed = true;
    incoming().reader_gone = true;
    if (self().resets_when_closed_unread && incoming().size > 0) shared_->break_connection(woken);
    end_outgoing(woken);
    woken.take(incoming().writer);
  }
  woken.wake();
}

void duplex_stream::cancel(io_operation& state) noexcept {
  waker dropped;  // after the lock: it may be the last reference to a task
  std::lock_guard held(shared_->lock);
  switch (state.direction()) {
    case io_direction::read:
      receive_delay_.cancel();
      dropped = std::move(incoming().reader);
      break;
    case io_direction::write:
      send_delay_.cancel();
      dropped = std::move(outgoing().writer);
      break;
    case io_direction::closing:
      dropped = std::move(incoming().closing);
      break;
  }
}

}  // namespace
}  // namespace detail

namespace io {

duplex_end& duplex_end::on_receive(std::uint64_t nth, fault what) {
  state_->plan(state_->sides[side_].receives, nth, std::move(what));
  return *this;
}
duplex_end& duplex_end::on_send(std::uint64_t nth, fault what) {
  state_->plan(state_->sides[side_].sends, nth, std::move(what));
  return *this;
}
duplex_end& duplex_end::on_every_receive(fault what) {
  return on_receive(0, std::move(what));
}
duplex_end& duplex_end::on_every_send(fault what) {
  return on_send(0, std::move(what));
}

duplex_end& duplex_end::resets_when_closed_unread() {
  std::lock_guard held(state_->lock);
  state_->sides[side_].resets_when_closed_unread = true;
  return *this;
}

duplex_counters duplex_end::counters() const {
  std::lock_guard held(state_->lock);
  auto& side = state_->sides[side_];
  auto seen = side.counters;
  seen.receives = side.receives.done;
  seen.sends = side.sends.done;
  return seen;
}

void duplex_end::reset() {
  state_->reset();
}

duplex_script::duplex_script()
    : state_(std::make_shared<detail::duplex_state>()), first_(*state_, 0), second_(*state_, 1) {}

std::pair<transport, transport> duplex(duplex_script& script, std::size_t capacity) {
  for (auto& pipe : script.state_->pipes) pipe.ring.resize(std::max<std::size_t>(capacity, 1));
  return {transport(std::make_unique<detail::duplex_stream>(script.state_, 0U)),
          transport(std::make_unique<detail::duplex_stream>(script.state_, 1U))};
}

std::pair<transport, transport> duplex(std::size_t capacity) {
  duplex_script script;
  return duplex(script, capacity);
}

}  // namespace io
}  // namespace v0
}  // namespace weft
