#pragma once

#include <weft/task_info.hpp>

namespace weft {
inline namespace v0 {
namespace detail {

task_info info_of(const task_header& task) noexcept;

}  // namespace detail
}  // namespace v0
}  // namespace weft
