#include "driver/epoll_handle.hpp"

#include <weft/detail/execution.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "driver/epoll_driver.hpp"
#include "net/socket_address.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

void epoll_handle::open(epoll_driver& owner, int descriptor) noexcept {
  owner_ = &owner;
  descriptor_ = descriptor;
  failure_.store(0, std::memory_order_relaxed);
  auto next_generation = (readiness_.load(std::memory_order_relaxed) >> generation_shift) + 1;
  // Taken to be ready until a system call says otherwise.
  readiness_.store(next_generation << generation_shift | readable | writable,
                   std::memory_order_release);
}

atomic_waker& epoll_handle::slot_of(io_direction direction) noexcept {
  switch (direction) {
    case io_direction::read:
      return read_waker_;
    case io_direction::write:
      return write_waker_;
    case io_direction::closing:
      break;
  }
  return closing_waker_;
}

std::uint64_t epoll_handle::flags_of(io_direction direction) noexcept {
  switch (direction) {
    case io_direction::read:
      return readable;
    case io_direction::write:
      return writable;
    case io_direction::closing:
      break;
  }
  return read_closed | broken;
}

void epoll_handle::clear(std::uint64_t seen, std::uint64_t flag) noexcept {
  readiness_.compare_exchange_strong(seen, seen & ~flag, std::memory_order_acq_rel,
                                     std::memory_order_relaxed);
}

// The socket is drained, unless its end is still to be read.
void epoll_handle::note_short_read(std::uint64_t seen) noexcept {
  if (!(seen & (read_closed | broken))) clear(seen, readable);
}

std::int64_t epoll_handle::wait_for(io_operation& operation, std::uint64_t flags) noexcept {
  slot_of(operation.direction()).register_current();
  operation.engage(*this);
  return readiness_.load(std::memory_order_seq_cst) & flags ? 0 : io_pending;
}

template <class Attempt>
std::int64_t epoll_handle::try_then_wait(io_operation& operation, std::uint64_t flag,
                                         Attempt attempt) noexcept {
  for (;;) {
    auto seen = readiness_.load(std::memory_order_acquire);
    if (!(seen & (flag | broken))) {
      if (wait_for(operation, flag | broken) == io_pending) return io_pending;
      continue;
    }
    if (!consume_budget()) return io_pending;
    auto done = attempt(seen);
    if (done == -EINTR) continue;
    if (done == -EAGAIN && !(seen & broken)) {
      clear(seen, flag);
      continue;
    }
    operation.cancel();
    if (done == -EAGAIN) done = -ECONNRESET;  // broken: nothing will ever come
    if (done < 0) note_failure(done);
    return done;
  }
}

// The kernel tells of a broken connection once; whoever asks next reads the end of the stream, as
// if the peer had ended it. So a writer that is told must not keep it from the reader. (EPIPE is no
// failure of the connection: the peer ended its side and reads no more, or this side was shut
// down.)
void epoll_handle::note_failure(std::int64_t failure) noexcept {
  switch (-failure) {
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
      failure_.store(static_cast<int>(failure), std::memory_order_release);
      break;
    default:
      break;
  }
}

std::int64_t epoll_handle::accept(io_operation& operation, io_handle*& accepted,
                                  socket_address& peer) noexcept {
  return try_then_wait(operation, readable, [&](std::uint64_t) -> std::int64_t {
    peer.length = sizeof peer.storage;
    int descriptor = ::accept4(descriptor_, peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return -errno;
    auto adopted = owner_->adopt(descriptor);
    if (!adopted) return -adopted.error().code().value();
    accepted = *adopted;
    return 0;
  });
}

std::int64_t epoll_handle::connected(io_operation& operation) noexcept {
  return try_then_wait(operation, writable, [&](std::uint64_t) -> std::int64_t {
    int failure = 0;
    socklen_t length = sizeof failure;
    if (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &failure, &length) < 0) return -errno;
    if (failure) return -failure;
    socket_address peer;
    peer.length = sizeof peer.storage;
    if (::getpeername(descriptor_, peer.get(), &peer.length) == 0) return 0;
    return errno == ENOTCONN ? -EAGAIN : -errno;
  });
}

std::int64_t epoll_handle::receive(io_operation& operation, std::span<std::byte> into) noexcept {
  return try_then_wait(operation, readable, [&](std::uint64_t seen) -> std::int64_t {
    auto got = ::recv(descriptor_, into.data(), into.size(), 0);
    if (got < 0) return -errno;
    if (got == 0) return failure();
    if (got > 0 && static_cast<std::size_t>(got) < into.size()) note_short_read(seen);
    return got;
  });
}

std::int64_t epoll_handle::receive_into(io_operation& operation, buffer& into,
                                        std::size_t limit) noexcept {
  return try_then_wait(operation, readable, [&](std::uint64_t seen) -> std::int64_t {
    std::span<std::byte> room;
    try {
      room = into.prepare();
    } catch (const std::bad_alloc&) {
      return -ENOMEM;
    }
    if (room.size() > limit) room = room.first(limit);
    auto got = ::recv(descriptor_, room.data(), room.size(), 0);
    if (got <= 0) {
      auto number = errno;
      if (into.empty()) into.reset();
      return got < 0 ? -number : failure();
    }
    into.commit(static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < room.size()) note_short_read(seen);
    return got;
  });
}

