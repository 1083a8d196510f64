#pragma once

#include <weft/export.hpp>
#include <weft/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::inline v0::http {

/// The methods of RFC 9110 and RFC 5789 as small numbers, for tables and switches.
enum class method_id : std::uint8_t {
  extension,  ///< any other token
  get,
  head,
  post,
  put,
  delete_,  // NOLINT(readability-identifier-naming): delete is a keyword
  connect,
  options,
  trace,
  patch,
};

/// A request method (RFC 9110, section 9): one of the known ones, or an extension by its name.
/// A trivially copyable value that owns its text.
class method {
 public:
  /// The longest name that is accepted; the longest registered one has 17 characters.
  static constexpr std::size_t max_size = 22;

  static const method get, head, post, put, connect, options, trace, patch;
  static const method delete_;  // NOLINT(readability-identifier-naming): delete is a keyword

  /// GET.
  constexpr method() noexcept : method(method_id::get, "GET") {}

  /// Methods are case-sensitive: "get" is an extension, not GET. Errors: invalid_argument when
  /// `name` is no token; limit_exceeded when it is longer than max_size.
  WEFT_API static auto parse(std::string_view name) -> weft::result<method>;

  [[nodiscard]] constexpr auto id() const noexcept -> method_id { return id_; }
  /// Valid as long as this object.
  [[nodiscard]] constexpr auto text() const noexcept -> std::string_view {
    return {text_.data(), size_};
  }

  /// Asks for nothing to change (section 9.2.1).
  [[nodiscard]] constexpr auto is_safe() const noexcept -> bool {
    return id_ == method_id::get || id_ == method_id::head || id_ == method_id::options ||
           id_ == method_id::trace;
  }
  /// May be sent twice with the effect of once (section 9.2.2).
  [[nodiscard]] constexpr auto is_idempotent() const noexcept -> bool {
    return is_safe() || id_ == method_id::put || id_ == method_id::delete_;
  }

  friend constexpr auto operator==(const method& left, const method& right) noexcept -> bool {
    return left.id_ == right.id_ &&
           (left.id_ != method_id::extension || left.text() == right.text());
  }
  friend constexpr auto operator==(const method& left, method_id right) noexcept -> bool {
    return left.id_ == right;
  }

 private:
  method_id id_;
  std::uint8_t size_;
  std::array<char, max_size> text_{};

  constexpr method(method_id id, std::string_view text) noexcept
      : id_(id), size_(static_cast<std::uint8_t>(text.size())) {
    for (std::size_t i = 0; i < text.size(); ++i) text_[i] = text[i];
  }
};

inline constexpr method method::get{method_id::get, "GET"};
inline constexpr method method::head{method_id::head, "HEAD"};
inline constexpr method method::post{method_id::post, "POST"};
inline constexpr method method::put{method_id::put, "PUT"};
inline constexpr method method::delete_{method_id::delete_, "DELETE"};
inline constexpr method method::connect{method_id::connect, "CONNECT"};
inline constexpr method method::options{method_id::options, "OPTIONS"};
inline constexpr method method::trace{method_id::trace, "TRACE"};
inline constexpr method method::patch{method_id::patch, "PATCH"};

}  // namespace weft::inline v0::http
