#pragma once

#include <weft/bytes.hpp>
#include <weft/export.hpp>
#include <weft/http/header.hpp>
#include <weft/result.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

// The fields of a message (RFC 9110, section 5): names are compared without regard to case, a name
// may occur more than once, and the order of insertion is kept.
//
//   headers.insert(http::header::content_type, "text/plain");
//   if (auto id = headers.get("x-request-id")) log(*id);
//   for (auto field : headers) log(field.name, field.value);
//
// A field takes 16 bytes: positions of its name and its value. Those of a parsed message lie in the
// block that was read from the network, of which the map holds one reference, so parsing copies
// nothing. What is inserted later goes to a side store of the map's own. Both come from the pool of
// blocks, so that maps allocate nothing in steady state.

namespace weft::inline v0::http {

namespace detail {
struct header_map_builder;

struct release_block {
  void operator()(weft::detail::bytes_block* block) const noexcept { block->release(); }
};
}  // namespace detail

/// A multi-map from field names to values.
///
/// What is in it is always fit to be sent: a name is a token, a value holds no CR, LF, NUL or other
/// control character but HTAB. So no text of a user can split a message.
/// Views into the map are valid until it is changed, moved from or destroyed. Functions that insert
/// may throw std::bad_alloc.
/// Thread-safety: none.
class header_map {
 public:
  /// A field as it is iterated over: views into the map. `name` is spelled as it was received, or
  /// as it was inserted; a known name that was inserted is in lower case.
  struct field {
    header known;
    std::string_view name;
    std::string_view value;
  };
  class iterator;
  class value_range;

  header_map() noexcept = default;
  WEFT_API header_map(const header_map& other);
  WEFT_API auto operator=(const header_map& other) -> header_map&;
  header_map(header_map&& other) noexcept
      : head_(std::move(other.head_)),
        store_(std::move(other.store_)),
        count_(std::exchange(other.count_, 0)),
        text_(std::exchange(other.text_, 0)) {}
  auto operator=(header_map&& other) noexcept -> header_map& {
    header_map(std::move(other)).swap(*this);
    return *this;
  }
  ~header_map() = default;
  void swap(header_map& other) noexcept {
    head_.swap(other.head_);
    store_.swap(other.store_);
    std::swap(count_, other.count_);
    std::swap(text_, other.text_);
  }

  /// The number of fields; a name that occurs twice counts twice.
  [[nodiscard]] auto size() const noexcept -> std::size_t { return count_; }
  [[nodiscard]] auto empty() const noexcept -> bool { return count_ == 0; }
  /// The field at this position, which is below size().
  [[nodiscard]] auto at(std::size_t index) const noexcept -> field {
    const auto& found = slots()[index];
    return {found.known, name_of(found), value_of(found)};
  }
  [[nodiscard]] auto begin() const noexcept -> iterator;
  [[nodiscard]] auto end() const noexcept -> iterator;

  [[nodiscard]] auto contains(header_name name) const noexcept -> bool {
    return find(name, 0) < count_;
  }
  /// The first value of this name.
  [[nodiscard]] WEFT_API auto get(header_name name) const noexcept
      -> std::optional<std::string_view>;
  /// All values of this name, in order. `name` must outlive the range.
  [[nodiscard]] auto get_all(header_name name) const noexcept -> value_range;

  /// Sets the only value of this name: the first one is replaced, others are removed.
  /// White space around the value is dropped. Errors: invalid_argument when the name is no token or
  /// the value holds a control character; limit_exceeded when either is absurdly long. Nothing has
  /// changed then.
  WEFT_API auto insert(header_name name, std::string_view value) -> weft::result<void>;
  /// Adds one more value of this name. Errors: as insert.
  WEFT_API auto append(header_name name, std::string_view value) -> weft::result<void>;
  /// Removes all values of this name; returns how many there were.
  WEFT_API auto remove(header_name name) noexcept -> std::size_t;

  /// Removes all fields and lets go of the message's block; keeps the side store for reuse.
  void clear() noexcept {
    head_.clear();
    count_ = 0;
    text_ = 0;
  }

 private:
  friend struct detail::header_map_builder;

  enum class place : std::uint8_t { head, store, known };

