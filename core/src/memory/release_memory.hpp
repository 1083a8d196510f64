#pragma once

#include <cstddef>

namespace weft::inline v0::detail {

/// Gives free memory back to the system, all but `keep` bytes at the end of the heap, as far as the
/// C library knows how. Thread-safe. Takes milliseconds on a large heap: for idle moments.
void release_memory(std::size_t keep) noexcept;

}  // namespace weft::inline v0::detail
