#pragma once

#include <weft/http/body.hpp>
#include <weft/http/extensions.hpp>
#include <weft/http/header_map.hpp>
#include <weft/http/status.hpp>
#include <weft/result.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace weft::inline v0::http {

/// An answer: status, fields, body. Move-only.
///
/// Made from what handlers return: text (with `content-type: text/plain; charset=utf-8`), bytes, a
/// status, or both.
/// Thread-safety: one task at a time.
class response {
 public:
  response() noexcept = default;
  // NOLINTNEXTLINE(google-explicit-constructor)
  response(http::status status) noexcept : status_(status) {}
  response(http::status status, http::body body) noexcept
      : status_(status), body_(std::move(body)) {}
  response(http::body body) noexcept  // NOLINT(google-explicit-constructor)
      : body_(std::move(body)) {}
  response(bytes data) noexcept  // NOLINT(google-explicit-constructor)
      : body_(std::move(data)) {}
  WEFT_API response(std::string text);  // NOLINT(google-explicit-constructor)
  WEFT_API response(http::status status, std::string text);
  /// Of a string literal, or other text that lives as long as the program: refers to it.
  response(const char* literal)  // NOLINT(google-explicit-constructor)
      : response(literal_text(literal)) {}
  response(http::status status, const char* literal) : response(literal_text(literal)) {
    status_ = status;
  }
  /// Copies the text.
  response(std::string_view text)  // NOLINT(google-explicit-constructor)
      : response(std::string(text)) {}

  [[nodiscard]] auto status() const noexcept -> http::status { return status_; }
  void set_status(http::status status) noexcept { status_ = status; }
  [[nodiscard]] auto headers() -> header_map& {
    if (is_text_) write_text_type();
    return headers_;
  }
  [[nodiscard]] auto headers() const -> const header_map& {
    if (is_text_) write_text_type();
    return headers_;
  }
  [[nodiscard]] auto extensions() noexcept -> http::extensions& { return extensions_; }
  [[nodiscard]] auto body() & noexcept -> http::body& { return body_; }
  [[nodiscard]] auto body() && noexcept -> http::body&& { return std::move(body_); }
  void set_body(http::body body) noexcept { body_ = std::move(body); }

  /// Sets a field, for use in a chain. A field that cannot be sent is left out.
  auto header(header_name name, std::string_view value) && -> response&& {
    (void)headers().insert(name, value);
    return std::move(*this);
  }

  /// For protocol engines: whether `content-type: text/plain; charset=utf-8` is still to be written
  /// besides `fields`. The map that most responses do not look at is so never filled.
  [[nodiscard]] auto is_text() const noexcept -> bool { return is_text_; }
  [[nodiscard]] auto fields() const noexcept -> const header_map& { return headers_; }

 private:
  response(bool is_text, http::body body) noexcept : is_text_(is_text), body_(std::move(body)) {}
  static auto literal_text(std::string_view text) noexcept -> response {
    return response(true, http::body(bytes::from_static(text)));
  }
  WEFT_API void write_text_type() const;

  http::status status_ = status::ok;
  mutable bool is_text_ = false;
  mutable header_map headers_;
  http::body body_;
  http::extensions extensions_;
};

/// What a service of HTTP answers with.
using result = weft::result<response>;

/// What a handler may return: something that a response is made from, or a result of that.
template <class T>
concept responds = std::constructible_from<response, T&&>;

/// The response for an error: its status payload (`error.with_payload(http::status)`), or the one
/// that fits its code: not_found 404, invalid_argument and invalid_data 400, permission_denied 403,
/// limit_exceeded 413, overloaded 503, timed_out 504, unsupported 501, all others 500. The error's
/// text is not shown to the peer.
[[nodiscard]] WEFT_API auto response_of(const error& why) -> response;

}  // namespace weft::inline v0::http
