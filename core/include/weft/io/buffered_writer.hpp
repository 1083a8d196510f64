// Writing in pieces that are too small for a system call each.
//
//   weft::io::buffered_writer out(connection);
//   co_await or_return(out.write("HELO\r\n"));
//   co_await or_return(out.flush());
//
// What was written and not yet sent stays in the writer: an operation that is cancelled loses
// nothing.
#pragma once

#include <weft/detail/held_transport.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <cstring>
#include <optional>

namespace weft {
inline namespace v0 {

namespace io {
class buffered_writer;
}  // namespace io

namespace detail {

// Sends until the writer holds fewer than `below` bytes; then `Step::done(writer)`.
template <class Step>
class writer_awaiter : public leaf_awaiter<writer_awaiter<Step>> {
 public:
  writer_awaiter(io::buffered_writer& writer, Step&& step) noexcept
      : writer_(writer), step_(std::move(step)) {}
  static constexpr const char* name = Step::name;
  bool poll() noexcept;
  result<void> take();

 private:
  io::buffered_writer& writer_;
  Step step_;
  io::io_state state_{io_direction::write};
  std::optional<error> failure_;
  bool paid_ = false;
};

template <class Step>
class [[nodiscard]] writer_operation {
 public:
  writer_operation(io::buffered_writer& writer, Step&& step) noexcept
      : writer_(&writer), step_(std::move(step)) {}
  auto operator co_await() && noexcept { return writer_awaiter<Step>(*writer_, std::move(step_)); }

 private:
  io::buffered_writer* writer_;
  Step step_;
};

struct append_step {
  static constexpr const char* name = "write";
  static constexpr bool shuts_down = false;
  std::string_view text;
  explicit append_step(std::string_view from) noexcept : text(from) {}
  std::size_t below(std::size_t capacity) const noexcept {
    return text.size() < capacity ? capacity - text.size() + 1 : 1;
  }
};
template <class Integer, std::endian Order>
struct append_integer_step {
  static constexpr const char* name = "write an integer";
  static constexpr bool shuts_down = false;
  std::array<char, sizeof(Integer)> text;
  explicit append_integer_step(Integer value) noexcept {
    if constexpr (Order != std::endian::native) value = std::byteswap(value);
    std::memcpy(text.data(), &value, sizeof value);
  }
  std::size_t below(std::size_t capacity) const noexcept {
    return text.size() < capacity ? capacity - text.size() + 1 : 1;
  }
};
template <bool ShutsDown>
struct flush_step {
  static constexpr const char* name = ShutsDown ? "shutdown" : "flush";
  static constexpr bool shuts_down = ShutsDown;
  static constexpr std::string_view text{};
  flush_step() noexcept {}
  std::size_t below(std::size_t) const noexcept { return 1; }
};

}  // namespace detail

namespace io {

/// Gathers small writes to a transport.
///
/// Ownership: as buffered_reader. Destroying it drops what was not flushed. Bounds: holds
/// `capacity` bytes (8 KiB), or one text that is larger. Cancel-safety of all operations: safe; a
/// write took all of its text or nothing. Errors: of the transport; what is buffered stays, and
/// `errc::out_of_memory`.
class buffered_writer {
  template <class Step>
  auto operation(Step step) noexcept {
    return detail::writer_operation<Step>(*this, std::move(step));
  }

 public:
  static constexpr std::size_t default_capacity = 8 * 1024;
  explicit buffered_writer(transport& to, std::size_t capacity = default_capacity) noexcept
      : to_(to), capacity_(capacity) {}
  explicit buffered_writer(transport&& to, std::size_t capacity = default_capacity) noexcept
      : to_(std::move(to)), capacity_(capacity) {}
  buffered_writer(buffered_writer&&) noexcept = default;
  buffered_writer& operator=(buffered_writer&&) = delete;

  /// Takes a copy of `text`, once there is room for it: sends what is buffered before.
  auto write(std::string_view text) { return operation(detail::append_step(text)); }
  auto write(std::span<const std::byte> data) {
    return write({reinterpret_cast<const char*>(data.data()), data.size()});
  }
  /// An integer, its most significant byte first.
  template <std::integral Integer>
  auto write_be(Integer value) {
    return operation(detail::append_integer_step<Integer, std::endian::big>(value));
  }
  /// An integer, its least significant byte first.
  template <std::integral Integer>
  auto write_le(Integer value) {
    return operation(detail::append_integer_step<Integer, std::endian::little>(value));
  }
  /// Sends all that is buffered.
  auto flush() { return operation(detail::flush_step<false>()); }
  /// Sends all that is buffered, and ends this side.
  auto shutdown() { return operation(detail::flush_step<true>()); }

  /// How many bytes were written and not sent yet.
  std::size_t buffered() const noexcept { return out_.size(); }
  /// The transport that was given up. What is buffered is lost: flush before.
  transport release() && noexcept { return to_.release(); }

 private:
  template <class Step>
  friend class detail::writer_awaiter;
  // Not yet, 0 when fewer than `below` bytes are left, or an error.
  WEFT_API progress poll_drain(io_state& state, std::size_t below) noexcept;
  WEFT_API result<void> append(std::string_view text) noexcept;

  detail::held_transport to_;
  buffer out_;
  std::size_t capacity_;
};

}  // namespace io

namespace detail {

template <class Step>
bool writer_awaiter<Step>::poll() noexcept {
  if (!paid_ && !consume_budget()) return false;
  paid_ = true;
  auto drained = writer_.poll_drain(state_, step_.below(writer_.capacity_));
  if constexpr (Step::shuts_down) {
    if (drained.done()) drained = writer_.to_.stream().poll_shutdown(state_);
  }
  if (drained.failed()) failure_.emplace(std::move(drained).error());
  return !drained.pending();
}

template <class Step>
result<void> writer_awaiter<Step>::take() {
  if (failure_) return fail(std::move(*failure_));
  return writer_.append({step_.text.data(), step_.text.size()});
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
