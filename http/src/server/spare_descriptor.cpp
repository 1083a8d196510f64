#include "server/spare_descriptor.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <limits>
#include <utility>

namespace weft::inline v0::http {

namespace {
constexpr std::size_t kept_for_others = 64;
}  // namespace

auto spare_descriptor::give_up() noexcept -> bool {
  if (descriptor_ < 0) return false;
  ::close(std::exchange(descriptor_, -1));
  return true;
}

void spare_descriptor::take_back() noexcept {
  if (descriptor_ < 0) descriptor_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

auto connections_that_fit() noexcept -> std::size_t {
  rlimit most{};
  if (::getrlimit(RLIMIT_NOFILE, &most) < 0 || most.rlim_cur == RLIM_INFINITY) {
    return std::numeric_limits<std::size_t>::max();
  }
  auto descriptors = static_cast<std::size_t>(most.rlim_cur);
  return descriptors > 2 * kept_for_others ? descriptors - kept_for_others : descriptors / 2 + 1;
}

}  // namespace weft::inline v0::http
