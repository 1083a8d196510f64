#include "h1/exchange.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "h1/connection.hpp"

namespace weft::inline v0::http::h1 {

namespace {

// Of a response's body: what is encoded before it is written.
constexpr std::size_t response_batch = 64 * 1024;

// What response::is_text stands for.
constexpr std::string_view text_type_line = "Content-Type: text/plain; charset=utf-8\r\n";

}  // namespace

exchange::exchange(connection& on) : connection_(on), parser_(on.server().parser_limits()) {}

exchange::~exchange() {
  abandon();
}

void exchange::reset() noexcept {
  parser_.next();
  body_ = body_read::none;
  stage_ = stage::done;
}

// The handler goes first: it may hold the ends of bodies.
void exchange::abandon() noexcept {
  call_.reset();
  response_body_ = body();
  answer_ = response();
  if (auto channel = std::move(channel_)) channel->fail(error(errc::closed));
}

void exchange::begin() {
  auto& counters = connection_.server().counters();
  counters.add(counter::requests);
  const auto& semantics = parser_.semantics();
  version_ = parser_.head().version();
  is_head_ = parser_.head().method() == method::head;
  reusable_ = semantics.keep_alive;
  wants_continue_ = semantics.expect_continue;
  was_wanted_ = false;
  is_disconnected_ = false;
  received_ = 0;
  waited_ = duration::zero();
  drained_ = 0;
  if (semantics.framing == request_semantics::body::length &&
      semantics.length > connection_.server().limits().body()) {
    stage_ = stage::done;
    return connection_.refuse(rejection::body_too_large);
  }
  stage_ = stage::handling;
  auto incoming_body = make_body();
  request incoming(std::move(parser_.head()), std::move(incoming_body));
  try {
    call_ = connection_.server().handler().call(std::move(incoming), answer_);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (...) {
    counters.add(counter::handler_exceptions);
    answer_ = response(status::internal_server_error, "Internal Server Error\n");
  }
  if (call_) {
    call_->start();
  } else {
    start_response();
  }
}

// A body that has arrived with its head is handed over as it is; any other one is a channel.
auto exchange::make_body() -> body {
  if (parser_.semantics().framing == request_semantics::body::none) {
    parser_.feed(connection_.in_);  // the end
    return {};
  }
  body_ = body_read::unread;
  if (parser_.semantics().framing == request_semantics::body::length &&
      connection_.in_.size() >= parser_.semantics().length &&
      parser_.feed(connection_.in_) == request_parser::event::data) {
    auto all = parser_.take_data();
    if (parser_.feed(connection_.in_) == request_parser::event::end) {
      body_ = body_read::ended;
      wants_continue_ = false;
      return all;
    }
  }
  channel_.reset(new detail::channel_state(1));
  if (parser_.semantics().framing == request_semantics::body::length) {
    channel_->set_size(parser_.semantics().length);
  }
  return body(detail::make_channel_source(*channel_));
}

auto exchange::poll() -> bool {
  for (;;) {
    if (stage_ == stage::done) return true;
    auto moved = pump_request();
    moved |= pump_handler();
    moved |= pump_response();
    moved |= pump_drain();
    if (!connection_.open_) {  // it broke, or was refused
      abandon();
      reusable_ = false;
      stage_ = stage::done;
      return true;
    }
    if (!moved) return false;
  }
}

// Brings bytes of the body to whoever reads it, as long as somebody does.
auto exchange::pump_request() -> bool {
  if (!channel_ || body_ == body_read::ended || stage_ == stage::draining) return false;
  if (!channel_->wanted()) {
    channel_->writer().register_current();
    if (!channel_->wanted()) {
      if (was_wanted_ && connection_.waiting_ == connection::waiting::body) {
        connection_.stop_waiting();
      }
      if (std::exchange(was_wanted_, false)) waited_ += time::now() - wanted_since_;
      return false;
    }
  }
  if (!was_wanted_) {
    was_wanted_ = true;
    wanted_since_ = time::now();
  }
  body_ = body_read::reading;
  if (wants_continue_ && stage_ != stage::responding) {
    wants_continue_ = false;
    response_encoder::interim(connection_.out_.text(), status::continue_);
    (void)connection_.flush();
  }
  return feed_body();
}

auto exchange::feed_body() -> bool {
  for (;;) {
    switch (parser_.feed(connection_.in_)) {
      case request_parser::event::data: {
        auto data = parser_.take_data();
        received_ += data.size();
        connection_
            .stop_waiting();  // for the body, or for the end of a peer that has ended its side
        channel_->push(std::move(data));
        return true;
      }
      case request_parser::event::trailers:
        request_trailers_ = std::move(parser_.trailers());
        continue;
      case request_parser::event::end:
        body_ = body_read::ended;
        if (connection_.waiting_ == connection::waiting::body) connection_.stop_waiting();
        channel_->end(std::move(request_trailers_));
        return true;
      case request_parser::event::refused:
        request_failed(error(parser_.why() == rejection::body_too_large ? errc::limit_exceeded
                                                                        : errc::invalid_data),
                       parser_.why());
        return true;
      default:
        break;
    }
    auto got = connection_.stream_.poll_receive_into(connection_.reading_, connection_.in_,
                                                     std::numeric_limits<std::size_t>::max());
    if (got.pending()) return body_is_late();
    if (got.failed()) {
      peer_is_gone();
      return true;
    }
    if (got.count() == 0) {
      body_ended_early();
      return true;
    }
  }
}

// The peer has ended its side within the body. It may still wait for an answer: whoever reads the
// body is told, and has as long as watch_peer leaves it.
void exchange::body_ended_early() {
  note_disconnect();
  if (connection_.waiting_ == connection::waiting::body) connection_.stop_waiting();
  reusable_ = false;
  body_ = body_read::ended;
  channel_->fail(error(errc::end_of_stream, "the client ended the connection within the body")
                     .with_payload(status::bad_request));
}

// True: the body did not arrive in time, and the request has failed.
auto exchange::body_is_late() -> bool {
  const auto& within = connection_.server().limits();
  auto wait = within.body_idle();
  if (within.body_rate() > 0) {
    auto earned = std::chrono::duration_cast<duration>(std::chrono::duration<double>(
        static_cast<double>(received_) / static_cast<double>(within.body_rate())));
    auto allowed = wanted_since_ + within.body_rate_grace() + earned - waited_ - time::now();
    wait = std::min(wait, std::max<duration>(allowed, duration::zero()));
  }
  connection_.wait_until(connection::waiting::body, wait);
  if (connection_.waiting_ != connection::waiting::body || !connection_.deadline_passed()) {
    return false;
  }
  connection_.server().counters().add(counter::body_timeouts);
  request_failed(error(errc::timed_out), rejection::none);
  return true;
}

// The request cannot be read to its end. Before the response has begun, the peer is told;
// afterwards nothing but closing is left.
void exchange::request_failed(error why, rejection refused) {
  auto had_response = stage_ != stage::handling && stage_ != stage::holding;
  channel_->fail(std::move(why));
  body_ = body_read::ended;
  if (had_response) {
    connection_.broken_ = true;
    connection_.close_quietly();
    return;
  }
  abandon();
  if (refused != rejection::none) {
    connection_.refuse(refused);
  } else {
    response_encoder late;
    late.start(connection_.out_.text(), {version_, is_head_, false}, status::request_timeout, {}, 0,
               time::wall_clock_s());
    connection_.close_after_flush();
  }
}

auto exchange::pump_handler() -> bool {
  if (stage_ != stage::handling || !connection_.open_) return false;
  if (call_->done()) {
    try {
      answer_ = call_->take();
    } catch (...) {
      connection_.server().counters().add(counter::handler_exceptions);
      answer_ = response(status::internal_server_error, "Internal Server Error\n");
    }
    call_.reset();
    start_response();
    return true;
  }
  // It takes a while: earlier answers must not wait for it, and the peer may hang up.
  if (!connection_.out_.empty()) (void)connection_.flush();
  watch_peer();
  return false;
}

// A peer that has ended its side may be gone, or may be waiting for the answer as `nc -N` does. It
// gets what is ready soon; then the handler is cancelled, even if a part of the request's body is
// still to be read. While somebody waits for that part, reading it finds out.
void exchange::watch_peer() noexcept {
  if (was_wanted_ && body_ == body_read::reading) return;
  if (!connection_.stream_.poll_peer_closed(connection_.closing_)) return;
  connection_.wait_until(connection::waiting::linger, connection_.server().limits().linger());
  if (connection_.deadline_passed()) peer_is_gone();
}

void exchange::note_disconnect() noexcept {
  if (std::exchange(is_disconnected_, true)) return;
  connection_.server().counters().add(counter::peer_disconnects);
}

void exchange::peer_is_gone() noexcept {
  note_disconnect();
  connection_.broken_ = true;
  connection_.close_quietly();
}

void exchange::start_response() {
  connection_.server().counters().add(counter::responses);
  if (!answer_) answer_ = response_of(answer_.error());
  if (answer_->status().is_informational()) {  // would leave the peer waiting for the answer proper
    answer_ = response(status::internal_server_error, "Internal Server Error\n");
  }
  if (answer_->status() == status::reset_content) answer_->set_body({});
  if (wants_continue_ && !answer_->body().is_full()) {
    stage_ = stage::holding;
  } else {
    send_head(answer_->body().size());
  }
}

void exchange::send_head(std::optional<std::uint64_t> size) {
  auto& answer = *answer_;
  auto& server = connection_.server();
  // A body that the handler did not want is skipped if it is short and surely comes.
  if (body_ == body_read::unread || body_ == body_read::reading) {
    auto is_long = parser_.semantics().framing == request_semantics::body::length &&
                   parser_.semantics().length > server.limits().linger_bytes();
    if (wants_continue_ || (is_long && body_ == body_read::unread)) reusable_ = false;
  }
  response_context context{version_, is_head_, reusable_ && server.phase() == http::phase::serving};
  auto& out = connection_.out_;
  encoder_.start(out.text(), context, answer.status(), answer.fields(), size, time::wall_clock_s(),
                 answer.is_text() ? text_type_line : std::string_view());
  connection_.end_means_whole_ = encoder_.body() == response_encoder::framing::until_close;
  stage_ = stage::responding;
  if (!encoder_.wants_body()) return finish_response(nullptr);
  if (!answer.body().is_full()) {
    response_body_ = std::move(answer.body());
    return;
  }
  const auto& whole = answer.body().full();
  if (whole.size() < output::copy_below) {
    (void)encoder_.write(out.text(), whole.view());
  } else if (encoder_.begin_piece(out.text(), whole.size())) {
    out.push(whole);
    encoder_.end_piece(out.text());
  }
  finish_response(nullptr);
}

auto exchange::pump_response() -> bool {
  if (!connection_.open_) return false;
  body_source::polled next;
  if (stage_ == stage::holding) {
    auto size = answer_->body().size();
    if (!answer_->body().poll_frame(next)) return wait_for_frame();
    if (!next) answer_ = response_of(next.error());
    send_head(answer_->body().is_full() ? answer_->body().size() : size);
    return stage_ == stage::responding ? send_frame(next) : true;
  }
  if (stage_ != stage::responding) return false;
  auto& out = connection_.out_;
  if (out.size() >= std::min(response_batch, connection_.server().limits().write_queue()) &&
      !connection_.flush()) {
    return false;
  }
  if (!response_body_.poll_frame(next)) return wait_for_frame();
  return send_frame(next);
}

// What there is goes out while we wait.
auto exchange::wait_for_frame() noexcept -> bool {
  if (!connection_.out_.empty()) (void)connection_.flush();
  watch_peer();
  return false;
}

auto exchange::send_frame(body_source::polled& next) -> bool {
  auto& out = connection_.out_;
  if (connection_.waiting_ == connection::waiting::linger)
    connection_.stop_waiting();  // it goes on
  if (!next) {                   // the peer must not take what it has for the whole
    cut_response();
  } else if (!*next) {
    finish_response(response_trailers_.get());
  } else if ((*next)->is_trailers()) {
    response_trailers_ = std::make_unique<header_map>(std::move((*next)->trailers()));
  } else {
    auto& data = (*next)->data();
    auto is_small = data.size() < output::copy_below;
    auto fits = is_small ? encoder_.write(out.text(), data.view())
                         : encoder_.begin_piece(out.text(), data.size());
    if (!fits) {
      cut_response();
    } else if (!is_small) {
      out.push(std::move(data));
      encoder_.end_piece(out.text());
    }
  }
  return true;
}

void exchange::cut_response() noexcept {
  connection_.server().counters().add(counter::body_failures);
  (void)connection_.flush();
  connection_.broken_ = true;
  connection_.close_quietly();
}

void exchange::finish_response(const header_map* trailers) {
  auto finished = encoder_.finish(connection_.out_.text(), trailers);
  if (!response_body_.is_full()) response_body_ = body();
  response_trailers_.reset();
  if (!finished) return cut_response();
  after_response();
}

void exchange::after_response() {
  reusable_ = encoder_.keep_alive();
  stage_ = stage::done;
  connection_.stop_waiting();
  answer_->set_body({});  // one that HEAD did not send is not kept
  if (body_ == body_read::none || body_ == body_read::ended) {
    channel_.reset();
    return;
  }
  if (auto channel = std::move(channel_)) channel->fail(error(errc::closed));
  if (reusable_) stage_ = stage::draining;
}

auto exchange::pump_drain() -> bool {
  if (stage_ != stage::draining || !connection_.open_) return false;
  if (!connection_.out_.empty() && !connection_.flush()) return false;
  for (;;) {
    switch (parser_.feed(connection_.in_)) {
      case request_parser::event::data:
        drained_ += parser_.take_data().size();
        if (drained_ <= connection_.server().limits().linger_bytes()) continue;
        reusable_ = false;
        stage_ = stage::done;
        return true;
      case request_parser::event::trailers:
        continue;
      case request_parser::event::end:
        stage_ = stage::done;
        return true;
      case request_parser::event::refused:
        reusable_ = false;
        stage_ = stage::done;
        return true;
      default:
        break;
    }
    bool pending = false;
    if (connection_.receive_more(pending)) continue;
    if (!pending) return true;
    connection_.wait_until(connection::waiting::linger, connection_.server().limits().linger());
    if (!connection_.deadline_passed()) return false;
    reusable_ = false;
    stage_ = stage::done;
    return true;
  }
}

}  // namespace weft::inline v0::http::h1
