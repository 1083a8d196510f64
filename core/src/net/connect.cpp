#include <weft/deadline.hpp>
#include <weft/net/connect.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/socket.hpp"
#include "net/tcp_connecting.hpp"

namespace weft {
inline namespace v0 {
namespace detail {

// An attempt under way; closed with it.
class connecting {
 public:
  connecting(io_handle& handle, std::size_t address) noexcept
      : handle_(&handle), address_(address), state_(io_direction::write) {}
  connecting(const connecting&) = delete;
  connecting& operator=(const connecting&) = delete;
  ~connecting() {
    state_.cancel();
    if (handle_) handle_->close();
  }
  std::int64_t poll() noexcept { return handle_->connected(state_); }
  std::size_t address() const noexcept { return address_; }
  io_handle& give_up() noexcept { return *std::exchange(handle_, nullptr); }

 private:
  io_handle* handle_;
  std::size_t address_;
  io_operation state_;
};

// Races the attempts, all in one leaf: whatever is pending has registered the running branch, so no
// attempt needs a task.
class race_awaiter : public leaf_awaiter<race_awaiter> {
 public:
  race_awaiter(const std::vector<net::socket_address>& addresses, duration delay) noexcept
      : addresses_(addresses), delay_(delay) {}
  static constexpr const char* name = "connect";
  bool poll() noexcept {
    try {
      return step();
    } catch (const std::bad_alloc&) {
      failure_ = errc::out_of_memory;
      return true;
    }
  }
  // The connection, or null; then `failed` tells why.
  result<std::unique_ptr<io::byte_stream>> take() {
    if (won_) return std::move(*won_);
    return fail(failure_ ? *std::move(failure_) : summary());
  }

 private:
  bool step() {
    for (;;) {
      bool failed = look();
      if (won_) return true;
      if (next_ == addresses_.size()) return running_.empty();
      if (!failed && !running_.empty() && !due_.poll()) return false;
      start(next_++);
    }
  }

  // Whether one has failed, so that the next need not wait.
  bool look() {
    bool failed = false;
    for (std::size_t index = 0; index < running_.size() && !won_;) {
      auto& one = *running_[index];
      auto came = one.poll();
      if (came == io_pending) {
        ++index;
        continue;
      }
      const auto& address = addresses_[one.address()];
      if (came == 0) {
        won_ = make_stream(one.give_up(), address);
      } else {
        note(address, socket_error(static_cast<int>(-came), "connecting to ", address));
        failed = true;
      }
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
    }
    return failed;
  }

  void start(std::size_t address) {
    due_.reset_after(delay_);
    running_.reserve(addresses_.size());
    auto begun = begin_connect(addresses_[address]);
    if (!begun) {
      due_.reset_after(duration::zero());  // the next one at once
      return note(addresses_[address], std::move(begun).error());
    }
    std::unique_ptr<connecting> made(new (std::nothrow) connecting(**begun, address));
    if (!made) {
      (*begun)->close();
      throw std::bad_alloc();
    }
    running_.push_back(std::move(made));
  }

  void note(const net::socket_address& address, error why) {
    failures_.emplace_back(address, std::move(why));
  }

  // "connecting to A: refused; connecting to B: timed out", with the code of the last.
  error summary() {
    std::string story;
    for (const auto& one : failures_) {
      if (!story.empty()) story += "; ";
      story += &one == &failures_.back() ? std::string(one.why().context()) : one.why().message();
    }
    error last(failures_.back().why().code());
    return std::move(last)
        .with_context(std::move(story))
        .with_payload(net::failed_attempts(std::move(failures_)));
  }

  const std::vector<net::socket_address>& addresses_;
  duration delay_;
  std::size_t next_ = 0;
  deadline due_;
  std::vector<std::unique_ptr<connecting>> running_;
  std::vector<net::failed_attempt> failures_;
  std::optional<error> failure_;
  std::optional<result<std::unique_ptr<io::byte_stream>>> won_;
};

class race {
 public:
  race(const std::vector<net::socket_address>& addresses, duration delay) noexcept
      : addresses_(&addresses), delay_(delay) {}
  auto operator co_await() && noexcept { return race_awaiter(*addresses_, delay_); }

 private:
  const std::vector<net::socket_address>* addresses_;
  duration delay_;
};

namespace {

// The families in turn, beginning with that of the first; within each, the order stays. RFC 8305,
// section 4.
void interleave(std::vector<net::socket_address>& addresses) {
  std::vector<net::socket_address> ordered;
  ordered.reserve(addresses.size());
  bool wanted = addresses.front().ip().is_v6();
  while (!addresses.empty()) {
    auto found = std::find_if(addresses.begin(), addresses.end(),
                              [&](const auto& one) { return one.ip().is_v6() == wanted; });
    if (found == addresses.end()) found = addresses.begin();
    ordered.push_back(std::move(*found));
    addresses.erase(found);
    wanted = !ordered.back().ip().is_v6();
  }
  addresses = std::move(ordered);
}

}  // namespace
}  // namespace detail

namespace net {

task<result<tcp_stream>> connect(std::vector<socket_address> addresses, connect_options options) {
  if (addresses.empty()) co_return fail(resolve_errc::no_address);
  detail::interleave(addresses);
  if (addresses.size() > options.max_attempts()) addresses.resize(options.max_attempts());
  auto won = co_await detail::race(addresses, options.attempt_delay());
  if (!won) co_return fail(std::move(won).error());
  co_return detail::tcp_stream_of(*std::move(won));
}

task<result<tcp_stream>> connect(std::string host_and_port, connect_options options) {
  auto name = host_port::parse(host_and_port);
  if (!name) co_return fail(std::move(name).error());
  auto addresses = co_await or_return(resolve(*std::move(name), options.resolver().get()));
  co_return co_await connect(std::move(addresses), std::move(options));
}

}  // namespace net
}  // namespace v0
}  // namespace weft
