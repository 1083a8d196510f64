#include <weft/http/server.hpp>
#include <weft/select.hpp>
#include <weft/spawn.hpp>
#include <weft/yield.hpp>

#include <algorithm>
#include <system_error>

#include "h1/connection.hpp"
#include "server/server_state.hpp"
#include "server/spare_descriptor.hpp"

namespace weft::inline v0::http {

namespace {

using namespace std::chrono_literals;

constexpr duration shortest_backoff = 5ms;
constexpr duration longest_backoff = 1s;
constexpr unsigned accepts_in_a_row = 64;
// After the cut, for tasks to come to a suspension. One that never does is left behind.
constexpr duration cut_grace = 5s;

auto is_shortage(const error& why) -> bool {
  return why == std::errc::too_many_files_open || why == std::errc::too_many_files_open_in_system ||
         why == std::errc::no_buffer_space || why == std::errc::not_enough_memory;
}

auto accept_loop(net::tcp_listener& listener, std::shared_ptr<server_state> state)
    -> task<weft::result<void>> {
  auto& counters = state->counters();
  const auto most =
      state->limits().connections() > 0 ? state->limits().connections() : connections_that_fit();
  spare_descriptor spare;
  auto backoff = shortest_backoff;
  for (unsigned accepted = 1;; ++accepted) {
    auto came = co_await listener.accept();
    if (!came) {
      counters.add(counter::accept_failures);
      if (!is_shortage(came.error())) co_return std::unexpected(std::move(came.error()));
      // With the spare one the first in line can be told at once that there is no room.
      if (spare.give_up()) {
        auto turned_away = co_await timeout(duration::zero(), listener.accept());
        turned_away = weft::fail(errc::overloaded);
        spare.take_back();
      }
      co_await sleep(backoff);
      spare.take_back();  // if somebody else was quicker before
      backoff = std::min(2 * backoff, longest_backoff);
      continue;
    }
    backoff = shortest_backoff;
    counters.add(counter::connections_accepted);
    if (state->open_connections() >= most) {
      counters.add(counter::connections_refused);
      continue;
    }
    spawn(h1::serve_connection(admission(state), std::move(*came).into_transport())).detach();
    if (accepted % accepts_in_a_row == 0) co_await yield_now();
  }
}

class until_empty {
 public:
  explicit until_empty(server_state& state) noexcept : state_(&state) {}
  class awaiter : public leaf_awaiter<awaiter> {
   public:
    explicit awaiter(server_state& state) noexcept : state_(state) {}
    static constexpr const char* name = "the end of an HTTP server's connections";
    auto poll() noexcept -> bool { return state_.poll_empty(); }
    void take() noexcept {}

   private:
    server_state& state_;
  };
  auto operator co_await() && noexcept { return awaiter(*state_); }

 private:
  server_state* state_;
};

// Whatever becomes of the server's task, its connections do not outlive it for long.
class cut_at_end {
 public:
  explicit cut_at_end(std::shared_ptr<server_state> state) noexcept : state_(std::move(state)) {}
  cut_at_end(const cut_at_end&) = delete;
  auto operator=(const cut_at_end&) -> cut_at_end& = delete;
  ~cut_at_end() { state_->enter(phase::cutting); }

 private:
  std::shared_ptr<server_state> state_;
};

auto drain(std::shared_ptr<server_state> state, duration grace) -> task<shutdown_report> {
  shutdown_report report;
  auto began = time::now();
  report.open = state->open_connections();
  state->enter(phase::draining);
  auto drained = co_await timeout(grace, until_empty(*state));
  if (!drained) {
    report.cut = state->open_connections();
    state->counters().add(counter::connections_cut, static_cast<std::int64_t>(report.cut));
    state->enter(phase::cutting);
    (void)co_await timeout(cut_grace, until_empty(*state));
  }
  report.took = time::now() - began;
  co_return report;
}

auto run_server(net::tcp_listener listener, std::shared_ptr<server_state> state,
                std::optional<task<void>> stop, duration grace, shutdown_report* report)
    -> task<weft::result<void>> {
  cut_at_end at_end(state);
  auto accepting = accept_loop(listener, state);
  if (!stop) co_return co_await std::move(accepting);
  auto ended = co_await select(std::move(accepting), std::move(*stop));
  listener.close();
  if (std::get<0>(ended)) co_return std::move(*std::get<0>(ended));
  auto made = co_await drain(state, grace);
  if (report) *report = made;
  co_return weft::result<void>();
}

}  // namespace

auto server::run() && -> task<weft::result<void>> {
  auto counts = counters_ ? std::move(counters_) : std::make_shared<http::counters>();
  auto state = std::make_shared<server_state>(std::move(handler_), limits_, std::move(counts));
  return run_server(std::move(listener_), std::move(state), std::move(stop_), grace_, report_);
}

}  // namespace weft::inline v0::http
