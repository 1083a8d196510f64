#include "h1/response_encoder.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "h1/date.hpp"
#include "h1/semantics.hpp"
#include "header_map_builder.hpp"
#include "text.hpp"

namespace weft::inline v0::http::h1 {

namespace {

constexpr std::string_view crlf = "\r\n";
constexpr std::size_t max_decimal = 20;
constexpr std::size_t max_hex = 16;
// Status line, Date, framing, ready fields, Connection, the empty line: all but the user's fields.
constexpr std::size_t fixed_head_size = 448;

// Writes into room that was reserved for all of it.
class head_writer {
 public:
  head_writer(buffer& out, std::size_t bound)
      : out_(out), start_(reinterpret_cast<char*>(out.prepare(bound).data())), at_(start_) {}
  head_writer(const head_writer&) = delete;
  auto operator=(const head_writer&) -> head_writer& = delete;
  ~head_writer() { out_.commit(static_cast<std::size_t>(at_ - start_)); }

  void put(std::string_view text) noexcept { at_ += text.copy(at_, text.size()); }
  void put_number(std::uint64_t value) noexcept {
    at_ = std::to_chars(at_, at_ + max_decimal, value).ptr;
  }
  void put_field(std::string_view name, std::string_view value) noexcept {
    put(name);
    put(": ");
    put(value);
    put(crlf);
  }
  void put_status_line(status code) noexcept {
    put("HTTP/1.1 ");
    put_number(static_cast<std::uint64_t>(code.code()));
    put(" ");
    put(code.reason());
    put(crlf);
  }

 private:
  buffer& out_;
  char* start_;
  char* at_;
};

auto bound_of(const header_map& fields) noexcept -> std::size_t {
  std::size_t bound = fixed_head_size;
  for (const auto& field : fields) bound += field.name.size() + field.value.size() + 4;
  return bound;
}

// What users wish, and what only the encoder may write.
struct response_wishes {
  std::optional<std::uint64_t> length;
  bool close = false;
  bool date = false;
  bool upgrade = false;
};

auto is_encoders_own(header name) noexcept -> bool {
  return name == header::content_length || name == header::transfer_encoding ||
         name == header::connection || name == header::keep_alive ||
         name == header::proxy_connection;
}

auto wishes_of(const header_map& fields) noexcept -> response_wishes {
  response_wishes wishes;
  for (const auto& field : fields) {
    switch (field.known) {
      case header::content_length: {
        std::uint64_t length = 0;
        if (parse_content_length(field.value, length)) wishes.length = length;
        break;
      }
      case header::connection:
        detail::for_each_element(field.value, [&](std::string_view option) {
          if (detail::same_ignoring_case(option, "close")) wishes.close = true;
          return true;
        });
        break;
      case header::date:
        wishes.date = true;
        break;
      case header::upgrade:
        wishes.upgrade = true;
        break;
      default:
        break;
    }
  }
  return wishes;
}

void put_fields(head_writer& to, const header_map& fields) noexcept {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto field = fields.at(i);
    if (is_encoders_own(field.known)) continue;
    to.put_field(detail::header_map_builder::wire_name(fields, i), field.value);
  }
}

auto never_has_body(status code) noexcept -> bool {
  return code.is_informational() || code == status::no_content || code == status::not_modified;
}

}  // namespace

void response_encoder::decide_framing(const response_context& context, status code,
                                      std::optional<std::uint64_t> length) noexcept {
  left_ = 0;
  if (context.head_request || never_has_body(code)) {
    framing_ = framing::none;
  } else if (length) {
    framing_ = framing::length;
    left_ = *length;
  } else if (context.version == version::http_1_0) {
    framing_ = framing::until_close;
    keep_alive_ = false;
  } else {
    framing_ = framing::chunked;
  }
}

