#include "h1/fields.hpp"

#include <llhttp.h>

#include <utility>

#include "header_map_builder.hpp"
#include "text.hpp"

// llhttp parses field lines only, and always in one piece.
//
// The request line is weft's own (request_line.hpp): llhttp knows a fixed set of methods and takes
// lines that we refuse, so it would have to be checked again anyway. The body is weft's own too
// (chunked.hpp): llhttp 8.1.0 takes bare LF and folded lines there, and a guard that delimits a
// chunk line has done most of the parsing. What is left for llhttp is what it is best at: the
// grammar of names and values, and a second opinion on Content-Length and Transfer-Encoding. Its
// state is a copy of one that has just read a request line, lives on the stack, and is dropped at
// the empty line: none of its pausing, upgrading or keep-alive is ever reached.

namespace weft::inline v0::http::h1 {

namespace {

struct field_sink {
  header_map* into;
  std::string_view name;
  std::string_view value;
  bool complete = false;
};

auto sink_of(llhttp_t* parser) noexcept -> field_sink& {
  return *static_cast<field_sink*>(parser->data);
}

// llhttp may hand out a span in pieces; they are neighbours, since it reads one contiguous section.
void extend(std::string_view& span, const char* at, std::size_t size) noexcept {
  const auto* start = span.empty() ? at : span.begin();
  span = std::string_view(start, at + size);
}

auto on_name(llhttp_t* parser, const char* at, std::size_t size) noexcept -> int {
  extend(sink_of(parser).name, at, size);
  return HPE_OK;
}

auto on_value(llhttp_t* parser, const char* at, std::size_t size) noexcept -> int {
  extend(sink_of(parser).value, at, size);
  return HPE_OK;
}

auto on_value_complete(llhttp_t* parser) noexcept -> int {
  auto& sink = sink_of(parser);
  if (sink.name.size() > 0xffff) return HPE_USER;
  auto value = detail::trimmed(sink.value);
  // An empty value has no place of its own in the section.
  if (value.empty()) value = {sink.name.data() + sink.name.size(), 0};
  if (!detail::header_map_builder::add(*sink.into, sink.name, value)) return HPE_USER;
  sink.name = {};
  sink.value = {};
  return HPE_OK;
}

auto on_headers_complete(llhttp_t* parser) noexcept -> int {
  sink_of(parser).complete = true;
  return HPE_PAUSED;
}

auto settings_for_fields() noexcept -> const llhttp_settings_t* {
  static const auto settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_header_field = on_name;
    made.on_header_value = on_value;
    made.on_header_value_complete = on_value_complete;
    made.on_headers_complete = on_headers_complete;
    return made;
  }();
  return &settings;
}

// A parser that has read a request line and expects fields.
auto primed_parser() noexcept -> llhttp_t {
  static const auto primed = [] {
    constexpr std::string_view line = "POST / HTTP/1.1\r\n";
    llhttp_t made;
    llhttp_init(&made, HTTP_REQUEST, settings_for_fields());
    llhttp_execute(&made, line.data(), line.size());
    return made;
  }();
  return primed;
}

auto rejection_of(llhttp_errno_t code) noexcept -> rejection {
  switch (code) {
    case HPE_INVALID_CONTENT_LENGTH:
      return rejection::bad_content_length;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return rejection::conflicting_length;
    case HPE_INVALID_TRANSFER_ENCODING:
      return rejection::bad_transfer_encoding;
    default:
      return rejection::bad_field;
  }
}

}  // namespace

auto parse_fields(bytes section, std::size_t offset, std::size_t count, header_map& into)
    -> rejection {
  const auto lines = section.view().substr(offset);
  detail::header_map_builder::start(into, std::move(section), count);
  if (count == 0) return rejection::none;
  field_sink sink{&into, {}, {}};
  auto parser = primed_parser();
  parser.data = &sink;
  const auto code = llhttp_execute(&parser, lines.data(), lines.size());
  if (sink.complete && code == HPE_PAUSED && into.size() == count) return rejection::none;
  return code == HPE_OK || code == HPE_PAUSED ? rejection::bad_field : rejection_of(code);
}

}  // namespace weft::inline v0::http::h1
