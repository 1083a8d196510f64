// dump_tasks: where every live task waits, as stack traces. Always on; costs nothing until it is
// asked for. dump_locks: what is waited for longest, and where; to be switched on.
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

/// Makes `dump_locks` know who waits; off at first. Returns what it was. Who waits already when it
/// is switched on is not known. While it is on, each wait that is not done at once takes a lock
/// that all share, twice; while it is off, a load and a branch. Thread-safety: any thread.
WEFT_API bool track_lock_waits(bool on);
/// The locks and channels for which somebody waits now (`mutex`, `rw_lock`, `semaphore`, `notify`,
/// `barrier` and what is made of them), those that were waited for longest first: how many wait,
/// how long in all, how long the one that waits longest; the same for each `co_await` of the
/// calling task's runtime. Nothing is known of who waits without `track_lock_waits`.
[[nodiscard]] WEFT_API std::string dump_locks();
/// Writes that to `out`.
WEFT_API void dump_locks(std::FILE* out);

}  // namespace v0
}  // namespace weft
