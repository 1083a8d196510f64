#include <weft/detail/execution.hpp>
#include <weft/net/pipe.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>

#include "net/pipe_stream.hpp"
#include "net/socket.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

namespace {

using stream_pointer = std::unique_ptr<io::byte_stream>;

// Takes over a non-blocking descriptor.
result<stream_pointer> make_end(int descriptor, pipe_end end) {
  open_socket taken(descriptor);
  auto driver = ambient_driver();
  if (!driver) return fail(std::move(driver).error());
  auto adopted = (*driver)->adopt(taken.give_up());
  if (!adopted) return fail(std::move(adopted).error());
  stream_pointer made(new (std::nothrow) pipe_stream(**adopted, end));
  if (made) return made;
  (*adopted)->close();
  return fail(errc::out_of_memory);
}

bool is_pipe(int descriptor) noexcept {
  struct stat about;
  return ::fstat(descriptor, &about) == 0 && S_ISFIFO(about.st_mode);
}

result<stream_pointer> open_fifo(const std::string& path, pipe_end end,
                                 const net::fifo_options& options) {
  auto mode = options.read_write() ? O_RDWR : end == pipe_end::sender ? O_WRONLY : O_RDONLY;
  open_socket opened(::open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC));
  if (opened.get() < 0) return fail(error::from_errno(errno).with_context("opening " + path));
  if (!is_pipe(opened.get())) return fail(errc::invalid_argument, path + " is no FIFO");
  return make_end(opened.give_up(), end);
}

result<stream_pointer> take_native(int descriptor, pipe_end end) {
  open_socket taken(descriptor);
  auto status = ::fcntl(descriptor, F_GETFL);
  auto unwanted = end == pipe_end::sender ? O_RDONLY : O_WRONLY;
  if (status < 0 || !is_pipe(descriptor) || (status & O_ACCMODE) == unwanted) {
    return fail(errc::invalid_argument,
                "descriptor " + std::to_string(descriptor) + " is no such end of a pipe");
  }
  if (::fcntl(descriptor, F_SETFL, status | O_NONBLOCK) < 0 ||
      ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0) {
    return fail(error::from_errno(errno));
  }
  return make_end(taken.give_up(), end);
}

result<int> make_blocking(int descriptor) {
  open_socket taken(descriptor);
  auto status = ::fcntl(descriptor, F_GETFL);
  if (status < 0 || ::fcntl(descriptor, F_SETFL, status & ~O_NONBLOCK) < 0) {
    return fail(error::from_errno(errno));
  }
  return taken.give_up();
}

io_handle& handle_of(const io::byte_stream& end) noexcept {
  auto* handle = end.socket();
  if (!handle) misuse("an end of a pipe was used that was shut down");
  return *handle;
}

int release(io::transport& end) noexcept {
  (void)handle_of(end.stream());
  auto descriptor = end.stream().give_up()->release();
  end.close();
  return descriptor;
}

}  // namespace
}  // namespace detail

namespace net {

result<std::pair<pipe_sender, pipe_receiver>> pipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) < 0) return fail(error::from_errno(errno));
  auto receiver = detail::make_end(ends[0], detail::pipe_end::receiver);
  auto sender = detail::make_end(ends[1], detail::pipe_end::sender);
  if (!receiver) return fail(std::move(receiver).error());
  if (!sender) return fail(std::move(sender).error());
  return std::pair(pipe_sender(*std::move(sender)), pipe_receiver(*std::move(receiver)));
}

result<pipe_sender> pipe_sender::open(const std::string& path, fifo_options options) {
  auto opened = detail::open_fifo(path, detail::pipe_end::sender, options);
  if (!opened) return fail(std::move(opened).error());
  return pipe_sender(*std::move(opened));
}
result<pipe_sender> pipe_sender::from_native(int descriptor) {
  auto taken = detail::take_native(descriptor, detail::pipe_end::sender);
  if (!taken) return fail(std::move(taken).error());
  return pipe_sender(*std::move(taken));
}
int pipe_sender::into_native() && {
  return detail::release(*this);
}
result<int> pipe_sender::into_blocking() && {
  return detail::make_blocking(detail::release(*this));
}
result<std::size_t> pipe_sender::try_write(std::string_view data) {
  if (data.empty()) return 0;
  io_slice piece{data.data(), data.size()};
  auto write = [&](int descriptor) noexcept {
    return detail::write_pipe(descriptor, std::span(&piece, 1));
  };
  return detail::counted(handle().attempt_now(detail::io_direction::write, detail::io_call(write)));
}
detail::io_handle& pipe_sender::handle() const noexcept {
  return detail::handle_of(stream());
}

result<pipe_receiver> pipe_receiver::open(const std::string& path, fifo_options options) {
  auto opened = detail::open_fifo(path, detail::pipe_end::receiver, options);
  if (!opened) return fail(std::move(opened).error());
  return pipe_receiver(*std::move(opened));
}
result<pipe_receiver> pipe_receiver::from_native(int descriptor) {
  auto taken = detail::take_native(descriptor, detail::pipe_end::receiver);
  if (!taken) return fail(std::move(taken).error());
  return pipe_receiver(*std::move(taken));
}
int pipe_receiver::into_native() && {
  return detail::release(*this);
}
result<int> pipe_receiver::into_blocking() && {
  return detail::make_blocking(detail::release(*this));
}
result<std::size_t> pipe_receiver::try_read_some(std::span<std::byte> into) {
  if (into.empty()) return fail(errc::invalid_argument);
  auto read = [&](int descriptor) noexcept { return detail::read_pipe(descriptor, into); };
  return detail::counted(handle().attempt_now(detail::io_direction::read, detail::io_call(read)));
}
detail::io_handle& pipe_receiver::handle() const noexcept {
  return detail::handle_of(stream());
}

}  // namespace net
}  // namespace v0
}  // namespace weft
