#pragma once

#include <string>

namespace weft {
inline namespace v0 {
namespace detail {

class scheduler;

// An async stack trace of every live task.
std::string dump(scheduler& of);

}  // namespace detail
}  // namespace v0
}  // namespace weft
