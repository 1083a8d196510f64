#include <weft/net/unix.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "net/socket.hpp"
#include "net/socket_address.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

constexpr int socket_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;

result<int> make_unix_socket(int type, const net::socket_address& address) {
  if (!address.is_unix()) {
    return fail(errc::invalid_argument,
                "a Unix socket needs a path or a name, not " + address.to_string());
  }
  auto descriptor = ::socket(AF_UNIX, type | socket_flags, 0);
  if (descriptor < 0) return fail(socket_error(errno, "opening a socket for ", address));
  return descriptor;
}

struct handle_pair {
  io_handle* first;
  io_handle* second;
};
result<handle_pair> make_pair(int type) {
  auto driver = ambient_driver();
  if (!driver) return fail(std::move(driver).error());
  std::array<int, 2> ends;
  if (::socketpair(AF_UNIX, type | socket_flags, 0, ends.data()) < 0) {
    return fail(error::from_errno(errno));
  }
  open_socket second(ends[1]);
  auto one = (*driver)->adopt(ends[0]);
  if (!one) return fail(std::move(one).error());
  auto other = (*driver)->adopt(second.give_up());
  if (!other) {
    (*one)->close();
    return fail(std::move(other).error());
  }
  return handle_pair{*one, *other};
}

bool is_file(const net::socket_address& address) noexcept {
  return address.is_unix() && !address.path().starts_with('\0');
}

// Whether the file is a socket's, and nobody listens there. Errors other than a refusal say
// nothing: then somebody may.
bool is_stale(const net::socket_address& address, const socket_address& native) {
  struct stat about;
  if (::lstat(std::string(address.path()).c_str(), &about) < 0 || !S_ISSOCK(about.st_mode)) {
    return false;
  }
  open_socket asking(::socket(AF_UNIX, SOCK_STREAM | socket_flags, 0));
  return asking.get() >= 0 && ::connect(asking.get(), native.get(), native.length) < 0 &&
         errno == ECONNREFUSED;
}

int bind_replacing(int descriptor, const net::socket_address& address, const socket_address& native,
                   bool remove_stale) {
  if (::bind(descriptor, native.get(), native.length) == 0) return 0;
  if (errno != EADDRINUSE || !remove_stale || !is_file(address)) return -errno;
  if (!is_stale(address, native)) return -EADDRINUSE;
  if (::unlink(std::string(address.path()).c_str()) < 0 && errno != ENOENT) return -errno;
  return ::bind(descriptor, native.get(), native.length) < 0 ? -errno : 0;
}

}  // namespace
}  // namespace detail

