#pragma once

#include <weft/http/header.hpp>

#include <string_view>

namespace weft::inline v0::http::detail {

/// "Content-Type": the name as it is written in HTTP/1.
auto wire_name(header name) noexcept -> std::string_view;

}  // namespace weft::inline v0::http::detail