void response_encoder::start(buffer& out, const response_context& context, status code,
                             const header_map& headers, std::optional<std::uint64_t> length,
                             std::int64_t unix_seconds, std::string_view ready_fields) {
  const auto wishes = wishes_of(headers);
  const bool bodyless = context.head_request || never_has_body(code);
  // Where no body is sent, the user's length tells what a GET would have had.
  if (!length || (bodyless && wishes.length)) length = wishes.length;
  if (code == status::reset_content) length = 0;
  if (code == status::not_modified) length = wishes.length;
  interrupted_ = false;
  chunk_is_open_ = false;
  keep_alive_ = context.keep_alive && !wishes.close;
  decide_framing(context, code, length);

  head_writer to(out, bound_of(headers));
  const auto& now = second_cache::at(unix_seconds);
  if (code == status::ok && !wishes.date) {
    to.put(now.ok_with_date());
  } else {
    to.put_status_line(code);
    if (!wishes.date && !code.is_informational()) to.put(now.date_line());
  }
  if (!code.is_informational() && code != status::no_content) {
    if (length) {
      to.put("Content-Length: ");
      to.put_number(*length);
      to.put(crlf);
    } else if (context.version != version::http_1_0 && code != status::not_modified) {
      to.put("Transfer-Encoding: chunked\r\n");
    }
  }
  to.put(ready_fields);
  put_fields(to, headers);
  if (wishes.upgrade) {
    to.put(keep_alive_ ? "Connection: upgrade\r\n" : "Connection: upgrade, close\r\n");
  } else if (!keep_alive_) {
    to.put("Connection: close\r\n");
  } else if (context.version == version::http_1_0) {
    to.put("Connection: keep-alive\r\n");
  }
  to.put(crlf);
}

auto response_encoder::begin_piece(buffer& out, std::size_t size) -> weft::result<void> {
  if (interrupted_) return fail(errc::invalid_state, "the response has failed before");
  if (framing_ == framing::length) {
    if (size > left_) {
      interrupted_ = true;
      keep_alive_ = false;
      return fail(errc::limit_exceeded, "the body is longer than its Content-Length");
    }
    left_ -= size;
  } else if (framing_ == framing::chunked && size != 0) {  // an empty chunk would end the body
    std::array<char, max_hex + 2> line;
    auto* end = std::to_chars(line.data(), line.data() + max_hex, size, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    out.append({line.data(), static_cast<std::size_t>(end - line.data())});
    chunk_is_open_ = true;
  }
  return {};
}

void response_encoder::end_piece(buffer& out) {
  if (std::exchange(chunk_is_open_, false)) out.append(crlf);
}

auto response_encoder::write(buffer& out, std::string_view data) -> weft::result<void> {
  if (framing_ != framing::none) out.reserve(data.size() + max_hex + 4);
  if (auto begun = begin_piece(out, data.size()); !begun) return begun;
  if (framing_ == framing::none) return {};
  out.append(data);
  end_piece(out);
  return {};
}

auto response_encoder::finish(buffer& out, const header_map* trailers) -> weft::result<void> {
  if (interrupted_) return fail(errc::invalid_state, "the response has failed before");
  if (framing_ == framing::length && left_ != 0) {
    interrupted_ = true;
    keep_alive_ = false;
    return fail(errc::end_of_stream, "the body is shorter than its Content-Length");
  }
  if (framing_ != framing::chunked) return {};
  out.append("0\r\n");
  if (trailers != nullptr) {
    head_writer to(out, bound_of(*trailers));
    for (const auto& field : *trailers) {
      if (!is_forbidden_trailer(field.known)) to.put_field(field.name, field.value);
    }
  }
  out.append(crlf);
  return {};
}

void response_encoder::interim(buffer& out, status code, const header_map* headers) {
  head_writer to(out, headers != nullptr ? bound_of(*headers) : fixed_head_size);
  to.put_status_line(code);
  if (headers != nullptr) put_fields(to, *headers);
  to.put(crlf);
}

void response_encoder::refuse(buffer& out, rejection why, std::int64_t unix_seconds) {
  const auto code = status_of(why);
  const auto text = text_of(why);
  head_writer to(out, fixed_head_size + text.size());
  to.put_status_line(code);
  to.put(second_cache::at(unix_seconds).date_line());
  to.put("Content-Type: text/plain\r\nContent-Length: ");
  to.put_number(text.size() + 1);
  to.put(crlf);
  if (code == status::method_not_allowed) {
    to.put("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n");  // anything but CONNECT
  }
  to.put("Connection: close\r\n\r\n");
  to.put(text);
  to.put("\n");
}

}  // namespace weft::inline v0::http::h1
