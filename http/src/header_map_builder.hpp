#pragma once

#include <weft/http/header_map.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::inline v0::http::detail {

/// How parsers fill a header_map, without a copy and without a second validation.
struct header_map_builder {
  /// Empties `map` and makes room for `fields` fields that lie in `head`, which is at most 4 GiB.
  /// May throw std::bad_alloc; add() then never does.
  static void start(header_map& map, bytes head, std::size_t fields);

  /// Adds a field. Both views lie in the head; the name is a token of at most 65,535 bytes, and the
  /// value is fit to be sent. A field beyond those that there is room for is refused.
  static auto add(header_map& map, std::string_view name, std::string_view value) noexcept -> bool;

  /// What a serialiser writes for a field's name: known names that users inserted are spelled as
  /// HTTP/1 does, all others as they are.
  static auto wire_name(const header_map& map, std::size_t index) noexcept -> std::string_view;
};

}  // namespace weft::inline v0::http::detail
