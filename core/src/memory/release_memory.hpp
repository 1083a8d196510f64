#pragma once

#include <cstddef>

namespace weft::inline v0::detail {

/// Gives free memory back to the system, all but `keep` bytes at the end of the heap. Does nothing
/// and returns false when the process's `malloc` is not glibc's.
/// Thread-safe. Takes milliseconds on a large heap: for idle moments.
bool release_memory(std::size_t keep) noexcept;

}  // namespace weft::inline v0::detail
