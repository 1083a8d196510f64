// Where this thread stands, for the sources of core.
#pragma once

#include <weft/detail/execution.hpp>

namespace weft {
inline namespace v0 {
namespace detail {

// What current_execution() returns, without the call. For functions only: a coroutine may go on in
// another thread, and must ask anew. The model spares a call of the loader's resolver; it takes 64
// bytes of static thread storage.
extern constinit thread_local execution thread_place [[gnu::tls_model("initial-exec")]];

}  // namespace detail
}  // namespace v0
}  // namespace weft
