// writer: where the lines of an output go.
#pragma once

#include <weft/export.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace weft {
inline namespace v0 {
namespace trace {

/// Takes whole lines, the end of the line included. Thread-safety: called from any threads at once.
class WEFT_API writer {
 public:
  writer() = default;
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;
  virtual ~writer();
  virtual void write(std::string_view line) noexcept = 0;
};

/// Writes each line to a descriptor at once, by one system call if that takes it whole: simple, and
/// slow, for it waits as the descriptor does. What cannot be written is lost. The descriptor is
/// borrowed; by default the standard error output.
WEFT_API std::shared_ptr<writer> direct_writer(int descriptor = 2);

/// Keeps lines in a buffer and writes them from a thread of its own, so that whoever tells
/// something never waits for the descriptor. When the buffer is full, lines are dropped, whole, and
/// counted; a line that says how many comes as soon as there is room.
///
/// The destructor writes what is there, and waits for it. Thread-safe.
class WEFT_API background_writer final : public writer {
 public:
  static constexpr std::size_t default_capacity = std::size_t{1} << 20;

  /// At most `capacity` bytes wait to be written, and as many again are being written. Borrows the
  /// descriptor. Throws std::system_error when there is no thread to be had, std::bad_alloc.
  explicit background_writer(int descriptor = 2, std::size_t capacity = default_capacity);
  ~background_writer() override;
  void write(std::string_view line) noexcept override;
  /// Waits until what was told so far is written, or lost.
  void flush() noexcept;
  /// How many lines were dropped.
  std::uint64_t dropped() const noexcept;

 private:
  struct shared_state;
  std::unique_ptr<shared_state> state_;
};

}  // namespace trace
}  // namespace v0
}  // namespace weft
