#pragma once

#include <weft/bytes.hpp>
#include <weft/export.hpp>
#include <weft/http/method.hpp>
#include <weft/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::inline v0::http {

/// What a request is aimed at (RFC 9112, section 3.2).
///
/// Shares the memory of the text that it was parsed from. Views are valid as long as the target.
/// Thread-safety: as a value.
class target {
 public:
  enum class form : std::uint8_t {
    origin,     ///< "/path?query"
    absolute,   ///< "http://host/path?query", sent to proxies
    authority,  ///< "host:port", with CONNECT only
    asterisk,   ///< "*", with OPTIONS only
  };

  /// "/".
  target() noexcept : text_(bytes::from_static("/")), path_size_(1) {}

  /// Takes the form that `of` asks for. Errors: invalid_argument when the text has another form or
  /// holds a character that none allows (white space, control characters, '#', anything beyond
  /// ASCII), or when its authority is none or names a user.
  WEFT_API static auto parse(bytes text, const method& of) -> weft::result<target>;

  [[nodiscard]] auto kind() const noexcept -> form { return form_; }
  [[nodiscard]] auto text() const noexcept -> std::string_view { return text_.view(); }

  /// Still percent-encoded. "/" for an absolute form without a path, "*" for the asterisk form,
  /// empty for the authority form.
  [[nodiscard]] auto path() const noexcept -> std::string_view {
    if (path_size_ == 0 && form_ == form::absolute) return "/";
    return text_.view().substr(path_, path_size_);
  }
  /// What follows the '?'; still encoded. Empty when there is none.
  [[nodiscard]] auto query() const noexcept -> std::string_view {
    return has_query() ? text_.view().substr(std::size_t{path_} + path_size_ + 1)
                       : std::string_view();
  }
  [[nodiscard]] auto has_query() const noexcept -> bool {
    return std::size_t{path_} + path_size_ < text_.size();
  }
  /// "http" in any case, for the absolute form; else empty.
  [[nodiscard]] auto scheme() const noexcept -> std::string_view {
    return text_.view().substr(0, scheme_size_);
  }
  /// "host:port" of the absolute and the authority form; else empty.
  [[nodiscard]] auto authority() const noexcept -> std::string_view {
    return text_.view().substr(authority_, authority_size_);
  }

 private:
  bytes text_;
  std::uint32_t path_ = 0;
  std::uint32_t path_size_ = 0;
  std::uint32_t authority_ = 0;
  std::uint32_t authority_size_ = 0;
  std::uint8_t scheme_size_ = 0;
  form form_ = form::origin;

  auto parse_absolute() -> weft::result<void>;
};

/// Whether `text` is "host" or "host:port" with a non-empty host (RFC 3986, section 3.2): a name,
/// an IPv4 address, or a bracketed IPv6 address. A user ("user@host") is refused.
WEFT_API auto is_authority(std::string_view text) noexcept -> bool;

/// Whether two authorities name the same host and port; case and the scheme's default port do not
/// count.
WEFT_API auto same_authority(std::string_view left, std::string_view right,
                             std::string_view scheme) noexcept -> bool;

}  // namespace weft::inline v0::http
