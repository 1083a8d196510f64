#pragma once

#include <weft/bytes.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "h1/request_parser.hpp"

// Runs a request_parser over an input that arrives in pieces, and writes down what came out:
//
//   GET /x HTTP/1.0; POST /up 'hello' {X-Sum: 1}; 400 bad_chunk
//
// Requests are separated by "; ". A body stands in quotes (or as its size, when it is long),
// trailers in braces. "expect" is noted where the client waits for 100 (Continue), "close" where
// the connection must end after the request; what follows is not parsed then. At the end: nothing
// when the input ended between requests, "..." when it ended within one, or the refusal.

namespace weft::inline v0::http::test {

class transcript {
 public:
  explicit transcript(const h1::limits& within) : parser_(within) {}

  void feed(std::string_view piece) {
    in_.append(piece);
    while (!over_ && step()) {
    }
  }

  auto text() -> std::string {
    auto text = text_;
    if (over_ || parser_.idle()) return text;
    if (in_request_) note_body(text);
    return text + (text.empty() ? "..." : in_request_ ? " ..." : "; ...");
  }

 private:
  using event = h1::request_parser::event;

  h1::request_parser parser_;
  buffer in_;
  std::string text_;
  std::string body_;
  bool in_request_ = false;
  bool over_ = false;

  void separate() {
    if (!text_.empty()) text_ += "; ";
  }

  void note_body(std::string& text) const {
    if (parser_.semantics().framing == h1::request_semantics::body::none) return;
    text +=
        body_.size() > 40 ? " <" + std::to_string(body_.size()) + " bytes>" : " '" + body_ + "'";
  }

  void note_head() {
    separate();
    const auto& head = parser_.head();
    text_ += head.method().text();
    text_ += ' ';
    text_ += head.target().text().size() > 60
                 ? "<" + std::to_string(head.target().text().size()) + " bytes>"
                 : std::string(head.target().text());
    if (head.version() == version::http_1_0) text_ += " HTTP/1.0";
    if (parser_.semantics().expect_continue) text_ += " expect";
    in_request_ = true;
    body_.clear();
  }

  void note_trailers() {
    note_body(text_);
    body_.clear();
    text_ += " {";
    for (const auto& field : parser_.trailers()) {
      if (text_.back() != '{') text_ += ", ";
      text_.append(field.name).append(": ").append(field.value);
    }
    text_ += '}';
  }

  void note_end(bool had_trailers) {
    if (!had_trailers) note_body(text_);
    in_request_ = false;
    if (!parser_.semantics().keep_alive) {
      text_ += " close";
      over_ = true;
    }
    parser_.next();
  }

  void note_refusal() {
    if (in_request_) {
      note_body(text_);
      text_ += ' ';
    } else {
      separate();
    }
    text_ += std::to_string(h1::status_of(parser_.why()).code());
    text_ += ' ';
    text_ += h1::name_of(parser_.why());
    over_ = true;
  }

  auto step() -> bool {
    switch (parser_.feed(in_)) {
      case event::need_more:
        return false;
      case event::head:
        note_head();
        break;
      case event::data:
        body_ += parser_.take_data().view();
        break;
      case event::trailers:
        note_trailers();
        break;
      case event::end:
        note_end(!parser_.trailers().empty());
        break;
      case event::refused:
        note_refusal();
        break;
    }
    return true;
  }
};

inline auto transcript_of(const std::vector<std::string_view>& pieces,
                          const h1::limits& within = {}) -> std::string {
  transcript made(within);
  for (const auto piece : pieces) made.feed(piece);
  return made.text();
}

}  // namespace weft::inline v0::http::test
