#pragma once

#include <weft/bytes.hpp>
#include <weft/http/header_map.hpp>
#include <weft/http/status.hpp>
#include <weft/http/version.hpp>
#include <weft/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "h1/rejection.hpp"

namespace weft::inline v0::http::h1 {

/// What a response depends on in the request that it answers.
struct response_context {
  http::version version = http::version::http_1_1;
  bool head_request = false;  ///< the answer must have no body
  bool keep_alive = true;     ///< the peer and the server's state let the connection go on
};

/// Writes responses, one after the other, into a buffer. No I/O; the time comes as a parameter.
///
///   encoder.start(out, context, status, headers, body.size(), now);
///   encoder.write(out, body);
///   encoder.finish(out);
///
/// A large body need not be copied: begin_piece(), then the piece itself goes to the socket as it
/// is, then end_piece().
///
/// The encoder alone decides how the message is delimited (RFC 9112, section 6.3): Content-Length
/// when the length is known, else chunked, else (HTTP/1.0) the end of the connection; nothing for
/// HEAD, 1xx, 204 and 304. What users say in Content-Length, Transfer-Encoding, Connection and
/// Keep-Alive is taken as a wish: a length where none is known, `close`. A body that does not fit
/// the declared length is refused, and the connection must be closed then, so no byte of a body can
/// be taken for another response. Names and values come from header_map, which holds only what is
/// fit to be sent. May throw std::bad_alloc.
class response_encoder {
 public:
  enum class framing : std::uint8_t { none, length, chunked, until_close };

  /// Writes the head. `length` is the body's size, nothing when it is not known yet. `unix_seconds`
  /// becomes the Date, unless there is one. Fields that only the encoder may write are passed over.
  /// `ready_fields` are written as they are: encoded, fit to be sent, at most 128 bytes.
  /// For a HEAD request, `length` is what GET would have sent; the body is dropped.
  void start(buffer& out, const response_context& context, status code, const header_map& headers,
             std::optional<std::uint64_t> length, std::int64_t unix_seconds,
             std::string_view ready_fields = {});

  /// How the body is delimited. After start().
  [[nodiscard]] auto body() const noexcept -> framing { return framing_; }
  /// The connection may be used again after this response. After start(); final after finish().
  [[nodiscard]] auto keep_alive() const noexcept -> bool { return keep_alive_; }

  /// Writes a part of the body; copies. Errors: limit_exceeded when it is more than was declared.
  auto write(buffer& out, std::string_view data) -> weft::result<void>;
  /// Writes what stands before a part of `size` bytes, which is not 0. When wants_body() is false
  /// the part must not be sent. Errors: as write.
  auto begin_piece(buffer& out, std::size_t size) -> weft::result<void>;
  /// Writes what stands behind a part.
  void end_piece(buffer& out);
  /// Parts are dropped when this is false.
  [[nodiscard]] auto wants_body() const noexcept -> bool { return framing_ != framing::none; }

  /// Ends the body. Trailers are written if it is chunked, and dropped otherwise; so are those that
  /// must not be there. Errors: end_of_stream when the body is shorter than was declared.
  auto finish(buffer& out, const header_map* trailers = nullptr) -> weft::result<void>;

  /// Writes an interim response: 100 (Continue), 103 (Early Hints). May stand before start() only.
  static void interim(buffer& out, status code, const header_map* headers = nullptr);

  /// Writes a whole response that tells the peer why it was refused, and closes.
  static void refuse(buffer& out, rejection why, std::int64_t unix_seconds);

 private:
  framing framing_ = framing::none;
  bool keep_alive_ = true;
  bool interrupted_ = false;  // the body went wrong: nothing more may be sent
  bool chunk_is_open_ = false;
  std::uint64_t left_ = 0;  // of a body with a length

  void decide_framing(const response_context& context, status code,
                      std::optional<std::uint64_t> length) noexcept;
};

}  // namespace weft::inline v0::http::h1
