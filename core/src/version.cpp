#include <weft/version.hpp>

#define WEFT_STRING_OF(x) #x
#define WEFT_STRING(x) WEFT_STRING_OF(x)

namespace weft::inline v0 {

auto version() noexcept -> std::string_view {
  return WEFT_STRING(WEFT_VERSION_MAJOR) "." WEFT_STRING(WEFT_VERSION_MINOR) "." WEFT_STRING(
      WEFT_VERSION_PATCH);
}

}  // namespace weft::inline v0
