#pragma once

#include <weft/export.hpp>

#include <array>
#include <atomic>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// Memory that travels through the stack without being copied.
//
//   buffer       grows and is written to by one owner: what a socket reads into
//   bytes        an immutable slice that shares its block: what is handed on
//   bytes_chain  a queue of slices: what a gathering write takes
//
//   weft::buffer in;
//   auto room = in.prepare(4096);
//   in.commit(read(fd, room.data(), room.size()));
//   weft::bytes line = in.split_to(in.view().find('\n') + 1);   // shares the block of `in`
//
// Sizes are in bytes. Functions that need memory throw std::bad_alloc when there is none; all
// others are noexcept. Positions past the end are clamped to it, as nothing sensible lies there.

namespace weft::inline v0 {

namespace detail {

/// What keeps the memory of a bytes alive. The last one to let go calls `destroy`.
struct bytes_owner {
  std::atomic<std::uint32_t> references{1};
  void (*destroy)(bytes_owner*) noexcept;

  explicit bytes_owner(void (*destroyer)(bytes_owner*) noexcept) noexcept : destroy(destroyer) {}

  void retain() noexcept { references.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    // A sole owner needs no read-modify-write. acquire, acq_rel: what others did with the memory
    // happened before it is destroyed or reused.
    if (references.load(std::memory_order_acquire) == 1 ||
        references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      destroy(this);
    }
  }
  [[nodiscard]] auto unique() const noexcept -> bool {
    return references.load(std::memory_order_acquire) == 1;
  }
};

/// A pooled block: the header, then `capacity` bytes.
struct alignas(16) bytes_block final : bytes_owner {
  std::size_t capacity;

  explicit bytes_block(std::size_t size, void (*destroyer)(bytes_owner*) noexcept) noexcept
      : bytes_owner(destroyer), capacity(size) {}
  [[nodiscard]] auto data() noexcept -> std::byte* {
    return reinterpret_cast<std::byte*>(this + 1);
  }
};

/// A block of at least `capacity` bytes with one reference.
[[nodiscard]] WEFT_API auto allocate_block(std::size_t capacity) -> bytes_block*;

template <class T>
struct bytes_owner_of final : bytes_owner {
  T value;

  explicit bytes_owner_of(T&& object)
      : bytes_owner([](bytes_owner* self) noexcept { delete static_cast<bytes_owner_of*>(self); }),
        value(std::move(object)) {}
};

}  // namespace detail

/// An immutable slice of shared memory: a pointer, a size, and a reference to what owns the memory.
///
/// Copying and slicing share the memory and copy nothing. The memory lives until the last slice of
/// it is gone; an empty slice holds none.
/// Thread-safety: as a shared_ptr. Slices of one block may live in different threads.
class bytes {
 public:
  bytes() noexcept = default;

  /// Refers to `text`, which must live as long as the program (a string literal).
  static auto from_static(std::string_view text) noexcept -> bytes {
    return {text.data(), text.size(), nullptr};
  }

  WEFT_API static auto copy(std::string_view text) -> bytes;
  static auto copy(std::span<const std::byte> data) -> bytes {
    return copy({reinterpret_cast<const char*>(data.data()), data.size()});
  }

  /// Takes over any object that can be read as contiguous chars or bytes: std::string,
  /// std::vector<char>, a mapped file. The object is moved in and destroyed with the last slice.
  template <class Owner>
    requires(!std::is_lvalue_reference_v<Owner> && !std::ranges::enable_borrowed_range<Owner>)
  static auto from(Owner&& owner) -> bytes {
    auto* held = new detail::bytes_owner_of<std::remove_cv_t<Owner>>(std::forward<Owner>(owner));
    return adopt(held, std::data(held->value), std::size(held->value));
  }

