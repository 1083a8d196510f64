#include "h1/connection.hpp"

#include <weft/detail/execution.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>
#include <utility>

#include "h1/date.hpp"

namespace weft::inline v0::http::h1 {

namespace {

// Answers to pipelined requests are gathered up to here before they are written.
constexpr std::size_t write_batch = 64 * 1024;
// What an idle connection holds is kept this long, for the next request of a busy one: its parser
// and what it writes into.
constexpr duration keeps_memory = std::chrono::seconds(1);
constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

}  // namespace

/// Awaits one of the connection's steps.
template <auto Step>
class connection::step {
 public:
  explicit step(connection& on) noexcept : on_(&on) {}

  class awaiter : public leaf_awaiter<awaiter> {
   public:
    explicit awaiter(connection& on) noexcept : on_(on) {}
    static constexpr const char* name = "an HTTP/1 connection";
    auto poll() noexcept -> bool {
      on_.watch_phase();
      return (on_.*Step)();
    }
    void take() noexcept {}

   private:
    connection& on_;
  };
  auto operator co_await() && noexcept { return awaiter(*on_); }

 private:
  connection* on_;
};

connection::connection(admission admitted, io::transport stream)
    : registered_connection(std::move(admitted)), stream_(std::move(stream)) {}

// However it came to this (the body failed, the peer does not read, the server is stopped), a part
// of a response must not look like all of it.
connection::~connection() {
  if (end_means_whole_ && !write_ended_) stream_.stream().abort();
}

auto connection::run() -> task<void> {
  while (open_) {
    co_await step<&connection::poll_request>(*this);
    if (!open_) break;
    co_await step<&connection::poll_exchange>(*this);
  }
  if (say_goodbye_) co_await step<&connection::poll_goodbye>(*this);
}

void connection::wait_until(waiting what, duration from_now) noexcept {
  if (waiting_ == what) return;  // the wait goes on
  waiting_ = what;
  deadline_.reset_after(from_now);
}

auto connection::deadline_passed() noexcept -> bool {
  return waiting_ != waiting::nothing && deadline_.poll();
}

auto connection::flush() noexcept -> bool {
  std::size_t wrote = 0;
  auto written = out_.flush(stream_, writing_, wrote);
  if (written.done()) {
    stalled_ = false;
    return true;
  }
  if (written.failed()) {
    if (exchange_) exchange_->note_disconnect();
    broken_ = true;
    close_quietly();
    return false;
  }
  if (wrote > 0 || !stalled_) {
    stalled_ = true;
    write_deadline_.reset_after(server().limits().write_stall());
  }
  if (write_deadline_.poll()) {
    server().counters().add(counter::write_stalls);
    broken_ = true;
    close_quietly();
  }
  return false;
}

// True: bytes came. Else either nothing came yet (`pending`), or the connection is at its end.
auto connection::receive_more(bool& pending) noexcept -> bool {
  auto got = stream_.poll_receive_into(reading_, in_, no_limit);
  pending = got.pending();
  if (got.done() && got.count() > 0) return true;
  if (!pending) close_quietly();
  return false;
}

void connection::refuse(rejection why) noexcept {
  server().counters().add(counter::protocol_errors);
  server().counters().add_refused(static_cast<std::size_t>(why));
  try {
    response_encoder::refuse(out_.text(), why, time::wall_clock_s());
    close_after_flush();
  } catch (const std::bad_alloc&) {
    close_quietly();
  }
}

void connection::refuse_slow_head() noexcept {
  server().counters().add(counter::head_timeouts);
  try {
    response_encoder late;
    late.start(out_.text(), {http::version::http_1_1, false, false}, status::request_timeout, {}, 0,
               time::wall_clock_s());
    close_after_flush();
  } catch (const std::bad_alloc&) {
    close_quietly();
  }
}

// Done: there is a head, or the connection is no longer open.
auto connection::poll_request() noexcept -> bool {
  for (;;) {
    if (server().phase() == http::phase::cutting) {
      close_quietly();
      return true;
    }
    // A peer that asks and does not read is not asked what else it wants.
    if (out_.size() >= write_batch && !flush()) return !open_;
    if (!in_.empty()) {
      switch (begin_exchange() ? request_parser::event::head : request_parser::event::need_more) {
        case request_parser::event::head:
          return true;
        default:
          break;
      }
      if (!open_) return true;
    }
    // Whoever waits for an earlier answer gets it before we wait for more.
    if (!out_.empty() && !flush()) return !open_;
    auto is_idle = in_.empty() && (!exchange_ || exchange_->parser().idle());
    if (!is_idle) {
      wait_until(waiting::head, server().limits().head_time());
    } else if (waiting_ != waiting::idle_for_long) {
      wait_until(waiting::idle, std::min(server().limits().idle(), keeps_memory));
    }
    bool pending = false;
    if (receive_more(pending)) continue;
    if (!open_) return true;
    // A request that had arrived before the shutdown is answered still.
    if (is_idle && server().phase() != http::phase::serving) {
      close_quietly();
      return true;
    }
    // The block that was read into goes back at once, while it is warm, to whoever reads next.
    if (is_idle) in_.reset();
    if (!deadline_passed()) return false;
    if (waiting_ == waiting::idle && server().limits().idle() > keeps_memory) {
      out_.release();
      exchange_.reset();
      wait_until(waiting::idle_for_long, server().limits().idle() - keeps_memory);
      continue;
    }
    if (is_idle) {
      server().counters().add(counter::idle_timeouts);
      close_quietly();
    } else {
      refuse_slow_head();
    }
    return true;
  }
}

// True: a head was there, and its handler is called. False: more bytes are needed, or it was
// refused.
auto connection::begin_exchange() noexcept -> bool {
  try {
    if (!exchange_) exchange_ = std::make_unique<exchange>(*this);
    switch (exchange_->parser().feed(in_)) {
      case request_parser::event::head:
        stop_waiting();
        exchange_->begin();
        return true;
      case request_parser::event::refused:
        refuse(exchange_->parser().why());
        break;
      default:
        break;
    }
  } catch (const std::bad_alloc&) {
    close_quietly();
  }
  return false;
}

auto connection::poll_exchange() noexcept -> bool {
  if (server().phase() == http::phase::cutting) {
    close_quietly();
    return true;
  }
  try {
    if (!exchange_->poll()) return false;
  } catch (const std::bad_alloc&) {
    close_quietly();
    return true;
  }
  end_exchange();
  return true;
}

void connection::end_exchange() noexcept {
  if (!exchange_->reusable() || server().phase() != http::phase::serving) {
    if (!broken_) close_after_flush();
    open_ = false;
    return;
  }
  stop_waiting();
  exchange_->reset();
  if (out_.size() >= write_batch) (void)flush();
}

// Writes what is left, ends our side, and waits for the peer to end its own: closing while it still
// sends would reset the connection, and take our last answer with it.
auto connection::poll_goodbye() noexcept -> bool {
  if (broken_ || server().phase() == http::phase::cutting) return true;
  if (!out_.empty() && !flush()) return broken_;
  if (!write_ended_) {
    auto ended = stream_.poll_shutdown(writing_);
    if (ended.pending()) return false;
    if (ended.failed()) return true;
    write_ended_ = true;
    out_.release();
  }
  wait_until(waiting::linger, server().limits().linger());
  for (;;) {
    in_.clear();
    auto got = stream_.poll_receive_into(reading_, in_, no_limit);
    if (got.pending()) return deadline_passed();
    if (got.failed() || got.count() == 0) return true;
    lingered_ += got.count();
    if (lingered_ > server().limits().linger_bytes()) return true;
  }
}

auto serve_connection(admission admitted, io::transport stream) -> task<void> {
  connection open(std::move(admitted), std::move(stream));
  co_await open.run();
}

}  // namespace weft::inline v0::http::h1
