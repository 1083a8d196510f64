// The package is headers so far; this file makes it a library, and checks its concepts.
#include <weft/service.hpp>

#include <string>

namespace weft::inline v0::service {
namespace {

struct shout {
  auto operator()(std::string text) const -> std::string { return text + "!"; }
};
static_assert(service_of<fn<shout>, std::string>);
static_assert(!service_of<fn<shout>, int*>);
static_assert(always_ready<fn<shout>>);
static_assert(std::same_as<answer_t<fn<shout>, std::string>, std::string>);

}  // namespace
}  // namespace weft::inline v0::service