  bytes(const bytes& other) noexcept
      : data_(other.data_), size_(other.size_), owner_(other.owner_) {
    if (owner_ != nullptr) owner_->retain();
  }
  bytes(bytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        owner_(std::exchange(other.owner_, nullptr)) {}
  auto operator=(const bytes& other) noexcept -> bytes& {
    bytes(other).swap(*this);
    return *this;
  }
  auto operator=(bytes&& other) noexcept -> bytes& {
    bytes(std::move(other)).swap(*this);
    return *this;
  }
  ~bytes() {
    if (owner_ != nullptr) owner_->release();
  }
  void swap(bytes& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(owner_, other.owner_);
  }

  [[nodiscard]] auto data() const noexcept -> const char* { return data_; }
  [[nodiscard]] auto size() const noexcept -> std::size_t { return size_; }
  [[nodiscard]] auto empty() const noexcept -> bool { return size_ == 0; }
  [[nodiscard]] auto begin() const noexcept -> const char* { return data_; }
  [[nodiscard]] auto end() const noexcept -> const char* { return data_ + size_; }

  /// Valid as long as this slice or another one of the same memory.
  [[nodiscard]] auto view() const noexcept -> std::string_view { return {data_, size_}; }
  operator std::string_view() const noexcept { return view(); }  // NOLINT: what it is for
  [[nodiscard]] auto as_span() const noexcept -> std::span<const std::byte> {
    return {reinterpret_cast<const std::byte*>(data_), size_};
  }
  [[nodiscard]] auto to_string() const -> std::string { return std::string(view()); }

  /// The part from `position` on, at most `count` long; shares the memory.
  [[nodiscard]] auto slice(std::size_t position, std::size_t count = npos) const noexcept -> bytes {
    bytes part = *this;
    part.remove_prefix(position);
    part.truncate(count);
    return part;
  }

  /// A slice that shares this one's memory for `part`, which must be a view into it.
  [[nodiscard]] auto slice_of(std::string_view part) const noexcept -> bytes {
    return slice(static_cast<std::size_t>(part.data() - data_), part.size());
  }

  /// Cuts off the first `count` bytes and returns them.
  [[nodiscard]] auto split_to(std::size_t count) noexcept -> bytes {
    auto head = slice(0, count);
    remove_prefix(count);
    return head;
  }

  /// Cuts off what follows the first `count` bytes and returns it.
  [[nodiscard]] auto split_off(std::size_t count) noexcept -> bytes {
    auto tail = slice(count);
    truncate(count);
    return tail;
  }

  void remove_prefix(std::size_t count) noexcept {
    if (count >= size_) return clear();
    data_ += count;
    size_ -= count;
  }
  void remove_suffix(std::size_t count) noexcept { truncate(count >= size_ ? 0 : size_ - count); }
  void truncate(std::size_t count) noexcept {
    if (count == 0) return clear();
    if (count < size_) size_ = count;
  }
  void clear() noexcept { *this = bytes(); }

  friend auto operator==(const bytes& left, const bytes& right) noexcept -> bool {
    return left.view() == right.view();
  }
  friend auto operator<=>(const bytes& left, const bytes& right) noexcept -> std::strong_ordering {
    return left.view() <=> right.view();
  }
  template <class Text>
    requires(std::convertible_to<const Text&, std::string_view> && !std::same_as<Text, bytes>)
  friend auto operator==(const bytes& left, const Text& right) noexcept -> bool {
    return left.view() == std::string_view(right);
  }

 private:
  friend class buffer;
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  const char* data_ = nullptr;
  std::size_t size_ = 0;
  detail::bytes_owner* owner_ = nullptr;

  // Takes over one reference of `owner`.
  bytes(const char* data, std::size_t size, detail::bytes_owner* owner) noexcept
      : data_(data), size_(size), owner_(owner) {}

  template <class Char>
  static auto adopt(detail::bytes_owner* owner, const Char* data, std::size_t size) noexcept
      -> bytes {
    static_assert(sizeof(Char) == 1, "bytes::from: the owner's elements must be chars or bytes");
    bytes whole{reinterpret_cast<const char*>(data), size, owner};
    if (size == 0) whole.clear();
    return whole;
  }
};

/// Growable memory with one writer: readable bytes, then spare capacity.
///
/// What was split off is immutable and shares the block; the buffer goes on writing behind it, and
/// takes a new block when the old one has no room. Blocks come from a pool (a cache in each thread,
/// capped), so a buffer that is filled and split over and over allocates nothing in steady state.
/// Thread-safety: none; it may move between threads.
class buffer {
 public:
  /// The capacity of the block that a default prepare() takes: 16 KiB with its header.
  static constexpr std::size_t block_size = 16 * 1024 - sizeof(detail::bytes_block);
  /// The room that a default prepare() makes at least.
  static constexpr std::size_t default_room = 4096;

