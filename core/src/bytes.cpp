#include <weft/bytes.hpp>

#include <sys/uio.h>

#include <algorithm>
#include <cstring>

namespace weft::inline v0 {

// Drivers hand io_slices to the system as iovecs.
static_assert(sizeof(io_slice) == sizeof(iovec));
static_assert(offsetof(io_slice, data) == offsetof(iovec, iov_base));
static_assert(offsetof(io_slice, size) == offsetof(iovec, iov_len));

auto bytes::copy(std::string_view text) -> bytes {
  if (text.empty()) return {};
  auto* block = detail::allocate_block(text.size());
  std::memcpy(block->data(), text.data(), text.size());
  return {reinterpret_cast<const char*>(block->data()), text.size(), block};
}

// ---- buffer

void buffer::make_room(std::size_t count) {
  const auto live = size();
  const auto alone = block_ != nullptr && block_->unique();
  if (alone && live == 0) begin_ = end_ = 0;
  if (spare() >= count) return;
  // Moving the live bytes to the front is worth it when that is little work for much room.
  if (alone && block_->capacity - live >= count && live <= begin_) {
    std::memmove(chars(), data(), live);
  } else {
    if (count > static_cast<std::size_t>(-1) / 4) throw std::bad_alloc();
    auto* larger = detail::allocate_block(std::max(live + count, 2 * live));
    if (live != 0) std::memcpy(larger->data(), data(), live);
    if (block_ != nullptr) block_->release();
    block_ = larger;
  }
  begin_ = 0;
  end_ = live;
}

void buffer::append(std::string_view text) {
  if (text.empty()) return;
  reserve(text.size());
  std::memcpy(chars() + end_, text.data(), text.size());
  end_ += text.size();
}

void buffer::reset() noexcept {
  if (auto* block = std::exchange(block_, nullptr)) block->release();
  begin_ = end_ = 0;
}

auto buffer::share(std::size_t position, std::size_t count) const noexcept -> bytes {
  if (position >= size()) return {};
  count = std::min(count, size() - position);
  if (count == 0) return {};
  block_->retain();
  return {data() + position, count, block_};
}

auto buffer::split_to(std::size_t count) noexcept -> bytes {
  auto head = share(0, count);
  consume(count);
  return head;
}

auto buffer::freeze() noexcept -> bytes {
  const auto length = size();
  if (length == 0) {
    reset();
    return {};
  }
  const auto* start = data();
  begin_ = end_ = 0;
  return {start, length, std::exchange(block_, nullptr)};
}

// ---- bytes_chain

bytes_chain::bytes_chain(bytes_chain&& other) noexcept {
  *this = std::move(other);
}

auto bytes_chain::operator=(bytes_chain&& other) noexcept -> bytes_chain& {
  if (this == &other) return *this;
  clear();
  inline_ = std::move(other.inline_);
  heap_ = std::move(other.heap_);
  capacity_ = std::exchange(other.capacity_, inline_capacity);
  first_ = std::exchange(other.first_, 0);
  count_ = std::exchange(other.count_, 0);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void bytes_chain::grow() {
  auto larger = std::make_unique<bytes[]>(capacity_ * 2);
  for (std::size_t i = 0; i < count_; ++i) {
    larger[i] = std::move(slots()[(first_ + i) & (capacity_ - 1)]);
  }
  heap_ = std::move(larger);
  capacity_ *= 2;
  first_ = 0;
}

void bytes_chain::push_back(bytes piece) {
  if (piece.empty()) return;
  if (count_ == capacity_) grow();
  bytes_ += piece.size();
  slots()[(first_ + count_) & (capacity_ - 1)] = std::move(piece);
  ++count_;
}

void bytes_chain::append(bytes_chain&& other) {
  if (this == &other) return;
  while (!other.empty()) push_back(other.pop_front());
}

auto bytes_chain::pop_front() noexcept -> bytes {
  if (count_ == 0) return {};
  auto piece = std::move(slots()[first_]);
  bytes_ -= piece.size();
  first_ = (first_ + 1) & (capacity_ - 1);
  --count_;
  return piece;
}

auto bytes_chain::fill(std::span<io_slice> out) const noexcept -> std::size_t {
  const auto wanted = std::min(out.size(), count_);
  for (std::size_t i = 0; i < wanted; ++i) out[i] = {piece(i).data(), piece(i).size()};
  return wanted;
}

void bytes_chain::consume(std::size_t count) noexcept {
  while (count != 0 && count_ != 0) {
    auto& front = slots()[first_];
    if (count < front.size()) {
      front.remove_prefix(count);
      bytes_ -= count;
      return;
    }
    count -= front.size();
    static_cast<void>(pop_front());
  }
}

void bytes_chain::clear() noexcept {
  while (count_ != 0) static_cast<void>(pop_front());
}

auto bytes_chain::to_string() const -> std::string {
  std::string text;
  text.reserve(bytes_);
  for (std::size_t i = 0; i < count_; ++i) text.append(piece(i).view());
  return text;
}

}  // namespace weft::inline v0