  // Positions in the head count from its start. Positions in the store count from its end, where
  // text grows downwards while fields grow upwards from its start.
  struct slot {
    std::uint32_t name;
    std::uint32_t value;
    std::uint32_t value_size;
    std::uint16_t name_size;
    header known;
    std::uint8_t places;  // of the name, and of the value shifted by four
  };
  using block_ptr = std::unique_ptr<weft::detail::bytes_block, detail::release_block>;

  bytes head_;
  block_ptr store_;
  std::uint32_t count_ = 0;
  std::uint32_t text_ = 0;  // bytes of text in the store, dead ones included

  [[nodiscard]] auto slots() const noexcept -> slot* {
    return store_ ? reinterpret_cast<slot*>(store_->data()) : nullptr;
  }
  [[nodiscard]] auto text_at(place where, std::uint32_t position, std::size_t size) const noexcept
      -> std::string_view {
    if (where == place::head) return {head_.data() + position, size};
    const auto* end = reinterpret_cast<const char*>(store_->data()) + store_->capacity;
    return {end - position, size};
  }
  [[nodiscard]] auto name_of(const slot& of) const noexcept -> std::string_view {
    const auto where = static_cast<place>(of.places & 15);
    return where == place::known ? to_text(of.known) : text_at(where, of.name, of.name_size);
  }
  [[nodiscard]] auto value_of(const slot& of) const noexcept -> std::string_view {
    return text_at(static_cast<place>(of.places >> 4), of.value, of.value_size);
  }
  [[nodiscard]] WEFT_API auto find(header_name name, std::size_t from) const noexcept
      -> std::size_t;
  auto room_for(std::size_t fields, std::size_t text) -> block_ptr;
  auto store_text(std::string_view text) noexcept -> std::uint32_t;
  void add(header_name name, std::string_view value);
  void replace(std::size_t index, std::string_view value);
  void erase_after(std::size_t index, header_name name) noexcept;
};

class header_map::iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using iterator_concept = std::forward_iterator_tag;
  using value_type = field;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = field;

  iterator() noexcept = default;
  iterator(const header_map* map, std::size_t index) noexcept : map_(map), index_(index) {}

  auto operator*() const noexcept -> field { return map_->at(index_); }
  auto operator++() noexcept -> iterator& {
    ++index_;
    return *this;
  }
  auto operator++(int) noexcept -> iterator {
    auto before = *this;
    ++index_;
    return before;
  }
  friend auto operator==(const iterator&, const iterator&) noexcept -> bool = default;

 private:
  const header_map* map_ = nullptr;
  std::size_t index_ = 0;
};

/// The values of one name. Valid as long as views into the map are.
class header_map::value_range {
 public:
  class iterator;

  value_range(const header_map* map, header_name name) noexcept : map_(map), name_(name) {}
  [[nodiscard]] auto begin() const noexcept -> iterator;
  [[nodiscard]] auto end() const noexcept -> iterator;
  [[nodiscard]] auto empty() const noexcept -> bool { return !map_->contains(name_); }

 private:
  const header_map* map_;
  header_name name_;
};

class header_map::value_range::iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using iterator_concept = std::forward_iterator_tag;
  using value_type = std::string_view;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = std::string_view;

  iterator() noexcept : name_(header::other) {}
  iterator(const header_map* map, header_name name, std::size_t index) noexcept
      : map_(map), name_(name), index_(index) {}

  auto operator*() const noexcept -> std::string_view { return map_->at(index_).value; }
  auto operator++() noexcept -> iterator& {
    index_ = map_->find(name_, index_ + 1);
    return *this;
  }
  auto operator++(int) noexcept -> iterator {
    auto before = *this;
    ++*this;
    return before;
  }
  friend auto operator==(const iterator& left, const iterator& right) noexcept -> bool {
    return left.index_ == right.index_;
  }

 private:
  const header_map* map_ = nullptr;
  header_name name_;
  std::size_t index_ = 0;
};

inline auto header_map::begin() const noexcept -> iterator {
  return {this, 0};
}
inline auto header_map::end() const noexcept -> iterator {
  return {this, count_};
}
inline auto header_map::get_all(header_name name) const noexcept -> value_range {
  return {this, name};
}
inline auto header_map::value_range::begin() const noexcept -> iterator {
  return {map_, name_, map_->find(name_, 0)};
}
inline auto header_map::value_range::end() const noexcept -> iterator {
  return {map_, name_, map_->count_};
}

}  // namespace weft::inline v0::http
