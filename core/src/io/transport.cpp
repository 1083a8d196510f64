#include <weft/io/transport.hpp>

#include <cstdio>
#include <cstdlib>
#include <new>

namespace weft {
inline namespace v0 {
namespace io {

byte_stream::~byte_stream() = default;

progress byte_stream::poll_receive_into(io_state& state, buffer& into, std::size_t limit) noexcept {
  std::span<std::byte> room;
  try {
    room = into.prepare();
  } catch (const std::bad_alloc&) {
    return error(errc::out_of_memory);
  }
  auto came = poll_receive(state, room.first(std::min(room.size(), limit)));
  if (came.done()) into.commit(came.count());
  if (into.empty()) into.reset();
  return came;
}

void byte_stream::abort() noexcept {}

int byte_stream::native_handle() const noexcept {
  return -1;
}
detail::io_handle* byte_stream::socket() const noexcept {
  return nullptr;
}
detail::io_handle* byte_stream::give_up() noexcept {
  return nullptr;
}
net::socket_address byte_stream::peer_address() const {
  return {};
}
net::socket_address byte_stream::local_address() const {
  return {};
}

void transport::no_stream() noexcept {
  std::fputs("weft: a transport was used that has no connection: it was moved from or closed\n",
             stderr);
  std::abort();
}

}  // namespace io

namespace detail {

// As many pieces as a gathering write of one system call is good for; more of them wait for the
// next.
constexpr std::size_t pieces_per_send = 64;

io::progress poll_send_chain(io::byte_stream& stream, io::io_state& state,
                             bytes_chain& chain) noexcept {
  std::array<io_slice, pieces_per_send> pieces;
  auto count = chain.fill(pieces);
  auto came = stream.poll_send(state, std::span(pieces).first(count));
  if (came.done()) chain.consume(came.count());
  return came;
}

io::progress poll_write_all(io::byte_stream& stream, io::io_state& state,
                            io::unsent& text) noexcept {
  while (!text.empty()) {
    io_slice piece{text.view().data(), text.view().size()};
    auto came = stream.poll_send(state, {&piece, 1});
    if (!came.done()) return came;
    text.consume(came.count());
  }
  return 0;
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
