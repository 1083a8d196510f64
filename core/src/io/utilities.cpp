#include <weft/io/utilities.hpp>

#include <cstring>
#include <memory>
#include <utility>

namespace weft {
inline namespace v0 {

namespace io {

namespace {

std::size_t size_of(std::span<const io_slice> pieces) noexcept {
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece.size;
  return size;
}

// Always ready; costs a unit of the budget, so that a loop over it lets others run.
class made_of_nothing : public byte_stream {
 public:
  progress poll_receive(io_state& state, std::span<std::byte> into) noexcept override {
    if (!detail::consume_budget()) return progress::not_yet();
    state.cancel();
    return read(into);
  }
  progress poll_send(io_state& state, std::span<const io_slice> pieces) noexcept override {
    if (!detail::consume_budget()) return progress::not_yet();
    state.cancel();
    return size_of(pieces);
  }
  progress poll_shutdown(io_state&) noexcept override { return 0; }
  bool poll_peer_closed(io_state&) noexcept override { return true; }
  void cancel(io_state&) noexcept override {}

 private:
  virtual std::size_t read(std::span<std::byte>) noexcept { return 0; }
};

class repeated final : public made_of_nothing {
 public:
  explicit repeated(std::byte octet) noexcept : octet_(octet) {}
  bool poll_peer_closed(io_state&) noexcept override { return false; }

 private:
  std::size_t read(std::span<std::byte> into) noexcept override {
    std::memset(into.data(), std::to_integer<int>(octet_), into.size());
    return into.size();
  }
  std::byte octet_;
};

// Everything as `inner` does it. What is pending is engaged by that.
class wrapped : public byte_stream {
 public:
  explicit wrapped(transport inner) noexcept : inner_(std::move(inner)) {}
  progress poll_receive(io_state& state, std::span<std::byte> into) noexcept override {
    return inner_.poll_receive(state, into);
  }
  progress poll_receive_into(io_state& state, buffer& into, std::size_t limit) noexcept override {
    return inner_.poll_receive_into(state, into, limit);
  }
  progress poll_send(io_state& state, std::span<const io_slice> pieces) noexcept override {
    return inner_.poll_send(state, pieces);
  }
  progress poll_shutdown(io_state& state) noexcept override { return inner_.poll_shutdown(state); }
  bool poll_peer_closed(io_state& state) noexcept override {
    return inner_.poll_peer_closed(state);
  }
  void abort() noexcept override { inner_.stream().abort(); }
  int native_handle() const noexcept override { return inner_.native_handle(); }
  net::socket_address peer_address() const override { return inner_.peer_address(); }
  net::socket_address local_address() const override { return inner_.local_address(); }
  void cancel(io_state&) noexcept override {}

 private:
  transport inner_;
};

class taken final : public wrapped {
 public:
  taken(transport inner, std::uint64_t limit) noexcept : wrapped(std::move(inner)), left_(limit) {}
  progress poll_receive(io_state& state, std::span<std::byte> into) noexcept override {
    if (left_ == 0) return 0;
    return counted(wrapped::poll_receive(state, into.first(at_most(into.size()))));
  }
  progress poll_receive_into(io_state& state, buffer& into, std::size_t limit) noexcept override {
    if (left_ == 0) return 0;
    return counted(wrapped::poll_receive_into(state, into, at_most(limit)));
  }

 private:
  std::size_t at_most(std::size_t size) const noexcept {
    return left_ < size ? static_cast<std::size_t>(left_) : size;
  }
  progress counted(progress came) noexcept {
    if (came.done()) left_ -= came.count();
    return came;
  }
  std::uint64_t left_;
};

class chained final : public wrapped {
 public:
  chained(transport first, transport second) noexcept
      : wrapped(std::move(first)), second_(std::move(second)) {}
  progress poll_receive(io_state& state, std::span<std::byte> into) noexcept override {
    if (!first_ended_) {
      auto came = wrapped::poll_receive(state, into);
      if (!ends(came)) return came;
    }
    return second_.poll_receive(state, into);
  }
  progress poll_receive_into(io_state& state, buffer& into, std::size_t limit) noexcept override {
    if (!first_ended_) {
      auto came = wrapped::poll_receive_into(state, into, limit);
      if (!ends(came)) return came;
    }
    return second_.poll_receive_into(state, into, limit);
  }
  bool poll_peer_closed(io_state& state) noexcept override {
    return first_ended_ ? second_.poll_peer_closed(state) : wrapped::poll_peer_closed(state);
  }

 private:
  bool ends(const progress& came) noexcept {
    first_ended_ = came.done() && came.count() == 0;
    return first_ended_;
  }
  transport second_;
  bool first_ended_ = false;
};

}  // namespace

transport empty() {
  return transport(std::make_unique<made_of_nothing>());
}
transport repeat(std::byte octet) {
  return transport(std::make_unique<repeated>(octet));
}
transport take(transport from, std::uint64_t limit) {
  return transport(std::make_unique<taken>(std::move(from), limit));
}
transport chain(transport first, transport second) {
  return transport(std::make_unique<chained>(std::move(first), std::move(second)));
}

}  // namespace io

namespace detail {

io::progress poll_read_exact(io::byte_stream& stream, io::io_state& state,
                             io::unfilled& rest) noexcept {
  while (!rest.empty()) {
    auto came = stream.poll_receive(state, rest.span());
    if (!came.done()) return came;
    if (came.count() == 0) return error(errc::end_of_stream);
    rest.consume(came.count());
  }
  return 0;
}

// One byte more than the limit is asked for, so that what is too long is told from what ends there.
io::progress poll_read_to_end(io::byte_stream& stream, io::io_state& state, buffer& into,
                              std::size_t limit) noexcept {
  while (into.size() <= limit) {
    auto came = stream.poll_receive_into(state, into, limit - into.size() + 1);
    if (!came.done() || came.count() == 0) return came;
  }
  return error(errc::limit_exceeded);
}

}  // namespace detail
}  // namespace v0
}  // namespace weft