  buffer() noexcept = default;
  explicit buffer(std::size_t capacity) { reserve(capacity); }
  buffer(const buffer&) = delete;
  auto operator=(const buffer&) -> buffer& = delete;
  buffer(buffer&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)) {}
  auto operator=(buffer&& other) noexcept -> buffer& {
    buffer(std::move(other)).swap(*this);
    return *this;
  }
  ~buffer() { reset(); }
  void swap(buffer& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  [[nodiscard]] auto size() const noexcept -> std::size_t { return end_ - begin_; }
  [[nodiscard]] auto empty() const noexcept -> bool { return begin_ == end_; }
  /// What can still be written without a new block.
  [[nodiscard]] auto spare() const noexcept -> std::size_t {
    return block_ != nullptr ? block_->capacity - end_ : 0;
  }

  /// The readable bytes. Valid until the next call that is not const.
  [[nodiscard]] auto data() const noexcept -> const char* { return chars() + begin_; }
  [[nodiscard]] auto data() noexcept -> char* { return chars() + begin_; }
  [[nodiscard]] auto view() const noexcept -> std::string_view { return {data(), size()}; }
  [[nodiscard]] auto as_span() const noexcept -> std::span<const std::byte> {
    return {reinterpret_cast<const std::byte*>(data()), size()};
  }

  /// Room for at least `count` bytes behind the readable ones; all the room there is. Invalidates
  /// views. With nothing split off, an empty buffer reuses its block from the front.
  [[nodiscard]] auto prepare(std::size_t count = default_room) -> std::span<std::byte> {
    reserve(count);
    return {reinterpret_cast<std::byte*>(chars() + end_), spare()};
  }
  /// Makes the first `count` bytes of the prepared room readable.
  void commit(std::size_t count) noexcept { end_ += count < spare() ? count : spare(); }
  /// Makes room for `count` more bytes, so that the next prepare or append of them cannot throw.
  void reserve(std::size_t count) {
    if (spare() < count || (begin_ == end_ && begin_ != 0)) make_room(count);
  }

  WEFT_API void append(std::string_view text);
  void append(char c) {
    reserve(1);
    chars()[end_++] = c;
  }

  /// Drops the first `count` readable bytes.
  void consume(std::size_t count) noexcept { begin_ += count < size() ? count : size(); }
  /// Keeps the first `count` readable bytes.
  void truncate(std::size_t count) noexcept {
    if (count < size()) end_ = begin_ + count;
  }
  /// Drops the readable bytes; keeps the block.
  void clear() noexcept { begin_ = end_; }
  /// Drops all, and gives the block back to the pool.
  WEFT_API void reset() noexcept;

  /// Splits off the first `count` readable bytes without a copy; they share the block.
  [[nodiscard]] WEFT_API auto split_to(std::size_t count) noexcept -> bytes;
  /// Splits off all readable bytes without a copy.
  [[nodiscard]] auto split() noexcept -> bytes { return split_to(size()); }
  /// All readable bytes without a copy; the buffer is empty then and holds no block.
  [[nodiscard]] WEFT_API auto freeze() noexcept -> bytes;
  /// A slice of the readable bytes without a copy; they stay readable here too.
  [[nodiscard]] WEFT_API auto share(std::size_t position, std::size_t count) const noexcept
      -> bytes;

 private:
  detail::bytes_block* block_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  [[nodiscard]] auto chars() const noexcept -> char* {
    return block_ != nullptr ? reinterpret_cast<char*>(block_->data()) : nullptr;
  }
  WEFT_API void make_room(std::size_t count);
};

/// A piece of a gathering write; laid out like the system's iovec.
struct io_slice {
  const void* data;
  std::size_t size;
};

/// A queue of slices, for gathering writes: pushed at the back, consumed at the front.
/// The first four pieces are stored in the object; more of them allocate.
/// Thread-safety: none.
class bytes_chain {
 public:
  bytes_chain() noexcept = default;
  bytes_chain(const bytes_chain&) = delete;
  auto operator=(const bytes_chain&) -> bytes_chain& = delete;
  WEFT_API bytes_chain(bytes_chain&& other) noexcept;
  WEFT_API auto operator=(bytes_chain&& other) noexcept -> bytes_chain&;
  ~bytes_chain() = default;

  /// The bytes in all pieces.
  [[nodiscard]] auto size() const noexcept -> std::size_t { return bytes_; }
  [[nodiscard]] auto empty() const noexcept -> bool { return bytes_ == 0; }
  [[nodiscard]] auto pieces() const noexcept -> std::size_t { return count_; }
  [[nodiscard]] auto piece(std::size_t index) const noexcept -> const bytes& {
    return slots()[(first_ + index) & (capacity_ - 1)];
  }

  /// Empty pieces are dropped, so that every piece has something to write.
  WEFT_API void push_back(bytes piece);
  /// Moves all pieces of `other` behind this one's.
  WEFT_API void append(bytes_chain&& other);
  /// Takes the first piece; empty when there is none.
  [[nodiscard]] WEFT_API auto pop_front() noexcept -> bytes;

  /// Describes the first pieces, at most as many as `out` holds; returns how many. Valid until the
  /// chain is changed.
  WEFT_API auto fill(std::span<io_slice> out) const noexcept -> std::size_t;
  /// Drops the first `count` bytes, across pieces: what a write has taken.
  WEFT_API void consume(std::size_t count) noexcept;
  WEFT_API void clear() noexcept;

  /// All bytes in one string; copies.
  [[nodiscard]] WEFT_API auto to_string() const -> std::string;

 private:
  static constexpr std::size_t inline_capacity = 4;  // a power of two, as every capacity

  std::array<bytes, inline_capacity> inline_;
  std::unique_ptr<bytes[]> heap_;  // takes the place of inline_ when that is full
  std::size_t capacity_ = inline_capacity;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;

  [[nodiscard]] auto slots() const noexcept -> const bytes* {
    return heap_ ? heap_.get() : inline_.data();
  }
  [[nodiscard]] auto slots() noexcept -> bytes* { return heap_ ? heap_.get() : inline_.data(); }
  void grow();
};

/// Gives the calling thread's cached blocks back to the system; the runtime calls it when a worker
/// has been idle for a while.
WEFT_API void trim_block_cache() noexcept;

}  // namespace weft::inline v0
