#pragma once

#include <weft/http/body.hpp>
#include <weft/http/request_head.hpp>

#include <cstddef>
#include <string_view>
#include <utility>

namespace weft::inline v0::http {

/// A request: its head and its body. Move-only.
/// Views into it (path, header values) live as long as it does, wherever it is moved.
/// Thread-safety: one task at a time.
class request : public request_head {
 public:
  request() noexcept = default;
  explicit request(request_head head, http::body body = {}) noexcept
      : request_head(std::move(head)), body_(std::move(body)) {}

  /// The target's path, "/users/7", as it was sent: not decoded.
  [[nodiscard]] auto path() const noexcept -> std::string_view { return target().path(); }
  /// What stands behind the target's "?", without it.
  [[nodiscard]] auto query() const noexcept -> std::string_view { return target().query(); }

  [[nodiscard]] auto body() & noexcept -> http::body& { return body_; }
  [[nodiscard]] auto body() && noexcept -> http::body&& { return std::move(body_); }

  /// The part of the path that a route's `{name}` stands for; empty when the route has no such
  /// parameter. `index` counts from 0.
  [[nodiscard]] WEFT_API auto parameter(std::size_t index) const noexcept -> std::string_view;
  void add_parameter(std::size_t position, std::size_t size) noexcept {
    if (parameters_ == max_parameters) return;
    parameter_[parameters_++] = {static_cast<std::uint32_t>(position),
                                 static_cast<std::uint32_t>(size)};
  }
  void clear_parameters() noexcept { parameters_ = 0; }

  static constexpr std::size_t max_parameters = 8;

 private:
  struct range {
    std::uint32_t position = 0;
    std::uint32_t size = 0;
  };
  http::body body_;
  range parameter_[max_parameters];
  std::uint8_t parameters_ = 0;
};

}  // namespace weft::inline v0::http