namespace net {

task<result<unix_stream>> unix_stream::connect(socket_address address) {
  auto driver = detail::ambient_driver();
  if (!driver) co_return fail(std::move(driver).error());
  auto made = detail::make_unix_socket(SOCK_STREAM, address);
  if (!made) co_return fail(std::move(made).error());
  detail::open_socket connecting(*made);
  auto native = detail::to_native(address);
  if (::connect(connecting.get(), native.get(), native.length) < 0) {
    if (errno == EAGAIN) {
      co_return fail(errc::overloaded,
                     "connecting to " + address.to_string() + ": too many wait already");
    }
    co_return fail(detail::socket_error(errno, "connecting to ", address));
  }
  auto adopted = (*driver)->adopt(connecting.give_up());
  if (!adopted) co_return fail(std::move(adopted).error());
  auto stream = detail::make_stream(**adopted, std::move(address));
  if (!stream) co_return fail(std::move(stream).error());
  co_return unix_stream(*std::move(stream));
}

task<result<unix_stream>> unix_stream::connect(std::string path) {
  auto address = socket_address::unix_path(std::move(path));
  if (!address) co_return fail(std::move(address).error());
  co_return co_await connect(*std::move(address));
}

result<std::pair<unix_stream, unix_stream>> unix_stream::pair() {
  auto ends = detail::make_pair(SOCK_STREAM);
  if (!ends) return fail(std::move(ends).error());
  auto first = detail::make_stream(*ends->first, {});
  auto second = detail::make_stream(*ends->second, {});
  if (!first) return fail(std::move(first).error());
  if (!second) return fail(std::move(second).error());
  return std::pair(unix_stream(*std::move(first)), unix_stream(*std::move(second)));
}

result<credentials> unix_stream::peer_credentials() const {
  auto found = detail::socket_option<ucred>(native_handle(), SOL_SOCKET, SO_PEERCRED);
  if (!found) return fail(std::move(found).error());
  credentials who;
  who.pid = found->pid;
  who.uid = found->uid;
  who.gid = found->gid;
  return who;
}

result<unix_stream> unix_stream::from_native(int descriptor) {
  auto adopted = detail::adopt_native(descriptor, detail::unix_connected);
  if (!adopted) return fail(std::move(adopted).error());
  auto stream = detail::make_stream(**adopted, detail::peer_address_of(descriptor));
  if (!stream) return fail(std::move(stream).error());
  return unix_stream(*std::move(stream));
}

result<unix_listener> unix_listener::listen(const socket_address& address,
                                            const unix_listen_options& options) {
  auto driver = detail::ambient_driver();
  if (!driver) return fail(std::move(driver).error());
  auto made = detail::make_unix_socket(SOCK_STREAM, address);
  if (!made) return fail(std::move(made).error());
  detail::open_socket listening(*made);
  auto failed = [&](int number) {
    return fail(detail::socket_error(number, "listening on ", address));
  };
  auto bound = detail::bind_replacing(listening.get(), address, detail::to_native(address),
                                      options.remove_stale());
  if (bound < 0) return failed(-bound);
  own_file file;
  struct stat about{};
  if (detail::is_file(address)) {
    file.path = address.path();
    if (::lstat(file.path.c_str(), &about) < 0) return failed(errno);
    file.device = about.st_dev;
    file.inode = about.st_ino;
    // Nobody can connect before there is a backlog.
    if (options.permissions() && ::chmod(file.path.c_str(), *options.permissions()) < 0) {
      auto number = errno;
      (void)::unlink(file.path.c_str());
      return failed(number);
    }
  }
  if (::listen(listening.get(), options.backlog()) < 0) return failed(errno);
  auto adopted = (*driver)->adopt(listening.give_up());
  if (!adopted) return fail(std::move(adopted).error());
  unix_listener ready(**adopted);
  if (options.remove_on_close()) ready.file_ = std::move(file);
  return ready;
}

task<result<unix_listener>> unix_listener::bind(socket_address address,
                                                unix_listen_options options) {
  co_return listen(address, options);
}
task<result<unix_listener>> unix_listener::bind(std::string path, unix_listen_options options) {
  auto address = socket_address::unix_path(std::move(path));
  if (!address) co_return fail(std::move(address).error());
  co_return listen(*address, options);
}

socket_address unix_listener::local_address() const {
  return detail::local_address_of(native_handle());
}
int unix_listener::native_handle() const noexcept {
  return handle().descriptor();
}

// Before the socket is closed, so that whoever finds the file finds a listener.
void unix_listener::close() noexcept {
  struct stat about;
  if (handle_ && !file_.path.empty() && ::lstat(file_.path.c_str(), &about) == 0 &&
      about.st_dev == file_.device && about.st_ino == file_.inode) {
    (void)::unlink(file_.path.c_str());
  }
  file_.path.clear();
  handle_.close();
}

result<unix_listener> unix_listener::from_native(int descriptor) {
  auto adopted = detail::adopt_native(descriptor, detail::unix_listening);
  if (!adopted) return fail(std::move(adopted).error());
  return unix_listener(**adopted);
}

int unix_listener::into_native() && {
  (void)handle();
  file_.path.clear();
  return handle_.give_up()->release();
}

task<result<unix_datagram>> unix_datagram::bind(socket_address address) {
  auto driver = detail::ambient_driver();
  if (!driver) co_return fail(std::move(driver).error());
  auto made = detail::make_unix_socket(SOCK_DGRAM, address);
  if (!made) co_return fail(std::move(made).error());
  detail::open_socket receiving(*made);
  auto native = detail::to_native(address);
  if (::bind(receiving.get(), native.get(), native.length) < 0) {
    co_return fail(detail::socket_error(errno, "binding to ", address));
  }
  auto adopted = (*driver)->adopt(receiving.give_up());
  if (!adopted) co_return fail(std::move(adopted).error());
  co_return unix_datagram(**adopted);
}

task<result<unix_datagram>> unix_datagram::bind(std::string path) {
  auto address = socket_address::unix_path(std::move(path));
  if (!address) co_return fail(std::move(address).error());
  co_return co_await bind(*std::move(address));
}

result<unix_datagram> unix_datagram::unbound() {
  auto driver = detail::ambient_driver();
  if (!driver) return fail(std::move(driver).error());
  auto made = ::socket(AF_UNIX, SOCK_DGRAM | detail::socket_flags, 0);
  if (made < 0) return fail(error::from_errno(errno));
  auto adopted = (*driver)->adopt(made);
  if (!adopted) return fail(std::move(adopted).error());
  return unix_datagram(**adopted);
}

result<std::pair<unix_datagram, unix_datagram>> unix_datagram::pair() {
  auto ends = detail::make_pair(SOCK_DGRAM);
  if (!ends) return fail(std::move(ends).error());
  return std::pair(unix_datagram(*ends->first), unix_datagram(*ends->second));
}

task<result<void>> unix_datagram::connect(socket_address address) {
  if (!address.is_unix()) {
    co_return fail(errc::invalid_argument,
                   "a Unix socket needs a path or a name, not " + address.to_string());
  }
  co_return connect_to(address);
}
task<result<void>> unix_datagram::connect(std::string path) {
  auto address = socket_address::unix_path(std::move(path));
  if (!address) co_return fail(std::move(address).error());
  co_return connect_to(*address);
}

result<void> unix_datagram::shutdown(interest directions) {
  auto how = directions == interest::readable   ? SHUT_RD
             : directions == interest::writable ? SHUT_WR
                                                : SHUT_RDWR;
  return detail::succeeded(::shutdown(native_handle(), how) < 0 ? -errno : 0);
}

result<unix_datagram> unix_datagram::from_native(int descriptor) {
  auto adopted = detail::adopt_native(descriptor, detail::unix_datagrams);
  if (!adopted) return fail(std::move(adopted).error());
  return unix_datagram(**adopted);
}

}  // namespace net
}  // namespace v0
}  // namespace weft
