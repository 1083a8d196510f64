#include <weft/io/copy.hpp>

namespace weft {
inline namespace v0 {

namespace detail {

io::progress copy_pump::poll_read(io::byte_stream& from, buffer& data,
                                  io::io_state& reading) noexcept {
  auto came = from.poll_receive_into(reading, data, capacity_ - data.size());
  if (came.done() && came.count() == 0) ended_ = true;
  return came;
}

io::progress copy_pump::poll(io::byte_stream& from, io::byte_stream& to, buffer& data,
                             io::io_state& reading, io::io_state& writing) noexcept {
  while (true) {
    auto read_waits = false;
    if (!ended_ && data.size() < capacity_) {
      auto came = poll_read(from, data, reading);
      if (came.failed()) return came;
      read_waits = came.pending();
    }
    if (data.empty()) {
      if (!read_waits && !ended_) continue;
      data.reset();
      return read_waits ? io::progress::not_yet() : io::progress(0);
    }
    io_slice piece{data.data(), data.size()};
    auto sent = to.poll_send(writing, {&piece, 1});
    if (sent.failed()) return sent;
    if (sent.done()) {
      data.consume(sent.count());
      copied_ += sent.count();
    } else if (read_waits || ended_ || data.size() >= capacity_) {
      return sent;
    }
  }
}

}  // namespace detail

namespace io {

progress bidirectional_copier::way::poll(byte_stream& from, byte_stream& to, io_state& reading,
                                         io_state& writing) noexcept {
  if (shut_down) return 0;
  auto came = pump.poll(from, to, data, reading, writing);
  if (!came.done()) return came;
  came = to.poll_shutdown(writing);
  shut_down = came.done();
  return came;
}

}  // namespace io
}  // namespace v0
}  // namespace weft
