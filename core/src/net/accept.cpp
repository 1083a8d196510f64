#include <weft/detail/accept.hpp>

#include <cerrno>
#include <new>

#include "net/socket.hpp"
#include "net/socket_address.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

// Of a connection that broke before it was accepted, or of the network below it. See accept(2).
bool concerns_one_connection(std::int64_t came) noexcept {
  switch (-came) {
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

}  // namespace

result<std::unique_ptr<io::byte_stream>> poll_accept(io_handle& listener,
                                                     io_operation& state) noexcept {
  socket_address peer;
  io_handle* accepted = nullptr;
  std::int64_t came;
  do came = listener.accept(state, accepted, peer);
  while (came != io_pending && came < 0 && concerns_one_connection(came));
  if (came == io_pending) return nullptr;
  if (came < 0) return fail(error::from_errno(static_cast<int>(-came)));
  try {
    return make_stream(*accepted, from_native(peer));
  } catch (const std::bad_alloc&) {  // the path of a Unix socket
    accepted->close();
    return fail(errc::out_of_memory);
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
