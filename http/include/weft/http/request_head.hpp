#pragma once

#include <weft/http/extensions.hpp>
#include <weft/http/header_map.hpp>
#include <weft/http/method.hpp>
#include <weft/http/target.hpp>
#include <weft/http/version.hpp>

#include <utility>

namespace weft::inline v0::http {

/// A request without its body: the control data and the fields (RFC 9110, section 6).
/// A value that is moved; what it views lives as long as it does. Thread-safety: none.
class request_head {
 public:
  /// GET / with no fields.
  request_head() noexcept = default;
  request_head(http::method method, http::target target,
               http::version version = version::http_1_1) noexcept
      : method_(method), version_(version), target_(std::move(target)) {}

  [[nodiscard]] auto method() const noexcept -> const http::method& { return method_; }
  [[nodiscard]] auto target() const noexcept -> const http::target& { return target_; }
  [[nodiscard]] auto version() const noexcept -> http::version { return version_; }
  [[nodiscard]] auto headers() noexcept -> header_map& { return headers_; }
  [[nodiscard]] auto headers() const noexcept -> const header_map& { return headers_; }
  [[nodiscard]] auto extensions() noexcept -> http::extensions& { return extensions_; }
  [[nodiscard]] auto extensions() const noexcept -> const http::extensions& { return extensions_; }

  void set_method(http::method method) noexcept { method_ = method; }
  void set_target(http::target target) noexcept { target_ = std::move(target); }
  void set_version(http::version version) noexcept { version_ = version; }

  /// Drops the fields and extensions and lets go of the message's memory; keeps what can be reused.
  void clear() noexcept {
    headers_.clear();
    extensions_.clear();
    target_ = http::target();
  }

 private:
  http::method method_;
  http::version version_ = http::version::http_1_1;
  http::target target_;
  header_map headers_;
  http::extensions extensions_;
};

}  // namespace weft::inline v0::http
