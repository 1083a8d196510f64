// Which weft this is: macros for the preprocessor, a function for what was linked.
#pragma once

#include <weft/export.hpp>

#include <string_view>

#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 1
#define WEFT_VERSION_PATCH 0

namespace weft::inline v0 {

// The version of the library that the program was linked with, as "major.minor.patch". It differs
// from the macros when headers and library come from different installations.
WEFT_API auto version() noexcept -> std::string_view;

}  // namespace weft::inline v0
