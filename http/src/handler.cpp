#include <weft/http/detail/handler.hpp>

namespace weft::inline v0::http::detail {

pending_call::~pending_call() = default;
erased_handler::~erased_handler() = default;

}  // namespace weft::inline v0::http::detail
