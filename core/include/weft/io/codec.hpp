// Frames instead of bytes: a transport and a codec make a stream to read from and a sink to write
// to.
//
//   weft::io::framed peer(std::move(connection), weft::io::line_codec(1024));
//   while (auto line = co_await or_return(peer.next())) {
//     co_await or_return(peer.send(answer(*line)));
//   }
//
// A codec is a decoder, an encoder or both:
//
//   struct my_codec {
//     // Takes a frame off the front of `in`; no value: it needs more.
//     weft::result<std::optional<frame>> decode(weft::buffer& in);
//     // May be left out: what to do at the end of the stream, until there is no value. Without it,
//     // a part of a frame that is left is the error errc::end_of_stream.
//     weft::result<std::optional<frame>> decode_end(weft::buffer& in);
//     // Appends the frame to `out`.
//     weft::result<void> encode(const frame& what, weft::buffer& out);
//   };
//
// Those of weft: line_codec and delimiter_codec (weft/io/line_codec.hpp), length_codec
// (weft/io/length_codec.hpp), bytes_codec (here).
#pragma once

#include <weft/detail/held_transport.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>

namespace weft {
inline namespace v0 {

namespace detail {

template <class T>
inline constexpr bool is_decoded_v = false;
template <class T>
inline constexpr bool is_decoded_v<result<std::optional<T>>> = true;

}  // namespace detail

namespace io {

/// Takes frames off a buffer: see the top of this header.
template <class Codec>
concept decoder = requires(Codec& codec, buffer& in) {
  requires detail::is_decoded_v<decltype(codec.decode(in))>;
};
/// Appends frames of type `Frame` to a buffer.
template <class Codec, class Frame>
concept encoder_of = requires(Codec& codec, const Frame& frame, buffer& out) {
  { codec.encode(frame, out) } -> std::same_as<result<void>>;
};

template <class Codec>
class framed;

}  // namespace io

namespace detail {

// `error` with where the frame began.
WEFT_API error at_frame(error failure, std::uint64_t offset) noexcept;

template <class Codec>
class frame_awaiter : public leaf_awaiter<frame_awaiter<Codec>> {
 public:
  explicit frame_awaiter(io::framed<Codec>& from) noexcept : from_(from) {}
  static constexpr const char* name = "next frame";
  bool poll() noexcept { return from_.poll_frame(state_); }
  auto take() { return from_.take_frame(); }

 private:
  io::framed<Codec>& from_;
  io::io_state state_{io_direction::read};
};
template <class Codec>
class [[nodiscard]] frame_operation {
 public:
  explicit frame_operation(io::framed<Codec>& from) noexcept : from_(&from) {}
  auto operator co_await() && noexcept { return frame_awaiter<Codec>(*from_); }

 private:
  io::framed<Codec>* from_;
};

// In place of a frame, where there is none to write.
struct no_frame {};

// Waits for room, encodes, and then, if `Flushes`, sends all; if `Closes`, ends this side.
template <class Codec, class Frame, bool Flushes, bool Closes>
class sink_awaiter : public leaf_awaiter<sink_awaiter<Codec, Frame, Flushes, Closes>> {
  static constexpr bool encodes = !std::is_same_v<Frame, no_frame>;

 public:
  sink_awaiter(io::framed<Codec>& to, Frame&& frame) : to_(to), frame_(std::move(frame)) {}
  static constexpr const char* name = Closes     ? "close"
                                      : !encodes ? "flush"
                                      : Flushes  ? "send"
                                                 : "feed";
  bool poll() noexcept {
    try {
      return step();
    } catch (...) {
      thrown_ = std::current_exception();
      return true;
    }
  }
  result<void> take() {
    if (thrown_) std::rethrow_exception(thrown_);
    if (failure_) return fail(std::move(*failure_));
    if constexpr (encodes && !Flushes) return to_.encode(*frame_);
    return {};
  }

 private:
  bool step() {
    if (!paid_ && !consume_budget()) return false;
    paid_ = true;
    if constexpr (encodes) {
      if (frame_) {
        if (!drained_to(to_.boundary)) return failure_.has_value();
        if constexpr (!Flushes) return true;  // encoded by take(), all or nothing
        auto encoded = to_.encode(*frame_);
        frame_.reset();
        if (!encoded) return failed(std::move(encoded).error());
      }
    }
    if (!drained_to(1)) return failure_.has_value();
    if constexpr (Closes) {
      auto came = to_.held_.stream().poll_shutdown(state_);
      if (came.pending()) return false;
      if (came.failed()) return failed(std::move(came).error());
    }
    return true;
  }
  bool drained_to(std::size_t below) noexcept {
    auto came = to_.poll_drain(state_, below);
    if (came.failed()) return failed(std::move(came).error()), false;
    return came.done() && !failure_;
  }
  bool failed(error&& failure) noexcept {
    failure_.emplace(std::move(failure));
    return true;
  }

  io::framed<Codec>& to_;
  std::optional<Frame> frame_;
  io::io_state state_{io_direction::write};
  std::optional<error> failure_;
  std::exception_ptr thrown_;
  bool paid_ = false;
};
template <class Codec, class Frame, bool Flushes, bool Closes>
class [[nodiscard]] sink_operation {
 public:
  sink_operation(io::framed<Codec>& to, Frame&& frame) : to_(&to), frame_(std::move(frame)) {}
  auto operator co_await() && {
    return sink_awaiter<Codec, Frame, Flushes, Closes>(*to_, std::move(frame_));
  }

 private:
  io::framed<Codec>* to_;
  Frame frame_;
};

}  // namespace detail

namespace io {

/// A transport that is read and written in frames: a stream, and a sink.
///
/// Ownership: owns the codec, and a transport that is given up; one that has a name is referred to,
/// and nobody else uses it meanwhile. Pinned while an operation is in progress. Thread-safety: one
/// task at a time; one reading and one writing operation may be in progress at once. Bounds: of
/// what is read, one frame (the codec's limit) and a block (16 KiB); of what is written, `boundary`
/// bytes (8 KiB) and one frame more.
template <class Codec>
class framed {
  static_assert(
      decoder<Codec> || !requires(Codec& codec, buffer& in) { codec.decode(in); },
      "framed: decode(weft::buffer&) of the codec yields no "
      "weft::result<std::optional<frame>>");

 public:
  /// As soon as so many bytes wait to be sent, `feed` and `send` send before they take more.
  static constexpr std::size_t boundary = 8 * 1024;

  framed(transport& on, Codec codec) noexcept : held_(on), codec_(std::move(codec)) {}
  framed(transport&& on, Codec codec) noexcept : held_(std::move(on)), codec_(std::move(codec)) {}
  framed(framed&&) = default;
  framed& operator=(framed&&) = delete;

  /// Yields a `result<std::optional<frame>>`: what the codec decodes next, or no value at the end
  /// of the stream. Errors: of the codec, with the position in the stream at which the frame
  /// begins, in bytes; whether it goes on afterwards says the codec. `errc::end_of_stream`: the
  /// stream ended within a frame. Of the transport. Cancel-safety: safe; what was read is kept.
  [[nodiscard]] auto next()
    requires decoder<Codec>
  {
    return detail::frame_operation<Codec>(*this);
  }

  /// Encodes `frame` and sends all that is waiting. What `frame` refers to lives until it is done.
  /// Errors: of the codec, and then nothing was written; of the transport. Cancel-safety: a frame
  /// that was begun goes out with the following `flush`; to know whether it was, use `feed`.
  template <class Frame>
  auto send(Frame&& frame) {
    return sink<true>(std::forward<Frame>(frame));
  }
  /// Encodes `frame`, once fewer than `boundary` bytes wait. Errors: as `send`. Cancel-safety:
  /// safe; it took the frame or it did not.
  template <class Frame>
  auto feed(Frame&& frame) {
    return sink<false>(std::forward<Frame>(frame));
  }
  /// Sends all that is waiting. Cancel-safety: safe; await it again.
  auto flush() { return detail::sink_operation<Codec, detail::no_frame, true, false>(*this, {}); }
  /// Sends all that is waiting, and ends this side. Cancel-safety: safe; await it again.
  auto close() { return detail::sink_operation<Codec, detail::no_frame, true, true>(*this, {}); }

  Codec& codec() noexcept { return codec_; }
  /// How many bytes of the stream have been decoded.
  std::uint64_t position() const noexcept { return position_; }
  /// How many bytes wait to be sent.
  std::size_t waiting() const noexcept { return out_.size(); }
  /// The transport that was given up, and what was read and not decoded. What waits to be sent is
  /// lost: flush before.
  std::pair<transport, bytes> release() && noexcept { return {held_.release(), in_.freeze()}; }

 private:
  template <class>
  friend class detail::frame_awaiter;
  template <class, class, bool, bool>
  friend class detail::sink_awaiter;

  template <bool Flushes, class Frame>
  auto sink(Frame&& frame) {
    using value = std::decay_t<Frame>;
    static_assert(encoder_of<Codec, value>,
                  "framed: the codec has no encode(const frame&, weft::buffer&) for such a frame "
                  "that returns a weft::result<void>");
    if constexpr (encoder_of<Codec, value>)
      return detail::sink_operation<Codec, value, Flushes, false>(
          *this, value(std::forward<Frame>(frame)));
  }
  bool poll_frame(io_state& state) noexcept;
  auto take_frame() {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    auto ready = std::move(*ready_);
    ready_.reset();
    return ready;
  }
  // Whether there is something to yield.
  bool decode_some() {
    auto before = in_.size();
    auto decoded = ended_ ? decode_end() : codec_.decode(in_);
    auto began = std::exchange(position_, position_ + (before - in_.size()));
    if (!decoded) {
      ready_.emplace(std::unexpect, detail::at_frame(std::move(decoded).error(), began));
    } else if (*decoded || ended_) {
      ready_.emplace(std::move(decoded));
    }
    return ready_.has_value();
  }
  auto decode_end() {
    if constexpr (requires { codec_.decode_end(in_); }) {
      return codec_.decode_end(in_);
    } else {
      auto decoded = codec_.decode(in_);
      if (decoded && !*decoded && !in_.empty()) decoded = fail(errc::end_of_stream);
      return decoded;
    }
  }
  template <class Frame>
  result<void> encode(const Frame& frame) {
    auto before = out_.size();
    auto encoded = codec_.encode(frame, out_);
    if (!encoded) out_.truncate(before);
    return encoded;
  }
  progress poll_drain(io_state& state, std::size_t below) noexcept {
    while (out_.size() >= below) {
      io_slice piece{out_.data(), out_.size()};
      auto came = held_.stream().poll_send(state, {&piece, 1});
      if (!came.done()) return came;
      out_.consume(came.count());
    }
    if (out_.empty()) out_.reset();
    return 0;
  }

  template <class T>
  struct decoded_by {
    using type = std::optional<int>;
  };
  template <decoder T>
  struct decoded_by<T> {
    using type = std::optional<decltype(std::declval<T&>().decode(std::declval<buffer&>()))>;
  };

  detail::held_transport held_;
  Codec codec_;
  buffer in_;
  buffer out_;
  std::uint64_t position_ = 0;
  typename decoded_by<Codec>::type ready_;  // decoded, and not taken yet
  std::exception_ptr thrown_;
  bool ended_ = false;
};

template <class Codec>
bool framed<Codec>::poll_frame(io_state& state) noexcept {
  if (ready_ || thrown_) return true;
  if (!detail::consume_budget()) return false;
  try {
    while (!decode_some()) {
      auto came =
          held_.stream().poll_receive_into(state, in_, std::max(in_.spare(), buffer::block_size));
      if (came.pending()) return false;
      if (came.failed()) {
        ready_.emplace(std::unexpect, std::move(came).error());
        return true;
      }
      ended_ = came.count() == 0;
    }
    if (in_.empty()) in_.reset();
  } catch (...) {
    thrown_ = std::current_exception();
  }
  return true;
}

/// Frames that are whatever has come, and bytes that go out as they are.
class bytes_codec {
 public:
  bytes_codec() noexcept = default;
  result<std::optional<bytes>> decode(buffer& in) noexcept {
    if (in.empty()) return std::nullopt;
    return in.split();
  }
  result<void> encode(std::string_view data, buffer& out) {
    out.append(data);
    return {};
  }
};

}  // namespace io
}  // namespace v0
}  // namespace weft
