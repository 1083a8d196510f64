// Reading in pieces that have a meaning: so many bytes, a line, a number.
//
//   weft::io::buffered_reader in(connection);
//   auto length = co_await or_return(in.read_be<std::uint32_t>());
//   auto body = co_await or_return(in.read_exact(length));       // weft::bytes, no copy
//   auto line = co_await or_return(in.read_line());
//
// What was read and not yet delivered stays in the reader: an operation that is cancelled loses
// nothing.
#pragma once

#include <weft/detail/held_transport.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstring>
#include <optional>

namespace weft {
inline namespace v0 {

namespace io {

class buffered_reader;

/// How long a line or another delimited piece may be unless it is said otherwise: 64 KiB.
inline constexpr std::size_t default_piece_limit = 64 * 1024;

}  // namespace io

namespace detail {

// `Step::find(reader)` is how many buffered bytes it takes, or nothing as long as it needs more;
// `Step::end(reader)` the same at the end of the stream; `Step::take(bytes)` the value.
template <class Step>
class reader_awaiter : public leaf_awaiter<reader_awaiter<Step>> {
 public:
  reader_awaiter(io::buffered_reader& reader, Step&& step) noexcept
      : reader_(reader), step_(std::move(step)) {}
  static constexpr const char* name = Step::name;
  bool poll() noexcept;
  typename Step::value take();

 private:
  io::buffered_reader& reader_;
  Step step_;
  io::io_state state_{io_direction::read};
  std::size_t found_ = 0;
  std::optional<error> failure_;
  bool paid_ = false;
};

template <class Step>
class [[nodiscard]] reader_operation {
 public:
  reader_operation(io::buffered_reader& reader, Step&& step) noexcept
      : reader_(&reader), step_(std::move(step)) {}
  auto operator co_await() && noexcept { return reader_awaiter<Step>(*reader_, std::move(step_)); }

 private:
  io::buffered_reader* reader_;
  Step step_;
};

struct reader_access;

}  // namespace detail

namespace io {

/// Reads from a transport through a buffer.
///
/// Ownership: owns a transport that is given up (`std::move` it), and refers to one that has a
/// name, which must then outlive it; nobody else reads from it meanwhile. Pinned while an operation
/// is in progress, of which there is one at a time. What is delivered shares the reader's memory:
/// nothing is copied. Bounds: the buffer holds what the operation needs (its limit), and at most
/// one block (16 KiB) more; an empty one holds no memory. Cancel-safety of all operations: safe;
/// what was read stays in the buffer. Errors: of the transport, and `errc::out_of_memory`; what is
/// buffered stays.
class buffered_reader {
 public:
  explicit buffered_reader(transport& from) noexcept : from_(from) {}
  explicit buffered_reader(transport&& from) noexcept : from_(std::move(from)) {}
  buffered_reader(buffered_reader&&) noexcept = default;
  buffered_reader& operator=(buffered_reader&&) = delete;

  /// What is buffered, or else what there is to read; empty bytes at the end of the stream.
  auto receive();
  /// Reads until at least `count` bytes are buffered, which `buffered()` then shows. Yields how
  /// many are: fewer only at the end of the stream.
  auto fill(std::size_t count = 1);
  /// Copies what is buffered, or else what there is to read, into `into`. Yields how many bytes: 0
  /// is the end of the stream.
  auto read(std::span<std::byte> into);
  /// `count` bytes. Errors: `errc::end_of_stream` when it ends before. `count` is the bound: check
  /// one that a peer has sent.
  auto read_exact(std::size_t count);
  /// Fills `into`. Errors: as above; then nothing was taken.
  auto read_exact(std::span<std::byte> into);
  /// Up to the first `delimiter` and with it; at the end of the stream what is left, which may be
  /// nothing. Errors: `errc::limit_exceeded` when there is none within `limit` bytes.
  auto read_until(char delimiter, std::size_t limit = default_piece_limit);
  /// A line without its end, "\n" or "\r\n"; the last one may lack it. No value at the end of the
  /// stream. Errors: `errc::limit_exceeded` when a line with its end is longer than `limit` bytes.
  auto read_line(std::size_t limit = default_piece_limit);
  /// All that comes until the end of the stream. Errors: `errc::limit_exceeded` when that is more
  /// than `limit` bytes.
  auto read_to_end(std::size_t limit);
  /// An integer, its most significant byte first. Errors: `errc::end_of_stream`.
  template <std::integral Integer>
  auto read_be();
  /// An integer, its least significant byte first. Errors: `errc::end_of_stream`.
  template <std::integral Integer>
  auto read_le();

  /// What was read and not delivered yet. Valid until the next operation.
  std::string_view buffered() const noexcept { return in_.view(); }
  /// Drops the first `count` buffered bytes.
  void consume(std::size_t count) noexcept {
    in_.consume(count);
    scanned_ = 0;
  }
  /// The transport that was given up, and what is buffered, which comes before what it reads.
  std::pair<transport, bytes> release() && noexcept { return {from_.release(), in_.freeze()}; }

 private:
  friend struct detail::reader_access;
  template <class Step>
  auto operation(Step step) noexcept {
    return detail::reader_operation<Step>(*this, std::move(step));
  }

  detail::held_transport from_;
  buffer in_;
  std::size_t scanned_ = 0;  // how much of it is known to have no `scanned_for_`
  char scanned_for_ = 0;
  bool ended_ = false;
};

}  // namespace io

namespace detail {

// Steps and awaiters see the inside of a reader through this.
struct reader_access {
  static buffer& in(io::buffered_reader& reader) noexcept { return reader.in_; }
  static bool& ended(io::buffered_reader& reader) noexcept { return reader.ended_; }
  static io::byte_stream& stream(io::buffered_reader& reader) noexcept {
    return reader.from_.stream();
  }
  // One past the first `delimiter`, or nothing; looks at no byte twice.
  WEFT_API static std::optional<std::size_t> find(io::buffered_reader& reader,
                                                  char delimiter) noexcept;
  static bytes take(io::buffered_reader& reader, std::size_t count) noexcept {
    reader.scanned_ = 0;
    auto taken = reader.in_.split_to(count);
    if (reader.in_.empty()) reader.in_.reset();
    return taken;
  }
};

struct fill_step {
  using value = result<std::size_t>;
  static constexpr const char* name = "fill";
  std::size_t count;
  explicit fill_step(std::size_t least) noexcept : count(least) {}
  std::size_t wants(std::size_t) const noexcept { return buffer::block_size; }
  result<std::optional<std::size_t>> find(io::buffered_reader& reader) const noexcept {
    if (reader_access::in(reader).size() < count) return std::nullopt;
    return 0;
  }
  result<std::size_t> end(io::buffered_reader&) const noexcept { return 0; }
  value take(io::buffered_reader& reader, std::size_t) const noexcept {
    return reader_access::in(reader).size();
  }
};

struct read_some_step {
  using value = result<bytes>;
  static constexpr const char* name = "receive";
  read_some_step() noexcept {}
  std::size_t wants(std::size_t) const noexcept { return buffer::block_size; }
  result<std::optional<std::size_t>> find(io::buffered_reader& reader) const noexcept {
    auto size = reader_access::in(reader).size();
    if (size == 0) return std::nullopt;
    return size;
  }
  result<std::size_t> end(io::buffered_reader&) const noexcept { return 0; }
  value take(io::buffered_reader& reader, std::size_t count) const noexcept {
    return reader_access::take(reader, count);
  }
};

struct read_into_step {
  using value = result<std::size_t>;
  static constexpr const char* name = "read";
  std::span<std::byte> into;
  explicit read_into_step(std::span<std::byte> target) noexcept : into(target) {}
  std::size_t wants(std::size_t) const noexcept { return buffer::block_size; }
  result<std::optional<std::size_t>> find(io::buffered_reader& reader) const noexcept {
    auto size = reader_access::in(reader).size();
    if (size == 0 && !into.empty()) return std::nullopt;
    return std::min(size, into.size());
  }
  result<std::size_t> end(io::buffered_reader&) const noexcept { return 0; }
  value take(io::buffered_reader& reader, std::size_t count) const noexcept {
    auto taken = reader_access::take(reader, count);
    if (count > 0) std::memcpy(into.data(), taken.data(), count);
    return count;
  }
};

struct read_exact_step {
  using value = result<bytes>;
  static constexpr const char* name = "read_exact";
  std::size_t count;
  explicit read_exact_step(std::size_t exactly) noexcept : count(exactly) {}
  std::size_t wants(std::size_t have) const noexcept {
    return std::max(count - have, buffer::block_size);
  }
  result<std::optional<std::size_t>> find(io::buffered_reader& reader) const noexcept {
    if (reader_access::in(reader).size() < count) return std::nullopt;
    return count;
  }
  result<std::size_t> end(io::buffered_reader&) const noexcept { return fail(errc::end_of_stream); }
  value take(io::buffered_reader& reader, std::size_t) const noexcept {
    return reader_access::take(reader, count);
  }
};

struct read_exact_into_step : read_exact_step {
  using value = result<void>;
  std::span<std::byte> into;
  explicit read_exact_into_step(std::span<std::byte> target) noexcept
      : read_exact_step(target.size()), into(target) {}
  value take(io::buffered_reader& reader, std::size_t) const noexcept {
    auto taken = reader_access::take(reader, count);
    if (count > 0) std::memcpy(into.data(), taken.data(), count);
    return {};
  }
};

struct read_until_step {
  using value = result<bytes>;
  static constexpr const char* name = "read_until";
  char delimiter;
  std::size_t limit;
  read_until_step(char until, std::size_t most) noexcept : delimiter(until), limit(most) {}
  std::size_t wants(std::size_t) const noexcept { return buffer::block_size; }
  result<std::optional<std::size_t>> find(io::buffered_reader& reader) const noexcept {
    auto found = reader_access::find(reader, delimiter);
    if (found ? *found > limit : reader_access::in(reader).size() >= limit)
      return fail(errc::limit_exceeded);
    return found;
  }
  result<std::size_t> end(io::buffered_reader& reader) const noexcept {
    return reader_access::in(reader).size();
  }
  value take(io::buffered_reader& reader, std::size_t count) const noexcept {
    return reader_access::take(reader, count);
  }
};

struct read_line_step : read_until_step {
  using value = result<std::optional<bytes>>;
  static constexpr const char* name = "read_line";
  explicit read_line_step(std::size_t most) noexcept : read_until_step('\n', most) {}
  value take(io::buffered_reader& reader, std::size_t count) const noexcept {
    if (count == 0) return std::nullopt;
    auto line = reader_access::take(reader, count);
    if (line.view().ends_with('\n')) {
      line.remove_suffix(1);
      if (line.view().ends_with('\r')) line.remove_suffix(1);
    }
    return line;
  }
};

struct read_to_end_step {
  using value = result<bytes>;
  static constexpr const char* name = "read_to_end";
  std::size_t limit;
  explicit read_to_end_step(std::size_t most) noexcept : limit(most) {}
  std::size_t wants(std::size_t have) const noexcept {
    return std::min(limit - have, std::max(have, buffer::block_size)) + 1;
  }
  result<std::optional<std::size_t>> find(io::buffered_reader& reader) const noexcept {
    if (reader_access::in(reader).size() > limit) return fail(errc::limit_exceeded);
    return std::nullopt;
  }
  result<std::size_t> end(io::buffered_reader& reader) const noexcept {
    return reader_access::in(reader).size();
  }
  value take(io::buffered_reader& reader, std::size_t count) const noexcept {
    return reader_access::take(reader, count);
  }
};

template <class Integer, std::endian Order>
struct read_integer_step : read_exact_step {
  using value = result<Integer>;
  static constexpr const char* name = "read an integer";
  read_integer_step() noexcept : read_exact_step(sizeof(Integer)) {}
  value take(io::buffered_reader& reader, std::size_t) const noexcept {
    Integer read;
    std::memcpy(&read, reader_access::in(reader).data(), sizeof read);
    (void)reader_access::take(reader, sizeof read);
    if constexpr (Order != std::endian::native) return std::byteswap(read);
    return read;
  }
};

template <class Step>
bool reader_awaiter<Step>::poll() noexcept {
  if (!paid_ && !consume_budget()) return false;
  paid_ = true;
  auto& in = reader_access::in(reader_);
  while (true) {
    auto found = step_.find(reader_);
    if (!found) {
      failure_.emplace(std::move(found).error());
      return true;
    }
    if (*found) {
      found_ = **found;
      return true;
    }
    if (reader_access::ended(reader_)) break;
    auto came =
        reader_access::stream(reader_).poll_receive_into(state_, in, step_.wants(in.size()));
    if (came.pending()) return false;
    if (came.failed()) {
      failure_.emplace(std::move(came).error());
      return true;
    }
    reader_access::ended(reader_) = came.count() == 0;
  }
  auto left = step_.end(reader_);
  if (left) {
    found_ = *left;
  } else {
    failure_.emplace(std::move(left).error());
  }
  return true;
}

template <class Step>
typename Step::value reader_awaiter<Step>::take() {
  if (failure_) return fail(std::move(*failure_));
  return step_.take(reader_, found_);
}

}  // namespace detail

namespace io {

inline auto buffered_reader::receive() {
  return operation(detail::read_some_step());
}
inline auto buffered_reader::fill(std::size_t count) {
  return operation(detail::fill_step(count));
}
inline auto buffered_reader::read(std::span<std::byte> into) {
  return operation(detail::read_into_step(into));
}
inline auto buffered_reader::read_exact(std::size_t count) {
  return operation(detail::read_exact_step(count));
}
inline auto buffered_reader::read_exact(std::span<std::byte> into) {
  return operation(detail::read_exact_into_step(into));
}
inline auto buffered_reader::read_until(char delimiter, std::size_t limit) {
  return operation(detail::read_until_step(delimiter, limit));
}
inline auto buffered_reader::read_line(std::size_t limit) {
  return operation(detail::read_line_step(limit));
}
inline auto buffered_reader::read_to_end(std::size_t limit) {
  return operation(detail::read_to_end_step(limit));
}
template <std::integral Integer>
auto buffered_reader::read_be() {
  return operation(detail::read_integer_step<Integer, std::endian::big>());
}
template <std::integral Integer>
auto buffered_reader::read_le() {
  return operation(detail::read_integer_step<Integer, std::endian::little>());
}

}  // namespace io

}  // namespace v0
}  // namespace weft
