// The process's signal handlers: the one place where weft has state that no runtime owns.
#pragma once

#include <weft/result.hpp>

#include <cstdint>

namespace weft {
inline namespace v0 {
namespace detail {

// Counts listeners of a signal; the first one installs the handler.
result<void> start_listening(int number) noexcept;
void stop_listening(int number) noexcept;
// How many signals of this kind have come.
std::uint64_t signals_seen(int number) noexcept;
// A descriptor of one's own that becomes readable with every signal.
result<int> signal_descriptor() noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft
