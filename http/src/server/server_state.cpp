#include "server/server_state.hpp"

#include <utility>

namespace weft::inline v0::http {

namespace {

auto parser_limits_of(const limits& from) -> h1::limits {
  h1::limits made;
  made.head = from.head();
  made.fields = from.fields();
  made.target = from.target();
  made.body = from.body();
  made.chunk_extension = from.chunk_extension();
  made.chunk_extensions = from.chunk_extensions();
  made.trailers = from.trailers();
  made.trailer_fields = from.trailer_fields();
  return made;
}

}  // namespace

server_state::server_state(std::shared_ptr<const detail::erased_handler> handler,
                           const http::limits& within, std::shared_ptr<http::counters> counters)
    : handler_(std::move(handler)),
      limits_(within),
      parser_limits_(parser_limits_of(within)),
      counters_(std::move(counters)) {}

// Under the lock, so that no connection is gone while it is woken. Each either is in the list and
// woken, or comes later and sees the phase.
void server_state::enter(http::phase next) noexcept {
  phase_.store(next, std::memory_order_seq_cst);
  std::lock_guard held(mutex_);
  for (auto* one = first_; one; one = one->next_) one->waker_.wake();
}

auto server_state::poll_empty() noexcept -> bool {
  if (open_.load(std::memory_order_seq_cst) == 0) return true;
  empty_.register_current();
  return open_.load(std::memory_order_seq_cst) == 0;
}

admission::admission(std::shared_ptr<server_state> to) noexcept : server_(std::move(to)) {
  server_->open_.fetch_add(1, std::memory_order_seq_cst);
  server_->counters_->add(counter::connections_open);
}

admission::~admission() {
  if (!server_) return;
  server_->counters_->add(counter::connections_open, -1);
  if (server_->open_.fetch_sub(1, std::memory_order_seq_cst) == 1) server_->empty_.wake();
}

registered_connection::registered_connection(admission admitted) : admission_(std::move(admitted)) {
  auto& in = server();
  std::lock_guard held(in.mutex_);
  next_ = in.first_;
  if (next_) next_->previous_ = this;
  in.first_ = this;
}

registered_connection::~registered_connection() {
  auto& in = server();
  std::lock_guard held(in.mutex_);
  if (next_) next_->previous_ = previous_;
  (previous_ ? previous_->next_ : in.first_) = next_;
}

}  // namespace weft::inline v0::http
