// Who waits in which wait_list since when, while dump_locks() is to tell.
#pragma once

#include <weft/detail/wait_list.hpp>

#include <cstdint>
#include <vector>

namespace weft {
inline namespace v0 {
namespace detail {

struct tracked_wait {
  const wait_list* at;
  const branch_node* by;  // to be compared only: it may be gone
  std::uint64_t since_ns;
};

// All that wait now and came after tracking was switched on.
std::vector<tracked_wait> tracked_waits();

}  // namespace detail
}  // namespace v0
}  // namespace weft
