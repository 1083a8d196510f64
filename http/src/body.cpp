#include <weft/http/body.hpp>

namespace weft::inline v0::http {

body_source::~body_source() = default;

auto body_source::size() const noexcept -> std::optional<std::uint64_t> {
  return std::nullopt;
}

auto body::size() const noexcept -> std::optional<std::uint64_t> {
  return source_ ? source_->size() : data_.size();
}

auto body::poll_frame(body_source::polled& into) noexcept -> bool {
  if (!source_) {
    into = data_.empty() ? std::optional<frame>() : frame(std::exchange(data_, bytes()));
    return true;
  }
  if (!source_->poll_frame(into)) return false;
  if (!into || !*into) source_.reset();  // the end: nothing more is to be had
  return true;
}

auto body::poll_data(weft::result<std::optional<bytes>>& into) noexcept -> bool {
  for (;;) {
    body_source::polled next;
    if (!poll_frame(next)) return false;
    if (!next) {
      into = std::unexpected(std::move(next.error()));
      return true;
    }
    if (!*next) {
      into = std::optional<bytes>();
      return true;
    }
    if (!(*next)->is_trailers()) {
      into = std::optional<bytes>(std::move((*next)->data()));
      return true;
    }
    trailers_.reset(new (std::nothrow) header_map(std::move((*next)->trailers())));
  }
}

// False: enough, there will be an error.
auto body::collect_operation::awaiter::keep(bytes part) noexcept -> bool {
  if (part.size() > limit_) {
    got_ = weft::fail(errc::limit_exceeded);
    return false;
  }
  limit_ -= part.size();
  try {
    if (gathered_.empty() && got_->empty()) {
      got_ = std::move(part);  // most bodies are one piece
      return true;
    }
    if (gathered_.empty()) gathered_.append(got_->view());
    gathered_.append(part.view());
    return true;
  } catch (const std::bad_alloc&) {
    got_ = weft::fail(errc::out_of_memory);
    return false;
  }
}

auto body::collect_operation::awaiter::poll() noexcept -> bool {
  for (;;) {
    weft::result<std::optional<bytes>> next;
    if (!from_.poll_data(next)) return false;
    if (!next) {
      got_ = std::unexpected(std::move(next.error()));
      return true;
    }
    if (!*next) {
      if (!gathered_.empty()) got_ = gathered_.freeze();
      return true;
    }
    if (!keep(std::move(**next))) return true;
  }
}

}  // namespace weft::inline v0::http