std::int64_t epoll_handle::send(io_operation& operation,
                                std::span<const io_slice> pieces) noexcept {
  static_assert(sizeof(io_slice) == sizeof(iovec));
  return try_then_wait(operation, writable, [&](std::uint64_t) -> std::int64_t {
    msghdr message{};
    message.msg_iov = reinterpret_cast<iovec*>(const_cast<io_slice*>(pieces.data()));
    message.msg_iovlen = pieces.size() < IOV_MAX ? pieces.size() : IOV_MAX;
    auto sent = pieces.size() == 1 ? ::send(descriptor_, message.msg_iov->iov_base,
                                            message.msg_iov->iov_len, MSG_NOSIGNAL)
                                   : ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
  });
}

// Unlike a connection, what this is for goes on after an error (a datagram that was refused) and
// after a hang-up (a FIFO that is opened again). Every event sets the flags anew, so none is needed
// that stays.
std::int64_t epoll_handle::attempt(io_operation& operation, io_call call) noexcept {
  auto flags = flags_of(operation.direction());
  for (;;) {
    auto seen = readiness_.load(std::memory_order_acquire);
    if (!(seen & flags)) {
      if (wait_for(operation, flags) == io_pending) return io_pending;
      continue;
    }
    if (!consume_budget()) return io_pending;
    auto done = call(descriptor_);
    if (done == -EINTR) continue;
    if (done == -EAGAIN) {
      clear(seen, flags);
      continue;
    }
    operation.cancel();
    if (done < 0) note_failure(done);
    return done;
  }
}

std::int64_t epoll_handle::attempt_now(io_direction direction, io_call call) noexcept {
  auto flags = flags_of(direction);
  for (;;) {
    auto seen = readiness_.load(std::memory_order_acquire);
    auto done = call(descriptor_);  // also when nothing is known: the event may be on its way
    if (done == -EINTR) continue;
    if (done == -EAGAIN) clear(seen, flags);
    if (done < 0) note_failure(done);
    return done;
  }
}

std::int64_t epoll_handle::ready(io_operation& operation, std::uint64_t& seen) noexcept {
  auto flags = flags_of(operation.direction());
  for (;;) {
    seen = readiness_.load(std::memory_order_acquire);
    if (seen & flags) {
      if (!consume_budget()) return io_pending;
      operation.cancel();
      return 0;
    }
    if (wait_for(operation, flags) == io_pending) return io_pending;
  }
}

void epoll_handle::clear_ready(io_direction direction, std::uint64_t seen) noexcept {
  clear(seen, flags_of(direction));
}

std::int64_t epoll_handle::became_readable(io_operation& operation) noexcept {
  for (;;) {
    auto seen = readiness_.load(std::memory_order_acquire);
    if (seen & readable) {
      clear(seen, readable);  // when an event came in between, the next call tells of it
      operation.cancel();
      return 0;
    }
    if (wait_for(operation, readable) == io_pending) return io_pending;
  }
}

std::int64_t epoll_handle::peer_closed(io_operation& operation) noexcept {
  if (!(readiness_.load(std::memory_order_acquire) & (read_closed | broken)) &&
      wait_for(operation, read_closed | broken) == io_pending) {
    return io_pending;
  }
  operation.cancel();
  return 0;
}

int epoll_handle::shutdown(io_direction direction) noexcept {
  auto how = direction == io_direction::read ? SHUT_RD : SHUT_WR;
  return ::shutdown(descriptor_, how) < 0 ? -errno : 0;
}

void epoll_handle::cancel(io_operation& operation) noexcept {
  slot_of(operation.direction()).clear();
}

void epoll_handle::close() noexcept {
  // Last, so that the number is not another's while it is in epoll.
  ::close(owner_->detach(*this));
}

int epoll_handle::release() noexcept {
  return owner_->detach(*this);
}

void epoll_handle::on_event(std::uint32_t events, std::uint16_t event_generation) noexcept {
  std::uint64_t flags = 0;
  if (events & (EPOLLIN | EPOLLPRI)) flags |= readable;
  if (events & EPOLLOUT) flags |= writable;
  if (events & EPOLLRDHUP) flags |= readable | read_closed;
  if (events & (EPOLLHUP | EPOLLERR)) flags |= readable | writable | broken;
  auto seen = readiness_.load(std::memory_order_relaxed);
  for (;;) {
    if (static_cast<std::uint16_t>(seen >> generation_shift) != event_generation) return;
    auto ticked = (seen & ~tick_mask) | ((seen + tick) & tick_mask);
    if (readiness_.compare_exchange_weak(seen, ticked | flags, std::memory_order_seq_cst,
                                         std::memory_order_relaxed)) {
      break;
    }
  }
  if (flags & readable) read_waker_.wake_if_registered();
  if (flags & writable) write_waker_.wake_if_registered();
  if (flags & (read_closed | broken)) closing_waker_.wake_if_registered();
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
