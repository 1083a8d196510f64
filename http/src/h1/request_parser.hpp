#pragma once

#include <weft/bytes.hpp>
#include <weft/http/header_map.hpp>
#include <weft/http/request_head.hpp>

#include <cstdint>

#include "h1/chunked.hpp"
#include "h1/guard.hpp"
#include "h1/limits.hpp"
#include "h1/rejection.hpp"
#include "h1/request_line.hpp"
#include "h1/semantics.hpp"

namespace weft::inline v0::http::h1 {

/// Turns the bytes of a connection into requests. No I/O, no clock: bytes go in, events come out.
///
///   buffer in;
///   for (;;) {
///     switch (parser.feed(in)) {
///       case event::need_more:  read into in.prepare(), commit; end of input: see idle()
///       case event::head:       parser.head(), parser.semantics()
///       case event::data:       parser.take_data(): a slice that shares the block of `in`
///       case event::trailers:   parser.trailers()
///       case event::end:        answer, then parser.next()
///       case event::refused:    answer with status_of(parser.why()), then close
///     }
///   }
///
/// A request is head (data)* (trailers)? end. Each call of feed() goes on to the next event and
/// consumes what belongs to it; what follows stays in the buffer. The parser stops at the end of a
/// request until next() is called, so that one request is outstanding and pipelined ones wait,
/// unread. After event::refused the parser is dead.
///
/// A head is parsed in one piece: until it is complete it stays in the buffer, which therefore must
/// be able to grow to limits::head (buffer::prepare does it). Then the head's views refer to the
/// block that was read, of which it holds a reference: call clear() on it, or next(), before
/// reading again, and the buffer reuses its block.
///
/// What is decided depends on the bytes alone, never on how they were split. Nothing is allocated
/// per request in steady state; what memory there is comes from the pool of blocks. May throw
/// std::bad_alloc; the connection is to be closed then.
class request_parser {
 public:
  enum class event : std::uint8_t { need_more, head, data, trailers, end, refused };

  /// `within` must outlive the parser.
  explicit request_parser(const limits& within) noexcept : limits_(&within) { next(); }

  auto feed(buffer& in) -> event;

  /// Forgets this request and makes ready for the next one.
  void next() noexcept;

  /// No byte of a request has arrived: the input may end here.
  [[nodiscard]] auto idle() const noexcept -> bool { return place_ == place::start && !started_; }

  /// After event::head. May be moved from.
  [[nodiscard]] auto head() noexcept -> request_head& { return head_; }
  [[nodiscard]] auto semantics() const noexcept -> const request_semantics& { return semantics_; }
  /// After event::data, once.
  [[nodiscard]] auto take_data() noexcept -> bytes { return std::move(data_); }
  /// After event::trailers. May be moved from.
  [[nodiscard]] auto trailers() noexcept -> header_map& { return trailers_; }
  /// After event::refused.
  [[nodiscard]] auto why() const noexcept -> rejection { return why_; }

  /// Sets how large this request's body may be, after event::head and before its first data.
  void set_body_limit(std::uint64_t bytes) noexcept { body_limit_ = bytes; }

 private:
  enum class place : std::uint8_t { start, head, body_start, length, chunked, end, refused };

  const limits* limits_;
  place place_ = place::start;
  bool started_ = false;
  bool skipped_empty_line_ = false;
  rejection why_ = rejection::none;
  guard guard_;
  request_line line_;
  request_head head_;
  request_semantics semantics_;
  std::uint64_t body_limit_ = 0;
  std::uint64_t left_ = 0;  // of a body with a length
  chunk_decoder chunks_;
  bytes data_;
  header_map trailers_;

  auto feed_start(buffer& in) -> event;
  auto feed_head(buffer& in) -> event;
  auto parse_head(bytes section) -> event;
  auto start_body(buffer& in) -> event;
  auto feed_length(buffer& in) -> event;
  auto feed_chunks(buffer& in) -> event;
  auto refuse(rejection why) noexcept -> event;
};

}  // namespace weft::inline v0::http::h1
