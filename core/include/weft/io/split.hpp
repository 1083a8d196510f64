// One transport as two: a half that reads and a half that writes, for different tasks; and two
// transports as one.
//
//   auto [reader, writer] = weft::io::split(std::move(connection));
//   auto sending = weft::spawn(send_all(std::move(writer)));
//   weft::io::buffered_reader in(reader);
#pragma once

#include <weft/io/transport.hpp>

#include <memory>
#include <utility>

namespace weft {
inline namespace v0 {
namespace io {

/// The reading half of a transport: a transport itself, whose writes fail with `errc::unsupported`.
/// Ownership: the connection closes when both halves are gone. Thread-safety: the halves may be
/// used by different tasks at once.
class read_half : public transport {
 public:
  read_half() noexcept = default;
  auto write(auto&&...) = delete;
  auto write_all(auto&&...) = delete;
  auto send(auto&&...) = delete;
  auto send_all(auto&&...) = delete;
  auto shutdown() = delete;

 private:
  friend struct half_maker;
  using transport::transport;
};

/// The writing half of a transport: a transport itself, whose reads fail with `errc::unsupported`.
/// Destroying it does not end this side: await `shutdown()`. For the rest as `read_half`.
class write_half : public transport {
 public:
  write_half() noexcept = default;
  auto receive(auto&&...) = delete;
  auto receive_into(auto&&...) = delete;
  auto read(auto&&...) = delete;
  auto peer_closed() = delete;

 private:
  friend struct half_maker;
  using transport::transport;
};

/// Two halves that own `whole` together. Allocates.
[[nodiscard]] WEFT_API std::pair<read_half, write_half> split(transport&& whole);
/// Two halves that refer to `whole`, which must outlive them and is not used meanwhile. Allocates.
[[nodiscard]] WEFT_API std::pair<read_half, write_half> split(transport& whole);

/// The transport that was given to `split`, from its two halves, when no operation is in progress.
/// Errors: `errc::invalid_argument` when they are not of one transport, or refer to one that has
/// another owner; the halves are then as they were.
[[nodiscard]] WEFT_API result<transport> reunite(read_half&& reader, write_half&& writer);

/// A transport that reads from `reader` and writes to `writer`.
[[nodiscard]] WEFT_API transport join(transport reader, transport writer);

}  // namespace io
}  // namespace v0
}  // namespace weft
