#include "h1/request_parser.hpp"

#include <algorithm>
#include <utility>

#include "h1/fields.hpp"
#include "text.hpp"

namespace weft::inline v0::http::h1 {

void request_parser::next() noexcept {
  place_ = place::start;
  started_ = false;
  skipped_empty_line_ = false;
  why_ = rejection::none;
  guard_.start_head({request_line_bound(*limits_), limits_->head, limits_->fields});
  head_.clear();
  data_.clear();
  trailers_.clear();
  body_limit_ = limits_->body;
}

auto request_parser::refuse(rejection why) noexcept -> event {
  place_ = place::refused;
  why_ = why;
  return event::refused;
}

auto request_parser::feed(buffer& in) -> event {
  switch (place_) {
    case place::start:
      return feed_start(in);
    case place::head:
      return feed_head(in);
    case place::body_start:
      return start_body(in);
    case place::length:
      return feed_length(in);
    case place::chunked:
      return feed_chunks(in);
    case place::end:
      return event::end;
    case place::refused:
      break;
  }
  return event::refused;
}

// Before the request line: at most one empty line (RFC 9112, section 2.2), which begins no request,
// so that a client which ends a body with CR LF too much is idle behind it. Then a method.
auto request_parser::feed_start(buffer& in) -> event {
  if (!skipped_empty_line_ && in.view().starts_with('\r')) {
    started_ = true;
    if (in.size() < 2) return event::need_more;
    if (in.view()[1] != '\n') return refuse(rejection::bad_start);
    in.consume(2);
    skipped_empty_line_ = true;
    started_ = false;
  }
  if (in.empty()) return event::need_more;
  if (!detail::has_class(in.view().front(), detail::char_class::token)) {
    return refuse(rejection::bad_start);
  }
  place_ = place::head;
  return feed_head(in);
}

auto request_parser::feed_head(buffer& in) -> event {
  const bool had_line = guard_.first_line() != 0;
  const auto verdict = guard_.scan(in.view());
  // The request line is judged as soon as it is there, before anything that follows it.
  if (!had_line && guard_.first_line() != 0) {
    const auto line = in.view().substr(0, guard_.first_line() - 2);
    const auto why = parse_request_line(line, *limits_, line_);
    if (why != rejection::none) return refuse(why);
  }
  switch (verdict) {
    case guard::verdict::need_more:
      return event::need_more;
    case guard::verdict::refused:
      return refuse(guard_.why());
    case guard::verdict::complete:
      break;
  }
  return parse_head(in.split_to(guard_.size()));
}

auto request_parser::parse_head(bytes section) -> event {
  auto aim = target::parse(section.slice(line_.target, line_.target_size), line_.method);
  if (!aim) return refuse(rejection::bad_target);
  auto why =
      parse_fields(std::move(section), guard_.first_line(), guard_.fields(), head_.headers());
  if (why != rejection::none) return refuse(why);
  why = examine_request(head_.headers(), line_.version, *aim, semantics_);
  if (why != rejection::none) return refuse(why);
  head_.set_method(line_.method);
  head_.set_version(line_.version);
  head_.set_target(std::move(*aim));
  place_ = place::body_start;
  return event::head;
}

auto request_parser::start_body(buffer& in) -> event {
  switch (semantics_.framing) {
    case request_semantics::body::none:
      break;
    case request_semantics::body::length:
      if (semantics_.length > body_limit_) return refuse(rejection::body_too_large);
      left_ = semantics_.length;
      place_ = place::length;
      return feed_length(in);
    case request_semantics::body::chunked:
      chunks_.start(body_limit_);
      place_ = place::chunked;
      return feed_chunks(in);
  }
  place_ = place::end;
  return event::end;
}

auto request_parser::feed_length(buffer& in) -> event {
  if (left_ == 0) {
    place_ = place::end;
    return event::end;
  }
  if (in.empty()) return event::need_more;
  data_ = in.split_to(static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size())));
  left_ -= data_.size();
  return event::data;
}

auto request_parser::feed_chunks(buffer& in) -> event {
  switch (chunks_.advance(in, *limits_, data_, trailers_)) {
    case chunk_decoder::step::need_more:
      return event::need_more;
    case chunk_decoder::step::data:
      return event::data;
    case chunk_decoder::step::trailers:
      return event::trailers;
    case chunk_decoder::step::end:
      place_ = place::end;
      return event::end;
    case chunk_decoder::step::refused:
      break;
  }
  return refuse(chunks_.why());
}

}  // namespace weft::inline v0::http::h1
