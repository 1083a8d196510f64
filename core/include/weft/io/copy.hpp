// From one transport to another: copy, and copy_bidirectional for a proxy.
//
//   auto [up, down] = co_await or_return(weft::io::copy_bidirectional(client, server));
//
// Each has an object that keeps what is under way, for those who may be cancelled and go on:
//
//   weft::io::copier pump(client, server);
//   while (true) {
//     auto done = co_await weft::timeout(30s, pump.run());        // nothing is lost by a timeout
//     if (done) break;
//     std::printf("%llu bytes so far\n", pump.copied());
//   }
#pragma once

#include <weft/io/buffered_reader.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace weft {
inline namespace v0 {

namespace io {
/// How much a copy holds that was read and not yet written, unless it is said otherwise: one block.
inline constexpr std::size_t default_copy_capacity = buffer::block_size;
}  // namespace io

namespace detail {

// What one direction has under way.
class copy_pump {
 public:
  explicit copy_pump(std::size_t capacity) noexcept : capacity_(capacity > 0 ? capacity : 1) {}
  // 0 once `from` has ended and all of it was written. Reads on while a write waits, as long as
  // there is room.
  WEFT_API io::progress poll(io::byte_stream& from, io::byte_stream& to, buffer& data,
                             io::io_state& reading, io::io_state& writing) noexcept;
  std::uint64_t copied() const noexcept { return copied_; }

 private:
  io::progress poll_read(io::byte_stream& from, buffer& data, io::io_state& reading) noexcept;
  std::size_t capacity_;
  std::uint64_t copied_ = 0;
  bool ended_ = false;
};

// `Copy::poll(reading, writing)`, `Copy::value()`.
template <class Copy>
class copy_awaiter : public leaf_awaiter<copy_awaiter<Copy>> {
 public:
  explicit copy_awaiter(Copy& copy) noexcept : copy_(copy) {}
  static constexpr const char* name = "copy";
  bool poll() noexcept {
    came_ = copy_.poll(states_);
    return !came_.pending();
  }
  result<typename Copy::value_type> take() {
    if (came_.failed()) return fail(std::move(came_).error());
    return copy_.copied();
  }

 private:
  Copy& copy_;
  typename Copy::states states_{};
  io::progress came_ = io::progress::not_yet();
};
template <class Copy>
class [[nodiscard]] copy_run_operation {
 public:
  explicit copy_run_operation(Copy& copy) noexcept : copy_(&copy) {}
  auto operator co_await() && noexcept { return copy_awaiter<Copy>(*copy_); }

 private:
  Copy* copy_;
};
// As above, with a copy of its own.
template <class Copy>
class [[nodiscard]] copy_operation {
  struct owner {
    Copy copy;
    explicit owner(Copy&& of) noexcept : copy(std::move(of)) {}
  };
  class awaiter : owner, public copy_awaiter<Copy> {
   public:
    explicit awaiter(Copy&& copy) noexcept
        : owner(std::move(copy)), copy_awaiter<Copy>(this->owner::copy) {}
  };

 public:
  explicit copy_operation(Copy&& copy) noexcept : copy_(std::move(copy)) {}
  auto operator co_await() && noexcept { return awaiter(std::move(copy_)); }

 private:
  Copy copy_;
};

}  // namespace detail

namespace io {

/// Copies from one transport to another and keeps what is under way.
///
/// Ownership: refers to both transports. Bounds: holds `capacity` bytes at most, and no memory
/// while there is nothing to copy. Pinned while `run()` is in progress.
class copier {
 public:
  copier(transport& from, transport& to, std::size_t capacity = default_copy_capacity) noexcept
      : from_(&from.stream()), to_(&to.stream()), pump_(capacity) {}

  /// Runs until `from` has ended and all that came was written; yields how many bytes. Does not
  /// shut `to` down. Errors: of either transport; what was read is kept. Cancel-safety: safe; await
  /// it again.
  auto run() noexcept { return detail::copy_run_operation<copier>(*this); }
  /// How many bytes were written so far.
  std::uint64_t copied() const noexcept { return pump_.copied(); }

 private:
  template <class Copy>
  friend class detail::copy_awaiter;
  using value_type = std::uint64_t;
  struct states {
    io_state reading{direction::read};
    io_state writing{direction::write};
  };
  progress poll(states& with) noexcept {
    return pump_.poll(*from_, *to_, data_, with.reading, with.writing);
  }

  byte_stream* from_;
  byte_stream* to_;
  buffer data_;
  detail::copy_pump pump_;
};

/// How many bytes went each way.
struct bidirectional_count {
  std::uint64_t first_to_second;
  std::uint64_t second_to_first;
};

/// Copies between two transports, both ways, and keeps what is under way. When one has ended its
/// side and all of it was written, the other's side is shut down, and the other direction goes on.
///
/// Ownership: refers to both transports. Bounds: holds `capacity` bytes a direction at most. Pinned
/// while `run()` is in progress.
class bidirectional_copier {
 public:
  bidirectional_copier(transport& first, transport& second,
                       std::size_t capacity = default_copy_capacity) noexcept
      : first_(&first.stream()), second_(&second.stream()), forth_(capacity), back_(capacity) {}

  /// Runs until both have ended. Errors: of either transport, at once; the connections are then
  /// good for nothing but to be closed. Cancel-safety: safe; await it again.
  auto run() noexcept { return detail::copy_run_operation<bidirectional_copier>(*this); }
  /// How many bytes were written so far.
  bidirectional_count copied() const noexcept {
    return {forth_.pump.copied(), back_.pump.copied()};
  }

 private:
  template <class Copy>
  friend class detail::copy_awaiter;
  using value_type = bidirectional_count;
  struct states {
    io_state read_first{direction::read};
    io_state write_second{direction::write};
    io_state read_second{direction::read};
    io_state write_first{direction::write};
  };
  struct way {
    detail::copy_pump pump;
    buffer data{};
    bool shut_down = false;
    explicit way(std::size_t capacity) noexcept : pump(capacity) {}
    WEFT_API progress poll(byte_stream& from, byte_stream& to, io_state& reading,
                           io_state& writing) noexcept;
  };
  progress poll(states& with) noexcept {
    auto forth = forth_.poll(*first_, *second_, with.read_first, with.write_second);
    if (forth.failed()) return forth;
    auto back = back_.poll(*second_, *first_, with.read_second, with.write_first);
    if (back.failed() || back.pending()) return back;
    return forth;
  }

  byte_stream* first_;
  byte_stream* second_;
  way forth_;
  way back_;
};

/// Copies all that comes from `from` to `to`, to the end of it; yields how many bytes. Does not
/// shut `to` down. Errors: of either. Bounds: holds `capacity` bytes at most. Cancel-safety: what
/// was read and not yet written is lost; see `copier`.
inline auto copy(transport& from, transport& to, std::size_t capacity = default_copy_capacity) {
  return detail::copy_operation<copier>(copier(from, to, capacity));
}

}  // namespace io

namespace detail {

// Uses the reader's own buffer, so that it keeps what is under way.
class reader_copier {
 public:
  reader_copier(io::buffered_reader& from, io::transport& to) noexcept
      : from_(&from), to_(&to.stream()) {}
  std::uint64_t copied() const noexcept { return pump_.copied(); }

 private:
  template <class Copy>
  friend class copy_awaiter;
  using value_type = std::uint64_t;
  struct states {
    io::io_state reading{io_direction::read};
    io::io_state writing{io_direction::write};
  };
  io::progress poll(states& with) noexcept {
    return pump_.poll(reader_access::stream(*from_), *to_, reader_access::in(*from_), with.reading,
                      with.writing);
  }
  io::buffered_reader* from_;
  io::byte_stream* to_;
  copy_pump pump_{io::default_copy_capacity};
};

}  // namespace detail

namespace io {

/// As above, with what is buffered first. Cancel-safety: safe; what was read and not yet written is
/// in the reader.
inline auto copy(buffered_reader& from, transport& to) {
  return detail::copy_operation<detail::reader_copier>(detail::reader_copier(from, to));
}
/// Copies both ways until both have ended, passing on each one's end by a shutdown; yields a
/// `bidirectional_count`. Errors: of either, at once. Bounds: holds `capacity` bytes a direction at
/// most. Cancel-safety: what was read and not yet written is lost; see `bidirectional_copier`.
inline auto copy_bidirectional(transport& first, transport& second,
                               std::size_t capacity = default_copy_capacity) {
  return detail::copy_operation<bidirectional_copier>(
      bidirectional_copier(first, second, capacity));
}

}  // namespace io
}  // namespace v0
}  // namespace weft
