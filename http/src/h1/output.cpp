#include "h1/output.hpp"

#include <array>
#include <cerrno>
#include <new>
#include <span>
#include <utility>

namespace weft::inline v0::http::h1 {

void output::push(bytes piece) {
  if (!text_.empty()) queue_.push_back(text_.split());
  queue_.push_back(std::move(piece));
}

auto output::write_some(io::transport& to, io::io_state& state) noexcept -> io::progress {
  if (queue_.empty()) {
    io_slice only{text_.data(), text_.size()};
    auto written = to.poll_send(state, {&only, 1});
    if (written.done()) text_.consume(written.count());
    return written;
  }
  if (!text_.empty()) {
    try {
      queue_.push_back(text_.split());
    } catch (const std::bad_alloc&) {
      return error::from_errno(ENOMEM);
    }
  }
  std::array<io_slice, 64> slices;
  auto count = queue_.fill(slices);
  auto written = to.poll_send(state, std::span(slices).first(count));
  if (written.done()) queue_.consume(written.count());
  return written;
}

auto output::flush(io::transport& to, io::io_state& state, std::size_t& wrote) noexcept
    -> io::progress {
  wrote = 0;
  while (!empty()) {
    auto written = write_some(to, state);
    if (!written.done()) return written;
    wrote += written.count();
  }
  return wrote;
}

}  // namespace weft::inline v0::http::h1
