#include <weft/io/buffered.hpp>

#include <new>

namespace weft {
inline namespace v0 {

namespace detail {

std::optional<std::size_t> reader_access::find(io::buffered_reader& reader,
                                               char delimiter) noexcept {
  if (reader.scanned_for_ != delimiter) {
    reader.scanned_ = 0;
    reader.scanned_for_ = delimiter;
  }
  auto text = reader.in_.view();
  auto at = text.find(delimiter, reader.scanned_);
  if (at != std::string_view::npos) return at + 1;
  reader.scanned_ = text.size();
  return std::nullopt;
}

}  // namespace detail

namespace io {

progress buffered_writer::poll_drain(io_state& state, std::size_t below) noexcept {
  while (out_.size() >= below) {
    io_slice piece{out_.data(), out_.size()};
    auto came = to_.stream().poll_send(state, {&piece, 1});
    if (!came.done()) return came;
    out_.consume(came.count());
  }
  return 0;
}

result<void> buffered_writer::append(std::string_view text) noexcept {
  try {
    out_.append(text);
  } catch (const std::bad_alloc&) {
    return fail(errc::out_of_memory);
  }
  return {};
}

}  // namespace io
}  // namespace v0
}  // namespace weft
