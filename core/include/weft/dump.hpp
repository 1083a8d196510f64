// dump_tasks: where every live task waits, as stack traces. Always on; costs nothing until it is
// asked for.
#pragma once

#include <weft/export.hpp>

#include <cstdio>
#include <string>

namespace weft {
inline namespace v0 {

/// The tasks of the calling task's runtime: for each its id, its name (spawn_named), where it
/// was spawned, and for each of its branches what it waits on and the chain of
/// `co_await`s that led there. A task that is running meanwhile is only named. Empty outside a
/// runtime (see `runtime::dump_tasks`).
[[nodiscard]] WEFT_API std::string dump_tasks();
/// Writes that to `out`.
WEFT_API void dump_tasks(std::FILE* out);

}  // namespace v0
}  // namespace weft
