#pragma once

#include <weft/literals.hpp>
#include <weft/time.hpp>

#include <cstddef>
#include <cstdint>

// What a peer may make a server hold, do or wait for. Every limit is on by default, counted when it
// trips (http/counters.hpp), and may be changed:
//
//   using namespace weft::literals;
//   http::serve(std::move(listener), app).limits(http::limits().body(1_GiB).idle(30s))

namespace weft::inline v0::http {

/// The limits of a server. Sizes are bytes, times durations. A value type with setters that chain.
class limits {
 public:
  // Heads.
  /// Request line and fields together. More: 431. Default 32 KiB.
  auto head(std::size_t bytes) -> limits& { return set(head_, bytes); }
  /// Fields in a head. More: 431. Default 100.
  auto fields(std::size_t count) -> limits& { return set(fields_, count); }
  /// The target of a request. Longer: 414. Default 8 KiB.
  auto target(std::size_t bytes) -> limits& { return set(target_, bytes); }
  /// From the first byte of a request to the end of its head; later bytes do not extend it. Then
  /// 408. Default 10 s.
  auto head_time(duration wait) -> limits& { return set(head_time_, wait); }
  /// Without a request on an open connection; then it is closed. Default 75 s.
  auto idle(duration wait) -> limits& { return set(idle_, wait); }

  // Bodies of requests.
  /// The payload. More: 413. Default 64 MiB.
  auto body(std::uint64_t bytes) -> limits& { return set(body_, bytes); }
  /// Between two parts of a body that is being read; then 408. Default 30 s.
  auto body_idle(duration wait) -> limits& { return set(body_idle_, wait); }
  /// Bytes a second that a body has to arrive with, measured from `body_rate_grace` on, while
  /// somebody reads it; slower: 408. 0: any. Default 240.
  auto body_rate(std::uint64_t bytes_a_second) -> limits& {
    return set(body_rate_, bytes_a_second);
  }
  /// Default 5 s.
  auto body_rate_grace(duration wait) -> limits& { return set(body_rate_grace_, wait); }
  /// Trailers: bytes, default 8 KiB, and fields, default 32. More: 431.
  auto trailers(std::size_t bytes, std::size_t count) -> limits& {
    trailers_ = bytes;
    trailer_fields_ = count;
    return *this;
  }
  /// Chunk extensions: in one chunk, default 1 KiB, and in one body, default 16 KiB. More: 400.
  auto chunk_extensions(std::size_t in_chunk, std::size_t in_body) -> limits& {
    chunk_extension_ = in_chunk;
    chunk_extensions_ = in_body;
    return *this;
  }

  // Responses.
  /// Without any progress of a write; then the connection is closed. Default 30 s.
  auto write_stall(duration wait) -> limits& { return set(write_stall_, wait); }
  /// What may be queued for a slow reader before the body is not asked for more. Default 256 KiB.
  auto write_queue(std::size_t bytes) -> limits& { return set(write_queue_, bytes); }

  // Connections.
  /// Open connections; what comes above is closed at once. 0, the default: as many as there are
  /// descriptors, less 64.
  auto connections(std::size_t count) -> limits& { return set(connections_, count); }
  /// What is read and dropped of an unwanted body before the connection is used again, or closed in
  /// good order. Default 256 KiB.
  auto linger_bytes(std::size_t bytes) -> limits& { return set(linger_bytes_, bytes); }
  /// How long a connection that is being closed waits for the peer's end; and how long a handler
  /// may go on when the peer has ended its side, which is how most go away, and how a few ask for
  /// the answer. Default 1 s.
  auto linger(duration wait) -> limits& { return set(linger_, wait); }

  [[nodiscard]] auto head() const noexcept -> std::size_t { return head_; }
  [[nodiscard]] auto fields() const noexcept -> std::size_t { return fields_; }
  [[nodiscard]] auto target() const noexcept -> std::size_t { return target_; }
  [[nodiscard]] auto head_time() const noexcept -> duration { return head_time_; }
  [[nodiscard]] auto idle() const noexcept -> duration { return idle_; }
  [[nodiscard]] auto body() const noexcept -> std::uint64_t { return body_; }
  [[nodiscard]] auto body_idle() const noexcept -> duration { return body_idle_; }
  [[nodiscard]] auto body_rate() const noexcept -> std::uint64_t { return body_rate_; }
  [[nodiscard]] auto body_rate_grace() const noexcept -> duration { return body_rate_grace_; }
  [[nodiscard]] auto trailers() const noexcept -> std::size_t { return trailers_; }
  [[nodiscard]] auto trailer_fields() const noexcept -> std::size_t { return trailer_fields_; }
  [[nodiscard]] auto chunk_extension() const noexcept -> std::size_t { return chunk_extension_; }
  [[nodiscard]] auto chunk_extensions() const noexcept -> std::size_t { return chunk_extensions_; }
  [[nodiscard]] auto write_stall() const noexcept -> duration { return write_stall_; }
  [[nodiscard]] auto write_queue() const noexcept -> std::size_t { return write_queue_; }
  [[nodiscard]] auto connections() const noexcept -> std::size_t { return connections_; }
  [[nodiscard]] auto linger_bytes() const noexcept -> std::size_t { return linger_bytes_; }
  [[nodiscard]] auto linger() const noexcept -> duration { return linger_; }

 private:
  template <class T>
  auto set(T& field, T value) -> limits& {
    field = value;
    return *this;
  }

  std::size_t head_ = 32 * 1024;
  std::size_t fields_ = 100;
  std::size_t target_ = 8 * 1024;
  duration head_time_ = std::chrono::seconds(10);
  duration idle_ = std::chrono::seconds(75);
  std::uint64_t body_ = 64 * 1024 * 1024;
  duration body_idle_ = std::chrono::seconds(30);
  std::uint64_t body_rate_ = 240;
  duration body_rate_grace_ = std::chrono::seconds(5);
  std::size_t trailers_ = 8 * 1024;
  std::size_t trailer_fields_ = 32;
  std::size_t chunk_extension_ = 1024;
  std::size_t chunk_extensions_ = 16 * 1024;
  duration write_stall_ = std::chrono::seconds(30);
  std::size_t write_queue_ = 256 * 1024;
  std::size_t connections_ = 0;
  std::size_t linger_bytes_ = 256 * 1024;
  duration linger_ = std::chrono::seconds(1);
};

}  // namespace weft::inline v0::http
