#pragma once

#include <weft/bytes.hpp>
#include <weft/io/transport.hpp>

#include <cstddef>

namespace weft::inline v0::http::h1 {

/// What is to be written to a connection: text that is gathered in one block, and large pieces that
/// are sent from where they are.
class output {
 public:
  /// Pieces smaller than this are copied, so that they go out in one write with their surroundings.
  static constexpr std::size_t copy_below = 16 * 1024;

  /// Where heads, framing and small parts are written.
  [[nodiscard]] auto text() noexcept -> buffer& { return text_; }
  /// Queues a piece behind the text.
  void push(bytes piece);

  [[nodiscard]] auto size() const noexcept -> std::size_t { return queue_.size() + text_.size(); }
  [[nodiscard]] auto empty() const noexcept -> bool { return queue_.empty() && text_.empty(); }

  /// Writes what the connection takes. Done: everything is written; the count is how many bytes
  /// this call wrote. Pending: `wrote` tells the same.
  auto flush(io::transport& to, io::io_state& state, std::size_t& wrote) noexcept -> io::progress;

  /// Gives the memory back while nothing is to be written.
  void release() noexcept { text_.reset(); }

 private:
  auto write_some(io::transport& to, io::io_state& state) noexcept -> io::progress;

  buffer text_;
  bytes_chain queue_;
};

}  // namespace weft::inline v0::http::h1
