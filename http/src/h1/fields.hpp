#pragma once

#include <weft/http/header_map.hpp>

#include <cstddef>
#include <string_view>

#include "h1/rejection.hpp"

namespace weft::inline v0::http::h1 {

/// Parses field lines with llhttp into `into`, which then refers to `section`.
///
/// `section` is what the guard has found complete: it ends with the empty line. Its fields begin at
/// `offset`, and there are `count` of them. Returns rejection::none, or why the fields are refused.
/// May throw std::bad_alloc.
auto parse_fields(bytes section, std::size_t offset, std::size_t count, header_map& into)
    -> rejection;

}  // namespace weft::inline v0::http::h1
