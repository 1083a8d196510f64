#include <weft/net/async_fd.hpp>

#include <unistd.h>

#include "net/socket.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

result<io_handle*> attach_descriptor(int descriptor) noexcept {
  auto driver = ambient_driver();
  if (!driver) return fail(std::move(driver).error());
  return (*driver)->attach(descriptor);
}

}  // namespace detail

namespace net {

void descriptor::close() noexcept {
  if (number_ >= 0) ::close(give_up());
}

}  // namespace net
}  // namespace v0
}  // namespace weft
