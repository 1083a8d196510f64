// What socket awaiters see of the driver: a handle and the operations on it.
#pragma once

#include <weft/bytes.hpp>
#include <weft/export.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

namespace weft {
inline namespace v0 {
namespace detail {

class io_handle;
struct socket_address;

// A count, or a negative errno, or this: not yet, and the running branch is registered.
inline constexpr std::int64_t io_pending = std::numeric_limits<std::int64_t>::min();

// `closing`: waiting for the peer to end its side, which may be done beside a read.
enum class io_direction : std::uint8_t { read, write, closing };

class io_operation;

// What can take an operation back: a socket, a TLS session, an end of an in-memory pipe.
class io_source {
 public:
  // Forgets who waits in this operation's direction.
  virtual void cancel(io_operation& operation) noexcept = 0;

 protected:
  ~io_source() = default;
};

// The state of one direction between polls, living in an awaiter: whether somebody has our waker.
// Destroying it takes the operation back: nothing of the awaiter is touched afterwards, and what
// arrives meanwhile stays in the socket.
class io_operation {
 public:
  explicit io_operation(io_direction direction) noexcept : direction_(direction) {}
  io_operation(const io_operation&) = delete;
  io_operation& operator=(const io_operation&) = delete;
  ~io_operation() { cancel(); }

  io_direction direction() const noexcept { return direction_; }
  bool engaged() const noexcept { return source_ != nullptr; }
  // By the source that has registered the running branch.
  void engage(io_source& source) noexcept { source_ = &source; }
  // Also by a source whose operation is done: a later one of the same direction must not lose its
  // waker to us.
  void cancel() noexcept {
    if (source_) std::exchange(source_, nullptr)->cancel(*this);
  }

 private:
  io_source* source_ = nullptr;
  io_direction direction_;
};

// A system call on a descriptor, which returns a count or a negative errno. Refers to `call`.
class io_call {
 public:
  template <class Call>
    requires(!std::is_same_v<Call, io_call>)
  explicit io_call(Call& call) noexcept
      : run_([](void* of, int descriptor) noexcept -> std::int64_t {
          return (*static_cast<Call*>(of))(descriptor);
        }),
        call_(&call) {}
  std::int64_t operator()(int descriptor) const noexcept { return run_(call_, descriptor); }

 private:
  std::int64_t (*run_)(void*, int) noexcept;
  void* call_;
};

// A socket as its driver sees it. At most one operation in each direction at a time, polled by the
// running branch.
class io_handle : public io_source {
 public:
  io_handle(const io_handle&) = delete;
  io_handle& operator=(const io_handle&) = delete;

  virtual std::int64_t accept(io_operation& operation, io_handle*& accepted,
                              socket_address& peer) noexcept = 0;
  // Of a socket whose connect() is in progress: 0 once it is connected.
  virtual std::int64_t connected(io_operation& operation) noexcept = 0;
  virtual std::int64_t receive(io_operation& operation, std::span<std::byte> into) noexcept = 0;
  // Takes memory only when there is something to read; at most `limit` bytes more.
  virtual std::int64_t receive_into(io_operation& operation, buffer& into,
                                    std::size_t limit) noexcept = 0;
  virtual std::int64_t send(io_operation& operation, std::span<const io_slice> pieces) noexcept = 0;
  // Of a descriptor that is no stream: 0 when it has become readable since this was last asked.
  virtual std::int64_t became_readable(io_operation& operation) noexcept = 0;
  // 0 once the peer has ended its side, or the connection is broken.
  virtual std::int64_t peer_closed(io_operation& operation) noexcept = 0;

  // Of any descriptor: makes the call, in the operation's direction, as often as it would block.
  virtual std::int64_t attempt(io_operation& operation, io_call call) noexcept = 0;
  // Makes it once, without waiting; also while others wait. -EAGAIN: it would block.
  virtual std::int64_t attempt_now(io_direction direction, io_call call) noexcept = 0;
  // 0 when a call in the operation's direction may not block; `seen` is for `clear_ready`.
  virtual std::int64_t ready(io_operation& operation, std::uint64_t& seen) noexcept = 0;
  // A call did block. Without effect when there was an event since `seen`.
  virtual void clear_ready(io_direction direction, std::uint64_t seen) noexcept = 0;
  // What broke the connection, a negative errno, or 0: a read of nothing is the end of the stream.
  virtual int failure() const noexcept = 0;

  virtual int shutdown(io_direction direction) noexcept = 0;
  virtual int descriptor() const noexcept = 0;
  // Ends the handle. No operation may be in progress.
  virtual void close() noexcept = 0;
  // As `close`, but the descriptor stays open, and is the caller's.
  virtual int release() noexcept = 0;

 protected:
  io_handle() = default;
  ~io_handle() = default;
};

}  // namespace detail
}  // namespace v0
}  // namespace weft
