#include <weft/http/method.hpp>

#include "text.hpp"

namespace weft::inline v0::http {

namespace {

// Length first: most comparisons are then of one length.
auto known_method(std::string_view name) noexcept -> const method* {
  const auto pick = [name](const method& candidate) {
    return name == candidate.text() ? &candidate : nullptr;
  };
  switch (name.size()) {
    case 3:
      return name[0] == 'G' ? pick(method::get) : pick(method::put);
    case 4:
      return name[0] == 'P' ? pick(method::post) : pick(method::head);
    case 5:
      return name[0] == 'P' ? pick(method::patch) : pick(method::trace);
    case 6:
      return pick(method::delete_);
    case 7:
      return name[0] == 'O' ? pick(method::options) : pick(method::connect);
    default:
      return nullptr;
  }
}

}  // namespace

auto method::parse(std::string_view name) -> weft::result<method> {
  if (const auto* known = known_method(name)) return *known;
  if (!detail::is_token(name)) return fail(errc::invalid_argument, "the method is no token");
  if (name.size() > max_size) return fail(errc::limit_exceeded, "the method's name is too long");
  return method(method_id::extension, name);
}

}  // namespace weft::inline v0::http
