#include <weft/http/header_map.hpp>

#include <algorithm>
#include <cstring>
#include <new>

#include "header_map_builder.hpp"
#include "header_names.hpp"
#include "text.hpp"

namespace weft::inline v0::http {

namespace {

constexpr std::size_t max_name_size = 0xffff;
constexpr std::size_t max_store_size = std::size_t{1} << 30;

auto check_field(header_name name, std::string_view value) -> weft::result<void> {
  if (name.known() == header::other && !detail::is_token(name.text())) {
    return fail(errc::invalid_argument, "a header's name is no token");
  }
  if (!detail::all_of_class(value, detail::char_class::value)) {
    return fail(errc::invalid_argument, "a header's value holds a control character");
  }
  if (name.text().size() > max_name_size || value.size() > max_store_size / 4) {
    return fail(errc::limit_exceeded, "a header is too long");
  }
  return {};
}

constexpr auto places_of(auto name, auto value) noexcept -> std::uint8_t {
  return static_cast<std::uint8_t>(static_cast<unsigned>(name) | static_cast<unsigned>(value) << 4);
}

}  // namespace

// ---- reading

auto header_map::find(header_name name, std::size_t from) const noexcept -> std::size_t {
  const auto* fields = slots();
  for (auto i = from; i < count_; ++i) {
    if (fields[i].known != name.known()) continue;
    if (name.known() != header::other) return i;
    if (detail::same_ignoring_case(name_of(fields[i]), name.text())) return i;
  }
  return count_;
}

auto header_map::get(header_name name) const noexcept -> std::optional<std::string_view> {
  const auto index = find(name, 0);
  if (index == count_) return std::nullopt;
  return value_of(slots()[index]);
}

// ---- the side store

header_map::header_map(const header_map& other) : head_(other.head_) {
  if (other.count_ == 0) return;
  store_.reset(weft::detail::allocate_block(other.store_->capacity));
  // Blocks of one size class are equally long; texts keep their distance from the end anyway.
  std::memcpy(store_->data(), other.store_->data(), other.count_ * sizeof(slot));
  std::memcpy(store_->data() + store_->capacity - other.text_,
              other.store_->data() + other.store_->capacity - other.text_, other.text_);
  count_ = other.count_;
  text_ = other.text_;
}

auto header_map::operator=(const header_map& other) -> header_map& {
  header_map(other).swap(*this);
  return *this;
}

// Makes room; returns the block that was replaced, which the caller keeps until it has copied what
// it wants to add, since that may be a view into this map. Texts that no field refers to any more
// are left behind.
auto header_map::room_for(std::size_t fields, std::size_t text) -> block_ptr {
  const auto wanted = (count_ + fields) * sizeof(slot) + text_ + text;
  if (store_ && wanted <= store_->capacity) return nullptr;
  if (wanted > max_store_size) throw std::bad_alloc();

  std::size_t live = 0;
  const auto* old = slots();
  for (std::size_t i = 0; i < count_; ++i)
    live += old[i].name_size + std::size_t{old[i].value_size};
  const auto needed = (count_ + fields) * sizeof(slot) + live + text;
  block_ptr larger(weft::detail::allocate_block(needed + needed / 2));

  auto* moved = reinterpret_cast<slot*>(larger->data());
  auto* end = larger->data() + larger->capacity;
  std::uint32_t used = 0;
  const auto relocate = [&](std::string_view from) {
    used += static_cast<std::uint32_t>(from.size());
    if (!from.empty()) std::memcpy(end - used, from.data(), from.size());
    return used;
  };
  for (std::size_t i = 0; i < count_; ++i) {
    moved[i] = old[i];
    if (static_cast<place>(old[i].places & 15) == place::store) {
      moved[i].name = relocate(name_of(old[i]));
    }
    if (static_cast<place>(old[i].places >> 4) == place::store) {
      moved[i].value = relocate(value_of(old[i]));
    }
  }
  text_ = used;
  store_.swap(larger);
  return larger;
}

auto header_map::store_text(std::string_view text) noexcept -> std::uint32_t {
  text_ += static_cast<std::uint32_t>(text.size());
  if (!text.empty()) {
    std::memcpy(store_->data() + store_->capacity - text_, text.data(), text.size());
  }
  return text_;
}

void header_map::add(header_name name, std::string_view value) {
  const auto is_known = name.known() != header::other;
  const auto own_name = is_known ? std::string_view() : name.text();
  const auto replaced = room_for(1, own_name.size() + value.size());
  slot added{};
  added.known = name.known();
  added.name_size = static_cast<std::uint16_t>(own_name.size());
  added.name = store_text(own_name);
  added.value_size = static_cast<std::uint32_t>(value.size());
  added.value = store_text(value);
  added.places = places_of(is_known ? place::known : place::store, place::store);
  slots()[count_++] = added;
}

void header_map::replace(std::size_t index, std::string_view value) {
  const auto replaced = room_for(0, value.size());
  const auto position = store_text(value);
  auto& changed = slots()[index];
  changed.value = position;
  changed.value_size = static_cast<std::uint32_t>(value.size());
  changed.places = places_of(static_cast<place>(changed.places & 15), place::store);
}

void header_map::erase_after(std::size_t index, header_name name) noexcept {
  auto* fields = slots();
  auto kept = static_cast<std::uint32_t>(index);
  for (auto i = index; i < count_; ++i) {
    const bool doomed = fields[i].known == name.known() &&
                        (name.known() != header::other ||
                         detail::same_ignoring_case(name_of(fields[i]), name.text()));
    if (!doomed) fields[kept++] = fields[i];
  }
  count_ = kept;
}

// ---- changing

auto header_map::append(header_name name, std::string_view value) -> weft::result<void> {
  value = detail::trimmed(value);
  if (auto checked = check_field(name, value); !checked) return checked;
  add(name, value);
  return {};
}

auto header_map::insert(header_name name, std::string_view value) -> weft::result<void> {
  value = detail::trimmed(value);
  if (auto checked = check_field(name, value); !checked) return checked;
  const auto index = find(name, 0);
  if (index == count_) {
    add(name, value);
  } else {
    erase_after(index + 1, name);  // while `name` may still be a view into this map
    replace(index, value);
  }
  return {};
}

auto header_map::remove(header_name name) noexcept -> std::size_t {
  const auto index = find(name, 0);
  const auto before = count_;
  if (index < count_) erase_after(index, name);
  return before - count_;
}

// ---- for parsers and serialisers

void detail::header_map_builder::start(header_map& map, bytes head, std::size_t fields) {
  map.clear();
  static_cast<void>(map.room_for(fields, 0));
  map.head_ = std::move(head);
}

auto detail::header_map_builder::add(header_map& map, std::string_view name,
                                     std::string_view value) noexcept -> bool {
  if ((map.count_ + std::size_t{1}) * sizeof(header_map::slot) > map.store_->capacity) return false;
  header_map::slot added{};
  added.known = find_header(name);
  added.name = static_cast<std::uint32_t>(name.data() - map.head_.data());
  added.name_size = static_cast<std::uint16_t>(name.size());
  added.value = static_cast<std::uint32_t>(value.data() - map.head_.data());
  added.value_size = static_cast<std::uint32_t>(value.size());
  added.places = places_of(header_map::place::head, header_map::place::head);
  map.slots()[map.count_++] = added;
  return true;
}

auto detail::header_map_builder::wire_name(const header_map& map, std::size_t index) noexcept
    -> std::string_view {
  const auto& field = map.slots()[index];
  return static_cast<header_map::place>(field.places & 15) == header_map::place::known
             ? detail::wire_name(field.known)
             : map.name_of(field);
}

}  // namespace weft::inline v0::http
