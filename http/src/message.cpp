#include <weft/http/request.hpp>
#include <weft/http/response.hpp>

namespace weft::inline v0::http {

namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";

auto status_of(const error& why) noexcept -> status {
  if (const auto* chosen = why.get<status>()) return *chosen;
  if (why == errc::not_found) return status::not_found;
  if (why == errc::invalid_argument || why == errc::invalid_data) return status::bad_request;
  if (why == errc::permission_denied) return status::forbidden;
  if (why == errc::limit_exceeded) return status::content_too_large;
  if (why == errc::overloaded) return status::service_unavailable;
  if (why == errc::timed_out) return status::gateway_timeout;
  if (why == errc::unsupported) return status::not_implemented;
  return status::internal_server_error;
}

}  // namespace

auto request::parameter(std::size_t index) const noexcept -> std::string_view {
  if (index >= parameters_) return {};
  return path().substr(parameter_[index].position, parameter_[index].size);
}

response::response(std::string text) : response(status::ok, std::move(text)) {}

response::response(http::status status, std::string text)
    : status_(status), is_text_(true), body_(std::move(text)) {}

void response::write_text_type() const {
  is_text_ = false;
  (void)headers_.insert(header::content_type, plain_text);
}

auto response_of(const error& why) -> response {
  auto chosen = status_of(why);
  return response(chosen, std::string(chosen.reason()) + "\n");
}

}  // namespace weft::inline v0::http
