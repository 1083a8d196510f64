// transport: a connection, whatever it is made of.
//
//   while (true) {
//     auto data = co_await or_return(connection.receive());     // weft::bytes, no copy
//     if (data.empty()) break;                                  // the peer has ended its side
//     weft::bytes_chain out;
//     out.push_back(std::move(data));
//     co_await or_return(connection.send_all(out));
//   }
#pragma once

#include <weft/io/stream.hpp>
#include <weft/leaf.hpp>

#include <array>
#include <concepts>
#include <limits>
#include <memory>
#include <ranges>
#include <string_view>
#include <type_traits>

namespace weft {
inline namespace v0 {
namespace io {

/// What is still to be written of a text: `write_all` takes it off as it goes out, so that one that
/// was cancelled is taken up where it stopped. Refers to the text, which must live as long.
class unsent {
 public:
  explicit unsent(std::string_view text) noexcept : rest_(text) {}
  std::string_view view() const noexcept { return rest_; }
  std::size_t size() const noexcept { return rest_.size(); }
  bool empty() const noexcept { return rest_.empty(); }
  void consume(std::size_t count) noexcept {
    rest_.remove_prefix(count < rest_.size() ? count : rest_.size());
  }

 private:
  std::string_view rest_;
};

/// Something contiguous that can be read into: an array, vector, string or span of chars or bytes.
template <class Range>
concept writable_bytes =
    std::ranges::contiguous_range<Range> && std::ranges::sized_range<Range> &&
    sizeof(std::ranges::range_value_t<Range>) == 1 &&
    std::is_trivially_copyable_v<std::ranges::range_value_t<Range>> &&
    !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<Range>>>;

}  // namespace io

namespace detail {

// One awaited operation on a stream. `Step` holds its arguments: `poll(stream, state)`, and
// `take(result)`.
template <class Step>
class stream_awaiter : public leaf_awaiter<stream_awaiter<Step>> {
 public:
  stream_awaiter(io::byte_stream& stream, Step&& step) noexcept
      : stream_(stream), step_(std::move(step)), state_(Step::waits_for) {}
  static constexpr const char* name = Step::name;
  bool poll() noexcept {
    came_ = step_.poll(stream_, state_);
    return !came_.pending();
  }
  auto take() { return step_.take(std::move(came_).take()); }

 private:
  io::byte_stream& stream_;
  Step step_;
  io::io_state state_;
  io::progress came_ = io::progress::not_yet();
};

template <class Step>
class [[nodiscard]] stream_operation {
 public:
  stream_operation(io::byte_stream& stream, Step&& step) noexcept
      : stream_(&stream), step_(std::move(step)) {}
  auto operator co_await() && noexcept { return stream_awaiter<Step>(*stream_, std::move(step_)); }

 private:
  io::byte_stream* stream_;
  Step step_;
};

WEFT_API io::progress poll_send_chain(io::byte_stream& stream, io::io_state& state,
                                      bytes_chain& chain) noexcept;
WEFT_API io::progress poll_write_all(io::byte_stream& stream, io::io_state& state,
                                     io::unsent& text) noexcept;

struct receive_step {
  static constexpr const char* name = "receive";
  static constexpr auto waits_for = io_direction::read;
  buffer into{};
  receive_step() noexcept {}
  io::progress poll(io::byte_stream& stream, io_operation& state) noexcept {
    return stream.poll_receive_into(state, into, std::numeric_limits<std::size_t>::max());
  }
  result<bytes> take(result<std::size_t>&& came) {
    if (!came) return fail(std::move(came).error());
    return into.freeze();
  }
};

struct receive_into_step {
  static constexpr const char* name = "receive_into";
  static constexpr auto waits_for = io_direction::read;
  buffer* into;
  std::size_t limit;
  receive_into_step(buffer& target, std::size_t most) noexcept : into(&target), limit(most) {}
  io::progress poll(io::byte_stream& stream, io_operation& state) noexcept {
    return stream.poll_receive_into(state, *into, limit);
  }
  result<std::size_t> take(result<std::size_t>&& came) { return std::move(came); }
};

struct read_step {
  static constexpr const char* name = "read";
  static constexpr auto waits_for = io_direction::read;
  std::span<std::byte> into;
  explicit read_step(std::span<std::byte> target) noexcept : into(target) {}
  io::progress poll(io::byte_stream& stream, io_operation& state) noexcept {
    return stream.poll_receive(state, into);
  }
  result<std::size_t> take(result<std::size_t>&& came) { return std::move(came); }
};

struct write_step {
  static constexpr const char* name = "write";
  static constexpr auto waits_for = io_direction::write;
  std::string_view text;
  explicit write_step(std::string_view from) noexcept : text(from) {}
  io::progress poll(io::byte_stream& stream, io_operation& state) noexcept {
    io_slice piece{text.data(), text.size()};
    return text.empty() ? io::progress(0) : stream.poll_send(state, {&piece, 1});
  }
  result<std::size_t> take(result<std::size_t>&& came) { return std::move(came); }
};

struct write_all_step {
  static constexpr const char* name = "write_all";
  static constexpr auto waits_for = io_direction::write;
  io::unsent own;
  io::unsent* rest;  // null: our own
  explicit write_all_step(std::string_view text) noexcept : own(text), rest(nullptr) {}
  explicit write_all_step(io::unsent& text) noexcept : own({}), rest(&text) {}
  io::progress poll(io::byte_stream& stream, io_operation& state) noexcept {
    return poll_write_all(stream, state, rest ? *rest : own);
  }
  result<void> take(result<std::size_t>&& came) {
    if (!came) return fail(std::move(came).error());
    return {};
  }
};

struct send_step {
  static constexpr const char* name = "send";
  static constexpr auto waits_for = io_direction::write;
  bytes_chain* chain;
  explicit send_step(bytes_chain& from) noexcept : chain(&from) {}
  io::progress poll(io::byte_stream& stream, io_operation& state) noexcept {
    return chain->empty() ? io::progress(0) : poll_send_chain(stream, state, *chain);
  }
  result<std::size_t> take(result<std::size_t>&& came) { return std::move(came); }
};

struct send_all_step {
  static constexpr const char* name = "send_all";
  static constexpr auto waits_for = io_direction::write;
  bytes_chain* chain;
  explicit send_all_step(bytes_chain& from) noexcept : chain(&from) {}
  io::progress poll(io::byte_stream& stream, io_operation& state) noexcept {
    while (!chain->empty()) {
      auto came = poll_send_chain(stream, state, *chain);
      if (!came.done()) return came;
    }
    return 0;
  }
  result<void> take(result<std::size_t>&& came) {
    if (!came) return fail(std::move(came).error());
    return {};
  }
};

struct shutdown_step {
  static constexpr const char* name = "shutdown";
  static constexpr auto waits_for = io_direction::write;
  shutdown_step() noexcept {}
  io::progress poll(io::byte_stream& stream, io_operation& state) noexcept {
    return stream.poll_shutdown(state);
  }
  result<void> take(result<std::size_t>&& came) {
    if (!came) return fail(std::move(came).error());
    return {};
  }
};

struct peer_closed_step {
  static constexpr const char* name = "peer_closed";
  static constexpr auto waits_for = io_direction::closing;
  peer_closed_step() noexcept {}
  io::progress poll(io::byte_stream& stream, io_operation& state) noexcept {
    return stream.poll_peer_closed(state) ? io::progress(0) : io::progress::not_yet();
  }
  void take(result<std::size_t>&&) noexcept {}
};

}  // namespace detail

namespace io {

/// A connection: a handle to any byte_stream.
///
/// Ownership: unique; destroying it closes the connection. It may be moved while an operation is in
/// progress, but not destroyed. Operations refer to the stream and to what they read into or write
/// from; both must outlive them. Thread-safety: at most one operation a direction at a time;
/// reading, writing and `peer_closed` may be done at once, also by different tasks. Everything
/// else: one task at a time. Errors: see byte_stream; a connection that was moved from aborts the
/// program.
class transport {
 public:
  /// Without a connection; only good for being assigned to.
  transport() noexcept = default;
  explicit transport(std::unique_ptr<byte_stream> stream) noexcept : stream_(std::move(stream)) {}

  explicit operator bool() const noexcept { return stream_ != nullptr; }
  /// Closes the connection now. What was sent still goes out.
  void close() noexcept { stream_.reset(); }
  /// Breaks the connection now: the peer reads `std::errc::connection_reset` instead of the end of
  /// the stream. What was sent may be lost. For what must not pass for the whole.
  void abort() noexcept {
    stream().abort();
    close();
  }

  /// What there is to read, in memory of the driver's that is taken only when there is something;
  /// at the end of the stream, empty bytes. Bounds: at most one block (16 KiB). Cancel-safety:
  /// safe; no data is lost.
  auto receive() { return operation(detail::receive_step()); }
  /// Appends what there is to read, at most `limit` bytes (> 0), to `into`. Yields how many; 0 is
  /// the end of the stream. Cancel-safety: safe.
  auto receive_into(buffer& into, std::size_t limit = std::numeric_limits<std::size_t>::max()) {
    return operation(detail::receive_into_step(into, limit));
  }
  /// Reads what is there into `into`, which is not empty. Yields how many bytes; 0 is the end of
  /// the stream. Cancel-safety: safe.
  auto read(std::span<std::byte> into) { return operation(detail::read_step(into)); }
  template <writable_bytes Range>
  auto read(Range& into) {
    return read(
        std::span(reinterpret_cast<std::byte*>(std::ranges::data(into)), std::ranges::size(into)));
  }
  auto read(std::span<char> into) { return read(std::as_writable_bytes(into)); }

  /// Writes from the front of `text` what the stream takes: at least one byte. Yields how many.
  /// Cancel-safety: safe; either it was written or nothing was.
  auto write(std::string_view text) { return operation(detail::write_step(text)); }
  auto write(std::span<const std::byte> data) { return write(as_text(data)); }
  /// Writes all of `text`. Cancel-safety: how much was written is lost; use the form with `unsent`.
  auto write_all(std::string_view text) { return operation(detail::write_all_step(text)); }
  auto write_all(std::span<const std::byte> data) { return write_all(as_text(data)); }
  /// Writes `text` to its end, taking off what was written. Cancel-safety: safe; await it again
  /// with the same `text`.
  auto write_all(unsent& text) { return operation(detail::write_all_step(text)); }

  /// One gathering write from the front of `chain`, and takes off what was written. Yields how many
  /// bytes: 0 only for an empty chain. Cancel-safety: safe.
  auto send(bytes_chain& chain) { return operation(detail::send_step(chain)); }
  /// Writes until `chain` is empty. Cancel-safety: safe; what is left is in the chain.
  auto send_all(bytes_chain& chain) { return operation(detail::send_all_step(chain)); }

  /// Ends this side; reading goes on. Cancel-safety: safe; await it again.
  auto shutdown() { return operation(detail::shutdown_step()); }
  /// Done once the peer has ended its side, or the connection is broken; what it sent before may
  /// still be unread. Yields nothing. May be awaited beside a read. Cancel-safety: safe.
  auto peer_closed() { return operation(detail::peer_closed_step()); }

  /// The file descriptor below, or -1. It stays the transport's.
  int native_handle() const noexcept { return stream().native_handle(); }
  /// No address when it has none or it is not known.
  net::socket_address peer_address() const { return stream().peer_address(); }
  net::socket_address local_address() const { return stream().local_address(); }

  /// For leaves of your own: see weft/io/stream.hpp.
  progress poll_receive(io_state& state, std::span<std::byte> into) noexcept {
    return stream().poll_receive(state, into);
  }
  progress poll_receive_into(io_state& state, buffer& into, std::size_t limit) noexcept {
    return stream().poll_receive_into(state, into, limit);
  }
  progress poll_send(io_state& state, std::span<const io_slice> pieces) noexcept {
    return stream().poll_send(state, pieces);
  }
  /// One gathering write; takes off `chain`, which is not empty, what was written.
  progress poll_send(io_state& state, bytes_chain& chain) noexcept {
    return detail::poll_send_chain(stream(), state, chain);
  }
  progress poll_shutdown(io_state& state) noexcept { return stream().poll_shutdown(state); }
  bool poll_peer_closed(io_state& state) noexcept { return stream().poll_peer_closed(state); }

  byte_stream& stream() const noexcept {
    if (!stream_) [[unlikely]]
      no_stream();
    return *stream_;
  }

 private:
  template <class Step>
  detail::stream_operation<Step> operation(Step step) const {
    return detail::stream_operation<Step>(stream(), std::move(step));
  }
  static std::string_view as_text(std::span<const std::byte> data) noexcept {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
  }
  [[noreturn]] WEFT_API static void no_stream() noexcept;

  std::unique_ptr<byte_stream> stream_;
};

}  // namespace io
}  // namespace v0
}  // namespace weft
