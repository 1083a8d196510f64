#include <weft/io/split.hpp>

namespace weft {
inline namespace v0 {
namespace io {

namespace {

// What both halves share. Without an owner it refers to the stream of somebody else.
struct split_whole {
  transport owned;
  byte_stream& stream;
  bool owns;
  explicit split_whole(transport&& whole) noexcept
      : owned(std::move(whole)), stream(owned.stream()), owns(true) {}
  explicit split_whole(byte_stream& whole) noexcept : stream(whole), owns(false) {}
};

class half_stream final : public byte_stream {
 public:
  half_stream(std::shared_ptr<split_whole> of, direction reads_or_writes) noexcept
      : whole(std::move(of)), way(reads_or_writes) {}
  progress poll_receive(io_state& state, std::span<std::byte> into) noexcept override {
    if (way != direction::read) return error(errc::unsupported);
    return whole->stream.poll_receive(state, into);
  }
  progress poll_receive_into(io_state& state, buffer& into, std::size_t limit) noexcept override {
    if (way != direction::read) return error(errc::unsupported);
    return whole->stream.poll_receive_into(state, into, limit);
  }
  progress poll_send(io_state& state, std::span<const io_slice> pieces) noexcept override {
    if (way != direction::write) return error(errc::unsupported);
    return whole->stream.poll_send(state, pieces);
  }
  progress poll_shutdown(io_state& state) noexcept override {
    if (way != direction::write) return error(errc::unsupported);
    return whole->stream.poll_shutdown(state);
  }
  bool poll_peer_closed(io_state& state) noexcept override {
    return whole->stream.poll_peer_closed(state);
  }
  void abort() noexcept override { whole->stream.abort(); }
  int native_handle() const noexcept override { return whole->stream.native_handle(); }
  net::socket_address peer_address() const override { return whole->stream.peer_address(); }
  net::socket_address local_address() const override { return whole->stream.local_address(); }
  // What is pending was engaged by the stream itself.
  void cancel(io_state&) noexcept override {}

  std::shared_ptr<split_whole> whole;
  direction way;
};

class joined_stream final : public byte_stream {
 public:
  joined_stream(transport reader, transport writer) noexcept
      : reader_(std::move(reader)), writer_(std::move(writer)) {}
  progress poll_receive(io_state& state, std::span<std::byte> into) noexcept override {
    return reader_.poll_receive(state, into);
  }
  progress poll_receive_into(io_state& state, buffer& into, std::size_t limit) noexcept override {
    return reader_.poll_receive_into(state, into, limit);
  }
  progress poll_send(io_state& state, std::span<const io_slice> pieces) noexcept override {
    return writer_.poll_send(state, pieces);
  }
  progress poll_shutdown(io_state& state) noexcept override { return writer_.poll_shutdown(state); }
  bool poll_peer_closed(io_state& state) noexcept override {
    return reader_.poll_peer_closed(state);
  }
  void abort() noexcept override {
    reader_.stream().abort();
    writer_.stream().abort();
  }
  void cancel(io_state&) noexcept override {}

 private:
  transport reader_;
  transport writer_;
};

half_stream* half_of(const transport& half) noexcept {
  return half ? dynamic_cast<half_stream*>(&half.stream()) : nullptr;
}

}  // namespace

struct half_maker {
  static std::pair<read_half, write_half> halves(const std::shared_ptr<split_whole>& whole) {
    return {read_half(std::make_unique<half_stream>(whole, direction::read)),
            write_half(std::make_unique<half_stream>(whole, direction::write))};
  }
};

std::pair<read_half, write_half> split(transport&& whole) {
  return half_maker::halves(std::make_shared<split_whole>(std::move(whole)));
}
std::pair<read_half, write_half> split(transport& whole) {
  return half_maker::halves(std::make_shared<split_whole>(whole.stream()));
}

result<transport> reunite(read_half&& reader, write_half&& writer) {
  auto* read = half_of(reader);
  auto* write = half_of(writer);
  if (!read || !write || read->whole != write->whole || !read->whole->owns)
    return fail(errc::invalid_argument, "these are not the halves of one transport");
  auto whole = std::move(read->whole->owned);
  reader.close();
  writer.close();
  return whole;
}

transport join(transport reader, transport writer) {
  return transport(std::make_unique<joined_stream>(std::move(reader), std::move(writer)));
}

}  // namespace io
}  // namespace v0
}  // namespace weft
